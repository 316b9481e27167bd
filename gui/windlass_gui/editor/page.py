"""The page of an open graph: the canvas and the YAML of its session."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QTimer, Signal
from PySide6.QtWidgets import QTabWidget, QVBoxLayout, QWidget

from windlass_gui.editor.session import EditorSession
from windlass_gui.editor.text_view import TextView
from windlass_gui.editor.view import GraphView
from windlass_gui.theme import Theme

REFUSAL_SHOWN = 4000
"""Milliseconds that a refused edit's reason stays on the canvas."""


class EditorPage(QWidget):
    """Holds at most one session and its view."""

    menu_asked = Signal(object, object, QPoint)
    activated = Signal(str)
    tip_shown = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.session: EditorSession | None = None
        self.view: GraphView | None = None
        self.text = TextView(theme)
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setTabPosition(QTabWidget.TabPosition.North)
        self._canvas = QWidget()
        self._canvas_layout = QVBoxLayout(self._canvas)
        self._canvas_layout.setContentsMargins(0, 0, 0, 0)
        self._canvas_layout.setSpacing(0)
        self.tabs.addTab(self._canvas, self.tr("Canvas"))
        self.tabs.addTab(self.text, self.tr("YAML"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.tabs, 1)
        self._hint_timer = QTimer(self)
        self._hint_timer.setSingleShot(True)
        self._hint_timer.timeout.connect(lambda: self.view.show_hint("") if self.view is not None else None)

    def show_session(self, session: EditorSession | None) -> None:
        """Put another session's canvas in place. The one before may be dropped by its owner."""
        if self.view is not None:
            self._canvas_layout.removeWidget(self.view)
            self.view.hide()
            self.view.deleteLater()
            self.view = None
        self.session = session
        self.text.show_session(session)
        if session is not None:
            view = GraphView(session, self._theme)
            view.menu_asked.connect(self.menu_asked)
            view.activated.connect(self.activated)
            view.tip_shown.connect(self.tip_shown)
            session.refused.connect(self.show_refusal)
            session.checked.connect(self._show_problems)
            self._canvas_layout.addWidget(view)
            self.view = view
            self._show_problems()
            # The layout must have given the view its size before the graph can be fitted into it.
            QTimer.singleShot(0, view, view.fit)
        self.tabs.setCurrentIndex(1 if session is not None and session.document.unreadable else 0)

    def add_to_tip(self, task: str, line: str) -> None:
        """Of the canvas that is shown by now, if any."""
        if self.view is not None:
            self.view.add_to_tip(task, line)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.text.show_theme(theme)
        if self.view is not None:
            self.view.show_theme(theme)

    def show_refusal(self, reason: str) -> None:
        """Say on the canvas why an edit was not made."""
        if self.view is not None:
            self.view.show_hint(reason, bad=True)
            self._hint_timer.start(REFUSAL_SHOWN)

    def _show_problems(self) -> None:
        if self.session is None or self.view is None:
            return
        problems: dict[str, str] = {}
        for problem in self.session.document.problems:
            task = self.session.document.task_of(problem)
            if task:
                problems.setdefault(task, problem.message)
        self.view.graph.show_problems(problems)

    @property
    def on_canvas(self) -> bool:
        return self.view is not None and self.tabs.currentIndex() == 0
