"""Tables as files, and what the docs say of them: whole, as they were, in English."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QSettings, Qt, QTranslator
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import RunMirror
from windlass_gui.models import AgentsModel, AttemptsModel, ItemsModel, RunsModel, SortedRows, TasksModel
from windlass_gui.models import export as files
from windlass_gui.models.itemquery import FIELDS
from windlass_gui.models.query import Query, parse
from windlass_gui.panes import RunsPane
from windlass_gui.panes.exporting import Export
from windlass_gui.panes.filtered import FilteredTable
from windlass_gui.panes.table import Table


@pytest.fixture
def part(qtbot: QtBot, make: Any) -> FilteredTable:
    """Twenty runs by their number."""
    model = RunsModel()
    table = Table(SortedRows(model), "Runs")
    model.setParent(table)
    table.sort_by(0, Qt.SortOrder.AscendingOrder)
    made = FilteredTable(table, "No runs yet", "Submit one")
    qtbot.addWidget(made)
    made.show()
    model.reset({n: make.run(n, "succeeded", counts=Counts(succeeded=8)) for n in range(1, 21)})
    return made


def test_the_docs_name_every_field_of_a_filter(qapp: QApplication) -> None:
    docs = (Path(__file__).parents[3] / "docs" / "app.md").read_text("utf-8")
    tables = {
        "runs": RunsModel().fields, "tasks": TasksModel().fields, "items": FIELDS, "attempts": AttemptsModel().fields,
        "agents": AgentsModel().fields,
    }  # fmt: skip
    for name, fields in tables.items():
        row = re.search(rf"^\| {name} \| (`.*) \|$", docs, re.MULTILINE)
        assert row is not None, name
        assert set(re.findall(r"`(\w+)`", row[1])) == {field.name for field in fields}, name


def test_as_at_first_is_how_the_table_came(qtbot: QtBot, bridge: Bridge, tmp_path: Path) -> None:
    """The tasks' deadline stands beside their state, where the program has put it."""
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    table = pane.tasks_table
    first = [table.columns.title(place) for place in table.shown_columns()]
    table.remember(QSettings(str(tmp_path / "a.ini"), QSettings.Format.IniFormat))
    header = table.horizontalHeader()
    order = [header.logicalIndex(at) for at in range(header.count())]
    header.moveSection(0, 3)
    table.columns.choose(1, False)
    table.columns.reset()
    assert [header.logicalIndex(at) for at in range(header.count())] == order
    assert [table.columns.title(place) for place in table.shown_columns()] == first


def test_an_export_has_the_rows_that_were_there_when_it_began(
    qtbot: QtBot, bridge: Bridge, part: FilteredTable, make: Any, tmp_path: Path
) -> None:
    """Each once, however they are sorted anew, and whatever the table shows, while they are written."""
    ended: list[str] = []
    Export(part.table, tmp_path / "runs.csv").ended.connect(ended.append)
    part.table.sort_by(0, Qt.SortOrder.DescendingOrder)
    part.proxy.rows.change({99: make.run(99)}, [3, 4])
    items = ItemsModel()
    items.show(of_items(bridge, make, 1, bytes([5, 4, 5])), 0)
    items.set_query(parse("state:failed", FIELDS))
    table = Table(items, "Items")
    qtbot.addWidget(table)
    Export(table, tmp_path / "items.csv").ended.connect(ended.append)
    items.set_query(Query())
    items.show(of_items(bridge, make, 2, bytes([4, 4, 4, 4])), 0)
    qtbot.waitUntil(lambda: len(ended) == 2)
    assert ended == ["", ""]
    rows = list(csv.DictReader(io.StringIO((tmp_path / "runs.csv").read_text())))
    assert [int(row["Run"]) for row in rows] == list(range(1, 21))
    rows = list(csv.DictReader(io.StringIO((tmp_path / "items.csv").read_text())))
    assert [(row["Item"], row["State"]) for row in rows] == [("0", "failed"), ("2", "failed")]


def test_what_goes_into_files_is_english(
    qtbot: QtBot, qapp: QApplication, bridge: Bridge, make: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs read it, whatever the language of the person."""

    class Other(QTranslator):
        def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
            return f"¿{source}?"

    items, runs, other = ItemsModel(), RunsModel(), Other()
    items.show(of_items(bridge, make, 1, bytes([5])), 0)
    runs.reset({7: make.run(7, "failed")})
    monkeypatch.setattr("windlass_gui.models.items.spoken", lambda text: f"¿{text}?")
    qapp.installTranslator(other)
    try:
        assert items.headerData(1, Qt.Orientation.Horizontal) == "¿State?"
        assert items.index(0, 1).data() == "¿failed?"
        written = [as_text(model, form) for model in (items, runs) for form in ("csv", "json")]
    finally:
        qapp.removeTranslator(other)
    assert not any("¿" in text for text in written), written
    assert json.loads(written[1]) == [{"Item": 0, "State": "failed", "Attempts": ""}]


def of_items(bridge: Bridge, make: Any, run: int, states: bytes) -> RunMirror | None:
    bridge.follow_all({1, 2}, "test")
    row, task = make.run(run), make.task(0, len(states))
    bridge.mirror.feed(make.snapshot(f"run:{run}", run=row, tasks=[task], states={0: states}))
    return bridge.mirror.run(run)


def as_text(model: QAbstractItemModel, form: str) -> str:
    """The first row, its first three columns."""
    out = io.StringIO()
    assert list(files.write(model, [0], [0, 1, 2], form, out)) == [1]
    return out.getvalue()
