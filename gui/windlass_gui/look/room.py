"""Windows that fit on their screen: with a large interface size or a small screen the wished size is too much."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

SHARE = 0.94
"""Of the screen's free area that a dialog may take; the rest is for its frame."""


def resize_on_screen(widget: QWidget, width: int, height: int) -> None:
    """Give a window this size, in pixels, or as much of it as the screen has."""
    room = widget.screen().availableSize()
    widget.resize(min(width, int(room.width() * SHARE)), min(height, int(room.height() * SHARE)))
