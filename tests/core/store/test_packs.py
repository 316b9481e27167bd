"""Successes that are packed read as the same rows that they would have been one by one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.sched.events import RunPlan, TaskPlan
from windlass.sched.states import AttemptState, ItemState
from windlass.store import packs, records, replay
from windlass.store.reader import Reader
from windlass.store.store import Store

COUNT = 12
EXITED, DONE = int(AttemptState.EXITED), int(ItemState.SUCCEEDED)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def new_run(store: Store, run: int = 1) -> None:
    row = (run, f"token{run}", "name", "me", "running", 0, 1.0, 0, "", "doc", b"g", b"p", b"f")
    store.write(records.RUN_NEW, [row])


def plan(stored: replay.StoredRun) -> RunPlan:
    return RunPlan(stored.id, "me", 0, 1.0, (TaskPlan("t", count=COUNT), TaskPlan("u", count=COUNT)))


End = tuple[int, int]
"""Item and attempt number."""


def columns(ends: list[End], seq: int) -> packs.Columns:
    size = len(ends)
    floats = [float(seq + place) for place in range(size)]
    slots = [place % 2 for place in range(size)]
    return packs.Columns(
        [item for item, _ in ends], [number for _, number in ends], [0.5] * size, floats, floats, [0.25] * size,
        [7] * size, [0] * size, [0] * size, slots, *map(list, zip(*map(staging, range(seq, seq + size)), strict=True)),
    )  # fmt: skip


def staging(seq: int) -> tuple[float, float]:
    """Some ends have some, most have none."""
    return (seq % 7 / 4, seq % 5 / 8) if seq % 3 == 0 else (0.0, 0.0)


def write_packed(store: Store, seq: int, task: int, ends: list[End]) -> None:
    results = [b"jr%d" % (seq + place) for place in range(len(ends))]
    store.write(records.PACK, packs.rows_of(seq, 1, task, "a", columns(ends, seq), results))


def write_plain(store: Store, seq: int, task: int, ends: list[End]) -> None:
    for place, (item, number) in enumerate(ends):
        at = float(seq + place)
        row = (
            seq + place, 1, task, item, number, "a", EXITED, "ok", 0, 0.5, at, at, 0.25, 7, 0, 0, place % 2, DONE, 0,
            "", *staging(seq + place), None, None, b"jr%d" % (seq + place),
        )  # fmt: skip
        store.write(records.ATTEMPT, [row])
        store.write(records.CHANGE, [(1, task, item, item + 1, DONE, "", 0, seq + len(ends) - 1)])


def write_failure(store: Store, seq: int, task: int, item: int, number: int) -> None:
    row = (
        seq, 1, task, item, number, "a", EXITED, "nonzero", 3, 0.5, 1.0, 2.0, 0.0, 0, 0, 0, 0, int(ItemState.FAILED), 0,
        "bad", 0.0, 0.25, None, b"log", b"",
    )  # fmt: skip
    store.write(records.ATTEMPT, [row])
    store.write(records.CHANGE, [(1, task, item, item + 1, int(ItemState.FAILED), "", 0, seq)])


def looks(store: Store) -> dict[str, Any]:
    """All that anybody can ask."""
    assert store.flush()
    db = store.reader()
    reader = Reader(db)
    (stored,) = replay.stored_runs(db)
    seen: dict[str, Any] = {"last": reader.last_seq(), "restored": replay.restored_run(db, stored, plan).tasks}
    for task in (None, 0, 1):
        for limit in (1, 3, 100):
            after = 0
            pages = seen["attempts", task, limit] = []
            while page := reader.attempts(1, task, None, after, limit):
                assert len(page) <= limit
                pages += page
                after = page[-1].seq
            after = 0
            ends = seen["ends", task, limit] = []
            while found := reader.ends(1, after, limit, 1 << 20, task):
                assert len(found) <= limit
                ends += found
                after = found[-1].seq
        seen["youngest", task] = reader.last_attempts(1, 4)
    for task in (0, 1):
        seen["results", task] = reader.results(1, task)
        seen["errors", task] = reader.latest_errors(1, task, 2, 9)
        for item in range(COUNT):
            seen["result", task, item] = reader.result(1, task, item)
            seen["attempts", task, item] = reader.attempts(1, task, item, 0, 100)
            for number in range(4):
                seen["log", task, item, number] = reader.log(1, task, item, number)
    reader.close()
    return seen


steps = st.lists(
    st.one_of(
        st.tuples(st.just("ends"), st.integers(0, 1), st.sets(st.integers(0, COUNT - 1), min_size=1)),
        st.tuples(st.just("failure"), st.integers(0, 1), st.integers(0, COUNT - 1)),
        st.tuples(st.just("again"), st.integers(0, 1), st.integers(0, COUNT - 1)),
    ),
    max_size=8,
)


@pytest.mark.slow
@settings(max_examples=examples(40), deadline=None)
@given(steps)
def test_packed_ends_read_as_single_ones(tmp_path_factory: pytest.TempPathFactory, made: list[Any]) -> None:
    seen = []
    for write in (write_plain, write_packed):
        store = Store(tmp_path_factory.mktemp("store"))
        new_run(store)
        seq, numbers = 1, {}
        for kind, task, what in made:
            if kind == "ends":
                ends = []
                for item in what:
                    numbers[task, item] = numbers.get((task, item), 0) + 1
                    ends.append((item, numbers[task, item]))
                write(store, seq, task, ends)
                seq += len(ends)
            elif kind == "failure":
                numbers[task, what] = numbers.get((task, what), 0) + 1
                write_failure(store, seq, task, what, numbers[task, what])
                seq += 1
            else:
                store.write(records.CHANGE, [(1, task, what, COUNT, int(ItemState.PENDING), "", 0, seq - 1)])
        seen.append(looks(store))
        store.close()
    assert seen[0] == seen[1]


def test_columns_of_ends_without_staging_are_as_they_ever_were() -> None:
    """What an older core wrote reads the same, and functions, which have none, pay nothing for it."""
    ends = [(item, 1) for item in range(5)]
    bare = columns(ends, 1)._replace(staged_in=[0.0] * 5, staged_out=[0.0] * 5)
    (row,) = packs.rows_of(1, 1, 0, "a", bare, [b""] * 5)
    (same,) = packs.rows_of(1, 1, 0, "a", packs.Columns(*bare[:10]), [b""] * 5)
    assert row == same
    assert len(msgspec.msgpack.decode(row[7])) == 10
    assert [end[20:] for end in packs.attempts_of(1, 1, 0, 5, "a", row[7])] == [(0.0, 0.0)] * 5
    assert (packs.columns_of(row[7], 5).staged_in, packs.columns_of(row[7], 5).items) == ((), [0, 1, 2, 3, 4])
    tasks = [found for _, found, _ in packs.by_task([0, 1, 0, 1, 0], columns(ends, 1), [b""] * 5)]
    assert [found.staged_in for found in tasks] == [[0.0, 0.75, 0.0], [0.0, 0.0]]


def test_items_far_apart_and_large_results_are_several_rows() -> None:
    ends = [(item, 1) for item in (0, 10_000, 1, 10_001, 4095, 4096)]
    results = [b"j%d" % item for item, _ in ends]
    rows = packs.rows_of(5, 1, 0, "a", columns(ends, 5), results)
    assert [(row[0], row[3], row[4], row[5]) for row in rows] == [
        (5, 3, 0, 4096),
        (8, 1, 4096, 4097),
        (9, 2, 10_000, 10_002),
    ]
    back = {}
    for seq, run, task, count, _, _, agent, data, raw in rows:
        found = packs.attempts_of(seq, run, task, count, agent, data)
        assert [row[0] for row in found] == list(range(seq, seq + count))
        back.update({row[3]: result for row, result in zip(found, packs.results_of(raw), strict=True)})
    assert back == {item: b"j%d" % item for item, _ in ends}
    large = [b"j" * (packs.BYTES // 2)] * 4
    assert [row[3] for row in packs.rows_of(1, 1, 0, "a", columns(ends[:4], 1), large)] == [2, 2]
    assert len(packs.rows_of(1, 1, 0, "a", columns(ends[:1], 1), [b"j" * (2 * packs.BYTES)])) == 1


def test_what_was_given_together_lives_until_it_has_ended(store: Store) -> None:
    new_run(store)
    store.write(records.GIVEN, [(1, 1, 0, 0, 6, 1, "a", 3, 10.0, None), (2, 1, 1, 2, 4, 2, "b", 4, 11.0, None)])
    write_packed(store, 1, 0, [(0, 1), (5, 1)])
    write_failure(store, 3, 0, 1, 1)
    write_packed(store, 4, 1, [(2, 1), (3, 1)])  # attempts before those that were given
    store.write(records.LIVE_NEW, [(1, 0, 2, 1, "a", 3, 1, 10.0, 12.0, 0)])
    assert store.flush()
    db = store.reader()
    live = replay.live_attempts(db)
    assert [(one.id[1:], one.agent, one.epoch, one.state, one.assigned, one.started, one.given) for one in live] == [
        ((0, 2, 1), "a", 3, 1, 10.0, 12.0, 0),
        ((0, 3, 1), "a", 3, 0, 10.0, None, 1),
        ((0, 4, 1), "a", 3, 0, 10.0, None, 1),
        ((1, 2, 2), "b", 4, 0, 11.0, None, 2),
        ((1, 3, 2), "b", 4, 0, 11.0, None, 2),
    ]
    (stored,) = replay.stored_runs(db)
    tasks = replay.restored_run(db, stored, plan).tasks
    active, failed = int(ItemState.ACTIVE), int(ItemState.FAILED)
    assert list(tasks[0].states[:7]) == [DONE, failed, active, active, active, DONE, 0]
    assert tasks[0].attempts == dict.fromkeys(range(6), 1)
    assert tasks[1].attempts == {2: 2, 3: 2}
    assert Reader(db).last_given() == 2
    db.close()


def test_tasks_that_were_given_together_live_until_each_has_ended(store: Store) -> None:
    new_run(store)
    tasks = msgspec.msgpack.encode([3, 4, 7, 9])
    store.write(records.GIVEN, [(1, 1, 3, 0, 1, 1, "a", 3, 10.0, tasks)])
    write_packed(store, 1, 4, [(0, 1)])
    store.write(records.LIVE_NEW, [(1, 7, 0, 1, "a", 3, 1, 10.0, 12.0, 0)])
    assert store.flush()
    with closing(store.reader()) as db:
        live = replay.live_attempts(db)
        assert [(one.id, one.started, one.given) for one in live] == [
            ((1, 7, 0, 1), 12.0, 0),
            ((1, 3, 0, 1), None, 1),
            ((1, 9, 0, 1), None, 1),
        ]


def test_a_run_takes_its_packs_along(store: Store) -> None:
    new_run(store)
    write_packed(store, 1, 0, [(0, 1), (1, 1)])
    store.write(records.GIVEN, [(1, 1, 0, 0, 6, 1, "a", 3, 10.0, None)])
    for sql in records.RUN_DELETE:
        store.write(sql, [(1,)])
    assert store.flush()
    db = store.reader()
    for table in ("packs", "given", "runs"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize("ends", [[(3, 1)], [(item, 1 + item % 2) for item in range(20)]])
@pytest.mark.parametrize("first", [1, 2])
def test_the_first_of_a_row_are_those_that_all_of_it_begins_with(ends: list[End], first: int) -> None:
    (row,) = packs.rows_of(first, 1, 0, "a", columns(ends, first), [b"jnull"] * len(ends))
    whole = list(packs.Ends(row))
    assert len(whole) == len(packs.Ends(row)) == len(ends)
    for most in (0, 1, 7, len(ends), 99):
        assert packs.Ends(row).first(most) == whole[:most]
