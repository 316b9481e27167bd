"""What every client uses: the link to a core, and the Python API on top of it."""
