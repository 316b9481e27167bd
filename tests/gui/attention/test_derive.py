"""What needs a person, derived from rows: each kind, its fixes, its identity; and no rows that it cannot stand."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.wire.rows import AgentRow, Counts, RunRow
from windlass_gui.attention.aside import GONE, HOUR, Aside
from windlass_gui.attention.derive import LONG_WAIT, STUCK, URGENT, CoreFacts, Matter, Watch
from windlass_gui.attention.words import FIXES, SEVERAL, TITLES, advice, sentence, where

NOW = 1_800_000_000.0


def run(number: int = 1, **more: Any) -> RunRow:
    base: dict[str, Any] = {"counts": Counts(active=1), "state": "running"}
    return RunRow(**({"id": number, "name": f"graph-{number}", "owner": "ada", "priority": 0, "submitted": NOW,
                      "ended": None} | base | more))  # fmt: skip


def agent(id: str = "a1", **more: Any) -> AgentRow:
    base: dict[str, Any] = {"state": "up", "draining": False, "running": 1, "waiting": 0}
    return AgentRow(**({"id": id, "name": id, "labels": {}, "resources": {}, "used": {}, "last_heard": NOW,
                        "since": NOW} | base | more))  # fmt: skip


def look(
    *rows: RunRow | AgentRow, watch: Watch | None = None, at: float = NOW, core: CoreFacts | None = None
) -> list[Matter]:
    runs = {row.id: row for row in rows if isinstance(row, RunRow)}
    agents = {row.id: row for row in rows if isinstance(row, AgentRow)}
    return (watch or Watch()).look(runs, agents, core or CoreFacts(), at)


def kinds(found: list[Matter]) -> list[str]:
    return [matter.kind for matter in found]


def test_when_all_is_well_there_is_nothing() -> None:
    assert look(run(), run(2, state="failed", deadline="missed", failures=99), agent()) == []


def test_a_run_without_anything_active_is_stuck_after_a_while_and_not_before() -> None:
    watch = Watch()
    idle = run(counts=Counts(ready=3), note="waits for a licence")
    assert look(idle, agent(), watch=watch) == []
    assert watch.due == NOW + STUCK
    assert look(idle, agent(), watch=watch, at=NOW + STUCK - 1) == []
    (matter,) = look(idle, agent(), watch=watch, at=NOW + STUCK)
    assert (matter.kind, matter.run, matter.since, matter.detail) == ("stuck", 1, NOW, "waits for a licence")
    assert look(run(), agent(), watch=watch, at=NOW + STUCK + 1) == [], "it went on"
    assert look(idle, agent(), watch=watch, at=NOW + STUCK + 2) == [], "and stopped just now: the time begins anew"


def test_a_run_that_waits_its_turn_is_only_told_after_long_and_a_paused_one_never() -> None:
    watch = Watch()
    rows = (run(counts=Counts(ready=3)), run(2), run(3, state="paused", counts=Counts(ready=3)), agent())
    look(*rows, watch=watch)
    assert look(*rows, watch=watch, at=NOW + STUCK + 1) == []
    (matter,) = look(*rows, watch=watch, at=NOW + LONG_WAIT)
    assert (matter.kind, matter.run, matter.fixes[0]) == ("waits", 1, "priority")


def test_a_task_that_no_machine_can_take_leads_to_what_helps() -> None:
    row = run(blocked="train needs 8 GPUs", blocked_task=4, counts=Counts(ready=1))
    (matter,) = look(row, agent())
    assert (matter.kind, matter.severity, matter.task, matter.fixes[0]) == ("unschedulable", URGENT, 4, "why")
    assert look(row)[0].fixes[0] == "machine", "without any machine, one more is what helps"
    assert look(row, agent(draining=True))[0].fixes[0] == "undrain"


def test_what_is_told_of_agents() -> None:
    found = look(
        agent("sick", aside="4 items failed there"),
        agent("full", disk_free=1 << 30, disk_total=500 << 30),
        agent("gone", state="disconnected", running=3, last_heard=NOW - 20),
        agent("idle-gone", state="disconnected", running=0),
        agent("late", skew=-90.0),
        agent("old", state="down", aside="x", skew=500.0, disk_free=1, disk_total=1 << 40),
    )
    assert [(matter.kind, matter.agent, matter.fixes[0]) for matter in found] == [
        ("disk", "full", "drain"), ("lost", "gone", "agent"), ("sick", "sick", "forgive"), ("skew", "late", "clock"),
    ]  # fmt: skip
    assert found[1].since == NOW - 20
    assert [sentence(matter) for matter in found] == [
        "The disk is almost full: 1.0 GiB free",
        "The machine cannot be reached, and 3 items ran there",
        "Set aside as sick: 4 items failed there",
        "The clock is 90 s fast",
    ]


def test_deadlines_failures_and_the_core() -> None:
    rows = (
        run(1, deadline="endangered"),
        run(2, deadline="missed"),
        run(3, failing="encode", failures=5),
        run(4, failures=4),
    )
    found = look(*rows, core=CoreFacts(1 << 30, 500 << 30, "no space"))
    assert [(matter.kind, matter.subject.split(" of ")[0], matter.severity) for matter in found] == [
        ("store", "core", 3), ("deadline", "run 2", 3), ("disk", "core", 3),
        ("deadline", "run 1", 2), ("failing", "run 3", 2),
    ]  # fmt: skip
    assert sentence(found[4]) == "encode keeps failing: 5 attempts so far"
    assert look(run(3, failures=50))[0].severity == URGENT


_numbers = st.integers(-(2**63), 2**63)
_floats = st.floats(allow_nan=True, allow_infinity=True)
_counts = st.builds(Counts, ready=st.integers(0, 3), active=st.integers(0, 2), pending=_numbers)
_runs = st.builds(
    RunRow, id=st.integers(0, 9), name=st.text(max_size=5), owner=st.just(""),
    state=st.sampled_from(["running", "paused", "failed", "odd"]), priority=_numbers, submitted=_floats,
    ended=st.none(), counts=_counts, blocked=st.text(max_size=3), blocked_task=_numbers,
    deadline=st.sampled_from(["", "endangered", "missed", "?"]), failing=st.text(max_size=3), failures=_numbers,
)  # fmt: skip
_agents = st.builds(
    AgentRow, id=st.sampled_from("abcdef"), name=st.text(max_size=5), draining=st.booleans(), labels=st.just({}),
    state=st.sampled_from(["new", "up", "disconnected", "down", "odd"]), resources=st.just({}), used=st.just({}),
    running=_numbers, waiting=_numbers, last_heard=_floats, since=_floats, aside=st.text(max_size=3), skew=_floats,
    disk_free=_numbers, disk_total=_numbers,
)  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(runs=st.lists(_runs, max_size=6), agents=st.lists(_agents, max_size=6), gap=st.floats(0, 1000))
def test_any_rows_give_an_ordered_list_of_unlike_matters_that_can_be_told(
    runs: list[RunRow], agents: list[AgentRow], gap: float
) -> None:
    watch = Watch()
    look(*runs, *agents, watch=watch)
    found = look(*runs, *agents, watch=watch, at=NOW + gap)
    severities = [matter.severity for matter in found]
    assert severities == sorted(severities, reverse=True)
    assert len({matter.key for matter in found}) == len(found)
    for matter in found:
        assert sentence(matter)
        assert where(matter) or not matter.name
        assert matter.fixes
        assert set(matter.fixes) <= FIXES.keys()
        assert matter.kind in TITLES
        assert matter.kind in SEVERAL or matter.kind == "lost"
        if {"space", "clock"} & set(matter.fixes):
            assert advice(matter)
    again = look(*runs, *agents, watch=watch, at=NOW + gap)
    assert [repr(matter) for matter in again] == [repr(matter) for matter in found]
    assert again == found, "nothing flickers"
    assert all(0 < matter.since <= NOW + gap for matter in found)


@settings(max_examples=examples(80), deadline=None)
@given(runs=st.lists(_runs, max_size=5, unique_by=lambda row: row.id), agents=st.lists(_agents, max_size=4))
def test_what_changes_elsewhere_leaves_identity_and_mark_alone(runs: list[RunRow], agents: list[AgentRow]) -> None:
    """Other runs of ended state and other healthy agents come; names, notes and times change."""
    before = {matter.key: matter.mark for matter in look(*runs, *agents)}
    ended = [run(number, state="failed") for number in range(100, 104)]
    noted = [msgspec.structs.replace(row, note="other", priority=7) for row in runs]
    heard = [msgspec.structs.replace(row, last_heard=NOW + 5, used={"cpus": 1.0}) for row in agents]
    assert {matter.key: matter.mark for matter in look(*noted, *ended, *heard)} == before


def test_what_was_put_aside_stays_away_for_an_hour_or_until_it_changes() -> None:
    aside = Aside()
    full, sick = look(agent("a", aside="x", disk_free=60 << 29, disk_total=500 << 30), agent("b", aside="y"))
    worse = look(agent("a", disk_free=1 << 30, disk_total=500 << 30))[0]
    assert (full.kind, worse.key) == ("sick", ("disk", "a"))
    aside.put(full, NOW, HOUR)
    aside.put(sick, NOW)
    assert aside.split([full, sick], NOW + HOUR - 1) == ([], [full, sick])
    assert aside.due == NOW + HOUR
    kept = Aside()
    kept.load(aside.dump(), NOW)
    assert kept.split([full, sick], NOW + HOUR) == ([full], [sick]), "it outlives a start"
    assert aside.split([full, sick], NOW + HOUR) == ([full], [sick])
    assert aside.split([full], NOW + HOUR + GONE + 1) == ([full], [])
    assert aside.split([sick], NOW + HOUR + GONE + 2) == ([sick], []), "gone for long, it is a new one"


def test_until_it_changes_ends_when_it_gets_worse() -> None:
    aside = Aside()
    (first,) = look(agent("a", disk_free=15 << 30, disk_total=500 << 30))
    (same,) = look(agent("a", disk_free=14 << 30, disk_total=500 << 30))
    (worse,) = look(agent("a", disk_free=1 << 30, disk_total=500 << 30))
    aside.put(first, NOW)
    assert aside.split([same], NOW) == ([], [same])
    assert aside.split([worse], NOW) == ([worse], [])


@settings(max_examples=examples(50), deadline=None)
@given(
    st.one_of(st.text(max_size=30), st.sampled_from(['[["a","b",null,[1e999]]]', "3", '[["a","b",1e999,[]]]', "[[1]]"]))
)
def test_any_settings_can_be_read(text: str) -> None:
    aside = Aside()
    aside.load(text, NOW)
    aside.split([], NOW)


def test_two_hundred_agents_and_a_thousand_runs_are_looked_at_once() -> None:
    runs = [
        run(number, counts=Counts(ready=number % 2, active=number % 3), failures=number % 7) for number in range(1000)
    ]
    agents = [
        agent(f"a{number}", skew=float(number % 9), disk_free=50 << 30, disk_total=500 << 30) for number in range(200)
    ]
    rows = {row.id: row for row in runs}, {row.id: row for row in agents}
    watch = Watch()
    first = watch.look(*rows, CoreFacts(), NOW)
    assert len(first) > 300
    assert [matter.key for matter in watch.look(*rows, CoreFacts(), NOW)] == [matter.key for matter in first]
