"""The mirror holds the newest rows, names exactly what changed, and is the same however updates are merged."""

from __future__ import annotations

import copy
import random
from typing import Any

import pytest

from windlass.wire.messages import AttemptSample, Delta, Key, Sample, Snapshot
from windlass.wire.rows import Counts
from windlass_gui.bridge.inbox import Inbox
from windlass_gui.mirror import Curve, Mirror, Update, parse
from windlass_gui.mirror import update as updates


def test_a_snapshot_then_deltas(make: Any) -> None:
    mirror = Mirror()
    mirror.feed(make.snapshot("runs", runs=[make.run(1), make.run(2)], removed=[]))
    assert set(mirror.runs) == {1, 2}
    assert mirror.take_changes().runs == {1, 2}
    assert not mirror.take_changes()
    mirror.feed(make.delta("runs", runs=[make.run(2, "succeeded")], removed=[1]))
    changes = mirror.take_changes()
    assert (changes.runs, changes.runs_removed) == ({2}, {1})
    assert mirror.runs[2].state == "succeeded"


def test_a_new_snapshot_names_what_is_gone(make: Any) -> None:
    mirror = Mirror()
    mirror.feed(make.snapshot("agents", agents=[make.agent("a"), make.agent("b")], removed=[]))
    mirror.take_changes()
    mirror.feed(make.snapshot("agents", agents=[make.agent("b")], removed=[]))
    changes = mirror.take_changes()
    assert changes.agents_removed == {"a"}
    assert changes.agents == {"b"}
    assert changes.resets == {"agents"}


def test_items_of_a_run(make: Any) -> None:
    mirror = Mirror()
    assert mirror.run(7) is None
    mirror.feed(make.delta("run:7", items=[[0, 3, 4]]))
    assert mirror.run(7) is None, "a delta before the snapshot is of no use"
    tasks = [make.task(0, 10), make.task(1, None)]
    mirror.feed(make.snapshot("run:7", run=make.run(7), tasks=tasks, states={0: bytes(10)}))
    run = mirror.run(7)
    assert run is not None
    assert run.states == {0: bytearray(10), 1: bytearray()}
    assert mirror.take_changes().inside[7].reset
    mirror.feed(make.delta("run:7", items=[[0, 3, 2], [0, 4, 4]], attempts=[make.attempt(0, 3, run=7)]))
    inside = mirror.take_changes().inside[7]
    assert inside.items == {0: {3, 4}}
    assert inside.attempts == {(0, 3, 1)}
    assert (run.state(0, 3), run.state(0, 4), run.state(0, 5)) == (2, 4, 0)
    assert run.live == {(0, 3, 1)}
    mirror.feed(make.delta("run:7", tasks=[make.task(1, 4)]))
    assert mirror.take_changes().inside[7].items == {1: None}, "a fan-out that was decided"
    assert run.states[1] == bytearray(4)


def test_an_ended_attempt_is_never_replaced_by_its_beginning(make: Any) -> None:
    mirror = Mirror()
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task()], attempts=[make.attempt(state="exited")]))
    rows = [make.attempt(), make.attempt(attempt=2, state="exited", outcome="nonzero", code=3)]
    mirror.feed(make.delta("run:1", attempts=rows))
    run = mirror.run(1)
    assert run is not None
    assert run.live == set()
    assert [row.attempt for row in run.attempts_of(0, 0)] == [1, 2]
    last = run.last_attempt(0, 0)
    assert last is not None
    assert last.code == 3
    assert run.last_attempt(0, 1) is None


def test_an_attempt_whose_success_was_counted_only_runs_no_more(make: Any) -> None:
    mirror = Mirror()
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task(0, 9)], states={0: bytes(9)}))
    run = mirror.run(1)
    assert run is not None
    running = [make.attempt(0, index) for index in range(3)]
    mirror.feed(make.delta("run:1", items=[[0, index, 2] for index in range(3)], attempts=running))
    assert run.live == {(0, 0, 1), (0, 1, 1), (0, 2, 1)}
    mirror.take_changes()
    done = make.attempt(0, 1, state="exited", outcome="ok")
    mirror.feed(make.delta("run:1", items=[[0, 0, 4], [0, 1, 4]], attempts=[done], shed=1))
    assert run.live == {(0, 2, 1)}
    assert set(run.attempts) == {(0, 1, 1), (0, 2, 1)}
    assert mirror.take_changes().inside[1].attempts == {(0, 0, 1), (0, 1, 1)}


def test_many_items_become_all_of_them(make: Any) -> None:
    mirror = Mirror()
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task(0, 6000)], states={0: bytes(6000)}))
    mirror.take_changes()
    mirror.feed(make.delta("run:1", items=[[0, index, 4] for index in range(5500)]))
    assert mirror.take_changes().inside[1].items == {0: None}


def test_samples_become_curves(make: Any) -> None:
    mirror = Mirror()
    first = [Sample(make.NOW + n, n / 10, n << 20, 16 << 30, 0) for n in range(5)]
    key = Key(1, 0, 3, 1, 1)
    points = [AttemptSample(key, make.NOW, 0.9, 1 << 20)]
    mirror.feed(make.delta("samples", samples={"a1": first}, attempts=points))
    mirror.feed(make.delta("samples", samples={"a1": first}, attempts=[]))
    assert mirror.curves["a1"].view.shape == (12, 5), "a repeated backlog adds nothing"
    assert mirror.attempt_curves[1, 0, 3, 1].view.shape == (3, 1)
    changes = mirror.take_changes()
    assert changes.samples == {"a1"}
    assert changes.attempt_samples
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task()]))
    mirror.feed(make.delta("run:1", attempts=[make.attempt(0, 3, state="exited")]))
    assert not mirror.attempt_curves, "the curve of an ended attempt goes"


def test_a_curve_keeps_the_last_points() -> None:
    curve = Curve(1, capacity=10)
    assert curve.last is None
    for n in range(57):
        curve.add(float(n), (n * 2.0,))
        assert len(curve) == min(n + 1, 10)
        assert curve.view[0].tolist() == [float(k) for k in range(max(0, n - 9), n + 1)]
    last = curve.last
    assert last is not None
    assert last.tolist() == [56.0, 112.0]


@pytest.mark.parametrize(
    "message",
    [
        Delta("runs", 1, {"runs": [{"id": "one"}]}),
        Delta("runs", 1, {"runs": 3}),
        Delta("run:1", 1, {"spans": [[1, 2]]}),
        Delta("run:1", 1, {"spans": [[0, b"\1\0\0\0", b"\2\0\0\0", b"\4"]]}),
        Delta("nonsense", 1, {}),
        Snapshot("samples", 1, {"samples": {"a": [[1]]}}),
    ],
)
def test_malformed_messages_are_counted_and_dropped(message: Snapshot | Delta) -> None:
    inbox = Inbox()
    inbox.put(message)
    assert inbox.malformed == 1
    assert inbox.take() == ([], [])


def test_the_inbox_keeps_only_the_newest_of_each_row(make: Any) -> None:
    inbox, said = Inbox(), []
    inbox.put(make.snapshot("runs", runs=[make.run(1)], removed=[]))
    for n in range(100):
        inbox.put(make.delta("runs", runs=[make.run(1, counts=Counts(succeeded=n))], removed=[]))
    inbox.call(lambda: said.append("answer"))
    taken, calls = inbox.take()
    assert len(taken) == 1
    assert taken[0].reset
    assert taken[0].runs[1].counts.succeeded == 99
    for call in calls:
        call()
    assert said == ["answer"]
    assert inbox.take() == ([], [])


def test_attempts_that_nobody_takes_are_shed_and_counted(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(updates, "ATTEMPTS_PENDING", 50)
    merged = parse(make.snapshot("run:1", run=make.run(), tasks=[make.task(0, 1000)]))
    for n in range(100):
        merged = merged.merge(parse(make.delta("run:1", attempts=[make.attempt(0, n)])))
    assert len(merged.attempts) == 50
    assert merged.shed == 50
    assert (0, 99, 1) in merged.attempts
    mirror = Mirror()
    mirror.apply(merged)
    run = mirror.run(1)
    assert run is not None
    assert run.shed == 50


@pytest.mark.parametrize("seed", range(20))
def test_merged_updates_give_the_same_mirror(make: Any, seed: int) -> None:
    rng = random.Random(seed)
    messages = [make.snapshot("runs", runs=[make.run(n) for n in range(4)], removed=[])]
    messages.append(make.snapshot("run:1", run=make.run(1), tasks=[make.task(0, 20)], states={0: bytes(20)}))
    for _ in range(60):
        if rng.random() < 0.3:
            present = rng.sample(range(8), 2)
            messages.append(make.delta("runs", runs=[make.run(n) for n in present], removed=[rng.randrange(8)]))
        elif rng.random() < 0.05:
            messages.append(make.snapshot("runs", runs=[make.run(n) for n in range(3)], removed=[]))
        else:
            index = rng.randrange(25)
            state = rng.choice(["running", "exited"])
            rows = [make.attempt(0, index, rng.randrange(1, 3), state=state)]
            # Not succeeded: of such an item no attempt runs, and one that is told all the same is dropped.
            messages.append(make.delta("run:1", items=[[0, index, rng.choice((0, 1, 2, 3, 5))]], attempts=rows))
    one, other = Mirror(), Mirror()
    merged: dict[str, Update] = {}
    for message in messages:
        update = parse(message)
        one.apply(copy.deepcopy(update))
        known = merged.get(update.topic)
        merged[update.topic] = update if known is None else known.merge(update)
        if rng.random() < 0.2:
            for part in merged.values():
                other.apply(part)
            merged = {}
    for part in merged.values():
        other.apply(part)
    assert one.runs == other.runs
    first, second = one.run(1), other.run(1)
    assert first is not None
    assert second is not None
    assert first.states == second.states
    assert first.attempts.keys() == second.attempts.keys()


def test_a_snapshot_that_comes_again_keeps_what_has_ended(make: Any) -> None:
    mirror = Mirror()
    rows = [make.attempt(0, 0, state="exited"), make.attempt(0, 1)]
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task()], states={0: bytes(10)}, attempts=rows))
    run = mirror.run(1)
    mirror.take_changes()
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task()], states={0: bytes(10)}, attempts=[]))
    assert mirror.run(1) is run
    assert run is not None
    assert set(run.attempts) == {(0, 0, 1)}, "the one that ran may have ended unseen: it is asked for again"
    assert mirror.take_changes().inside[1].reset
