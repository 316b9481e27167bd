"""The panes around the canvas, and how they stand in a fresh window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

if TYPE_CHECKING:
    from windlass_gui.window.main_window import MainWindow

NARROW = 300
"""Pixels that the panes at the bottom need at least."""
SMALL = 1200
"""Pixels of a window below which it is small."""
HIDDEN = ("history",)
"""Panes that a fresh window does not show."""


def build_docks(window: MainWindow) -> QTabWidget:
    """Put the window's panes into docks. Gives the tabs at the bottom."""
    bottom = QTabWidget()
    bottom.setDocumentMode(True)
    bottom.tabBar().setDrawBase(False)
    bottom.setAccessibleName(window.tr("Runs and logs"))
    bottom.tabBar().setAccessibleName(window.tr("Runs and logs"))
    for pane, title in (
        (window.runs, window.tr("Runs")),
        (window.items, window.tr("Items")),
        (window.failures, window.tr("Failures")),
        (window.log, window.tr("Log")),
        (window.timeline, window.tr("Timeline")),
        (window.problems, window.tr("Problems")),
    ):
        bottom.addTab(pane, title)
    # What does not fit into a narrow window is cut here rather than pushed out of it with the inspector.
    bottom.setMinimumWidth(NARROW)
    sides = Qt.DockWidgetArea
    window.setCorner(Qt.Corner.BottomLeftCorner, sides.LeftDockWidgetArea)
    window.setCorner(Qt.Corner.BottomRightCorner, sides.RightDockWidgetArea)
    parts: tuple[tuple[str, str, QWidget, Qt.DockWidgetArea], ...] = (
        ("palette", window.tr("Tasks"), window.palette_, sides.LeftDockWidgetArea),
        ("inspector", window.tr("Inspector"), window.inspector, sides.RightDockWidgetArea),
        ("history", window.tr("History"), window.history, sides.RightDockWidgetArea),
        ("bottom", window.tr("Runs and logs"), bottom, sides.BottomDockWidgetArea),
    )
    for name, title, widget, side in parts:
        dock = QDockWidget(title, window)
        dock.setObjectName(f"dock-{name}")
        dock.setWidget(widget)
        window.addDockWidget(side, dock)
        dock.setHidden(name in HIDDEN)
        if name == "bottom":
            # Its tabs say what it is: a title above them would only take room.
            dock.setTitleBarWidget(QWidget(dock))
    usual_sizes(window)
    return bottom


def docks_of(window: QMainWindow) -> dict[str, QDockWidget]:
    return {dock.objectName().removeprefix("dock-"): dock for dock in window.findChildren(QDockWidget)}


def usual_sizes(window: QMainWindow) -> None:
    """In a small window the panes at the sides leave the canvas and the runs at least half of it."""
    docks = docks_of(window)
    sides = [190, 340] if window.width() >= SMALL else [140, 290]
    window.resizeDocks([docks["palette"], docks["inspector"]], sides, Qt.Orientation.Horizontal)
    window.resizeDocks([docks["bottom"]], [250], Qt.Orientation.Vertical)
