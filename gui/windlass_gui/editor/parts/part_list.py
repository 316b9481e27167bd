"""A list of parts under their headings, which can be searched, chosen from and dragged out of."""

from __future__ import annotations

from PySide6.QtCore import QMimeData, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from windlass_gui.editor.parts.kinds import MIME_KIND, MIME_TASKS
from windlass_gui.editor.parts.shelf import Part, Shelf, group_title
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import XS, Theme
from windlass_gui.look.tips import plain_tip

_PART = Qt.ItemDataRole.UserRole
_ROW = 30
_ROW_OF_TWO = 40
_HEADING = 28
_BESIDE = 48
"""Pixels of a row that its words do not have: the icon, and the air around it."""
COMPACT = 120
"""Pixels of the list below which it has no words, only icons side by side; their tips say what they are."""
_CELL = QSize(32, 32)


class _List(QListWidget):
    def __init__(self, shelf: Shelf) -> None:
        super().__init__()
        self._shelf = shelf

    def part(self) -> Part | None:
        item = self.currentItem()
        part = item.data(_PART) if item is not None else None
        return part if isinstance(part, Part) else None

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit_rows()

    def fit_rows(self) -> None:
        """A row is as high as its words need at the width that there is."""
        if self.isWrapping():
            return
        room, metrics = self.viewport().width(), self.fontMetrics()
        for row in range(self.count()):
            item = self.item(row)
            heading = not item.flags() and item.font().bold()
            wide = metrics.horizontalAdvance(item.text()) > room - (_BESIDE if item.flags() else XS)
            height = _HEADING if heading else _ROW_OF_TWO if wide else _ROW
            if item.sizeHint().height() != height:
                item.setSizeHint(QSize(0, height))

    def startDrag(self, supported: Qt.DropAction) -> None:
        part, item = self.part(), self.currentItem()
        data = QMimeData()
        template = self._shelf.templates.find(part.key) if part is not None and part.group == "template" else None
        if part is not None and part.group == "kind":
            data.setData(MIME_KIND, part.key.encode())
        elif template is not None:
            data.setData(MIME_TASKS, template.text.encode())
        else:
            return
        drag = QDrag(self)
        drag.setMimeData(data)
        drag.setPixmap(item.icon().pixmap(32, 32))
        drag.exec(Qt.DropAction.CopyAction)


class PartList(QWidget):
    """A search line above the list. Arrow keys go through the list from the line, Enter takes one."""

    taken = Signal(object, bool)
    """A `Part` was chosen with Enter or a double click; whether Shift was held."""

    def __init__(self, shelf: Shelf, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.shelf = shelf
        self._theme = theme
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("Search"))
        self.line.setAccessibleName(self.tr("Search tasks, templates and samples"))
        self.line.setClearButtonEnabled(True)
        self.line.installEventFilter(self)
        self.list = _List(shelf)
        self.list.setAccessibleName(self.tr("Tasks, templates and samples"))
        self.list.setDragEnabled(True)
        self.list.setIconSize(QSize(20, 20))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setWordWrap(True)
        self.list.setResizeMode(QListWidget.ResizeMode.Adjust)
        self.list.setMinimumWidth(_CELL.width() + XS)
        self.compact = False
        layout = QVBoxLayout(self)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.setSpacing(6)
        layout.addWidget(self.line)
        layout.addWidget(self.list)
        self.line.textChanged.connect(self.fill)
        self.line.returnPressed.connect(self._take)
        self.list.itemActivated.connect(lambda _: self._take())
        shelf.changed.connect(self.fill)
        self.fill()

    def minimumSizeHint(self) -> QSize:
        """As narrow as one icon: the line is not there then."""
        return QSize(self.list.minimumWidth() + 2 * 6, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (self.width() < COMPACT) != self.compact:
            self.compact = not self.compact
            self.line.clear()
            self.line.setVisible(not self.compact)
            self.list.setWrapping(self.compact)
            self.list.setFlow(QListWidget.Flow.LeftToRight if self.compact else QListWidget.Flow.TopToBottom)
            self.fill()

    def fill(self) -> None:
        """Show what is found for the words of the line; all of it under headings while there are none."""
        words = self.line.text().strip()
        self.list.clear()
        group = ""
        for part in self.shelf.search(words):
            if self.compact and part.group == "sample":
                continue  # their icons are all alike, and the menu has them
            if not words and part.group != group and not self.compact:
                group = part.group
                self._heading(group_title(group))
            item = QListWidgetItem(icon(part.icon, self._theme, "accent"), "" if self.compact else part.label)
            item.setData(_PART, part)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, part.label)
            if self.compact:
                item.setSizeHint(_CELL)
            item.setToolTip(plain_tip(f"{part.label}\n{part.hint}" if part.hint else part.label))
            self.list.addItem(item)
        if not words and not self.shelf.templates.all and not self.compact:
            self._lesson()
        if not self.list.count():
            self._note(self.tr("Nothing matches “{}”").format(words))
        self.list.fit_rows()
        if words:
            self.list.setCurrentRow(0)

    def choose_first(self) -> None:
        """Enter takes the first part."""
        self.list.setCurrentRow(-1)
        self._step(1)

    def _heading(self, text: str) -> None:
        item = self._note(text)
        font = item.font()
        font.setBold(True)
        item.setFont(font)

    def _lesson(self) -> None:
        """Where templates would stand, while there are none."""
        at = next(
            (row for row in range(self.list.count()) if self.list.item(row).text() == group_title("sample")),
            self.list.count(),
        )
        for place, text in enumerate((group_title("template"), self.tr("Choose tasks, then Edit, Save as template"))):
            item = QListWidgetItem(text)
            item.setFlags(Qt.ItemFlag.NoItemFlags)
            item.setToolTip(self.tr("What you choose on the canvas can be kept, and used in every graph"))
            font = item.font()
            font.setBold(place == 0)
            item.setFont(font)
            self.list.insertItem(at + place, item)

    def _note(self, text: str) -> QListWidgetItem:
        item = QListWidgetItem(text)
        item.setFlags(Qt.ItemFlag.NoItemFlags)
        self.list.addItem(item)
        return item

    def _take(self) -> None:
        part = self.list.part()
        if part is not None:
            self.taken.emit(part, self._shift)

    _shift = False

    def eventFilter(self, watched: object, event: object) -> bool:
        """Keys of the line that mean the list."""
        if isinstance(event, QKeyEvent) and event.type() == QKeyEvent.Type.KeyPress:
            self._shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
                self._step(1 if event.key() == Qt.Key.Key_Down else -1)
                return True
        return False

    def _step(self, by: int) -> None:
        """The next part, past headings."""
        row = self.list.currentRow() + by
        while 0 <= row < self.list.count():
            if isinstance(self.list.item(row).data(_PART), Part):
                self.list.setCurrentRow(row)
                return
            row += by

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.fill()
