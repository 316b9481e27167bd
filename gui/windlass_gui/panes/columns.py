"""Which columns of a table are shown, how wide, in which order and by which one it is sorted: chosen by a right-click
on the header, and remembered by the columns' titles, so that a later version may have others."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QObject, QPoint, QSettings, Qt, QTimer
from PySide6.QtWidgets import QHeaderView, QMenu, QTableView

SAVE_DELAY = 500
"""Milliseconds after the last change of a column until it is written down."""


class Columns(QObject):
    """Owned by one table. `offer` is the program's wish for a column, a person's own choice goes before it."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)
        self._table = table
        self._header = table.horizontalHeader()
        self._offered: dict[str, bool] = {}
        self._chosen: dict[str, bool] = {}
        self._first: list[int] = []
        """The columns in the order in which the program has put them; empty: as in the model."""
        self._settings: QSettings | None = None
        self._key = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SAVE_DELAY)
        self._timer.timeout.connect(self.save)
        self._header.setSectionsMovable(True)
        self._header.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self._header.customContextMenuRequested.connect(self._menu)
        self._header.sectionMoved.connect(self._changed)
        self._header.sectionResized.connect(self._changed)
        self._header.sortIndicatorChanged.connect(self._changed)

    def title(self, column: int) -> str:
        return str(self._table.model().headerData(column, Qt.Orientation.Horizontal) or "")

    def _places(self) -> dict[str, int]:
        return {self.title(place): place for place in range(self._table.model().columnCount())}

    def offer(self, column: int, shown: bool) -> None:
        """Show it or not, unless a person has said otherwise."""
        self._offered[self.title(column)] = shown
        self._show(column)

    def choose(self, column: int, shown: bool) -> None:
        """A person's choice."""
        self._chosen[self.title(column)] = shown
        self._show(column)
        self._changed()

    def _show(self, column: int) -> None:
        title = self.title(column)
        shown = self._chosen.get(title, self._offered.get(title, True))
        if shown == self._header.isSectionHidden(column):
            self._header.setSectionHidden(column, not shown)

    def _menu(self, where: QPoint) -> None:
        menu = self.menu()
        menu.exec(self._header.mapToGlobal(where))
        menu.deleteLater()

    def menu(self) -> QMenu:
        """The columns, each to be ticked, and the way back."""
        menu = QMenu(self._table)
        menu.setToolTipsVisible(True)
        shown = [place for place in range(self._header.count()) if not self._header.isSectionHidden(place)]
        for place in sorted(range(self._header.count()), key=self._header.visualIndex):
            action = menu.addAction(self.title(place))
            action.setCheckable(True)
            action.setChecked(place in shown)
            # Without a column there would be no header to click on.
            action.setEnabled(place not in shown or len(shown) > 1)
            tip = self._table.model().headerData(place, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
            action.setToolTip(str(tip or ""))
            action.toggled.connect(lambda on, place=place: self.choose(place, on))
        menu.addSeparator()
        menu.addAction(self.tr("Fit to content"), self.fit).setToolTip(self.tr("As wide as what is in view needs"))
        menu.addAction(self.tr("As at first"), self.reset)
        return menu

    def fit(self) -> None:
        """As wide as what is in view needs."""
        self._table.resizeColumnsToContents()

    def reset(self) -> None:
        """Forget what a person chose: columns, order and widths."""
        self._chosen.clear()
        for visual, place in enumerate(self._first or range(self._header.count())):
            self._header.moveSection(self._header.visualIndex(place), visual)
            self._show(place)
        natural = getattr(self._table, "natural_widths", None)
        if natural is not None:
            natural()
        self._changed()

    # --- remembering ---------------------------------------------------------------------------------------

    def remember(self, settings: QSettings, key: str) -> None:
        """Take what was kept under this key, and keep what changes from now on."""
        self._settings, self._key = None, key
        self._first = [self._header.logicalIndex(at) for at in range(self._header.count())]
        self._take(settings.value(f"tables/{key}"))
        self._settings = settings

    def _changed(self, *_: object) -> None:
        if self._settings is not None:
            self._timer.start()

    def save(self) -> None:
        self._timer.stop()
        if self._settings is not None:
            self._settings.setValue(f"tables/{self._key}", json.dumps(self._state()))

    def _state(self) -> dict[str, Any]:
        header, places = self._header, self._places()
        return {
            "chosen": self._chosen,
            "order": sorted(places, key=lambda title: header.visualIndex(places[title])),
            "widths": {
                t: header.sectionSize(place) for t, place in places.items() if not header.isSectionHidden(place)
            },
            "sort": [self.title(header.sortIndicatorSection()), header.sortIndicatorOrder().value]
            if self._table.isSortingEnabled()
            else None,
        }

    def _take(self, text: object) -> None:
        """What does not fit (another version's, or damaged) is left out."""
        try:
            kept = json.loads(str(text)) if text else {}
            chosen = {str(title): bool(on) for title, on in dict(kept.get("chosen", {})).items()}
            order = [str(title) for title in kept.get("order", [])]
            widths = {str(title): int(width) for title, width in dict(kept.get("widths", {})).items()}
            sort = kept.get("sort")
            by, way = (str(sort[0]), Qt.SortOrder(int(sort[1]))) if sort else ("", Qt.SortOrder.AscendingOrder)
        except (ValueError, TypeError, AttributeError, IndexError):
            return
        places = self._places()
        self._chosen = {title: on for title, on in chosen.items() if title in places}
        known = [title for title in order if title in places]
        for visual, title in enumerate(known):
            self._header.moveSection(self._header.visualIndex(places[title]), visual)
        for title, place in places.items():
            self._show(place)
            if 20 <= widths.get(title, 0) <= 4000:
                self._header.resizeSection(place, widths[title])
        if by in places and self._table.isSortingEnabled():
            self._table.sortByColumn(places[by], way)


def natural_width(view: QTableView, title: str, sample: str) -> int:
    """Pixels for a column that shows its title (with the arrow of sorting) and its longest usual text whole."""
    header: QHeaderView = view.horizontalHeader()
    for_title = header.fontMetrics().horizontalAdvance(title) + 34
    return max(for_title, view.fontMetrics().horizontalAdvance(sample) + 26)
