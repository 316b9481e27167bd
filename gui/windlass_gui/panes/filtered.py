"""A table with its filter above it, and a hint in its place while it has nothing to show."""

from __future__ import annotations

from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from windlass_gui.look.theme import XS, S
from windlass_gui.models import SortedRows
from windlass_gui.models.query import Query
from windlass_gui.panes.filterline import FilterLine
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table


class FilteredTable(QWidget):
    """For a `Table` over `SortedRows`. What is said when there is nothing at all, `say` tells."""

    def __init__(self, table: Table, title: str, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = table
        proxy = table.model()
        if not isinstance(proxy, SortedRows):
            raise TypeError("a filter needs rows that can be asked")
        self.proxy = proxy
        self._said = title, text
        self.line = FilterLine(proxy.rows.fields, proxy.rows.known)
        self.line.find_from(self)
        self.line.changed.connect(self._filter)
        self.hinted = Hinted(table, title, text)
        self._top = QHBoxLayout()
        self._top.setContentsMargins(S, XS, S, XS)
        self._top.setSpacing(S)
        self._top.addWidget(self.line, 1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(self._top)
        layout.addWidget(self.hinted, 1)
        for model in (proxy, proxy.rows):
            model.rowsInserted.connect(self._look)
            model.rowsRemoved.connect(self._look)
            model.modelReset.connect(self._look)
        self._look()

    def before_filter(self, *widgets: QWidget) -> None:
        """What stands in front of the filter, in its line: a title, what can be done."""
        for place, widget in enumerate(widgets):
            self._top.insertWidget(place, widget)

    def say(self, title: str, text: str) -> None:
        """The hint for a table without any row."""
        self._said = title, text
        self._look()

    def _filter(self, query: Query) -> None:
        self.proxy.set_query(query)
        self._look()

    def _look(self, *_: object) -> None:
        shown, known = self.proxy.rowCount(), self.proxy.rows.rowCount()
        if not shown and known:
            self.hinted.hint.say(
                self.tr("Nothing fits the filter"),
                self.tr("{} are left out. Escape in the filter shows them again.").format(f"{known:,}"),
            )
        elif not known:
            self.hinted.hint.say(*self._said)
        self.hinted.show_hint(not shown)
        self.line.setVisible(bool(known) or bool(self.line.edit.text()))
