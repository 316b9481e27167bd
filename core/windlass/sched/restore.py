"""After a restart of the core: the runs and agents as the store has them.

What is certain is kept (terminal items, live attempts, attempt numbers); READY is derived anew. Leases count from
now, because nobody heard the agents' heartbeats meanwhile.
"""

from __future__ import annotations

from windlass.sched import aside, attempts, crowds, deadlines, depend, leases, lessons
from windlass.sched.agents import Agent, Grant, Stopping
from windlass.sched.book import Book
from windlass.sched.events import AttemptId, OwnerUsage, RestoredAgent, RestoredRun, RestoredTask
from windlass.sched.queues import runs_of
from windlass.sched.states import ENDED, TERMINAL, AgentState, AttemptState, ItemState
from windlass.sched.suspects import is_suspect
from windlass.sched.table import Table
from windlass.sched.tasks import RunState, TaskState, asks

_S = ItemState


def restore(book: Book, runs: list[RestoredRun], agents: list[RestoredAgent], usage: list[OwnerUsage]) -> None:
    for used in usage:
        book.shares.restore(book.owner(used.owner), used, book.now)
    for kept in runs:
        _run(book, kept)
    book.back_by = book.now + book.config.lease_wait
    for agent in agents:
        _agent(book, agent)
    for kept in runs:
        for pos, task in enumerate(kept.tasks):
            for index, attempt, name in task.lost:
                if name in book.agents:
                    book.agents[name].lost[AttemptId(kept.plan.run, pos, index, attempt)] = None
        _derive(book, book.runs[kept.plan.run])


def load(book: Book, kept: RestoredRun) -> None:
    """A run that ended and was forgotten meanwhile."""
    if kept.plan.run not in book.runs:
        _run(book, kept)
        _derive(book, book.runs[kept.plan.run])


def _run(book: Book, kept: RestoredRun) -> None:
    run = RunState(kept.plan, book.owner(kept.plan.owner))
    book.runs[run.id] = run
    run.paused = kept.state == "paused"
    if kept.state in ENDED:
        run.state = kept.state
        run.ended = book.now if kept.ended is None else kept.ended
    Table(book, run, kept.plan.tasks, kept.plan.names)
    for pos, task in enumerate(kept.tasks):
        if not _settled(run.tasks, pos, task):
            _task(run.tasks[pos], task)
    if not run.over:
        lessons.restore(book, run, kept.lessons)


def _settled(tasks: Table, pos: int, kept: RestoredTask) -> bool:
    """A task of one item that needs no object; most of a large graph."""
    if kept.open or kept.failures or kept.crashes or len(kept.states) != 1 or kept.states[0] == _S.BACKOFF:
        return False
    state = ItemState(kept.states[0])
    return tasks.settle(pos, state if state in TERMINAL else _S.PENDING, kept.attempts.get(0, 0), kept.decided)


def _task(task: TaskState, kept: RestoredTask) -> None:
    task.open = kept.open
    task.decided = kept.decided or not asks(task.plan)
    task.states = bytearray(kept.states)
    task.resize(kept.count)
    for item, number in kept.attempts.items():
        task.set_number(item, number)
    task.failures.update(kept.failures)
    task.crashes.update(kept.crashes)
    # Ended by a skip or a cancel before it was decided: one item stands for all.
    task.placeholder = task.plan.count is None and not kept.decided and kept.count is not None


def _agent(book: Book, kept: RestoredAgent) -> None:
    agent = Agent(kept.agent, len(book.agents))
    book.agents[agent.id] = agent
    agent.epoch = kept.epoch
    agent.draining = kept.draining
    aside.restore(book, agent, kept.doubt)
    agent.set_resources(kept.resources, kept.labels, kept.gpus)
    if not kept.epoch and not kept.live:
        return  # enrolled, and never seen: still NEW
    agent.state = AgentState.DISCONNECTED
    agent.heard = book.now
    for id, state in kept.live:
        _live(book, agent, id, state)
    # Which GPUs they have is told by the agent's HELLO; until then it gets nothing, so that any will do.
    agent.set_resources(kept.resources, kept.labels, kept.gpus)
    for bucket in agent.buckets.values():
        agent.widen(bucket, bucket.shape.lanes_held(agent.free, bucket.size))
    book.fleet_changed(agent)
    leases.watch(book, agent)


def _live(book: Book, agent: Agent, id: AttemptId, state: AttemptState) -> None:
    run = book.runs.get(id.run)
    if run is None or id.task >= len(run.tasks):
        return  # the agent will name it in its HELLO, and it will be stopped
    task = run.tasks[id.task]
    if id.item in task.active:
        return
    bucket = agent.bucket(task.shape)
    bucket.size += 1
    bucket.moved = book.now
    # Under which of its leases it was given is not known; any is right.
    grant = agent.live[id] = Grant(task, bucket, 0, book.now)
    for limit, amount in grant.limits:
        limit.hold(amount)
    if task.shape.exclusive:
        agent.sole = task.shape
    task.active[id.item] = agent
    task.set_number(id.item, max(task.number(id.item), id.attempt))
    if is_suspect(book, task, id.item):
        agent.suspects.add(id)
    owner = run.owner
    owner.live[task.shape] = owner.live.get(task.shape, 0) + 1
    if state is AttemptState.RUNNING:
        attempts.mark_running(book, agent, id, book.now)


def _derive(book: Book, run: RunState) -> None:
    tasks = run.tasks
    hot = {task.pos: task for task in tasks.hot}
    for pos in tasks.order():
        task = hot.get(pos)
        if task is None:
            if run.over or tasks.states(pos)[0] in TERMINAL:
                tasks.done[pos] = 1
                run.left -= 1
            continue
        for state in (_S.READY, _S.ACTIVE):
            for lo, hi in runs_of(task.states, state, 0, len(task.states)):
                task.states[lo:hi] = bytes((_S.PENDING,)) * (hi - lo)
        for item, agent in task.active.items():
            id = AttemptId(run.id, task.pos, item, task.number(item))
            waits = item < len(task.states) and task.states[item] in (_S.PENDING, _S.BACKOFF)
            if waits and _may_run(task, item):
                task.states[item] = _S.ACTIVE
                continue
            # Cancelled, or retried together with what it needs: it is still to stop.
            if waits:
                task.states[item] = _S.PENDING
                task.held.add(item)
            if id in agent.live:
                agent.stopping[id] = Stopping("cancelled", book.now)
        task.resize(task.count)
        for lo, hi in runs_of(task.states, _S.BACKOFF, 0, len(task.states)):
            for item in range(lo, hi):
                _back_off(book, task, item)
        if run.over:
            tasks.done[pos] = 1
            task.released = True
            run.left -= 1
    for pos in range(len(tasks)):
        tasks.waits[pos] = sum(not tasks.done[up] for up in tasks.whole(pos))
    crowds.begin(book, run, [pos for pos, waits in enumerate(tasks.waits) if not waits and not tasks.done[pos]])
    deadlines.watch(book, run)
    if not run.left and not run.over:
        depend.end_run(book, run)


def _may_run(task: TaskState, item: int) -> bool:
    """All that the item needs has ended."""
    wholes = all(up.count is not None and not up.open and not up.unfinished for up in task.whole)
    return wholes and all(item < len(up.states) and up.states[item] in TERMINAL for up in task.each)


def _back_off(book: Book, task: TaskState, item: int) -> None:
    """When it was due is not stored: wait once more."""
    policy = task.plan.retries
    failures = max(task.failures.get(item, 1), 1)
    due = book.now + min(policy.backoff * policy.factor ** (failures - 1), policy.max_backoff)
    task.backoff[item] = (due, "")
    book.at(due, "backoff", task=task, item=item)
