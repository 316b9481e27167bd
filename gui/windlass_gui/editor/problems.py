"""The list of the document's problems; a click goes to where one is."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QStackedLayout, QWidget

from windlass_gui.editor.session import EditorSession
from windlass_gui.icons import icon
from windlass_gui.theme import Theme


class ProblemsPane(QWidget):
    """Below the canvas."""

    chosen = Signal(str, int)
    """A task's id (or empty) and a line of the text (from 1; 0 when unknown)."""
    count_changed = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.session: EditorSession | None = None
        self.list = QListWidget()
        self.list.setAccessibleName(self.tr("Problems"))
        self.list.setWordWrap(True)
        self.list.itemActivated.connect(self._activated)
        self.list.itemClicked.connect(self._activated)
        self._none = QLabel()
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QStackedLayout(self)
        self._layout.addWidget(self._none)
        self._layout.addWidget(self.list)
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._none.setStyleSheet(f"color: {theme.muted};")
        self._fill()

    def show_session(self, session: EditorSession | None) -> None:
        if self.session is not None:
            self.session.checked.disconnect(self._fill)
        self.session = session
        if session is not None:
            session.checked.connect(self._fill)
        self._fill()

    def _fill(self) -> None:
        problems = self.session.document.problems if self.session is not None else []
        self.list.clear()
        for problem in problems:
            where = self.tr("line {}").format(problem.line) if problem.line else ""
            rest = [part for part in (problem.allowed and self.tr("allowed: {}").format(problem.allowed),
                                      problem.suggestion and self.tr("did you mean {}?").format(problem.suggestion))
                    if part]  # fmt: skip
            text = problem.message + (f" — {'; '.join(rest)}" if rest else "")
            item = QListWidgetItem(f"{where}   {text}" if where else text)
            item.setIcon(icon("error", self._theme, "danger"))
            item.setToolTip(text)
            task = self.session.document.task_of(problem) if self.session is not None else ""
            item.setData(Qt.ItemDataRole.UserRole, (task, problem.line or 0))
            self.list.addItem(item)
        if self.session is None:
            self._none.setText(self.tr("No graph is open."))
        elif not self.session.document.checked:
            self._none.setText(self.tr("Looking for problems…"))
        else:
            self._none.setText(self.tr("No problems: the graph can be submitted."))
        self._layout.setCurrentIndex(1 if problems else 0)
        self.count_changed.emit(len(problems))

    def _activated(self, item: QListWidgetItem) -> None:
        task, line = item.data(Qt.ItemDataRole.UserRole)
        self.chosen.emit(task, line)
