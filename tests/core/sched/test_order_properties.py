"""What the order of ready work promises, under arrivals that Hypothesis thinks up."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from load import Load
from tests.depth import examples

from windlass.model.graph import Resources
from windlass.sched import Config
from windlass.sched.events import AgentHello, TaskPlan
from windlass.sched.order import NAMES

NEVER = 1e9
ENDLESS = 100_000


def config(**more: object) -> Config:
    """Agents here never fall silent, and get nothing ahead: what is given begins at once."""
    return Config(disconnected_after=NEVER, lease_wait=2 * NEVER, silent_assign=NEVER, prefetch_max=0, **more)  # type: ignore[arg-type]


def plan(id: str = "t", cpus: float = 1, **more: object) -> TaskPlan:
    return TaskPlan(id, resources=Resources(cpus=cpus, memory=more.pop("memory", 0)), **more)  # type: ignore[arg-type]


# --- nobody starves ------------------------------------------------------------------------------------------


@given(
    arrivals=st.lists(
        st.tuples(
            st.floats(0.1, 20.0), st.sampled_from("abcd"), st.integers(1, 5), st.sampled_from((1, 2, 4)),
            st.sampled_from((0.3, 1.0, 2.0)),
        ),
        min_size=1, max_size=6,
    ),
    weights=st.dictionaries(st.sampled_from("abcdx"), st.sampled_from((0.5, 1.0, 2.0)), max_size=4),
    half_life=st.sampled_from((0.0, 5.0, 20.0)),
)  # fmt: skip
@settings(max_examples=examples(12))
def test_every_ready_item_is_begun_though_others_never_run_out_of_work(
    arrivals: list[tuple[float, str, int, int, float]], weights: dict[str, float], half_life: float
) -> None:
    load = Load(config(weights=weights, half_life=half_life, reserve_after=2.0), [Resources(cpus=4)] * 2)
    load.submit("x", plan(count=ENDLESS), took=1.7)
    load.submit("y", plan(count=ENDLESS, cpus=2), took=2.9)
    wanted = {}
    for wait, owner, count, cpus, took in arrivals:
        load.run(wait)
        wanted[load.submit(owner, plan(count=count, cpus=cpus), took=took)] = count
    # All that was asked for is a small part of what the machines do in this time.
    load.run(400.0)
    begun = {run: sum(id.run == run for _, _, id in load.begun) for run in wanted}
    assert begun == wanted


# --- shares ----------------------------------------------------------------------------------------------------

WEIGHT = st.sampled_from((0.25, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0))


@given(
    weights=st.tuples(WEIGHT, WEIGHT), agents=st.integers(1, 4), slots=st.integers(2, 7),
    took=st.tuples(st.sampled_from((0.4, 1.0, 1.7)), st.sampled_from((0.3, 1.1))), late=st.floats(0.0, 5.0),
)  # fmt: skip
@settings(max_examples=examples(25))
def test_two_owners_hold_what_is_fair_within_one_item(
    weights: tuple[float, float], agents: int, slots: int, took: tuple[float, float], late: float
) -> None:
    load = Load(config(weights=dict(zip("ab", weights, strict=True)), half_life=0.0), [Resources(cpus=slots)] * agents)
    load.submit("a", plan(count=ENDLESS), took=took[0])
    load.run(late)
    load.submit("b", plan(count=ENDLESS), took=took[1])
    load.run(3 * max(took))  # what began before the other came has ended
    total = agents * slots
    seen = 0

    def check() -> None:
        nonlocal seen
        for owner, weight in zip("ab", weights, strict=True):
            fair = total * weight / sum(weights)
            assert abs(load.held[owner]["cpus"] - fair) < 1.0, f"{owner} holds {load.held}, fair is {fair}"
        seen += 1

    load.after_plan = check
    load.run(20.0)
    assert seen > 20


@given(weights=st.lists(WEIGHT, min_size=3, max_size=5), slots=st.integers(5, 40))
@settings(max_examples=examples(40))
def test_no_owner_holds_an_item_that_another_had_less_reason_to_lack(weights: list[float], slots: int) -> None:
    """Without one of its items, an owner would have no more for its weight than any other that waits."""
    names = "abcde"[: len(weights)]
    load = Load(config(weights=dict(zip(names, weights, strict=True)), half_life=0.0), [])
    for owner in names:
        load.submit(owner, plan(count=ENDLESS))
    load.do(AgentHello("a", Resources(cpus=slots), {}, 0))
    held = {owner: load.held.get(owner, {}).get("cpus", 0.0) for owner in names}
    assert sum(held.values()) == slots
    for one, weight in zip(names, weights, strict=True):
        for other, others in zip(names, weights, strict=True):
            assert (held[one] - 1) / weight <= held[other] / others + 1e-9, held


def test_the_largest_part_of_any_kind_is_what_counts() -> None:
    """The example of the paper on dominant resource fairness: 9 CPUs, 18 GB; <1 CPU, 4 GB> and <3 CPUs, 1 GB>."""
    load = Load(config(half_life=0.0), [])
    load.submit("a", plan(cpus=1, memory=4, count=ENDLESS))
    load.submit("b", plan(cpus=3, memory=1, count=ENDLESS))
    load.do(AgentHello("m", Resources(cpus=9, memory=18), {}, 0))
    assert load.held == {"a": {"cpus": 3, "memory": 12}, "b": {"cpus": 6, "memory": 2}}


def test_what_is_asked_of_other_kinds_does_not_count_on_top() -> None:
    load = Load(config(half_life=0.0), [])
    load.submit("a", plan(cpus=1, memory=1, count=ENDLESS))
    load.submit("b", plan(cpus=1, count=ENDLESS))
    load.do(AgentHello("m", Resources(cpus=10, memory=10), {}, 0))
    assert load.held == {"a": {"cpus": 5, "memory": 5}, "b": {"cpus": 5, "memory": 0}}


@pytest.mark.parametrize(("weight", "alone"), [(1.0, 100.0), (3.0, 100.0), (0.5, 20.0)])
def test_with_a_past_who_was_away_catches_up_and_then_shares_are_fair(weight: float, alone: float) -> None:
    """a has weight 1 and all to itself for some half-lives; then b comes."""
    half_life = 20.0
    load = Load(config(weights={"b": weight}, half_life=half_life), [Resources(cpus=8)] * 2)
    load.submit("a", plan(count=ENDLESS), took=0.5)
    load.run(alone)
    load.submit("b", plan(count=ENDLESS), took=0.5)
    fair = weight / (1.0 + weight)

    def part(seconds: float) -> float:
        first = len(load.begun)
        load.run(seconds)
        owners = [load.owner[id.run] for _, _, id in load.begun[first:]]
        return owners.count("b") / len(owners)

    assert part(half_life / 4) > fair + 0.1, "it does not catch up"
    load.run(8 * half_life)
    assert part(5 * half_life) == pytest.approx(fair, abs=0.02)
    averages = {view.owner: view.average for view in load.scheduler.owners(load.now)}
    assert averages["b"] / averages["a"] == pytest.approx(weight, rel=0.05)
    assert sum(averages.values()) == pytest.approx(1.0, abs=0.05)


# --- priority ----------------------------------------------------------------------------------------------------

JOB = st.tuples(
    st.sampled_from("ab"), st.integers(-1, 2), st.integers(0, 1), st.integers(1, 6), st.sampled_from((1, 2, 3)),
    st.sampled_from((0.3, 1.0, 2.5)), st.floats(0.0, 1.5),
)  # fmt: skip


@given(jobs=st.lists(JOB, min_size=2, max_size=10), sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
@settings(max_examples=examples(40))
def test_nothing_of_lower_priority_begins_where_something_higher_that_fits_waits(
    jobs: list[tuple[str, int, int, int, int, float, float]], sizes: list[int]
) -> None:
    load = Load(config(half_life=5.0), [Resources(cpus=size) for size in sizes])
    priority: dict[tuple[int, int], tuple[int, int]] = {}

    def check() -> None:
        for agent in {agent for agent, _ in load.fresh}:
            view = load.scheduler.agent_view(agent)
            free = view.resources.cpus - view.used["cpus"]
            for run, pos in load.ready():
                mine = priority[run, pos]
                lower = [id for at, id in load.fresh if at == agent and priority[id.run, id.task] < mine]
                freed = sum(load.tasks[id.run][id.task].resources.cpus for id in lower)
                asks = load.tasks[run][pos].resources.cpus
                assert not lower or free + freed < asks, f"{lower} began on {agent} before run {run}"

    load.after_plan = check
    for owner, first, second, count, cpus, took, wait in jobs:
        priority[len(load.owner) + 1, 0] = (first, second)
        load.submit(owner, plan(count=count, cpus=cpus, priority=second), took=took, priority=first)
        load.run(wait)
    load.run(100.0)


# --- any sequence of criteria --------------------------------------------------------------------------------------

TASK = st.tuples(
    st.integers(0, 1), st.sampled_from((None, 10.0)), st.sampled_from((None, 5.0)),
    st.sampled_from((0.5, 2.0)),
)  # fmt: skip
RUN = st.tuples(st.sampled_from("ab"), st.integers(0, 1), st.lists(TASK, min_size=1, max_size=3))


ROTATED = [[*NAMES[place:], *NAMES[:place]] for place in range(len(NAMES))]
SEQUENCES = [*ROTATED, *(names[::-1] for names in ROTATED), ["fair-share"], ["age", "priority"]]
"""Each criterion first, last, and right before and after the fair share."""


@pytest.mark.parametrize("order", SEQUENCES, ids="-".join)
@given(
    runs=st.lists(RUN, min_size=2, max_size=4),
    weights=st.dictionaries(st.sampled_from("ab"), st.sampled_from((0.5, 2.0)), max_size=1),
)
@settings(max_examples=examples(15))
def test_the_criteria_decide_in_the_order_that_was_chosen(
    order: list[str],
    runs: list[tuple[str, int, list[tuple[int, float | None, float | None, float]]]],
    weights: dict[str, float],
) -> None:
    """One machine with room for one; before each choice the test reckons itself who must be next."""
    load = Load(config(order=order, weights=weights, half_life=10.0), [])
    values: dict[tuple[int, int], dict[str, tuple[float, ...]]] = {}
    for owner, first, tasks in runs:
        plans = [
            plan(f"t{pos}", priority=second, deadline=deadline, expected=expected)
            for pos, (second, deadline, expected, _) in enumerate(tasks)
        ]
        run = load.submit(owner, *plans, priority=first)
        for pos, (second, deadline, expected, took) in enumerate(tasks):
            load.took[run, pos] = took
            values[run, pos] = {
                "priority": (-first, -second),
                "deadline": (float("inf") if deadline is None else load.now + deadline,),
                "longest-path": (-1.0 if expected is None else -expected,),
                "age": (run,),
            }
        load.now += 3.0
    left = set(values)
    load.do(AgentHello("m", Resources(cpus=1), {}, 0))
    while left:
        # Nothing runs at the moment of the choice, so that only the past tells the owners apart.
        while not load.fresh:
            assert load.step()
        [(_, chosen)] = load.fresh
        shares = {view.owner: view.average / view.weight for view in load.scheduler.owners(load.now)}

        def key(place: tuple[int, int], shares: dict[str, float] = shares) -> list[tuple[float, ...]]:
            known = values[place] | {"fair-share": (shares[load.owner[place[0]]],)}
            return [*(known[name] for name in order), place]

        assert (chosen.run, chosen.task) == min(left, key=key)
        left.discard((chosen.run, chosen.task))
        load.step()
