"""The steps of the document in front, by name; a click goes back or forward to one."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QUndoGroup
from PySide6.QtWidgets import QUndoView, QVBoxLayout, QWidget

from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import Theme


class HistoryPane(QWidget):
    """Follows one session's undo steps at a time."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._group = QUndoGroup(self)
        self.view = QUndoView(self._group)
        self.view.setAccessibleName(self.tr("Steps"))
        self.view.setEmptyLabel(self.tr("As it was opened"))
        self.view.setToolTip(self.tr("Click a step to go back or forward to it; the disk marks what is saved"))
        self.view.setIconSize(QSize(14, 14))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.show_theme(theme)

    def show_session(self, session: EditorSession | None) -> None:
        if session is None:
            self._group.setActiveStack(None)  # type: ignore[arg-type]
            return
        self._group.addStack(session.undo)
        self._group.setActiveStack(session.undo)

    def show_theme(self, theme: Theme) -> None:
        self.view.setCleanIcon(icon("save", theme, "muted"))
