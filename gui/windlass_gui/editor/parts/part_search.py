"""The search that Tab opens at the mouse: type, Enter, and the task lies there."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QVBoxLayout, QWidget

from windlass_gui.editor.parts.part_list import PartList
from windlass_gui.editor.parts.shelf import Shelf
from windlass_gui.look.theme import Theme

_SIZE = QSize(300, 420)


class PartSearch(QFrame):
    """A popup; it goes away when something is taken, on Escape, or at a click elsewhere."""

    taken = Signal(object, object, bool)
    """The `Part`, the place (scene units) that the search was opened at, and whether to link it after the chosen."""

    def __init__(self, shelf: Shelf, theme: Theme, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setObjectName("part-search")
        self.setAccessibleName(self.tr("Add a task"))
        self.place = QPointF()
        self.parts = PartList(shelf, theme)
        self.parts.taken.connect(self._take)
        hint = QLabel(self.tr("Enter adds · Shift+Enter links it after what is chosen"))
        hint.setProperty("role", "muted")
        hint.setContentsMargins(10, 0, 10, 8)
        hint.setWordWrap(True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(1, 1, 1, 1)
        layout.setSpacing(0)
        layout.addWidget(self.parts)
        layout.addWidget(hint)
        self.resize(_SIZE)

    def open_at(self, place: QPointF, corner: QPoint) -> None:
        """For a place of the scene, with the popup's corner there on the screen, or as near as it fits."""
        self.place = place
        self.parts.line.clear()
        self.parts.choose_first()
        room = self.screen().availableGeometry()
        self.resize(_SIZE.boundedTo(room.size()))
        x = max(room.left(), min(corner.x(), room.right() - self.width()))
        y = max(room.top(), min(corner.y(), room.bottom() - self.height()))
        self.move(x, y)
        self.show()
        self.parts.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _take(self, part: object, link: bool) -> None:
        self.hide()
        self.taken.emit(part, self.place, link)
