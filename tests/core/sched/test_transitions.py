"""Every edge of the tables is taken by somebody, and nobody takes another one."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from enum import IntEnum
from typing import Any

import pytest
import test_rules
from scenarios import story
from turns import Bench

from windlass.model.graph import Resources
from windlass.sched import events as e
from windlass.sched import states
from windlass.sched.states import AgentState, AttemptState, IllegalTransition, ItemState

TABLES: dict[str, dict[Any, frozenset[Any]]] = {
    "check_item": states.ITEM_TRANSITIONS,
    "check_attempt": states.ATTEMPT_TRANSITIONS,
    "check_agent": states.AGENT_TRANSITIONS,
}


def _remove_an_agent_never_seen() -> None:
    bench = Bench()
    bench.scheduler.restore([], [e.RestoredAgent("a", 0, False, Resources(), {})], bench.now)
    bench.do(e.AgentRemoved("a"))


def _fail_what_cannot_be_counted() -> None:
    bench = Bench()
    bench.submit(e.TaskPlan("t", count=None))
    bench.do(e.TaskDecided(1, 0, error="no such list"))


def test_every_edge_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, set[tuple[int, int]]] = {name: set() for name in TABLES}

    def recorder(name: str, check: Callable[[Any, Any], None]) -> Callable[[Any, Any], None]:
        def record(old: Any, new: Any) -> None:
            check(old, new)
            seen[name].add((int(old), int(new)))

        return record

    for name in TABLES:
        monkeypatch.setattr(states, name, recorder(name, getattr(states, name)))
    for name, test in inspect.getmembers(test_rules, inspect.isfunction):
        if name.startswith("test_") and not inspect.signature(test).parameters:
            test()
    _remove_an_agent_never_seen()
    _fail_what_cannot_be_counted()
    for seed in (2, 3, 5):
        story(seed).run()
    for name, table in TABLES.items():
        edges = {(int(old), int(new)) for old, targets in table.items() for new in targets}
        assert seen[name] == edges, f"{name}: never taken: {edges - seen[name]}"


@pytest.mark.parametrize(
    ("check", "table", "kind"),
    [
        (states.check_item, states.ITEM_TRANSITIONS, ItemState),
        (states.check_attempt, states.ATTEMPT_TRANSITIONS, AttemptState),
        (states.check_agent, states.AGENT_TRANSITIONS, AgentState),
    ],
)
def test_no_other_edge_is_allowed(check: Callable[[Any, Any], None], table: Any, kind: type[IntEnum]) -> None:
    for old in kind:
        for new in kind:
            if new in table[old]:
                check(old, new)
            else:
                with pytest.raises(IllegalTransition):
                    check(old, new)


def test_nothing_else_writes_states() -> None:
    """The arrays are written in tasks.py, and after a restart, where there is no edge yet."""
    from pathlib import Path

    room = Path(states.__file__).parent
    writers = {
        path.name
        for path in room.glob("*.py")
        for line in path.read_text().splitlines()
        if ".states[" in line and "] = " in line.split(".states[", 1)[1]
    }
    assert writers <= {"tasks.py", "restore.py"}
