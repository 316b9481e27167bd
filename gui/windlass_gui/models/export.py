"""Rows of a table as text for other programs: CSV, JSON, and tab-separated for a spreadsheet's clipboard.

CSV and JSON carry plain numbers (seconds, bytes), not the words of the cells, so that they can be reckoned with.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator
from typing import Any, TextIO

from PySide6.QtCore import QAbstractItemModel, Qt

from windlass_gui.models.rows import RAW_ROLE

STEP = 200
"""Rows written between two looks at whether to go on."""


def header(model: QAbstractItemModel, columns: Iterable[int]) -> list[str]:
    """The titles of these columns, in English where the model knows them so."""
    across, usual = Qt.Orientation.Horizontal, Qt.ItemDataRole.DisplayRole
    return [str(model.headerData(at, across, RAW_ROLE) or model.headerData(at, across, usual) or "") for at in columns]


def _cells(model: QAbstractItemModel, row: int, columns: list[int]) -> list[Any]:
    cells: list[Any] = []
    for column in columns:
        index = model.index(row, column)
        found = index.data(RAW_ROLE)
        cells.append(index.data() if found is None else found)
    return ["" if cell is None else cell for cell in cells]


def _safe(cell: Any) -> Any:
    """A text that a spreadsheet would take for a formula gets a quote before it: tasks choose names and errors."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def write(model: QAbstractItemModel, rows: Iterable[int], columns: list[int], form: str, out: TextIO) -> Iterator[int]:
    """Write rows as `csv`, `json` (a list of objects) or `tsv`, giving how many are done every so often.

    The last has what the cells show, without a header.
    """
    titles = header(model, columns)
    done = 0
    if form == "tsv":
        for row in rows:
            shown = "\t".join(str(model.index(row, column).data() or "") for column in columns)
            out.write(("\n" if done else "") + shown.replace("\n", " "))
            done += 1
            if done % STEP == 0:
                yield done
    elif form == "csv":
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(titles)
        for row in rows:
            writer.writerow(map(_safe, _cells(model, row, columns)))
            done += 1
            if done % STEP == 0:
                yield done
    else:
        out.write("[")
        for row in rows:
            record = dict(zip(titles, _cells(model, row, columns), strict=True))
            out.write(("," if done else "") + "\n  " + json.dumps(record, ensure_ascii=False))
            done += 1
            if done % STEP == 0:
                yield done
        out.write("\n]\n")
    yield done
