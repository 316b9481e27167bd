"""The palette: kinds of tasks to drag onto the canvas, or to add with Enter or a double click."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from windlass_gui.editor.kinds import KINDS, MIME_KIND
from windlass_gui.icons import icon
from windlass_gui.theme import Theme


class _KindList(QListWidget):
    def startDrag(self, supported: Qt.DropAction) -> None:
        item = self.currentItem()
        if item is None:
            return
        data = QMimeData()
        data.setData(MIME_KIND, item.data(Qt.ItemDataRole.UserRole).encode())
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(item.icon().pixmap(32, 32))
        drag.exec(Qt.DropAction.CopyAction)


class Palette(QWidget):
    """Left of the canvas."""

    chosen = Signal(str)
    """A kind's key, to be added in the middle of the view."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.list = _KindList()
        self.list.setAccessibleName(self.tr("Kinds of tasks"))
        self.list.setDragEnabled(True)
        self.list.setIconSize(QSize(24, 24))
        self.list.setSpacing(2)
        self.list.setWordWrap(True)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setToolTip(self.tr("Drag onto the canvas, or press Enter to add in its middle"))
        for kind in KINDS:
            item = QListWidgetItem(self.tr(kind.label))
            item.setData(Qt.ItemDataRole.UserRole, kind.key)
            item.setToolTip(self.tr(kind.hint))
            item.setSizeHint(QSize(0, 40))
            self.list.addItem(item)
        self.list.itemActivated.connect(lambda item: self.chosen.emit(item.data(Qt.ItemDataRole.UserRole)))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addWidget(self.list)
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        for row, kind in enumerate(KINDS):
            self.list.item(row).setIcon(icon(kind.icon, theme, "accent"))
