"""What the scheduler is told of like tasks at once is what it would be told of each."""

from __future__ import annotations

import math
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from windlass.model.graph import Command, Foreach, Graph, Need, Task
from windlass.model.packed import pack
from windlass.sched import Scheduler
from windlass.sched import events as e
from windlass.server.rundata import RunData, check_graph

PARTS = st.tuples(
    st.integers(0, 1),  # which command
    st.lists(st.integers(0, 9), max_size=2, unique=True),  # needs
    st.lists(st.integers(0, 9), max_size=1),  # kept apart from
    st.sampled_from([None, None, 2]),  # limit
    st.sampled_from([False, False, True]),  # an open array
    st.sampled_from(["", "", "2.5"]),  # seconds that are expected
)


def graph_of(drawn: list[tuple[int, list[int], list[int], int | None, bool, str]]) -> Graph:
    count = len(drawn)
    tasks = []
    for place, (what, needs, apart, limit, open_, seconds) in enumerate(drawn):
        tasks.append(
            Task(
                id=f"t{place}",
                action=Command([f"c{what}"]),
                needs=[Need(f"t{up}") for up in needs if up < place],
                apart=[f"t{other % count}" for other in apart],
                limit=limit,
                foreach=Foreach(opaque=2) if open_ else None,
                env={"WINDLASS_RUNTIME": seconds} if seconds else {},
            )
        )
    return Graph("g", tasks)


@given(st.lists(PARTS, min_size=1, max_size=9), st.sampled_from([0.0, 60.0]))
def test_columns_say_of_each_task_what_its_plan_says(
    drawn: list[tuple[int, list[int], list[int], int | None, bool, str]], deadline: float
) -> None:
    graph = pack(graph_of(drawn))
    assert check_graph(graph, {}) == ""
    opened = frozenset(place for place, part in enumerate(drawn) if part[4])
    run = RunData(1, "r", "me", 0, 0.0, graph, {}, [], open_tasks=opened, deadline=deadline)
    plans = run.plan().tasks
    assert isinstance(plans, e.PlansByKind)
    columns = plans.columns()
    for place, plan in enumerate(plans):
        kind = columns.plans[columns.kinds[place]]
        assert replace(kind, id=plan.id, needs=plan.needs, expected=plan.expected) == plan
        needs = [(up, False) for up in columns.whole.of(place)] + [(up, True) for up in columns.each.of(place)]
        assert needs == list(plan.needs)
        seconds = None if columns.expected is None else columns.expected[place]
        assert plan.expected == (None if seconds is None or math.isnan(seconds) else seconds)
    assert sorted(set(columns.kinds)) == list(range(len(columns.plans)))  # none is there that no task has


def test_a_run_that_is_gone_leaves_no_shape() -> None:
    drawn = [(0, [], [], None, False, ""), (0, [], [0], None, False, ""), (0, [], [], None, False, "")]
    run = RunData(1, "r", "me", 0, 0.0, pack(graph_of(drawn)), {}, [])
    scheduler = Scheduler()
    scheduler.handle(e.RunSubmitted(run.plan()), 0.0)
    assert len(scheduler._book.shapes) == 3  # kept apart both ways, and the third like nobody
    scheduler.handle(e.CancelRequested(e.Scope(1)), 1.0)
    scheduler.handle(e.RunDeleted(1), 2.0)
    assert not scheduler._book.shapes
