"""The page of an open graph: the canvas, the YAML, or both side by side, of its session."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, Qt, QTimer, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSplitter, QTabBar, QVBoxLayout, QWidget

from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.text.text_view import TextView
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, S, Theme

REFUSAL_SHOWN = 4000
"""Milliseconds that a refused edit's reason stays on the canvas."""
MODES = ("canvas", "both", "text")


class EditorPage(QWidget):
    """Holds at most one session and its view."""

    menu_asked = Signal(object, object, QPoint)
    search_asked = Signal(QPointF, QPoint)
    files_dropped = Signal(list, QPointF, str)
    activated = Signal(str)
    tip_shown = Signal(str)
    mode_changed = Signal(str)
    """canvas, both or text."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._why = ""
        """What is wrong with a text that cannot be read, and where."""
        self.session: EditorSession | None = None
        self.view: GraphView | None = None
        self.text = TextView(theme)
        self.text.task_entered.connect(self._mark_node)
        self.modes = QTabBar()
        self.modes.setDrawBase(False)
        self.modes.setExpanding(False)
        self.modes.setAccessibleName(self.tr("How the graph is shown"))
        for words, tip in (
            (self.tr("Canvas"), self.tr("The graph as a drawing (Ctrl+1)")),
            (self.tr("Both"), self.tr("The drawing and the YAML side by side (Ctrl+2)")),
            (self.tr("YAML"), self.tr("The graph as text (Ctrl+3)")),
        ):
            self.modes.setTabToolTip(self.modes.addTab(words), tip)
        self._canvas = QWidget()
        self._canvas_layout = QVBoxLayout(self._canvas)
        self._canvas_layout.setContentsMargins(0, 0, 0, 0)
        self._canvas_layout.setSpacing(0)
        self.strip = _Strip()
        self.strip.button.clicked.connect(self._go_to_error)
        self._canvas_layout.addWidget(self.strip)
        self.splitter = QSplitter(Qt.Orientation.Horizontal)
        self.splitter.setChildrenCollapsible(False)
        self.splitter.addWidget(self._canvas)
        self.splitter.addWidget(self.text)
        self.splitter.setSizes([600, 400])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.modes)
        layout.addWidget(self.splitter, 1)
        self._hint_timer = QTimer(self)
        self._hint_timer.setSingleShot(True)
        self._hint_timer.timeout.connect(lambda: self.view.show_hint("") if self.view is not None else None)
        self.modes.currentChanged.connect(self._show_mode)
        self._show_mode(0)
        self.show_theme(theme)

    # --- canvas, text or both --------------------------------------------------------------------------------

    @property
    def mode(self) -> str:
        return MODES[self.modes.currentIndex()]

    def show_mode(self, mode: str) -> None:
        """canvas, both or text."""
        self.modes.setCurrentIndex(MODES.index(mode))

    def _show_mode(self, place: int) -> None:
        mode = MODES[place]
        self._canvas.setVisible(mode != "text")
        self.text.setVisible(mode != "canvas")
        self._show_strip()
        if mode != "canvas":
            self._show_chosen()
        self.mode_changed.emit(mode)

    @property
    def on_canvas(self) -> bool:
        return self.view is not None and self.mode != "text"

    def go_to_line(self, line: int, column: int = 1) -> None:
        """Show a place of the text (from 1), beside the canvas or alone."""
        if self.mode == "canvas":
            self.show_mode("both")
        self.text.go_to(line, column)

    # --- the session -----------------------------------------------------------------------------------------

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
            view.search_asked.connect(self.search_asked)
            view.files_dropped.connect(self.files_dropped)
            view.activated.connect(self.activated)
            view.tip_shown.connect(self.tip_shown)
            view.graph.selection_changed.connect(self._show_chosen)
            session.refused.connect(self.show_refusal)
            session.checked.connect(self._show_problems)
            session.changed.connect(self._show_readable)
            self._canvas_layout.addWidget(view)
            self.view = view
            self._show_problems()
            # The layout must have given the view its size before the graph can be fitted into it.
            QTimer.singleShot(0, view, view.fit)
            if session.document.unreadable:
                self.show_mode("text")
            elif self.mode == "text":
                self.show_mode("canvas")

    def add_to_tip(self, task: str, line: str) -> None:
        """Of the canvas that is shown by now, if any."""
        if self.view is not None:
            self.view.add_to_tip(task, line)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.text.show_theme(theme)
        self.strip.show_theme(theme)
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
        document = self.session.document
        problems: dict[str, str] = {}
        for problem in document.problems:
            task = document.task_of(problem)
            if task:
                problems.setdefault(task, spoken(problem.message))
        self.view.graph.show_problems(problems)
        first = next((problem for problem in document.problems if problem.line), None)
        self._show_readable()
        if document.unreadable and first is not None:
            self._why = self.tr("line {}: {}").format(first.line, spoken(first.message))
            self._show_strip()

    def _show_strip(self) -> None:
        """The reason stands below the text already where that is shown."""
        words = self.tr("The YAML cannot be read. The drawing is the last state that could be.")
        if self.mode == "canvas":
            words = self.tr("The YAML cannot be read ({}). The drawing is the last state that could be.").format(
                self._why
            )
        self.strip.label.setText(words)
        self.strip.setToolTip(self._why)

    def _show_readable(self, _: object = None) -> None:
        if self.session is not None:
            self.strip.setVisible(self.session.document.unreadable)

    # --- one marks what is chosen in the other ---------------------------------------------------------------

    def _mark_node(self, task: str) -> None:
        if self.view is not None and self.on_canvas and task in self.view.graph.nodes:
            self.view.graph.select([task])
            self.view.ensureVisible(self.view.graph.node_rect(task), 40, 40)

    def _show_chosen(self) -> None:
        if self.view is not None and self.text.isVisible() and len(self.view.graph.selected) == 1:
            self.text.show_task(next(iter(self.view.graph.selected)))

    def _go_to_error(self) -> None:
        problems = self.session.document.problems if self.session is not None else []
        first = next((problem for problem in problems if problem.line), None)
        if first is not None:
            self.go_to_line(first.line, max(1, first.column))


class _Strip(QWidget):
    """Above the canvas while the text cannot be read."""

    def __init__(self) -> None:
        super().__init__()
        self.setObjectName("unreadable")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.label = QLabel()
        self.label.setWordWrap(True)
        self.button = QPushButton(self.tr("Show the line"))
        self.button.setProperty("role", "slim")
        self.button.setToolTip(self.tr("Go to the place in the YAML"))
        layout = QHBoxLayout(self)
        layout.setContentsMargins(S, XS, S, XS)
        layout.addWidget(self.label, 1)
        layout.addWidget(self.button)
        self.hide()

    def show_theme(self, theme: Theme) -> None:
        ground = theme.tint("failed", 0.2).name()
        self.setStyleSheet(f"#unreadable {{ background: {ground}; border-bottom: 1px solid {theme.danger}; }}")
