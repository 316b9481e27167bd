"""What must hold after every step. Slow: for tests, and for a core that is asked to check itself."""

from __future__ import annotations

from windlass.sched import crowds
from windlass.sched.agents import Agent
from windlass.sched.book import Book
from windlass.sched.events import AttemptId
from windlass.sched.limits import Limit, blocking
from windlass.sched.machine import Scheduler
from windlass.sched.shapes import ON_DEVICES
from windlass.sched.states import AgentState, ItemState
from windlass.sched.tasks import RunState, TaskState

_READY, _ACTIVE, _BACKOFF, _SUCCEEDED = map(
    int, (ItemState.READY, ItemState.ACTIVE, ItemState.BACKOFF, ItemState.SUCCEEDED)
)
_STATES = range(8)
_NONE: frozenset[int] = frozenset()

Live = dict[tuple[int, int, int], list[tuple[Agent, AttemptId]]]
"""Run, task and item -> its attempts that an agent has; a wrong state may have more than one."""


class InvariantError(AssertionError):
    """The scheduler's state contradicts itself."""


def check_invariants(scheduler: Scheduler) -> None:
    book = scheduler._book
    try:
        assert not book.todo, "work was left to look at"
        live = _live(book)
        for run in book.runs.values():
            together = {pos for crowd in run.tasks.crowds.values() for pos in crowd.members()}
            for crowd in run.tasks.crowds.values():
                crowds.check(crowd)
            for pos in range(len(run.tasks)):
                if pos not in together:
                    _check_task(run.tasks[pos], live)
            _check_run(run)
        # Rules must find tasks as they were, most of them no objects.
        book.cool()
        for agent in book.agents.values():
            _check_agent(agent)
        sick = {agent for agent in book.agents.values() if agent.aside_until is not None}
        assert set(book.aside) == sick, f"set aside are {sick}, listed {set(book.aside)}"
        _check_owners(book)
        _check_limits(book)
        _check_offers(book)
    except AssertionError as error:
        raise InvariantError("\n  ".join([str(error), *book.story.of()])) from error


def _check_run(run: RunState) -> None:
    tasks = run.tasks
    assert run.left == tasks.done.count(0), f"{run} miscounts its tasks"
    assert run.over == (run.left == 0), f"{run} has {run.left} tasks left and ended at {run.ended}"
    counts = [sum(column) for column in zip([0] * 8, *map(tasks.counts, range(len(tasks))), strict=True)]
    assert counts == run.counts, f"{run}: counts say {run.counts}, the tasks {counts}"


def _live(book: Book) -> Live:
    live: Live = {}
    for agent in book.agents.values():
        for id in agent.live:
            live.setdefault(id[:3], []).append((agent, id))
    return live


def _check_task(task: TaskState, live: Live) -> None:
    states = task.states
    assert len(states) == (task.count or 0), f"{task!r}: {len(states)} states for {task.count} items"
    counts = [*map(states.count, _STATES)]
    assert counts == task.counts, f"{task!r}: counts say {task.counts}, the items {counts}"
    queue = task.queue
    queued = [*queue] if queue.again or queue.suspects or queue.ranges else []
    ready = _in(states, _READY, counts)
    assert len(queued) == queue.size == len(set(queued)), f"{task!r}: the queue holds an item twice"
    assert ready == set(queued), f"{task!r}: queue and READY items differ"
    assert task.backoff.keys() == _in(states, _BACKOFF, counts), f"{task!r}: timers and BACKOFF items differ"
    active = task.active
    assert task.held <= active.keys(), f"{task!r}: an item is held for an attempt that is not live"
    assert _in(states, _ACTIVE, counts) <= active.keys(), f"{task!r}: an ACTIVE item has no live attempt"
    if queue.size and not task.run.paused:
        assert task.board, f"{task!r}: ready items, but nobody offers them"
    for item, agent in active.items():
        ids = [id for where, id in live.get((task.run.id, task.pos, item), ()) if where is agent]
        assert len(ids) == 1, f"{task.id}[{item}] has {len(ids)} live attempts on {agent}"
        id = ids[0]
        assert id.attempt == task.number(item), f"{id} is live, but {task.number(item)} was given"
        runs = item < len(states) and states[item] == _ACTIVE
        timed_out = id in agent.stopping and agent.stopping[id].reason == "timeout"
        assert runs != (id in agent.stopping) or timed_out, f"{id} of an item that is not ACTIVE is not stopped"
    tasks = task.run.tasks
    done = tasks.done
    waits = len([up for up in tasks.whole(task.pos) if not done[up]])
    assert task.waits == waits, f"{task!r} miscounts what it waits for"
    if task.complete:
        assert not task.unfinished, f"{task!r} is complete"
    if ready:
        assert not waits, f"{task!r} has READY items before its needs have ended"
        for up in task.each:
            for item in ready:
                assert up.states[item] >= _SUCCEEDED, f"{task.id}[{item}] is READY too early"


def _in(states: bytearray, state: int, counts: list[int]) -> set[int] | frozenset[int]:
    """The items that are in it. Found by the byte, because most tasks have no item in most states."""
    if not counts[state]:
        return _NONE
    found: set[int] = set()
    at = states.find(state)
    while at >= 0:
        found.add(at)
        at = states.find(state, at + 1)
    return found


def _check_agent(agent: Agent) -> None:
    held: dict[str, int] = {}
    for bucket in agent.buckets.values():
        assert 0 <= bucket.lanes <= bucket.size, f"{bucket} of {agent}"
        size = sum(grant.bucket is bucket for grant in agent.live.values())
        assert size == bucket.size, f"{bucket} of {agent} holds {size}"
        for kind, amount in bucket.shape.on_lanes:
            held[kind] = held.get(kind, 0) + amount * bucket.lanes
    for kind, amount in held.items():
        assert amount <= agent.capacity.get(kind, 0), f"{agent} is over-committed: {amount} {kind}"
    _check_devices(agent)
    _check_company(agent)
    for kind, capacity in agent.capacity.items():
        if kind in ON_DEVICES:
            continue
        assert agent.free[kind] == capacity - held.get(kind, 0), f"{agent} miscounts its free {kind}"
    assert len(agent.suspects) <= 1, f"{agent} runs suspects side by side: {agent.suspects}"
    for group in (agent.running, agent.stopping, agent.recalled, agent.suspects):
        assert set(group) <= set(agent.live), f"{agent} lists an attempt that is not live"
    if agent.state in (AgentState.DOWN, AgentState.NEW):
        assert not agent.live, f"{agent} still has attempts"
    assert agent.aside_until is None or not agent.probation, f"{agent} is set aside and on probation"
    for id, grant in agent.live.items():
        assert grant.task.active.get(id[grant.task.part]) is agent, f"{id} is live on {agent}, its task does not know"
        assert grant.epoch <= agent.epoch, f"{id} was given under a lease that never was"


def _check_owners(book: Book) -> None:
    live: dict[tuple[str, int], int] = {}
    for agent in book.agents.values():
        for grant in agent.live.values():
            key = (grant.task.run.owner.name, id(grant.task.shape))
            live[key] = live.get(key, 0) + 1
    said = {(owner.name, id(shape)): n for owner in book.owners.values() for shape, n in owner.live.items() if n}
    assert said == live, "the owners' shares are miscounted"


def _check_devices(agent: Agent) -> None:
    """No GPU is given twice, no part of its memory, and what is told to be free is free."""
    agent.devices.check()
    if len(agent.devices):
        assert agent.free["gpus"] == agent.devices.idle, f"{agent} miscounts its free GPUs"
        assert agent.free.get("gpu_memory", 0) == agent.devices.memory_left, f"{agent} miscounts its free GPU memory"
    for id, held in agent.devices.held.items():
        assert id in agent.live, f"{id} holds GPUs of {agent}, but is not live there"
        ask = agent.live[id].bucket.shape.gpu
        assert len(held.indices) == max(ask.gpus, 1), f"{id} asks {ask} and holds {held}"
        assert held.part == (0 if ask.gpus else ask.memory), f"{id} asks {ask} and holds {held}"


def _check_company(agent: Agent) -> None:
    """Who wants an agent for itself has it, and who is kept apart is apart."""
    shapes = list(agent.buckets)
    for shape in shapes:
        if shape.exclusive:
            assert len(agent.live) == 1, f"{agent} runs something beside {shape!r}"
            assert agent.sole is shape, f"{agent} does not know that {shape!r} has it for itself"
        for other in shapes:
            together = other.mark in shape.apart and (other is not shape or agent.buckets[shape].size > 1)
            assert not together, f"{agent} runs {shape.mark} beside {other.mark}, which are kept apart"
    assert agent.sole is None or agent.sole in agent.buckets, f"{agent} is kept for nobody"


def _check_limits(book: Book) -> None:
    used: dict[Limit, int] = {}
    for agent in book.agents.values():
        for grant in agent.live.values():
            for limit, amount in grant.limits:
                used[limit] = used.get(limit, 0) + amount
    known = {id(limit): limit for limit in (*book.limits, *used)}
    for limit in known.values():
        assert limit.used == used.get(limit, 0), f"{limit!r} miscounts: {used.get(limit, 0)} are in use"
        assert limit.used <= max(limit.most, limit.peak), f"{limit!r} is over-committed"
    for run in book.runs.values():
        for task in run.tasks.lively:
            if task.queue.size and task.limits and not run.paused and not blocking(task):
                waits = book.supply.offers(task)
                assert waits, f"{task!r} has room in its limits, but nobody offers it"


def _check_offers(book: Book) -> None:
    """The next plan finds every agent that has room for something that waits."""
    for shape in book.supply.wanted():
        for agent in book.agents.values():
            known = agent in book.dirty or agent.shun_until > book.now or not agent.takes_work
            if not known and shape.matches(agent.labels) and agent.room(shape, 1):
                assert book.supply.rooms.is_offered(shape, agent), f"{agent} has room for {shape!r}, and nobody knows"
