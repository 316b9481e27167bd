"""What is told of a run afterwards, from rows."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from windlass.client.account import account, clock
from windlass.wire.rows import AttemptRow, Counts, RunRow, TaskRow

T = 1_700_000_000.0
RUN = RunRow(7, "sweep", "me", "succeeded", 0, T, T + 100, Counts(succeeded=4))
TASKS = [
    TaskRow(0, "train", "", True, 3, Counts(succeeded=3)),
    TaskRow(1, "best", "", False, 1, Counts(succeeded=1), ["train"]),
]


def row(task: int, index: int, attempt: int, agent: str, at: tuple[float, float, float], **more: Any) -> AttemptRow:
    """`at`: assigned, started, ended, seconds after the submit."""
    given = {"state": "exited", "outcome": "ok", **more}
    assigned, started, ended = at
    return AttemptRow(
        attempt, 7, task, index, attempt, agent, agent, assigned=T + assigned, started=T + started, ended=T + ended,
        **given,
    )  # fmt: skip


ROWS = [
    row(0, 0, 1, "one", (0, 1, 11), memory=5000),
    row(0, 1, 1, "two", (0, 1, 15), state="lost", outcome=""),
    row(0, 2, 1, "two", (2, 3, 15.5), state="lost", outcome=""),
    row(0, 1, 2, "one", (20, 21, 51)),
    row(0, 2, 2, "one", (51, 51, 61), outcome="timeout"),
    row(0, 2, 3, "two", (63, 64, 80), memory=9000),
    row(1, 0, 1, "one", (90, 90, 91), state="lost", outcome="stopped"),
    row(1, 0, 2, "two", (95, 95, 99)),
]


def test_losses_say_who_what_and_where_it_was_made_anew() -> None:
    told = account(RUN, TASKS, ROWS)
    assert told.loss_words() == [
        f"{clock(T + 15)}: agent two was lost with 2 attempts. train[1] was made anew on one; "
        f"train[2] was made anew on one (timeout). It was back at {clock(T + 64)}.",
        f"{clock(T + 91)}: agent one was cut off and stopped 1 attempt. best was made anew on two. "
        "It did nothing more of this run.",
    ]


def test_counts_times_and_extremes() -> None:
    told = account(RUN, TASKS, reversed(ROWS))
    assert told.attempts == {"ok": 4, "lost": 3, "timeout": 1}
    assert told.retried == {"lost": 3, "timeout": 1}
    assert told.agents == {"one": {"lost": 1, "timeout": 1, "ok": 2}, "two": {"ok": 2, "lost": 2}}
    assert (told.memory, told.memory_of) == (9000, "train[2]")
    assert told.slowest == [("train[1]", 30.0), ("train[2]", 16.0), ("train[0]", 10.0), ("best", 4.0)]
    assert told.spent == {"ok": 60.0, "timeout": 10.0, "lost": 14.0 + 12.5 + 1.0}
    # Room: 2 s of train[2], and best was ready at 80. Agent: 1 s five times. Again: 5 + 35.5 + 2 + 4.
    assert told.waiting == {"room": 2.0 + 10.0, "agent": 5.0, "again": 46.5}


def test_a_run_that_goes_on_and_one_without_any_attempt() -> None:
    going = RunRow(7, "sweep", "me", "running", 0, T, None, Counts(active=1))
    live = AttemptRow(0, 7, 0, 0, 1, "one", "one", "running", assigned=T, started=T + 1)
    told = account(going, TASKS, [live])
    assert told.attempts == {"running": 1}
    assert told.to_plain()["seconds"] is None
    empty = account(RUN, [], [])
    assert empty.loss_words() == []
    assert empty.to_plain()["memory"] == {"bytes": 0, "item": ""}


def test_deadlines_that_were_missed_are_named_with_when_and_by_how_much() -> None:
    late, early = (msgspec.structs.replace(task, due=T + due) for task, due in zip(TASKS, (70, 100), strict=True))
    told = account(RUN, [early, late], ROWS)
    assert told.deadline_words() == [
        f"{clock(T + 70)}: train missed this deadline by about 10 s: it ended at {clock(T + 80)}."
    ]
    assert told.to_plain()["deadlines"] == [
        {"task": "train", "due": T + 70, "state": "missed", "ended": T + 80, "late": 10.0}
    ]
    never = msgspec.structs.replace(late, index=5)
    assert account(RUN, [never], ROWS).deadlines == [], "cancelled before it was tried"


def test_deadlines_of_a_run_that_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("time.time", lambda: T + 200)
    going = RunRow(7, "sweep", "me", "running", 0, T, None, Counts(active=3))
    task = TaskRow(0, "a", "", False, 1, Counts(active=1))

    def words(**more: Any) -> list[str]:
        one = msgspec.structs.replace(task, **more)
        return account(going, [one], []).deadline_words()

    assert words(due=T + 140) == [f"{clock(T + 140)}: a missed this deadline by about 60 s, and goes on."]
    assert words(due=T + 140, deadline="missed", expected=T + 900)[0].endswith("by about 13 min, and goes on.")
    assert words(due=T + 300) == []
    assert words(due=T + 300, deadline="endangered", expected=T + 360) == [
        f"{clock(T + 300)}: a will probably miss this deadline by about 60 s."
    ]
    assert words(due=T + 300, deadline="endangered", expected=0.0) == [
        f"{clock(T + 300)}: a will probably miss this deadline."
    ]
    assert words(due=T + 140, count=None, counts=Counts()) != [], "how many items it has is not known yet"
    assert words(due=T + 140, counts=Counts(cancelled=1)) == []
