"""The panes around the canvas, and how they stand in a fresh window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QWidget

from windlass_gui.window.maximising import Maximising
from windlass_gui.window.pane_title import PaneTitle

if TYPE_CHECKING:
    from windlass_gui.window.main_window import MainWindow

NARROW = 300
"""Pixels that the panes at the bottom need at least."""
SMALL = 1200
"""Pixels of a window below which it is small."""
TIGHT = 800
"""Pixels below which there is no room for words beside the canvas."""
BOTTOM = 0.38
"""Of a low window's height that the panes at the bottom take."""
HIDDEN = ("history",)
"""Panes that a fresh window does not show."""


class BottomTabs(QTabWidget):
    """The panes below the canvas."""

    asked = Signal()
    """One of them is to be seen now."""

    def setCurrentWidget(self, widget: QWidget) -> None:
        super().setCurrentWidget(widget)
        self.asked.emit()


def build_docks(window: MainWindow) -> BottomTabs:
    """Put the window's panes into docks. Gives the tabs at the bottom."""
    bottom = BottomTabs()
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


def join_maximising(window: MainWindow) -> Maximising:
    """Buttons in the panes' titles; and what is asked for in a pane that is not to be seen is shown."""
    docks = docks_of(window)
    made = Maximising(window, window.documents, docks, window.actions_["maximise"])
    for name, dock in docks.items():
        if name == "bottom":
            window.bottom.setCornerWidget(made.button(dock))
        else:
            dock.setTitleBarWidget(PaneTitle(dock, made.button(dock)))
    window.documents.add_corner(made.button(window.documents))
    window.bottom.asked.connect(lambda: made.reveal(docks["bottom"]))
    window.inspector.wanted.connect(lambda: made.reveal(docks["inspector"]))
    window.documents.current_changed.connect(lambda: made.reveal(window.documents))
    return made


def docks_of(window: QMainWindow) -> dict[str, QDockWidget]:
    return {dock.objectName().removeprefix("dock-"): dock for dock in window.findChildren(QDockWidget)}


def usual_sizes(window: QMainWindow) -> None:
    """In a small window the panes at the sides leave the canvas and the runs at least half of it."""
    docks = docks_of(window)
    sides = [190, 340] if window.width() >= SMALL else [140, 250] if window.width() >= TIGHT else [52, 220]
    window.resizeDocks([docks["palette"], docks["inspector"]], sides, Qt.Orientation.Horizontal)
    window.resizeDocks([docks["bottom"]], [min(250, int(window.height() * BOTTOM))], Qt.Orientation.Vertical)
