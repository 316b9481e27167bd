"""Item models under random deltas: what they announce is what changed, and the result equals a rebuild."""

from __future__ import annotations

import random
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from tests.depth import seeds

from windlass.wire.rows import Counts
from windlass_gui.mirror import Mirror
from windlass_gui.models import (
    STATE_ROLE,
    AgentsModel,
    AttemptsModel,
    ItemsModel,
    RowsModel,
    RunsModel,
    SharesModel,
    SortedRows,
    TasksModel,
)
from windlass_gui.models import format as fmt
from windlass_gui.models.itemquery import FIELDS
from windlass_gui.models.query import parse
from windlass_gui.models.rows import RAW_ROLE, ranges
from windlass_gui.models.tables import ShareRow, agent_state

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal


def columns(model: QAbstractItemModel) -> range:
    """A list has one, and does not say so."""
    return range(1 if isinstance(model, QAbstractListModel) else model.columnCount())


def shown(model: QAbstractItemModel) -> list[list[Any]]:
    return [[model.index(row, column).data() for column in columns(model)] for row in range(model.rowCount())]


class Copy:
    """A view's idea of a model, kept only by what the model announces."""

    def __init__(self, model: QAbstractItemModel) -> None:
        self.model = model
        self.rows = shown(model)
        self.announced = 0
        model.dataChanged.connect(self._changed)
        model.rowsInserted.connect(self._inserted)
        model.rowsRemoved.connect(self._removed)
        model.modelReset.connect(self._reset)
        model.layoutChanged.connect(self._reset)

    def _line(self, row: int) -> list[Any]:
        return [self.model.index(row, column).data() for column in columns(self.model)]

    def _changed(self, first: Any, last: Any) -> None:
        self.announced += 1
        for row in range(first.row(), last.row() + 1):
            for column in range(first.column(), last.column() + 1):
                self.rows[row][column] = self.model.index(row, column).data()

    def _inserted(self, _parent: Any, first: int, last: int) -> None:
        self.rows[first:first] = [self._line(row) for row in range(first, last + 1)]

    def _removed(self, _parent: Any, first: int, last: int) -> None:
        del self.rows[first : last + 1]

    def _reset(self) -> None:
        self.rows = shown(self.model)


@pytest.mark.parametrize("seed", seeds([0, 1], [2, 3]))
def test_runs_follow_random_deltas(qtbot: QtBot, make: Any, seed: int) -> None:
    rng = random.Random(seed)
    model = RunsModel()
    QAbstractItemModelTester(model, FATAL, model)
    proxy = SortedRows(model)
    QAbstractItemModelTester(proxy, FATAL, proxy)
    proxy.sort(model.at("Duration"), Qt.SortOrder.DescendingOrder)
    if seed % 2:
        proxy.set_query(parse("-state:succeeded run<25", model.fields))
    copies = [Copy(model), Copy(proxy)]
    mirror = Mirror()
    mirror.feed(make.snapshot("runs", runs=[make.run(n) for n in range(10)], removed=[]))
    for _ in range(30):
        changes = mirror.take_changes()
        model.change({run: mirror.runs[run] for run in changes.runs}, changes.runs_removed)
        state = rng.choice(["running", "paused", "succeeded"])
        rows = [make.run(n, state, submitted=make.NOW - rng.random() * 99) for n in rng.sample(range(30), 4)]
        mirror.feed(make.delta("runs", runs=rows, removed=rng.sample(range(30), 2)))
    changes = mirror.take_changes()
    model.change({run: mirror.runs[run] for run in changes.runs}, changes.runs_removed)
    rebuilt = RunsModel()
    rebuilt.reset({key: mirror.runs[key] for key in model.keys()})  # noqa: SIM118 - not a dict
    assert set(model.keys()) == set(mirror.runs)
    live = [place for place, column in enumerate(model.columns) if column.live]

    def still(rows: list[list[Any]]) -> list[list[Any]]:
        return [[cell for place, cell in enumerate(row) if place not in live] for row in rows]

    for copy in copies:
        assert still(copy.rows) == still(shown(copy.model))
    assert still(shown(model)) == still(shown(rebuilt))
    if seed % 2:
        kept = {row.id for row in mirror.runs.values() if row.state != "succeeded" and row.id < 25}
        assert {int(row[0]) for row in copies[1].rows} == kept


@pytest.mark.parametrize("filtered", [False, True])
@pytest.mark.parametrize("seed", seeds([0], [1, 2]))
def test_items_follow_random_deltas(qtbot: QtBot, make: Any, seed: int, filtered: bool) -> None:
    rng = random.Random(seed)
    mirror = Mirror()
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task(0, 40)], states={0: bytes(40)}))
    mirror.take_changes()
    model = ItemsModel()
    QAbstractItemModelTester(model, FATAL, model)
    if filtered:
        model.set_query(parse("state:running,failed", FIELDS))
    model.show(mirror.run(1), 0)
    copy = Copy(model)
    for _ in range(20):
        items = [[0, rng.randrange(60), rng.randrange(8)] for _ in range(rng.randrange(1, 6))]
        rows = [make.attempt(0, index, state="exited") for _, index, _ in items]
        mirror.feed(make.delta("run:1", items=items, attempts=rows))
        inside = mirror.take_changes().inside[1]
        model.change(inside.items[0])
        assert copy.rows == shown(model)
    rebuilt = ItemsModel()
    rebuilt.show(mirror.run(1), 0)
    if filtered:
        rebuilt.set_query(parse("state:running,failed", FIELDS))
        assert {model.index(row, 1).data(STATE_ROLE) for row in range(model.rowCount())} <= {"active", "failed"}
    assert shown(model) == shown(rebuilt)
    for row in range(model.rowCount()):
        assert model.row_of(model.item(row)) == row


def test_a_million_items_cost_nothing_to_show(qtbot: QtBot, make: Any) -> None:
    mirror = Mirror()
    task = make.task(0, 1_000_000)
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[task], states={0: bytes(1_000_000)}))
    model = ItemsModel()
    model.show(mirror.run(1), 0)
    assert model.rowCount() == 1_000_000
    assert model.index(999_999, 0).data() == "999999"
    model.set_query(parse("state:failed", FIELDS))
    assert model.rowCount() == 0
    mirror.feed(make.delta("run:1", items=[[0, 77, 5], [0, 999_999, 5]]))
    model.change({77, 999_999})
    assert [model.item(row) for row in range(model.rowCount())] == [77, 999_999]


def test_neighbouring_changes_are_announced_as_one(qtbot: QtBot, make: Any) -> None:
    model = TasksModel()
    model.reset({n: make.task(n) for n in range(10)})
    copy = Copy(model)
    model.change({n: make.task(n, counts=Counts(succeeded=10)) for n in (2, 3, 4, 8)})
    assert copy.announced == 2
    assert list(ranges([5, 1, 2, 9, 10])) == [(1, 2), (5, 5), (9, 10)]
    assert list(ranges([])) == []


@pytest.mark.parametrize("build", [AgentsModel, AttemptsModel, SharesModel])
def test_the_other_tables_are_sound_models(qtbot: QtBot, make: Any, build: type[RowsModel[Any, Any]]) -> None:
    model = build()
    QAbstractItemModelTester(model, FATAL, model)
    rows: dict[Any, Any]
    if build is AgentsModel:
        rows = {name: make.agent(name) for name in "abc"}
    elif build is SharesModel:
        rows = {name: ShareRow(name, 2.0, 0.25) for name in "abc"}
    else:
        rows = {(1, 0, n, 1): make.attempt(0, n, state=["exited", "running", "lost"][n % 3]) for n in range(6)}
    model.change(rows)
    model.change({}, list(rows)[1:2])
    assert model.rowCount() == len(rows) - 1
    assert all(cell is not None for row in shown(model) for cell in row)
    if isinstance(model, AttemptsModel):
        model.titles[1, 0] = ("encode", True)
        assert model.index(0, 0).data() == "encode[0]"
        model.tick(model.live())


@pytest.mark.parametrize("seed", range(2))
def test_tasks_with_deadlines_follow_random_deltas(qtbot: QtBot, make: Any, seed: int) -> None:
    rng = random.Random(seed)
    model = TasksModel()
    QAbstractItemModelTester(model, FATAL, model)
    proxy = SortedRows(model)
    QAbstractItemModelTester(proxy, FATAL, proxy)
    proxy.sort(4, Qt.SortOrder.DescendingOrder)
    copies = [Copy(model), Copy(proxy)]
    deadlines: dict[int, str] = {}
    for _ in range(20):
        changed = {at: rng.choice(["", "endangered", "missed"]) for at in rng.sample(range(12), 3)}
        deadlines |= changed
        model.change({at: make.task(at, deadline=deadline) for at, deadline in changed.items()})
    for copy in copies:
        assert copy.rows == shown(copy.model)
    marks = [proxy.index(row, 4).data(STATE_ROLE) or "" for row in range(proxy.rowCount())]
    order = ["missed", "endangered", ""]
    assert marks == sorted(deadlines.values(), key=order.index), "the worst on top"


@pytest.mark.parametrize(
    ("deadline", "note", "tip"),
    [
        ("missed", "has missed its deadline; it should end about 3 min late", None),
        ("endangered", "waits: limit of the task: 2 of 2 run", "will probably miss its deadline\n{}"),
        ("endangered", "", "will probably miss its deadline"),
        ("", "all agents are busy", None),
    ],
)
def test_a_deadlines_tip_says_the_cores_words(make: Any, deadline: str, note: str, tip: str | None) -> None:
    model = TasksModel()
    model.change({0: make.task(0, deadline=deadline, note=note)})
    assert model.index(0, 4).data(Qt.ItemDataRole.ToolTipRole) == (note if tip is None else tip.format(note))


def test_an_agents_state_tells_what_it_may_do(make: Any) -> None:
    rows = {
        "up": make.agent(), "draining": make.agent(draining=True), "down": make.agent(state="down", aside="sick"),
        "aside": make.agent(aside="sick"), "probation": make.agent(probation=True),
    }  # fmt: skip
    assert {name: agent_state(row) for name, row in rows.items()} == {name: name for name in rows}


def test_numbers_for_people() -> None:
    assert [fmt.duration(s) for s in (None, 0.42, 7.06, 185, 7661, 273_000)] == [
        "", "0.42 s", "7.1 s", "3:05", "2:07:41", "3 d 03:50",
    ]  # fmt: skip
    assert fmt.number(4.0) == "4"
    assert fmt.number(0.5) == "0.5"


def test_what_is_not_known_is_no_number(make: Any) -> None:
    """Neither in a filter nor in a file: not -1, and not CPUs among seconds."""
    attempts = AttemptsModel()
    attempts.sampled = {(1, 0, 1, 1): (3.5, 1 << 20)}
    attempts.reset({
        (1, 0, 0, 1): make.attempt(0, 0, state="assigned", started=None),
        (1, 0, 1, 1): make.attempt(0, 1),
        (1, 0, 2, 1): make.attempt(0, 2, state="exited", cpu=8.0),
    })  # fmt: skip

    def raw(title: str) -> list[Any]:
        return [attempts.index(row, attempts.at(title)).data(RAW_ROLE) for row in range(3)]

    assert raw("Waited") == ["", 1.0, 1.0]
    assert raw("Duration")[0] == ""
    assert raw("CPU") == ["", "", 8.0]
    assert attempts.index(1, attempts.at("CPU")).data() == "3.50 CPUs"
    assert shown_by(attempts, "cpu<10s") == [(1, 0, 2, 1)]
    tasks = TasksModel()
    tasks.reset({0: make.task(0, None)})
    assert tasks.index(0, tasks.at("Items")).data(RAW_ROLE) == ""


def test_a_priority_below_zero_is_a_number_as_any(make: Any) -> None:
    runs = RunsModel()
    runs.reset({run: make.run(run, priority=priority) for run, priority in ((1, -5), (2, 0), (3, 7))})
    assert shown_by(runs, "priority<0") == [1]
    assert shown_by(runs, "priority=-5") == [1]
    assert shown_by(runs, "priority<=0") == [1, 2]
    assert runs.index(0, runs.at("Priority")).data(RAW_ROLE) == -5


def shown_by(model: RowsModel[Any, Any], text: str) -> list[Any]:
    query = parse(text, model.fields)
    return [key for place, key in enumerate(model.keys()) if model.holds(query, place)]
