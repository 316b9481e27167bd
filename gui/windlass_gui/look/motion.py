"""Whether things may glide on the screen: a person may have had enough of it, or their desktop may say so."""

from __future__ import annotations

from PySide6.QtWidgets import QApplication, QStyle

_PROPERTY = "reduce-motion"
REDUCE_MOTION = "reduce_motion"
"""The choice's action, and the key under which it is kept."""


def reduce_motion(on: bool) -> None:
    """For the whole application, like its theme."""
    app = QApplication.instance()
    if app is not None:
        app.setProperty(_PROPERTY, on)


def motion_reduced() -> bool:
    """Nothing may glide: what changes its place is there at once."""
    app = QApplication.instance()
    if not isinstance(app, QApplication) or app.property(_PROPERTY):
        return True
    return app.style().styleHint(QStyle.StyleHint.SH_Widget_Animation_Duration) == 0
