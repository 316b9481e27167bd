"""Speeds of the real thing, one file a measurement; `python -m bench` prints them as a table."""
