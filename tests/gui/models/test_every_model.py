"""Every item model of the app passes Qt's model tester under random deltas, and equals one that is made anew."""

from __future__ import annotations

import importlib
import pkgutil
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from PySide6.QtCore import QAbstractItemModel, QObject, Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot
from tests.depth import seeds

import windlass_gui
from windlass.wire.rows import Counts, EventRow
from windlass_gui.commands.collect import Command
from windlass_gui.commands.palette import _Answers
from windlass_gui.mirror import Mirror
from windlass_gui.models import (
    AgentsModel,
    AttemptsModel,
    ItemsModel,
    RowsModel,
    RunsModel,
    SharesModel,
    SortedRows,
    TasksModel,
)
from windlass_gui.models.picked import PickedModel
from windlass_gui.models.tables import ShareRow
from windlass_gui.monitor.agent_page import EventsModel
from windlass_gui.panes.failures import GroupsModel, ItemList, _row
from windlass_gui.runs.failed import Group

from .test_models import FATAL, Copy, shown

ELSEWHERE = {ItemsModel: "test_models.py and test_items.py drive it with a mirror"}
STEPS = 40


def _group(rng: random.Random) -> Group:
    made = Group(rng.choice("abc"), rng.choice(["nonzero", "timeout"]), rng.randrange(3), f"line {rng.randrange(9)}")
    made.items |= {(rng.randrange(3), rng.randrange(50)): (1, rng.choice(["desk", "lab"])) for _ in range(9)}
    return made


Drawn = Callable[[random.Random, Any], tuple[Any, Any]]
"""A key and a row, drawn at random."""
ROWS: dict[type[RowsModel[Any, Any]], Drawn] = {
    RunsModel: lambda rng, make: (
        number := rng.randrange(12),
        make.run(number, rng.choice(["running", "failed", "succeeded"]), priority=rng.randrange(5)),
    ),
    TasksModel: lambda rng, make: (
        number := rng.randrange(12),
        make.task(number, counts=Counts(succeeded=rng.randrange(9)), deadline=rng.choice(["", "missed"])),
    ),
    AttemptsModel: lambda rng, make: (
        (1, 0, number := rng.randrange(12), 1),
        make.attempt(0, number, state=rng.choice(["running", "exited", "lost"])),
    ),
    AgentsModel: lambda rng, make: (name := rng.choice("abcdefgh"), make.agent(name, running=rng.randrange(4))),
    SharesModel: lambda rng, make: (
        name := rng.choice("abcdefgh"),
        ShareRow(name, rng.choice([1.0, 2.5]), rng.random(), rng.random()),
    ),
    EventsModel: lambda rng, make: (
        rng.randrange(9),
        EventRow(1000.0 + rng.randrange(9), rng.choice(["joined", "down", "odd"]), rng.choice(["", "why"])),
    ),
    GroupsModel: lambda rng, make: (rng.choice("abcdefgh"), _row(_group(rng))),
}


def _models() -> Iterator[type[QAbstractItemModel]]:
    """Every model class of the app."""
    for module in pkgutil.walk_packages(windlass_gui.__path__, "windlass_gui."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    waiting = [QAbstractItemModel]
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.startswith("windlass_gui."):
            yield kind


def test_no_model_is_left_out(qapp: object) -> None:
    driven = {*ROWS, *ELSEWHERE, RowsModel, SortedRows, PickedModel, ItemList, _Answers}
    assert set(_models()) <= driven, "give the new model its random deltas here"


@pytest.mark.parametrize("kind", ROWS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("seed", seeds([0], [1]))
def test_tables_of_rows(qtbot: QtBot, make: Any, kind: type[RowsModel[Any, Any]], seed: int) -> None:
    rng = random.Random(seed)
    model, sorted_ = kind(), SortedRows(kind())
    proxy = SortedRows(model)
    proxy.sort(rng.randrange(model.columnCount()), Qt.SortOrder.DescendingOrder)
    for each in (model, proxy, sorted_):
        QAbstractItemModelTester(each, FATAL, each)
    copies = [Copy(model), Copy(proxy)]
    rows: dict[Any, Any] = {}
    for _ in range(STEPS):
        if rng.random() < 0.05:
            rows = dict(ROWS[kind](rng, make) for _ in range(5))
            model.reset(dict(rows))
            continue
        fresh = dict(ROWS[kind](rng, make) for _ in range(rng.randrange(4)))
        gone = [key for key in rows if key not in fresh and rng.random() < 0.1]
        model.change(fresh, gone)
        rows = {key: row for key, row in (rows | fresh).items() if key not in gone}
        model.tick(list(rows)[:3])
    anew = kind()
    anew.reset({key: rows[key] for key in _keys(model)})
    assert set(_keys(model)) == set(rows)
    assert shown(model) == shown(anew)
    for copy in copies:
        assert copy.rows == shown(copy.model)


def _keys(model: RowsModel[Any, Any]) -> list[Any]:
    return [model.key_at(model.index(row, 0)) for row in range(model.rowCount())]


def _listed(kind: type[QAbstractItemModel], parent: QObject) -> tuple[Any, Callable[[random.Random], Any]]:
    """A model, and what it can be told next."""
    if kind is PickedModel:
        return PickedModel(Mirror(), parent), lambda rng: [
            (rng.randrange(3), rng.randrange(3), first := rng.randrange(9), first + rng.randrange(4))
            for _ in range(rng.randrange(4))
        ]
    if kind is ItemList:
        return ItemList(lambda item: f"t{item[0]}[{item[1]}]", parent), lambda rng: rng.choice([None, _group(rng)])
    commands = [Command(f"{word} {number}", "Run", lambda: None) for number in range(9) for word in ("Retry", "Cancel")]
    return _Answers(commands, ["Cancel 3\nRun"], parent), lambda rng: rng.choice(["", "re", "can 4", "zzz", "7"])


@pytest.mark.parametrize("kind", [PickedModel, ItemList, _Answers], ids=lambda kind: kind.__name__)
def test_lists(qtbot: QtBot, kind: type[QAbstractItemModel]) -> None:
    rng, owner = random.Random(5), QObject()
    model, next_ = _listed(kind, owner)
    QAbstractItemModelTester(model, FATAL, model)
    copy = Copy(model)
    for _ in range(STEPS):
        told = next_(rng)
        anew, _ = _listed(kind, owner)
        for each in (model, anew):
            each.find(told) if isinstance(each, _Answers) else each.show(told)
        assert shown(model) == shown(anew) == copy.rows
