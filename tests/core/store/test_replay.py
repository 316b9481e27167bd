"""From rows back to states: what was written as ranges and ends is what the scheduler gets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.sched.events import RunPlan, TaskPlan
from windlass.sched.states import AttemptState, ItemState
from windlass.store import records, replay
from windlass.store.reader import Reader
from windlass.store.store import Store

COUNT = 20


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path)
    yield store
    store.close()


def plan(stored: replay.StoredRun) -> RunPlan:
    return RunPlan(stored.id, stored.owner, stored.priority, stored.submitted, (TaskPlan("t", count=COUNT),))


def new_run(store: Store, run: int = 1) -> None:
    row = (run, f"token{run}", "name", "me", "running", 0, 1.0, 0, "", "doc", b"g", b"p", b"f")
    store.write(records.RUN_NEW, [row])


def attempt(seq: int, index: int, number: int, outcome: str, state: AttemptState, final: int = 0) -> tuple[object, ...]:
    return (
        seq, 1, 0, index, number, "a", int(state), outcome, 0, 0.0, 0.0, 0.0, 0.0, 0, 0, 0, 0, final, 0, "", 0.0, 0.0,
        None, None, b"r%d" % seq,
    )  # fmt: skip


def restored(store: Store) -> replay.RestoredRun:
    assert store.flush()
    db = store.reader()
    (stored,) = replay.stored_runs(db)
    found = replay.restored_run(db, stored, plan)
    db.close()
    return found


changes = st.lists(
    st.tuples(st.integers(0, COUNT), st.integers(0, COUNT), st.sampled_from([0, 3, 4, 5, 6, 7])), max_size=12
)


@pytest.mark.slow
@settings(max_examples=examples(40), deadline=None)
@given(changes)
def test_ranges_play_back_in_order(tmp_path_factory: pytest.TempPathFactory, made: list[tuple[int, int, int]]) -> None:
    store = Store(tmp_path_factory.mktemp("store"))
    new_run(store)
    expected = bytearray(COUNT)
    for first, last, state in made:
        if first < last:
            expected[first:last] = bytes((state,)) * (last - first)
            store.write(records.CHANGE, [(1, 0, first, last, state, "", 0, 0)])
    assert restored(store).tasks[0].states == expected
    store.close()


def test_failures_count_since_a_persons_retry(store: Store) -> None:
    new_run(store)
    exited, lost = AttemptState.EXITED, AttemptState.LOST
    store.write(
        records.ATTEMPT,
        [
            attempt(1, 0, 1, "nonzero", exited),
            attempt(2, 0, 2, "nonzero", exited, int(ItemState.FAILED)),
            attempt(3, 1, 1, "", lost),
            attempt(4, 2, 1, "ok", exited, int(ItemState.SUCCEEDED)),
            attempt(5, 3, 1, "stopped", exited),
        ],
    )
    store.write(records.CHANGE, [(1, 0, 0, 1, int(ItemState.PENDING), "", 0, 5)])
    store.write(records.ATTEMPT, [attempt(6, 0, 3, "timeout", exited)])
    task = restored(store).tasks[0]
    assert task.attempts == {0: 3, 1: 1, 2: 1, 3: 1}
    assert task.failures == {0: 1}
    assert task.crashes == {1: 1}


def test_a_loss_that_its_agent_explained_does_not_count(store: Store) -> None:
    new_run(store)
    rows = [attempt(seq, 1, seq, "", AttemptState.LOST) for seq in (1, 2)]
    store.write(records.ATTEMPT, rows)
    store.write(records.LOSS_FORGIVEN, [("its agent was cut off", 1, 0, 1, 2), ("of another run", 2, 0, 1, 1)])
    task = restored(store).tasks[0]
    assert task.crashes == {1: 1}
    assert task.lost == [(1, 1, rows[0][5])]


def test_live_attempts_make_items_active(store: Store) -> None:
    new_run(store)
    store.write(records.CHANGE, [(1, 0, 4, 5, int(ItemState.BACKOFF), "", 0, 0)])
    rows = [(1, 0, 4, 2, "a", 3, 1, 10.0, 11.0, 0), (1, 0, 5, 1, "a", 3, 0, 10.0, None, -1)]
    store.write(records.LIVE_NEW, rows)
    found = restored(store)
    assert [found.tasks[0].states[index] for index in (4, 5, 6)] == [ItemState.ACTIVE, ItemState.ACTIVE, 0]
    db = store.reader()
    live = replay.live_attempts(db)
    db.close()
    assert [(one.id, one.state, one.started) for one in live] == [((1, 0, 4, 2), 1, 11.0), ((1, 0, 5, 1), 0, None)]


def test_ends_are_paged_in_their_order(store: Store) -> None:
    new_run(store)
    done = int(ItemState.SUCCEEDED)
    store.write(records.ATTEMPT, [attempt(seq, seq, 1, "ok", AttemptState.EXITED, done) for seq in (1, 2, 3)])
    store.write(records.CHANGE, [(1, 0, 10, 16, int(ItemState.SKIPPED), "why", 4, 3)])
    store.write(records.ATTEMPT, [attempt(10, 4, 1, "nonzero", AttemptState.EXITED)])
    store.write(records.ATTEMPT, [attempt(11, 4, 2, "ok", AttemptState.EXITED, done)])
    assert store.flush()
    reader = Reader(store.reader())
    for limit in (1, 2, 3, 4, 100):
        found = []
        after = 0
        while page := reader.ends(1, after, limit, 1 << 20):
            assert len(page) <= limit
            found += page
            after = page[-1].seq
        assert [(end.seq, end.index_) for end in found] == [
            (1, 1), (2, 2), (3, 3), (4, 10), (5, 11), (6, 12), (7, 13), (8, 14), (9, 15), (11, 4),
        ]  # fmt: skip
        assert found[3].error == "why"
        assert found[-1].result == b"r11"
    assert len(reader.ends(1, 0, 100, 1)) == 1
    assert reader.ends(1, 0, 100, 1 << 20, task=1) == []
    assert len(reader.ends(1, 0, 100, 1 << 20, task=0)) == 10
    assert reader.last_seq() == 11
    reader.close()


def test_a_run_of_a_million_items_is_a_handful_of_rows(store: Store) -> None:
    new_run(store)
    store.write(records.TASK, [(1, 0, 1_000_000, 0, 1, "")])
    store.write(records.CHANGE, [(1, 0, 0, 1_000_000, int(ItemState.CANCELLED), "", 1, 0)])
    assert store.flush()
    db = store.reader()
    (stored,) = replay.stored_runs(db)
    found = replay.restored_run(db, stored, plan)
    assert found.tasks[0].states.count(ItemState.CANCELLED) == 1_000_000
    assert Reader(db).last_seq() == 1_000_000
    db.close()
