"""Tables: the filter line, the choice of columns, copying and exporting; with real keys."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, QRectF, QSettings, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import QApplication, QMessageBox, QProgressDialog, QStyleOptionViewItem
from pytestqt.qtbot import QtBot
from tests.gui.choosing import choose

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.look.theme import S
from windlass_gui.models import AttemptsModel, RunsModel, SortedRows, TasksModel
from windlass_gui.models import export as files
from windlass_gui.panes import ItemsPane, RunsPane, copying
from windlass_gui.panes.delegates import BAR, ProgressDelegate, seen_part
from windlass_gui.panes.exporting import Export
from windlass_gui.panes.filtered import FilteredTable
from windlass_gui.panes.filterline import LEAST
from windlass_gui.panes.table import Table


@pytest.fixture
def part(qtbot: QtBot, make: Any) -> FilteredTable:
    """Twenty runs, every fourth failed."""
    model = RunsModel()
    table = Table(SortedRows(model), "Runs")
    model.setParent(table)
    table.sort_by(0, Qt.SortOrder.AscendingOrder)
    made = FilteredTable(table, "No runs yet", "Submit one")
    qtbot.addWidget(made)
    made.resize(900, 400)
    made.show()
    counts = Counts(failed=2, succeeded=8)
    model.reset({n: make.run(n, "failed" if n % 4 == 0 else "succeeded", counts=counts) for n in range(1, 21)})
    return made


def shown(part: FilteredTable) -> list[int]:
    return [int(part.proxy.index(row, 0).data()) for row in range(part.proxy.rowCount())]


def test_typing_filters_and_completes(qtbot: QtBot, part: FilteredTable) -> None:
    edit = part.line.edit
    edit.window().activateWindow()
    edit.setFocus()
    qtbot.waitUntil(edit.hasFocus)
    qtbot.keyClicks(edit, "sta")
    popup = part.line._popup
    assert popup.isVisible()
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert edit.text() == "state:"
    qtbot.keyClicks(edit, "fai")
    qtbot.keyClick(popup, Qt.Key.Key_Down)
    qtbot.keyClick(popup, Qt.Key.Key_Return)
    assert edit.text() == "state:failed"
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert shown(part) == [4, 8, 12, 16, 20]
    qtbot.keyClicks(edit, " run>=12 -graph-16")
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert shown(part) == [12, 20]
    qtbot.keyClick(edit, Qt.Key.Key_Escape)
    assert len(shown(part)) == 20


def test_a_mistake_is_told_and_the_last_filter_stays(qtbot: QtBot, part: FilteredTable) -> None:
    part.line.set_text("state:failed")
    part.line.set_text("state:faild")
    assert part.line.error.isVisible()
    assert "did you mean “failed”" in part.line.error.text()
    assert "character 7" in part.line.error.text()
    assert part.line.edit.property("invalid")
    assert shown(part) == [4, 8, 12, 16, 20]
    part.line.set_text("nothing-has-this")
    assert not part.line.error.isVisible()
    assert part.hinted.hinting
    assert "Nothing fits" in part.hinted.hint.title.text()


def test_the_help_begins_a_term(qtbot: QtBot, part: FilteredTable) -> None:
    part.line._begin("owner:")
    assert part.line.edit.text() == "owner:"
    assert [offer.text for offer in part.line._offers] == ["ada"]


def test_columns_are_chosen_and_remembered(qtbot: QtBot, part: FilteredTable, tmp_path: Path, make: Any) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    table, header = part.table, part.table.horizontalHeader()
    model = part.proxy.rows
    table.remember(settings)
    failed, name = model.at("Failed"), model.at("Name")
    assert header.isSectionHidden(failed), "columns that few need wait to be chosen"
    entry = next(action for action in table.columns.menu().actions() if action.text() == "Failed")
    assert entry.isCheckable()
    entry.trigger()
    assert not header.isSectionHidden(failed)
    header.moveSection(header.visualIndex(failed), 0)
    header.resizeSection(name, 222)
    table.sortByColumn(name, Qt.SortOrder.DescendingOrder)
    table.columns.save()
    again = Table(SortedRows(RunsModel(table), table), "Runs")
    qtbot.addWidget(again)
    again.setSortingEnabled(True)
    again.columns.offer(model.at("Owner"), False)
    again.remember(settings)
    other = again.horizontalHeader()
    assert [other.visualIndex(failed), other.sectionSize(name), other.sortIndicatorSection()] == [0, 222, name]
    assert other.isSectionHidden(model.at("Owner"))
    again.columns.reset()
    assert other.isSectionHidden(failed)
    assert [other.visualIndex(place) for place in range(other.count())] == list(range(other.count()))


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"order": 3}', '{"widths": {"Name": "x"}}', '{"sort": ["Name", 9]}'])
def test_what_was_kept_badly_is_left_out(qtbot: QtBot, part: FilteredTable, tmp_path: Path, kept: str) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    settings.setValue(f"tables/{part.table.objectName()}", kept)
    part.table.remember(settings)
    assert len(shown(part)) == 20


def test_no_duration_is_cut_at_1440(qtbot: QtBot, bridge: Bridge) -> None:
    pane = RunsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(1440, 260)
    pane.show()
    table = pane.runs_table
    for place in table.shown_columns():
        column = pane.runs.columns[place]
        needed = table.fontMetrics().horizontalAdvance(column.sample)
        assert table.columnWidth(place) >= needed or column.title == "Name"
    duration = pane.runs.at("Duration")
    assert table.columnViewportPosition(duration) + table.columnWidth(duration) <= table.viewport().width() + 1


def test_copying(qtbot: QtBot, part: FilteredTable) -> None:
    table = part.table
    part.line.set_text("state:failed")
    choose(table, [0, 1])
    table.window().activateWindow()
    table.setFocus()
    qtbot.waitUntil(table.hasFocus)
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().splitlines()
    assert [line.split("\t")[:3] for line in lines] == [["4", "graph-4", "failed"], ["8", "graph-8", "failed"]]
    qtbot.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    rows = list(csv.DictReader(io.StringIO(QApplication.clipboard().text())))
    assert [(row["Run"], row["State"], row["Duration"]) for row in rows] == [
        ("4", "failed", "60.0"),
        ("8", "failed", "60.0"),
    ]
    qtbot.keyClick(table, Qt.Key.Key_J, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    assert [(row["Run"], row["Duration"]) for row in json.loads(QApplication.clipboard().text())] == [
        (4, 60.0),
        (8, 60.0),
    ]


ROWS = 1000


@pytest.fixture
def long(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> Table:
    """A table of a thousand rows; whoever copies them looks at the events that wait as often as it can."""
    monkeypatch.setattr(copying, "SLICE", 0.0)
    model = QStandardItemModel(ROWS, 2)
    model.setHorizontalHeaderLabels(["Number", "Name"])
    for row in range(ROWS):
        model.setItem(row, 0, QStandardItem(str(row)))
        model.setItem(row, 1, QStandardItem(f"name {row}"))
    table = Table(model, "Long")
    model.setParent(table)
    qtbot.addWidget(table)
    table.show()
    QApplication.clipboard().setText("before")
    return table


def test_copying_many_rows_does_not_hold_up_the_window(qtbot: QtBot, long: Table) -> None:
    long.selectAll()
    long.copy()
    assert QApplication.clipboard().text() == "before"
    long.copy("csv")
    qtbot.waitUntil(lambda: QApplication.clipboard().text() != "before")
    lines = QApplication.clipboard().text().splitlines()
    assert lines[0] == "Number,Name", "the last one counts"
    assert lines[1:] == [f"{row},name {row}" for row in range(ROWS)]
    assert all(job.over for job in long.findChildren(copying.Copying))
    choose(long, [7, 3, 4, 5])
    long.copy()
    assert QApplication.clipboard().text() == "\n".join(f"{row}\tname {row}" for row in (3, 4, 5, 7)), "few at once"


def test_copying_that_is_cancelled_leaves_the_clipboard_as_it_was(qtbot: QtBot, long: Table) -> None:
    long.selectAll()
    long.copy()
    (bar,) = long.findChildren(QProgressDialog)
    bar.canceled.emit()
    assert all(job.over for job in long.findChildren(copying.Copying))
    QApplication.processEvents()
    assert QApplication.clipboard().text() == "before"


def test_what_the_clipboard_does_not_take_is_said(qtbot: QtBot, long: Table) -> None:
    long.selectAll()
    copying.Copying(long, [0], "tsv", most=100).start()
    assert QApplication.clipboard().text().splitlines() == [str(row) for row in range(100)]
    (box,) = long.findChildren(QMessageBox)
    assert "100 of 1,000" in box.text()
    box.close()


def written(model: AttemptsModel, form: str) -> str:
    out = io.StringIO()
    assert list(files.write(model, [0], [model.at("Error")], form, out)) == [1]
    return out.getvalue()


def test_a_spreadsheet_runs_nothing_that_a_task_wrote(qtbot: QtBot, make: Any) -> None:
    model = AttemptsModel()
    model.change({(1, 0, 0, 1): make.attempt(0, 0, state="exited", outcome="failed", error='=HYPERLINK("x")\nmore')})
    text = written(model, "csv")
    assert list(csv.reader(io.StringIO(text)))[1] == ['\'=HYPERLINK("x")']
    assert json.loads(written(model, "json")) == [{"Error": '=HYPERLINK("x")'}]


@pytest.mark.parametrize("form", ["csv", "json"])
def test_export_writes_what_is_shown(qtbot: QtBot, part: FilteredTable, tmp_path: Path, form: str) -> None:
    part.line.set_text("run<=8")
    ended: list[str] = []
    path = tmp_path / f"runs.{form}"
    Export(part.table, path).ended.connect(ended.append)
    qtbot.waitUntil(lambda: bool(ended))
    assert ended == [""]
    text = path.read_text("utf-8")
    rows = json.loads(text) if form == "json" else list(csv.DictReader(io.StringIO(text)))
    assert [int(row["Run"]) for row in rows] == list(range(1, 9))
    assert list(tmp_path.iterdir()) == [path], "nothing half-written stays"


def test_an_export_that_fails_says_so(qtbot: QtBot, part: FilteredTable, tmp_path: Path) -> None:
    ended: list[str] = []
    Export(part.table, tmp_path / "no such folder" / "runs.csv").ended.connect(ended.append)
    qtbot.waitUntil(lambda: bool(ended))
    assert "No such file" in ended[0]
    for box in part.findChildren(type(QApplication.activeModalWidget())):
        box.close()


def test_the_context_menu_has_it_all(qtbot: QtBot, part: FilteredTable) -> None:
    names = [action.text() for action in part.table.context_menu().actions()]
    assert names == ["Export…"]
    choose(part.table, [3])
    names = [action.text() for action in part.table.context_menu().actions()]
    assert names == ["Copy", "Copy as CSV", "Copy as JSON", "Export…"]


@pytest.mark.parametrize(
    ("counts", "width", "words"),
    [
        (Counts(succeeded=998, failed=2, active=500), 400, "1,000 of 1,500, 2 failed"),
        (Counts(succeeded=998, failed=2, active=500), 180, "1,000 of 1,500"),
        (Counts(succeeded=998, failed=2, active=500), 110, "66 %"),
        (Counts(), 110, "not known yet"),
    ],
)
def test_progress_says_less_rather_than_a_cut_number(
    counts: Counts, width: int, words: str, qtbot: QtBot, make: Any
) -> None:
    model = TasksModel()
    model.reset({0: make.task(counts=counts, count=counts.total or None)})
    table = Table(SortedRows(model), "Tasks")
    qtbot.addWidget(table)
    table.draw(progress=(2,))
    delegate = table.itemDelegateForColumn(2)
    assert isinstance(delegate, ProgressDelegate)
    room = width - BAR - 3 * S
    assert delegate.words(table.model().index(0, 2), counts, table.fontMetrics(), room) == words


def test_a_progress_column_has_room_for_a_thousand(qtbot: QtBot, make: Any) -> None:
    model = TasksModel()
    table = Table(SortedRows(model), "Tasks")
    qtbot.addWidget(table)
    table.natural_widths()
    room = table.columnWidth(2) - BAR - 3 * S
    assert table.fontMetrics().horizontalAdvance("1,000 of 1,000") <= room


def test_at_the_edge_of_a_narrow_table_words_are_fewer_rather_than_cut(qtbot: QtBot, make: Any) -> None:
    option = QStyleOptionViewItem()
    table = Table(SortedRows(TasksModel()), "Tasks")
    qtbot.addWidget(table)
    table.resize(200, 100)
    table.show()
    option.widget = table
    assert seen_part(option, QRectF(150, 0, 300, 20)).right() == table.viewport().width() - 4
    assert seen_part(option, QRectF(20, 0, 100, 20)) == QRectF(20, 0, 100, 20)
    assert seen_part(option, QRectF(260, 0, 100, 20)).width() == 0


def test_a_long_title_leaves_room_for_the_filter(qtbot: QtBot, bridge: Bridge) -> None:
    pane = ItemsPane(bridge)
    qtbot.addWidget(pane)
    pane.resize(560, 300)
    pane.title.setText("a very long name " * 20)
    pane.show()
    assert pane.line.width() >= LEAST
    assert pane.presets.mapTo(pane, pane.presets.rect().topRight()).x() < 560
    pane.title.setText("short")
    QCoreApplication.processEvents()
    assert pane.title.width() <= pane.title.sizeHint().width()
