"""Flat buttons beside what they act on: each with words or an icon, a tooltip, and a name for a screen reader."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QToolButton


def flat_button(text: str, tip: str, act: Callable[[], object] | None = None, *, name: str = "") -> QToolButton:
    """A click does `act`. No `text` is for an icon, which the caller sets anew with every theme.

    A screen reader says `name`, or the tooltip; a name of its own is for one of many that look alike.
    """
    button = QToolButton()
    button.setText(text)
    button.setToolTip(tip)
    button.setAccessibleName(name or tip)
    button.setProperty("role", "flat")
    if act is not None:
        button.clicked.connect(lambda _=False: act())
    return button


def new_action(parent: QObject, text: str, tip: str) -> QAction:
    """For a button that may stand in a menu too."""
    action = QAction(text, parent)
    action.setToolTip(tip)
    return action


def new_switch(parent: QObject, text: str, tip: str) -> QAction:
    """The same for what is on or off."""
    action = new_action(parent, text, tip)
    action.setCheckable(True)
    return action


def action_button(action: QAction) -> QToolButton:
    """Words, tooltip and state are the action's, now and later."""
    button = QToolButton()
    button.setDefaultAction(action)
    button.setProperty("role", "flat")
    return button


def menu_button(text: str, tip: str, entries: Iterable[QAction | None] = ()) -> QToolButton:
    """A click opens a menu of the entries; None stands for a line between two."""
    button = flat_button(text, tip)
    menu = QMenu(button)
    menu.setToolTipsVisible(True)
    for action in entries:
        if action is None:
            menu.addSeparator()
        else:
            menu.addAction(action)
    button.setMenu(menu)
    button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
    return button
