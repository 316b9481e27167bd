"""Choosing rows of a table, exactly these."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QItemSelection, QItemSelectionModel
from PySide6.QtWidgets import QTableView


def choose(table: QTableView, rows: Iterable[int]) -> None:
    model, flags = table.model(), QItemSelectionModel.SelectionFlag
    chosen = QItemSelection()
    for row in rows:
        chosen.select(model.index(row, 0), model.index(row, model.columnCount() - 1))
    table.selectionModel().select(chosen, flags.ClearAndSelect)
