"""The list of what needs a person: what, who, since when, and a button that mends it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QMenu,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.attention import words
from windlass_gui.attention.aside import HOUR
from windlass_gui.attention.derive import DOUBT, NOTE, URGENT, Matter
from windlass_gui.attention.needs import Needs
from windlass_gui.look.buttons import flat_button
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import XS, S, Theme, theme_switch
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import format as fmt
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.words import Elided

LISTED = 50
"""Matters that are listed, the most urgent; the head says how many there are. A row with buttons costs 1 ms."""
LOOKS = {URGENT: ("error", "danger"), DOUBT: ("warning", "warn"), NOTE: ("question", "muted")}
"""Icon and colour of each severity."""
WIDE, NARROW = 680, 520
"""Pixels below which the time and then also the subject have no column; the tip has them."""
_WHAT, _WHERE, _SINCE, _FIX, _LATER = range(5)
_KEY = Qt.ItemDataRole.UserRole


class AttentionPane(QWidget):
    """Paints what `Needs` found. `fix_asked` names a fix (see `words.FIXES`) and its matter."""

    fix_asked = Signal(str, object)

    def __init__(self, needs: Needs, connected: Callable[[], bool], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.needs = needs
        self._connected = connected
        self._shown: list[tuple[Matter, bool]] = []
        """What each row shows, and whether it was put aside."""
        self._stale = True
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("What needs attention"))
        self.list.setHeaderLabels([self.tr("What"), self.tr("Where"), self.tr("Since"), self.tr("What helps"), ""])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setMinimumSectionSize(36)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
        for place, width in ((_WHERE, 190), (_SINCE, 96), (_FIX, 150), (_LATER, 40)):
            header.setSectionResizeMode(place, QHeaderView.ResizeMode.Interactive)
            header.resizeSection(place, width)
        self.list.itemActivated.connect(self._activated)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        self.head = Elided("small")
        self.hidden = QPushButton()
        self.hidden.setProperty("role", "slim")
        self.hidden.setCheckable(True)
        self.hidden.setToolTip(self.tr("Also list what was put aside"))
        self.hidden.toggled.connect(lambda _: self.refresh())
        body = QWidget()
        top = QHBoxLayout()
        top.setContentsMargins(S, XS, S, XS)
        top.addWidget(self.head, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        inner = QVBoxLayout(body)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.addWidget(self.list)
        self.hinted = Hinted(body, "", "")
        top.addWidget(self.hidden)
        column.addLayout(top)
        column.addWidget(self.hinted, 1)
        needs.changed.connect(self.refresh)
        theme_switch().changed.connect(self._show_theme)
        self.refresh()

    def _show_theme(self, _theme: Theme) -> None:
        self._shown = []
        self.list.clear()
        self.refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """The button stays in sight: what is told beside it gives way first."""
        super().resizeEvent(event)
        self.list.setColumnHidden(_SINCE, self.width() < WIDE)
        narrow = self.width() < NARROW
        if narrow != self.list.isColumnHidden(_WHERE):
            self.list.setColumnHidden(_WHERE, narrow)
            self.list.header().resizeSection(_FIX, 118 if narrow else 150)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._stale:
            self.refresh()

    # --- the list ------------------------------------------------------------------------------------------

    def refresh(self) -> None:
        """Show what there is; rows that stay are not made anew."""
        self._stale = not self.isVisible()
        if self._stale:
            return
        needs = self.needs
        aside = needs.aside if self.hidden.isChecked() else []
        rows = [(matter, False) for matter in needs.matters] + [(matter, True) for matter in aside]
        self._say()
        self.hinted.show_hint(not rows)
        rows = rows[:LISTED]
        if rows == self._shown:
            return
        current, scroll = self.current(), self.list.verticalScrollBar().value()
        self._arrange(rows)
        self._shown = rows
        if current is not None:
            self.choose(current.key)
        self.list.verticalScrollBar().setValue(scroll)

    def _arrange(self, rows: list[tuple[Matter, bool]]) -> None:
        """Rows that go are taken away and new ones put in; those that stay keep their buttons."""
        wanted = {_name(row) for row in rows}
        shown = list(self._shown)
        for place in reversed(range(len(shown))):
            if _name(shown[place]) not in wanted:
                self.list.takeTopLevelItem(place)
                del shown[place]
        for place, row in enumerate(rows):
            if place < len(shown) and _name(shown[place]) == _name(row):
                if shown[place] != row:
                    self._fill(self.list.topLevelItem(place), *row)
                continue
            for later in range(place + 1, len(shown)):
                if _name(shown[later]) == _name(row):
                    self.list.takeTopLevelItem(later)
                    del shown[later]
                    break
            item = QTreeWidgetItem()
            self.list.insertTopLevelItem(place, item)
            self._fill(item, *row)
            shown.insert(place, row)

    def _say(self) -> None:
        needs = self.needs
        count, aside = len(needs.matters), len(needs.aside)
        self.head.setText(
            self.tr("{} need attention, {} shown").format(fmt.count(count), LISTED) if count > LISTED
            else self.tr("1 needs attention · Enter does what helps, a right-click shows what else can be done")
            if count == 1
            else self.tr("{} need attention · Enter does what helps, a right-click shows what else can be done").format(
                fmt.count(count)
            ) if count else ""
        )  # fmt: skip
        self.hidden.setVisible(bool(aside))
        self.hidden.setText(self.tr("{} put aside").format(fmt.count(aside)))
        hint = self.hinted.hint
        if not self._connected() and not needs.known:
            hint.say(self.tr("Not connected"), self.tr("What needs attention stands here once there is a core."))
        elif aside:
            hint.say(self.tr("Nothing else"), self.tr("Everything that needs attention was put aside."))
        else:
            text = self.tr(
                "Runs that do not go on, tasks that no machine can take, sick machines, deadlines in danger and full "
                "disks would stand here, each with a button that helps."
            )
            hint.say(self.tr("All is well"), text)

    def _fill(self, item: QTreeWidgetItem | None, matter: Matter, away: bool) -> None:
        if item is None:
            return
        theme = theme_switch().theme
        sign, token = LOOKS[matter.severity]
        text = words.sentence(matter)
        item.setText(_WHAT, text)
        item.setIcon(_WHAT, icon(sign, theme, "muted" if away else token))
        since = fmt.clock(matter.since, time.time())
        item.setToolTip(_WHAT, plain_tip(f"{words.severity(matter)}: {text}\n{words.where(matter)} · {since}"))
        item.setData(_WHAT, Qt.ItemDataRole.AccessibleTextRole, f"{words.severity(matter)}: {text}")
        item.setData(_WHAT, _KEY, matter.key)
        item.setText(_WHERE, words.where(matter))
        item.setToolTip(_WHERE, plain_tip(words.where(matter)))
        item.setText(_SINCE, since)
        item.setToolTip(_SINCE, self.tr("As far as it was seen from here"))
        for column in (_WHAT, _WHERE, _SINCE):
            item.setForeground(column, theme.color("muted" if away or column != _WHAT else "text"))
        self.list.setItemWidget(item, _FIX, self._button(matter, away))
        self.list.setItemWidget(item, _LATER, self._later(matter, away))

    def _button(self, matter: Matter, away: bool) -> QWidget:
        if away:
            label, tip = self.tr("Show again"), self.tr("It was put aside: list it again")
        else:
            label, tip = words.fix(matter.fixes[0])
        button = QPushButton(label)
        button.setProperty("role", "slim")
        button.setToolTip(tip)
        button.setAccessibleName(f"{label}: {words.where(matter)}")
        button.clicked.connect(partial(self._do, matter, away))
        return _framed(button)

    def _later(self, matter: Matter, away: bool) -> QWidget:
        tip = self.tr("What else can be done, or not now")
        more = flat_button("⋯", tip, name=self.tr("More: {}").format(words.where(matter)))
        more.clicked.connect(lambda: self._menu(matter, away).popup(more.mapToGlobal(QPoint(0, more.height()))))
        return _framed(more)

    # --- doing ---------------------------------------------------------------------------------------------

    def current(self) -> Matter | None:
        row = self._row(self.list.currentItem())
        return row[0] if row is not None else None

    def _row(self, item: QTreeWidgetItem | None) -> tuple[Matter, bool] | None:
        place = self.list.indexOfTopLevelItem(item) if item is not None else -1
        return self._shown[place] if 0 <= place < len(self._shown) else None

    def choose(self, key: tuple[str, str]) -> None:
        """Make the row of that matter the current one."""
        for place, (matter, _) in enumerate(self._shown):
            item = self.list.topLevelItem(place)
            if matter.key == key and item is not None:
                self.list.setCurrentItem(item)

    def _activated(self, item: QTreeWidgetItem, _column: int) -> None:
        row = self._row(item)
        if row is not None:
            self._do(*row)

    def _do(self, matter: Matter, away: bool, _checked: bool = False) -> None:
        if away:
            self.needs.take_back(matter)
        else:
            self.fix_asked.emit(matter.fixes[0], matter)

    def _menu(self, matter: Matter, away: bool) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.setToolTipsVisible(True)
        for name in matter.fixes:
            label, tip = words.fix(name)
            menu.addAction(label, partial(self.fix_asked.emit, name, matter)).setToolTip(tip)
        menu.addSeparator()
        if away:
            menu.addAction(self.tr("Show again"), lambda: self.needs.take_back(matter))
        else:
            menu.addAction(self.tr("Not for an hour"), lambda: self.needs.put_aside(matter, HOUR))
            menu.addAction(self.tr("Not until it changes"), lambda: self.needs.put_aside(matter))
        return menu

    def _show_menu(self, where: QPoint) -> None:
        row = self._row(self.list.itemAt(where))
        if row is not None:
            self._menu(*row).popup(self.list.viewport().mapToGlobal(where))


def _name(row: tuple[Matter, bool]) -> tuple[tuple[str, str], bool]:
    return row[0].key, row[1]


def _framed(widget: QWidget) -> QWidget:
    """With a little air around it, so that buttons of two rows do not touch."""
    frame = QWidget()
    layout = QHBoxLayout(frame)
    layout.setContentsMargins(2, 2, 2, 2)
    layout.addWidget(widget)
    return frame
