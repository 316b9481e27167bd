"""The box that opens over the window: a line to type in, and the best answers below it."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractListModel,
    QCoreApplication,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QSettings,
    QSize,
    Qt,
    QTimer,
)
from PySide6.QtGui import QFontMetrics, QKeyEvent, QPainter
from PySide6.QtWidgets import (
    QDialog,
    QLabel,
    QLineEdit,
    QListView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.commands.collect import Command
from windlass_gui.commands.fuzzy import search
from windlass_gui.files.files import strings
from windlass_gui.look.theme import M, S, current_theme
from windlass_gui.look.tips import plain_tip

SHOWN = 200
"""Answers in the list at most; more letters find the others."""
ROWS = 12
"""Answers in view."""
REMEMBERED = 20
"""Commands that stand first while nothing is typed, because they were used last."""
WIDTH = 640

Index = QModelIndex | QPersistentModelIndex


class _Answers(QAbstractListModel):
    """Commands, best first, with the places of the letters that were typed."""

    def __init__(self, commands: list[Command], used: list[str], parent: QObject) -> None:
        super().__init__(parent)
        order = {title: at for at, title in enumerate(used)}
        self._commands = sorted(commands, key=lambda one: (not one.enabled, order.get(one.text, len(order))))
        self._texts = [command.text for command in self._commands]
        self._lowered = [text.lower() for text in self._texts]
        self.rows: list[tuple[Command, list[int]]] = []
        self.find("")

    def find(self, query: str) -> None:
        self.beginResetModel()
        if query.strip():
            found = search(query, self._texts, self._lowered, SHOWN)
            self.rows = [(self._commands[at], places) for at, places in found]
        else:
            self.rows = [(command, []) for command in self._commands[:SHOWN]]
        self.endResetModel()

    def rowCount(self, parent: Index = QModelIndex()) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if not index.isValid():
            return None
        command, places = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return command.title
        if role == Qt.ItemDataRole.ToolTipRole:
            return plain_tip(command.tip) or None
        if role == Qt.ItemDataRole.AccessibleTextRole:
            return ", ".join(part for part in (command.title, command.group, command.keys) if part)
        if role == Qt.ItemDataRole.UserRole:
            return command, places
        return None


class _Line(QStyledItemDelegate):
    """Title with the typed letters in bold, its group after it, its keys at the right end."""

    def __init__(self, owner: QListView) -> None:
        super().__init__(owner)
        self._list = owner

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(0, option.fontMetrics.height() + 12)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        command, places = index.data(Qt.ItemDataRole.UserRole)
        theme = current_theme()
        rect: QRect = option.rect
        painter.save()
        if self._list.currentIndex() == index:
            painter.fillRect(rect, theme.color("selection"))
        rect = rect.adjusted(M, 0, -M, 0)
        base = option.font
        bold = type(base)(base)
        bold.setBold(True)
        metrics, bolder = QFontMetrics(base), QFontMetrics(bold)
        keys = metrics.horizontalAdvance(command.keys)
        painter.setFont(base)
        painter.setPen(theme.color("muted"))
        middle = Qt.AlignmentFlag.AlignVCenter
        painter.drawText(rect, middle | Qt.AlignmentFlag.AlignRight, command.keys)
        room = rect.width() - keys - (M if keys else 0)
        where = command.group if command.enabled else _tr("{} · not possible now").format(command.group)
        group = metrics.horizontalAdvance(where)
        most = max(room - group - M, room // 2)
        shown = command.title
        if bolder.horizontalAdvance(shown) > most:
            shown = bolder.elidedText(shown, Qt.TextElideMode.ElideMiddle, most)
        painter.setPen(theme.color("text" if command.enabled else "muted"))
        chosen = set(places) if shown == command.title else set()
        x = rect.left()
        for bolded, part in _parts(shown, chosen):
            painter.setFont(bold if bolded else base)
            width = (bolder if bolded else metrics).horizontalAdvance(part)
            painter.drawText(QRect(x, rect.top(), width + 1, rect.height()), middle, part)
            x += width
        painter.setFont(base)
        painter.setPen(theme.color("muted"))
        left = QRect(x + M, rect.top(), max(0, rect.left() + room - x - M), rect.height())
        painter.drawText(left, middle, metrics.elidedText(where, Qt.TextElideMode.ElideRight, left.width()))
        painter.restore()


def _tr(text: str) -> str:
    return QCoreApplication.translate("CommandPalette", text)


def _parts(text: str, places: set[int]) -> list[tuple[bool, str]]:
    """The text in pieces that are bold or not."""
    parts: list[tuple[bool, str]] = []
    for at, letter in enumerate(text):
        bold = at in places
        if parts and parts[-1][0] == bold:
            parts[-1] = bold, parts[-1][1] + letter
        else:
            parts.append((bold, letter))
    return parts


class CommandPalette(QDialog):
    """Arrow keys choose, Enter does it, Escape leaves."""

    def __init__(self, commands: list[Command], settings: QSettings, parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setObjectName("command-palette")
        self.setWindowTitle(self.tr("Commands"))
        self.setAccessibleName(self.tr("Commands"))
        self._settings = settings
        self._over = parent
        self.model = _Answers(commands, strings(settings.value("commands-used")), self)
        self.line = QLineEdit()
        self.line.setPlaceholderText(self.tr("Type what to do or where to go: an action, graph, task, run or agent"))
        self.line.setAccessibleName(self.tr("Search the commands"))
        self.line.setClearButtonEnabled(True)
        self.line.installEventFilter(self)
        self.line.textChanged.connect(self._search)
        self.list = QListView()
        self.list.setAccessibleName(self.tr("Commands found"))
        self.list.setModel(self.model)
        self.list.setUniformItemSizes(True)
        self.list.setItemDelegate(_Line(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.clicked.connect(self._choose)
        self.nothing = QLabel(self.tr("Nothing is called that. Fewer letters find more."))
        self.nothing.setProperty("role", "muted")
        self.nothing.setContentsMargins(M, S, M, S)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(S, S, S, S)
        layout.setSpacing(S)
        layout.addWidget(self.line)
        layout.addWidget(self.list, 1)
        layout.addWidget(self.nothing)
        self._search("")
        self._place(parent)
        self.setFocusProxy(self.line)
        self.line.setFocus(Qt.FocusReason.PopupFocusReason)

    def _place(self, parent: QWidget) -> None:
        """In the middle at the top of the window."""
        row = self.list.sizeHintForRow(0) if self.model.rowCount() else 28
        width = min(WIDTH, max(320, parent.width() - 40))
        height = row * ROWS + self.line.sizeHint().height() + 4 * S
        self.resize(width, min(height, max(200, parent.height() - 80)))
        corner = parent.mapToGlobal(parent.rect().topLeft())
        self.move(corner.x() + (parent.width() - width) // 2, corner.y() + 60)

    def _search(self, query: str) -> None:
        self.model.find(query)
        found = self.model.rowCount() > 0
        self.list.setVisible(found)
        self.nothing.setVisible(not found)
        if found:
            self.list.setCurrentIndex(self.model.index(0))
            self.list.scrollToTop()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.line and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            steps = {Qt.Key.Key_Down: 1, Qt.Key.Key_Up: -1, Qt.Key.Key_PageDown: ROWS, Qt.Key.Key_PageUp: -ROWS}
            key = Qt.Key(event.key())
            if key in steps:
                self._step(steps[key])
                return True
            if key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._choose(self.list.currentIndex())
                return True
        return super().eventFilter(watched, event)

    def _step(self, by: int) -> None:
        count = self.model.rowCount()
        if count:
            at = self.list.currentIndex().row() + by
            # One step goes round the ends; a page stops there.
            at = at % count if abs(by) == 1 else max(0, min(count - 1, at))
            self.list.setCurrentIndex(self.model.index(at))

    def _choose(self, index: Index) -> None:
        if not index.isValid():
            return
        command, _ = self.model.rows[index.row()]
        if not command.enabled:
            return
        used = [one for one in strings(self._settings.value("commands-used")) if one != command.text]
        self._settings.setValue("commands-used", [command.text, *used][:REMEMBERED])
        self.accept()
        # When this box is gone: what a command opens must not belong to it.
        QTimer.singleShot(0, self._over, lambda: command.run())
