"""A million items: sorted and filtered by numpy, the same as one by one would be; facts come by pages."""

from __future__ import annotations

import random
from array import array
from math import isnan
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QAbstractItemModelTester
from pytestqt.qtbot import QtBot

from windlass_gui.look.theme import ITEM_STATES
from windlass_gui.mirror import Mirror
from windlass_gui.models import ItemsModel
from windlass_gui.models.itemfacts import ItemFacts
from windlass_gui.models.itemquery import FIELDS, ordered, stretches
from windlass_gui.models.items import COLUMNS, SORTS
from windlass_gui.models.query import parse

FATAL = QAbstractItemModelTester.FailureReportingMode.Fatal
NAN = float("nan")


def page(rows: list[tuple[int, int, str, str, float, float, int]], **more: Any) -> dict[str, Any]:
    """An answer to GetColumns: (index, attempt, agent, outcome, started, ended, memory)."""
    agents, outcomes = sorted({row[2] for row in rows}), sorted({row[3] for row in rows})
    return {
        "count": len(rows), "next": None, "agents": agents, "outcomes": outcomes,
        "index": array("I", [row[0] for row in rows]).tobytes(),
        "attempt": array("I", [row[1] for row in rows]).tobytes(),
        "agent": array("H", [agents.index(row[2]) for row in rows]).tobytes(),
        "outcome": array("B", [outcomes.index(row[3]) for row in rows]).tobytes(),
        "started": array("d", [row[4] for row in rows]).tobytes(),
        "ended": array("d", [row[5] for row in rows]).tobytes(),
        "memory": array("q", [row[6] for row in rows]).tobytes(),
    } | more  # fmt: skip


def loaded(make: Any, count: int, states: bytes) -> tuple[Mirror, ItemsModel]:
    mirror = Mirror()
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task(0, count)], states={0: states}, attempts=[]))
    mirror.take_changes()
    model = ItemsModel()
    model.show(mirror.run(1), 0)
    return mirror, model


def rows_of(model: ItemsModel) -> list[int]:
    return [model.item(row) for row in range(model.rowCount())]


@pytest.mark.parametrize("seed", range(3))
def test_any_order_and_filter_is_what_one_by_one_would_give(qtbot: QtBot, make: Any, seed: int) -> None:
    rng = random.Random(seed)
    count = 60
    states = bytes(rng.randrange(8) for _ in range(count))
    _, model = loaded(make, count, states)
    QAbstractItemModelTester(model, FATAL, model)
    attempts = [
        (item, attempt, rng.choice(["a", "gpu1", "gpu2"]), rng.choice(["ok", "nonzero"]), 10.0,
         rng.choice([NAN, 10 + rng.random() * 900]), rng.randrange(1 << 32))
        for item in rng.sample(range(count), 40)
        for attempt in range(1, rng.randrange(2, 4))
    ]  # fmt: skip
    rng.shuffle(attempts)
    model.facts.add_page(page(attempts[:30]))
    model.facts.add_page(page(attempts[30:]))
    model.facts_changed(True)
    last = {row[0]: row for row in sorted(attempts, key=lambda row: row[1])}

    def facts(item: int) -> dict[str, Any]:
        row = last.get(item)
        told: dict[str, Any] = {"state": ITEM_STATES[states[item]], "item": item, "attempts": row[1] if row else 0}
        told |= {"agent": row[2] if row else "", "end": row[3] if row else ""}
        told |= {"time": row[5] - row[4] if row and not isnan(row[5]) else None, "mem": row[6] if row else None}
        return told

    for text in ("", "agent:gpu* -state:failed", "time>5m", "mem<1GiB attempts=2", "item>=30 end:nonzero", "gpu1"):
        query = parse(text, FIELDS)
        model.set_query(query)
        fitting = {
            item
            for item in range(count)
            if query.holds(facts(item).get, lambda item=item: [str(value) for value in facts(item).values()])
        }
        for column, by in enumerate(SORTS):
            for way in (Qt.SortOrder.AscendingOrder, Qt.SortOrder.DescendingOrder):
                model.sort(column, way)
                shown = rows_of(model)
                assert set(shown) == fitting, text
                keys = [facts(item)[by] for item in shown]
                if by == "state":
                    keys = [ITEM_STATES.index(key) for key in keys]
                known = [key for key in keys if key not in (None, "")]
                assert keys[: len(known)] == known, "what is not known stands last"
                assert known == sorted(known, reverse=way == Qt.SortOrder.DescendingOrder)
                assert all(model.row_of(item) == row for row, item in enumerate(shown))


def test_facts_take_the_last_attempt_whatever_comes_first(make: Any) -> None:
    facts = ItemFacts(3)
    facts.add_page(page([(1, 2, "b", "ok", 5, 7, 20), (1, 1, "a", "nonzero", 1, 2, 10)]))
    facts.add_page(page([(1, 1, "a", "nonzero", 1, 2, 10), (4, 1, "c", "ok", 1, 1.5, 5)]))
    assert (int(facts.attempt[1]), facts.agents[facts.agent[1]], facts.seconds[1], facts.memory[1]) == (2, "b", 2, 20)
    assert len(facts) == 5
    facts.add_rows([make.attempt(0, 1, 3), make.attempt(0, 1, 1, state="exited")])
    assert int(facts.attempt[1]) == 3
    assert isnan(facts.seconds[1])
    assert facts.ends[facts.end[1]] == "running"
    facts.add_rows([make.attempt(0, 1, 3, state="exited", memory=7)])
    assert (facts.seconds[1], facts.memory[1]) == (2.0, 7)
    facts.add_page(page([]))


def test_what_is_not_in_the_mirror_is_asked_for_once(qtbot: QtBot, make: Any) -> None:
    _, model = loaded(make, 4, bytes([4, 4, 0, 0]))
    asked: list[None] = []
    model.facts_wanted.connect(lambda: asked.append(None))
    assert model.index(3, 4).data() == ""
    assert not asked, "it was never tried"
    assert model.index(0, 4).data() == ""
    assert model.index(1, 3).data() == ""
    assert len(asked) == 1
    model.facts.add_page(page([(0, 1, "gpu", "ok", 0, 3, 1 << 30)]))
    model.facts_changed(True)
    shown = [model.index(0, column).data() for column in range(7)]
    assert shown == ["0", "succeeded", "1", "gpu", "3.0 s", "1.0 GiB", "ok"]
    assert len(asked) == 1


def test_values_and_notes_come_by_blocks(qtbot: QtBot, make: Any) -> None:
    _, model = loaded(make, 500, bytes(500))
    asked: list[int] = []
    model.block_wanted.connect(asked.append)
    value, note = COLUMNS.index("Value"), COLUMNS.index("Note")
    assert model.index(3, value).data() == ""
    assert model.index(199, note).data() == ""
    assert model.index(420, value).data() == ""
    assert asked == [0, 400]
    model.set_block(0, {3: ("part.mov", "needs more")})
    assert [model.index(3, column).data() for column in (value, note)] == ["part.mov", "needs more"]
    model.change({3})
    assert model.index(3, value).data() == ""
    assert asked == [0, 400, 0], "what changed is asked for anew"
    model.set_block(0, None)
    model.index(3, value).data()
    assert asked[-1] == 0


def test_changes_of_sorted_items_are_arranged_later(qtbot: QtBot, make: Any) -> None:
    mirror, model = loaded(make, 6, bytes([0, 5, 0, 0, 0, 0]))
    model.sort(1, Qt.SortOrder.DescendingOrder)
    assert rows_of(model) == [1, 0, 2, 3, 4, 5]
    mirror.feed(make.delta("run:1", items=[[0, 4, 7], [0, 8, 2]], tasks=[make.task(0, 9)]))
    model.change(mirror.take_changes().inside[1].items[0])
    assert model.stale
    assert rows_of(model) == [1, 0, 2, 3, 4, 5]
    assert model.index(4, 1).data() == "skipped"
    model.arrange()
    assert rows_of(model) == [4, 1, 8, 0, 2, 3, 5, 6, 7]
    assert not model.stale


def test_rows_and_items_as_stretches(qtbot: QtBot, make: Any) -> None:
    _, model = loaded(make, 10, bytes([5, 0] * 5))
    assert model.stretches_of([(2, 4), (8, 9), (4, 5)]) == [(2, 6), (8, 10)]
    model.set_query(parse("state:failed", FIELDS))
    assert model.stretches_of([(0, 4)]) == [(0, 1), (2, 3), (4, 5), (6, 7), (8, 9)]
    assert model.rows_of([(2, 5), (9, 10)]) == [(1, 2)]
    model.sort(0, Qt.SortOrder.DescendingOrder)
    assert rows_of(model) == [8, 6, 4, 2, 0]
    assert model.rows_of([(0, 3)]) == [(3, 4)]
    assert stretches(np.array([], np.int64)) == []


def test_a_million_are_sorted_without_an_object_each(qtbot: QtBot, make: Any) -> None:
    count = 1_000_000
    _, model = loaded(make, count, bytes([4, 5]) * (count // 2))
    model.facts.grow(count)
    model.facts.seconds[:] = np.arange(count)[::-1]
    model.facts.attempt[:] = 1
    model.sort(4)
    assert [model.item(0), model.item(count - 1)] == [count - 1, 0]
    model.set_query(parse("state:failed time<10", FIELDS))
    assert rows_of(model) == [999_999, 999_997, 999_995, 999_993, 999_991]
    items = ordered(np.arange(3), "item", True, np.zeros(3, np.uint8), ItemFacts(3), np.zeros(3))
    assert items.tolist() == [2, 1, 0]
