"""What becomes of attempts: how they end, what their item does next, and how they are stopped.

An attempt is live from its assignment until its end is known: exited, rejected or lost. Its item has no other live
attempt meanwhile, not even after a cancel and a retry: that is what `held` items are for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import repeat

from windlass.sched import crowds, depend, lessons, memory, ranks
from windlass.sched import states as tables
from windlass.sched.agents import Agent, Bucket, Grant, Stopping
from windlass.sched.book import Book
from windlass.sched.crowds import Crowd, own
from windlass.sched.events import (
    AcceptExits,
    AttemptId,
    AttemptsExited,
    AttemptsRejected,
    AttemptsStarted,
    AttemptsSucceeded,
    ExitFact,
    LossesForgiven,
    RefuseExits,
)
from windlass.sched.limits import Limits
from windlass.sched.locality import Files
from windlass.sched.queues import ranges_of
from windlass.sched.sickness import HEAVY, weight
from windlass.sched.states import (
    ACTIVE,
    ASSIGNED,
    BACKOFF,
    EXITED,
    FAILED,
    LOST,
    READY,
    REJECTED,
    RUNNING,
    SUCCEEDED,
    Outcome,
)
from windlass.sched.suspects import is_suspect
from windlass.sched.tasks import TaskState

_SHORTEST = 50e-6
"""No attempt counts as shorter than this, so that a mean is never zero."""


def exited(book: Book, event: AttemptsExited) -> None:
    """The hot path: a batch of ends, nearly all of them ok."""
    agent = book.agents.get(event.agent)
    if agent is None:
        book.emit(RefuseExits(event.agent, event.epoch, [fact.id for fact in event.items]))
        return
    agent.rejects = 0
    known = event.epoch <= agent.epoch
    live, running, stopping = agent.live, agent.running, agent.stopping
    accepted: list[AttemptId] = []
    refused: list[AttemptId] = []
    stopped: list[AttemptId] = []
    odd: list[tuple[ExitFact, Grant]] = []
    done: dict[TaskState, list[int]] = {}
    spent: dict[TaskState, float] = {}
    most: dict[TaskState, int] = {}
    touched: dict[Bucket, None] = {}
    taken: list[Limits] = []
    last: Grant | None = None
    ran = len(running)
    for fact in event.items:
        id = fact.id
        grant = live.get(id)
        if grant is None or not known or event.epoch < grant.epoch:
            refused.append(id)
            if fact.outcome is Outcome.STOPPED:
                stopped.append(id)
            continue
        if fact.outcome is not Outcome.OK or id in stopping:
            odd.append((fact, grant))
            del live[id]  # a copy of the same end in this batch is stale
            continue
        del live[id]
        if fact.files and isinstance(grant.task, Crowd):
            # Where files are is kept of tasks on their own.
            live[id] = grant
            own(agent, id)
            grant = live.pop(id)
        if grant is not last:
            last = grant
            task, bucket, limited = grant.task, grant.bucket, grant.limits
            items = done.setdefault(task, [])
            spent.setdefault(task, 0.0)
            most.setdefault(task, 0)
            active = task.active
            touched[bucket] = None
        item = id[task.part]
        del active[item]
        items.append(item)
        spent[task] += fact.ended - fact.started
        if fact.memory > most[task]:
            most[task] = fact.memory
        if fact.files:
            left = task.run.files
            if left is None:
                left = task.run.files = Files()
            left.left(task, agent, [item], fact.files)
        bucket.size -= 1
        if id in running:
            del running[id]
        accepted.append(id)
        if limited:
            taken.append(limited)
    if accepted:
        if len(running) < ran:
            tables.check_attempt(RUNNING, EXITED)
        if ran - len(running) < len(accepted):
            tables.check_attempt(ASSIGNED, EXITED)
        if agent.recalled:
            agent.recalled.difference_update(accepted)
        if agent.suspects:
            agent.suspects.difference_update(accepted)
        agent.count(len(accepted), book.now)
        book.emit(AcceptExits(agent.id, event.epoch, accepted))
        if agent.give_devices(accepted):
            book.dirty[agent] = None
        for limits in taken:
            book.give_back(limits, 1)
        for task, items in done.items():
            _finish(book, agent, task, items, spent[task], most[task])
        for bucket in touched:
            _settle(book, agent, bucket)
    for fact, grant in odd:
        live[fact.id] = grant
        _exited_oddly(book, agent, event.epoch, fact)
    if refused:
        book.emit(RefuseExits(agent.id, event.epoch, refused))
    if stopped and agent.lost:
        forgive_losses(book, agent, stopped)


def _finish(book: Book, agent: Agent, task: TaskState, items: list[int], spent: float, peak: int) -> None:
    """Items of which an attempt was accepted, after `spent` seconds in all; one used `peak` bytes, the others less."""
    _learn(book, task, len(items), spent)
    if peak and memory.learns(book, task) and not isinstance(task, Crowd):
        memory.seen(book, task, len(items), peak)
    book.spent(task, task.shape, len(items), spent)
    task.run.owner.live[task.shape] -= len(items)
    book.supply.race.fell(task.run.owner)
    task.finish(items)
    if not task.active:
        task.slim()
    if isinstance(task, Crowd):
        _finish_crowd(book, agent, task, items)
        return
    ranges = ranges_of(items)
    book.items(task, SUCCEEDED, ranges)
    if not task.unfinished or task.run.tasks.each_children(task.pos):
        book.ended(task, ranges)
    if book.doubts or agent.probation:
        book.doubts.succeeded(task.run.id, task.pos, items, agent.id)


def _finish_crowd(book: Book, agent: Agent, crowd: Crowd, members: list[int]) -> None:
    members.sort()
    book.tasks_changed(crowd, SUCCEEDED, ranges_of(members))
    if book.doubts or agent.probation:
        for pos in members:
            book.doubts.succeeded(crowd.run.id, pos, [0], agent.id)
    if crowds.succeeded(book, crowd, members):
        depend.end_run(book, crowd.run)


def succeeded(book: Book, event: AttemptsSucceeded, ids: list[AttemptId]) -> None:
    """The hottest path: where all of a batch is as it should be, it is taken as a whole. `ids` are the event's."""
    agent = book.agents.get(event.agent)
    grants = _plain(agent, event, ids)
    if agent is None or grants is None:
        ends = zip(ids, event.started, event.ended, event.memory or [0] * len(ids), strict=True)
        facts = [ExitFact(id, Outcome.OK, 0, began, over, peak) for id, began, over, peak in ends]
        exited(book, AttemptsExited(event.agent, event.epoch, facts))
        return
    live = agent.live
    agent.rejects = 0
    running = agent.running
    ran = len(running)
    for id in ids:
        del live[id]
    if running:
        for id in ids:
            running.pop(id, None)
    if agent.recalled:
        agent.recalled.difference_update(ids)
    if agent.suspects:
        agent.suspects.difference_update(ids)
    if len(running) < ran:
        tables.check_attempt(RUNNING, EXITED)
    if ran - len(running) < len(ids):
        tables.check_attempt(ASSIGNED, EXITED)
    agent.count(len(ids), book.now)
    book.emit(AcceptExits(agent.id, event.epoch, ids))
    buckets: dict[Bucket, None] = {}
    tasks: dict[TaskState, None] = {}
    for grant, count in Counter(grants).items() if len(grants) > 1 else ((grants[0], 1),):
        buckets[grant.bucket] = None
        grant.bucket.size -= count
        tasks[grant.task] = None
    if len(tasks) == 1:
        task = grant.task
        items = [id[task.part] for id in ids]
        spent = sum(event.ended) - sum(event.started)
        _take_out(book, agent, task, items, spent, max(event.memory, default=0))
    else:
        for task, items, spent, peak in _by_task(grants, ids, event):
            _take_out(book, agent, task, items, spent, peak)
    for bucket in buckets:
        _settle(book, agent, bucket)


def _plain(agent: Agent | None, event: AttemptsSucceeded, ids: list[AttemptId]) -> list[Grant] | None:
    """The grants of the attempts, if all is as it should be."""
    if agent is None or event.epoch > agent.epoch or agent.stopping or agent.devices.held or len(set(ids)) < len(ids):
        return None
    grants = []
    for id in ids:
        grant = agent.live.get(id)
        if grant is None or grant.epoch > event.epoch or grant.limits:
            return None
        grants.append(grant)
    return grants or None


def _by_task(
    grants: list[Grant], ids: list[AttemptId], event: AttemptsSucceeded
) -> list[tuple[TaskState, list[int], float, int]]:
    """Each task with its items, the seconds that they took in all, and the most memory that one used."""
    done: dict[TaskState, tuple[list[int], list[float], list[int]]] = {}
    peaks = event.memory or repeat(0)
    for grant, id, started, ended, peak in zip(grants, ids, event.started, event.ended, peaks, strict=False):
        task = grant.task
        items, times, most = done.setdefault(task, ([], [], []))
        items.append(id[task.part])
        times.append(ended - started)
        most.append(peak)
    return [(task, items, sum(times), max(most)) for task, (items, times, most) in done.items()]


def _take_out(book: Book, agent: Agent, task: TaskState, items: list[int], spent: float, peak: int) -> None:
    active = task.active
    for item in items:
        del active[item]
    _finish(book, agent, task, items, spent, peak)


def _learn(book: Book, task: TaskState, count: int, spent: float) -> None:
    """A moving mean of durations; a batch of n counts as n sixteenths, at most as all."""
    mean = max(spent / count, _SHORTEST)
    weight = min(1.0, count / 16)
    task.mean = mean if task.mean is None else task.mean + (mean - task.mean) * weight
    run = task.run
    run.mean = mean if run.mean is None else run.mean + (mean - run.mean) * weight
    if task.count == 1 and not task.open:
        return  # nothing of it is left to be ordered or placed
    if ranks.surprising(task):
        book.relearn[run] = None
    lessons.learned(book, task)


def _settle(book: Book, agent: Agent, bucket: Bucket) -> None:
    """Attempts left the bucket: free the lanes that nobody needs, see whether more should be sent ahead."""
    bucket.moved = book.now
    if agent.shrink(bucket):
        book.dirty[agent] = None
    if bucket.size:
        book.supply.make_hungry(bucket.shape, agent)


def _exited_oddly(book: Book, agent: Agent, epoch: int, fact: ExitFact) -> None:
    """An end other than a plain success."""
    id = fact.id
    stop = agent.stopping.get(id)
    task = own(agent, id)
    grant = agent.live[id]
    item = id.item
    book.spent(task, grant.bucket.shape, 1, fact.ended - fact.started)
    if fact.memory and memory.learns(book, task):
        if fact.outcome is Outcome.OOM:
            memory.exhausted(book, task, fact.memory)
        else:
            memory.seen(book, task, 1, fact.memory)
    wanted = _wanted(task, item)
    if not wanted and fact.outcome is Outcome.OK:
        # Its outputs must not appear: a person cancelled the item. The attempt ended all the same.
        tables.check_attempt(agent.attempt_state(id), EXITED)
        book.emit(RefuseExits(agent.id, epoch, [id]))
        book.attempts(EXITED, agent.id, [id])
        release(book, agent, id)
        return
    tables.check_attempt(agent.attempt_state(id), EXITED)
    book.emit(AcceptExits(agent.id, epoch, [id]))
    release(book, agent, id)
    if not wanted:
        return
    if fact.outcome is Outcome.OK:
        task.finish([item])
        book.items(task, SUCCEEDED, [(item, item + 1)])
        book.ended(task, [(item, item + 1)])
        book.doubts.succeeded(task.run.id, task.pos, [item], agent.id)
    elif fact.outcome is Outcome.CRASHED:
        book.doubts.failed(id[:3], agent.id, book.now, HEAVY)
        _crashed(book, task, item, agent.id, True, f"with the helper process of {agent.id}")
    elif fact.outcome is Outcome.STOPPED and stop is None:
        # An agent that stops it in order was not harmed by it: this may happen any number of times in a long job.
        _requeue(book, task, item, agent.id)
    else:
        book.doubts.failed(id[:3], agent.id, book.now, weight(fact))
        outcome = Outcome.TIMEOUT if stop is not None and fact.outcome is Outcome.STOPPED else fact.outcome
        _failed(book, task, item, outcome, fact.code, agent.id)


def _wanted(task: TaskState, item: int) -> bool:
    return item < len(task.states) and task.states[item] == ACTIVE


def release(book: Book, agent: Agent, id: AttemptId) -> None:
    """The attempt is live no more: off the agent's lists, its resources free, and its item no longer held."""
    task, item = own(agent, id), id.item
    grant = agent.live.pop(id)
    agent.running.pop(id, None)
    agent.stopping.pop(id, None)
    agent.recalled.discard(id)
    agent.suspects.discard(id)
    del task.active[item]
    task.run.owner.live[task.shape] -= 1
    book.supply.race.fell(task.run.owner)
    grant.bucket.size -= 1
    agent.count(1, book.now)
    if agent.give_devices((id,)):
        book.dirty[agent] = None
    book.give_back(grant.limits, 1)
    _settle(book, agent, grant.bucket)
    if task.count == 1:
        book.woken[task] = None
    if item in task.held:
        task.held.discard(item)
        book.look(task, item, item + 1)


# --- what the item does next -----------------------------------------------------------------------------


def _failed(book: Book, task: TaskState, item: int, outcome: Outcome, code: int, agent: str) -> None:
    """A failure that counts against `retries`."""
    policy = task.plan.retries
    failures = task.failures[item] = task.failures.get(item, 0) + 1
    if failures > policy.max or not _may_retry(policy.only_on, policy.never_on, outcome, code):
        _give_up(book, task, item, "")
        return
    wait = min(policy.backoff * policy.factor ** (failures - 1), policy.max_backoff)
    task.move(item, BACKOFF)
    task.backoff[item] = (book.now + wait, agent)
    book.at(book.now + wait, "backoff", task=task, item=item)
    book.items(task, BACKOFF, [(item, item + 1)])


def _may_retry(only_on: tuple[int, ...], never_on: tuple[int, ...], outcome: Outcome, code: int) -> bool:
    """The rules name exit codes; a signal counts as a shell shows it, 128 and its number."""
    if outcome is Outcome.SIGNAL:
        code += 128
    elif outcome not in (Outcome.NONZERO, Outcome.FAILED):
        return not only_on
    return code not in never_on and (not only_on or code in only_on)


def _crashed(book: Book, task: TaskState, item: int, agent: str, counts: bool, why: str) -> None:
    """The attempt vanished with its agent; if it may have begun, that counts against the crash limit."""
    if counts:
        crashes = task.crashes[item] = task.crashes.get(item, 0) + 1
        if crashes >= book.config.crash_limit:
            _give_up(book, task, item, f"lost {crashes} times, the last one {why}: it may be what ends the agents")
            return
    _requeue(book, task, item, agent)


def _give_up(book: Book, task: TaskState, item: int, reason: str) -> None:
    task.move(item, FAILED)
    book.items(task, FAILED, [(item, item + 1)], reason)
    book.ended(task, [(item, item + 1)])


def _requeue(book: Book, task: TaskState, item: int, avoid: str) -> None:
    """READY again, ahead of what was never tried."""
    task.move(item, READY)
    until = book.now + book.config.spread_wait
    if is_suspect(book, task, item):
        task.queue.add_suspect(item, avoid, until)
    else:
        task.queue.add_again(item, avoid, until)
    book.supply.push(task)
    book.items(task, READY, [(item, item + 1)])
    if avoid:
        book.at(until, "look", task=task)


def backed_off(book: Book, task: TaskState, item: int) -> None:
    """The wait of an item in BACKOFF is over."""
    entry = task.backoff.get(item)
    if entry is None or entry[0] > book.now:
        return
    del task.backoff[item]
    _requeue(book, task, item, entry[1])


# --- other ends ------------------------------------------------------------------------------------------


def rejected(book: Book, event: AttemptsRejected) -> None:
    """Given back without beginning. Asked for (recalled, stopped) or not, it counts for nothing."""
    agent = book.agents.get(event.agent)
    if agent is None or event.epoch > agent.epoch:
        return
    ids = [id for id in event.items if id in agent.live and id not in agent.running]
    unasked = any(id not in agent.recalled and id not in agent.stopping for id in ids)
    give_back(book, agent, ids)
    # Said to run, told to stop, and not held: its end will never be told.
    gone = [id for id in event.items if id in agent.running and id in agent.stopping]
    lose(book, agent, gone, f"{agent.id} does not hold it")
    if unasked:
        pause = min(book.config.reject_pause * 2.0**agent.rejects, book.config.reject_pause_max)
        agent.rejects = min(agent.rejects + 1, 20)
        agent.shun_until = book.now + pause
        book.dirty[agent] = None
        book.at(agent.shun_until, "look", agent=agent)


def give_back(book: Book, agent: Agent, ids: list[AttemptId]) -> None:
    """These never began: REJECTED, their items READY again."""
    if not ids:
        return
    tables.check_attempt(ASSIGNED, REJECTED)
    book.attempts(REJECTED, agent.id, ids)
    for id in ids:
        task, item = own(agent, id), id.item
        release(book, agent, id)
        if _wanted(task, item):
            _requeue(book, task, item, "")


def lose(book: Book, agent: Agent, ids: list[AttemptId], why: str) -> None:
    """These are gone. Only what may have begun counts as a crash: those that hold a lane, and those seen running."""
    if not ids:
        return
    seen: dict[Bucket, int] = {}
    begun = set()
    for id, grant in agent.live.items():
        place = seen[grant.bucket] = seen.get(grant.bucket, 0) + 1
        if place <= grant.bucket.lanes or id in agent.running:
            begun.add(id)
    for id in ids:
        tables.check_attempt(agent.attempt_state(id), LOST)
    # Say that the attempts are lost before their items move on.
    book.attempts(LOST, agent.id, ids)
    for id in ids:
        task, item = own(agent, id), id.item
        release(book, agent, id)
        if not _wanted(task, item):
            continue
        if id in begun:
            agent.lost[id] = None
        _crashed(book, task, item, agent.id, id in begun, why)


def forgive_losses(book: Book, agent: Agent, ids: Iterable[AttemptId]) -> None:
    """The agent was only cut off: it has ended these in order, so they did it no harm. An item that takes its agents
    down is never among them, because such an agent has nothing to tell of it."""
    forgiven = [id for id in ids if agent.lost.pop(id, 0) is None]
    for id in forgiven:
        run = book.runs.get(id.run)
        if run is None:
            continue
        crashes = run.tasks[id.task].crashes
        left = crashes.get(id.item, 0) - 1
        if left > 0:
            crashes[id.item] = left
        else:
            crashes.pop(id.item, None)
    if forgiven:
        book.emit(LossesForgiven(agent.id, forgiven))


def started(book: Book, event: AttemptsStarted) -> None:
    agent = book.agents.get(event.agent)
    if agent is None:
        return
    begun: list[AttemptId] = []
    stale: list[AttemptId] = []
    for id, time in event.items:
        grant = agent.live.get(id)
        if grant is None or not grant.epoch <= event.epoch <= agent.epoch:
            stale.append(id)
        elif id not in agent.running:
            mark_running(book, agent, id, time)
            begun.append(id)
    if begun:
        book.attempts(RUNNING, agent.id, begun)
    if stale:
        book.stop(agent, stale, "stale")


def mark_running(book: Book, agent: Agent, id: AttemptId, time: float) -> None:
    tables.check_attempt(ASSIGNED, RUNNING)
    agent.running[id] = time
    agent.recalled.discard(id)
    timeout = agent.live[id].timeout
    if timeout is not None:
        book.at(time + timeout + book.config.timeout_slack, "timeout", agent=agent, id=id)


# --- stopping --------------------------------------------------------------------------------------------


def stop(book: Book, agent: Agent, ids: Iterable[AttemptId], reason: str) -> None:
    """Their desired status is STOP; it is said until their end is known."""
    fresh = [id for id in ids if id in agent.live and id not in agent.stopping]
    if not fresh:
        return
    again = book.now + book.config.stop_repeat
    for id in fresh:
        own(agent, id)
        agent.stopping[id] = Stopping(reason, again)
    book.at(again, "stop", agent=agent)
    if agent.linked:
        book.stop(agent, fresh, reason)


def repeat_stops(book: Book, agent: Agent) -> None:
    """A STOP may have been lost on the way, or its acknowledgement."""
    if not agent.stopping:
        return
    due: dict[str, list[AttemptId]] = {}
    next_time = book.now + book.config.stop_repeat
    earliest = next_time
    for id, stopping in agent.stopping.items():
        if stopping.again <= book.now:
            stopping.again = next_time
            due.setdefault(stopping.reason, []).append(id)
        earliest = min(earliest, stopping.again)
    if agent.linked:
        for reason, ids in due.items():
            book.stop(agent, ids, reason)
    if due:
        book.at(earliest, "stop", agent=agent)


def restop(book: Book, agent: Agent) -> None:
    """The agent is back: say all STOPs at once, whatever it may have missed."""
    for stopping in agent.stopping.values():
        stopping.again = book.now
    repeat_stops(book, agent)


def recall(book: Book, agent: Agent, ids: list[AttemptId], reason: str) -> None:
    """Ask waiting attempts back; those that have begun meanwhile stay."""
    fresh = [id for id in ids if id not in agent.recalled and id not in agent.running and id not in agent.stopping]
    if fresh and agent.linked:
        agent.recalled.update(fresh)
        book.stop(agent, fresh, reason, if_waiting=True)


def waiting(agent: Agent, bucket: Bucket) -> list[AttemptId]:
    """The attempts of a bucket that hold no lane, the youngest last."""
    ids = [id for id, grant in agent.live.items() if grant.bucket is bucket and id not in agent.running]
    running = sum(1 for id in agent.running if agent.live[id].bucket is bucket)
    return ids[max(bucket.lanes - running, 0) :]
