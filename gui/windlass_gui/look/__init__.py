"""Colours, sizes, icons and the small drawing helpers that every part of the app uses."""
