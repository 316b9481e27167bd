"""Submitting a graph: what is asked, what is shown before, what is remembered."""
