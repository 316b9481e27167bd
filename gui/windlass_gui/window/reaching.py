"""F6 and Shift+F6: the keyboard goes from pane to pane, as on most desktops."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from shiboken6 import isValid


class PaneKeys:
    """`panes` gives the parts of the window in the order in which a person walks through them."""

    def __init__(self, panes: Callable[[], list[QWidget]]) -> None:
        self._panes = panes
        self._last: dict[QWidget, QWidget] = {}
        """Where the keyboard was in each pane when it left."""

    def step(self, by: int) -> None:
        shown = [pane for pane in self._panes() if pane.isVisible()]
        focus = QApplication.focusWidget()
        here = next((at for at, pane in enumerate(shown) if focus is not None and _inside(pane, focus)), None)
        if here is not None and focus is not None:
            self._last[shown[here]] = focus
        start = here if here is not None else -1 if by > 0 else 0
        for way in range(1, len(shown) + 1):
            target = self._target(shown[(start + by * way) % len(shown)])
            if target is not None:
                target.setFocus(Qt.FocusReason.ShortcutFocusReason)
                return

    def _target(self, pane: QWidget) -> QWidget | None:
        """Where the keyboard was in a pane, or its first part that takes it."""
        last = self._last.get(pane)
        if last is not None and isValid(last) and last.isVisible() and last.isEnabled():
            return last
        return next((each for each in (pane, *pane.findChildren(QWidget)) if _takes(each)), None)


def _inside(pane: QWidget, widget: QWidget) -> bool:
    return pane is widget or pane.isAncestorOf(widget)


def _takes(widget: QWidget) -> bool:
    policy = widget.focusPolicy()
    return bool(policy & Qt.FocusPolicy.TabFocus) and widget.isVisible() and widget.isEnabled()
