"""The run on the canvas: grids of items, badges of failures, the critical path, following; and what went wrong."""
