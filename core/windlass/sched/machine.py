"""The scheduler: events in, effects out. This file only says which rule handles which event.

The server's loop calls `handle` for each event, then `plan` once, then persists and sends; and again at
`next_deadline`. Everything that `handle` does is state; only `plan` gives work away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from windlass.sched import amend, aside, attempts, control, crowds, deadlines, depend, leases, lessons, memory, restore
from windlass.sched import events as e
from windlass.sched.agents import Agent
from windlass.sched.book import Book, Timer
from windlass.sched.config import Config
from windlass.sched.placement import Planner
from windlass.sched.table import Table
from windlass.sched.tasks import RunState, TaskState
from windlass.sched.views import Views


class Scheduler(Views):
    def __init__(self, config: Config | None = None) -> None:
        self._book = Book(config or Config())

    def restore(
        self,
        runs: Sequence[e.RestoredRun],
        agents: Sequence[e.RestoredAgent],
        now: float,
        usage: Sequence[e.OwnerUsage] = (),
    ) -> None:
        """Once, before the first event. What follows from it comes out of the next `handle` or `plan`."""
        self._book.now = now
        restore.restore(self._book, list(runs), list(agents), list(usage))
        depend.work_off(self._book)

    def handle(self, event: e.Event, now: float) -> list[e.Effect]:
        """Take a fact in. The effects are to be done in their order."""
        book = self._book
        book.now = now
        try:
            _HANDLERS[type(event)](book, event)
            if book.todo:
                depend.work_off(book)
            if book.learned or book.fleet_moved:
                memory.settle(book)
        except Exception as error:
            for line in book.story.of():
                error.add_note(line)
            raise
        return book.take()

    def heard(self, agent: str, now: float) -> bool:
        """A sign of life that changes nothing but the lease: most are. False: it has to be told as `AgentHeard`."""
        found = self._book.agents.get(agent)
        if found is None or not found.well:
            return False
        found.heard = now
        return True

    def plan(self, now: float) -> list[e.Effect]:
        """Place what is ready; also does what fell due."""
        book = self._book
        book.now = now
        _fall_due(book)
        if book.aside:
            aside.relieve(book)
        Planner(book).plan()
        return book.take()

    def close(self, now: float) -> list[e.Effect]:
        """What is otherwise told only now and then, to be written down before the core ends."""
        self._book.now = now
        self._book.tell_usage()
        lessons.tell(self._book, len(self._book.lessons))
        return self._book.take()

    def next_deadline(self) -> float | None:
        """When `plan` (or `handle(Tick())`) should be called at the latest though nothing happened."""
        timers = self._book.timers
        return timers[0].time if timers else None


# --- timers ----------------------------------------------------------------------------------------------


def _fall_due(book: Book) -> None:
    while (timer := book.due(book.now)) is not None:
        _TIMERS[timer.kind](book, timer)
    if book.todo:
        depend.work_off(book)
    if book.learned or book.fleet_moved:
        memory.settle(book)


def _backoff(book: Book, timer: Timer) -> None:
    assert timer.task is not None
    attempts.backed_off(book, timer.task, timer.item)


def _silence(book: Book, timer: Timer) -> None:
    assert timer.agent is not None
    leases.silence(book, timer.agent)


def _stop(book: Book, timer: Timer) -> None:
    assert timer.agent is not None
    if book.agents.get(timer.agent.id) is timer.agent:
        attempts.repeat_stops(book, timer.agent)


def _timeout(book: Book, timer: Timer) -> None:
    """The agent should have ended it long ago."""
    assert timer.agent is not None
    assert timer.id is not None
    attempts.stop(book, timer.agent, [timer.id], "timeout")


def _recall(book: Book, timer: Timer) -> None:
    book.recall_now()


def _usage(book: Book, timer: Timer) -> None:
    book.tell_usage()


def _look(book: Book, timer: Timer) -> None:
    """Something may be placed that could not before."""
    if timer.agent is not None and book.agents.get(timer.agent.id) is timer.agent:
        book.dirty[timer.agent] = None


def _aside(book: Book, timer: Timer) -> None:
    assert timer.agent is not None
    aside.fell_due(book, timer.agent)


_TIMERS: dict[str, Callable[[Book, Timer], None]] = {
    "backoff": _backoff,
    "silence": _silence,
    "stop": _stop,
    "timeout": _timeout,
    "recall": _recall,
    "look": _look,
    "aside": _aside,
    "usage": _usage,
    "lessons": lambda book, timer: lessons.tell(book),
    "reserve": lambda book, timer: book.reserve_now(),
    "deadlines": lambda book, timer: deadlines.look(book),
}


# --- events ----------------------------------------------------------------------------------------------


def _submitted(book: Book, event: e.RunSubmitted) -> None:
    plan = event.plan
    if plan.run in book.runs:
        return
    run = RunState(plan, book.owner(plan.owner))
    Table(book, run, plan.tasks, plan.names)
    book.runs[run.id] = run
    book.story.note(book.now, f"run {run.id} submitted")
    book.run_changed(run)
    crowds.begin(book, run, [pos for pos, waits in enumerate(run.tasks.waits) if not waits])
    deadlines.watch(book, run)
    if not len(run.tasks):
        run.state = "succeeded"
        run.ended = book.now
        book.run_changed(run)


def _task_of(book: Book, run: int, task: int) -> TaskState | None:
    found = book.runs.get(run)
    return found.tasks[task] if found is not None and 0 <= task < len(found.tasks) else None


def _decided(book: Book, event: e.TaskDecided) -> None:
    task = _task_of(book, event.run, event.task)
    if task is not None:
        depend.decided(book, task, event.count, event.skip, event.error)


def _appended(book: Book, event: e.ItemsAppended) -> None:
    task = _task_of(book, event.run, event.task)
    if task is not None:
        depend.appended(book, task, event.count)


def _closed(book: Book, event: e.TaskClosed) -> None:
    task = _task_of(book, event.run, event.task)
    if task is not None:
        depend.closed(book, task)


def _amended(book: Book, event: e.TaskAmended) -> None:
    task = _task_of(book, event.run, event.task)
    if task is not None:
        book.story.note(book.now, f"run {event.run}: task {task.id} amended")
        amend.amend(book, task, event.plan)


def _hello(book: Book, event: e.AgentHello) -> None:
    book.story.tell(book.now, "hello, holding", event.agent, [id for id, _ in event.held])
    leases.hello(book, event)


def _agent_rule(rule: Callable[[Book, Agent, Any], None]) -> Callable[[Book, Any], None]:
    """What an unknown agent is said to do is dropped."""

    def handler(book: Book, event: Any) -> None:
        agent = book.agents.get(event.agent)
        if agent is not None:
            rule(book, agent, event)

    return handler


def _run_rule(rule: Callable[[Book, RunState, Any], None]) -> Callable[[Book, Any], None]:
    """What is asked of an unknown run is dropped: the server has answered `not-found` before."""

    def handler(book: Book, event: Any) -> None:
        run = book.runs.get(event.scope.run if hasattr(event, "scope") else event.run)
        if run is not None:
            rule(book, run, event)

    return handler


def _started(book: Book, event: e.AttemptsStarted) -> None:
    book.story.tell(book.now, "started", event.agent, [id for id, _ in event.items[:8]])
    _alive(book, event.agent)
    attempts.started(book, event)


def _exited(book: Book, event: e.AttemptsExited) -> None:
    book.story.tell(book.now, "exited", event.agent, [fact.id for fact in event.items[:8]])
    _alive(book, event.agent)
    attempts.exited(book, event)
    _judge(book)


def _succeeded(book: Book, event: e.AttemptsSucceeded) -> None:
    ids = event.ids
    book.story.tell(book.now, "exited", event.agent, ids[:8])
    _alive(book, event.agent)
    attempts.succeeded(book, event, ids)
    _judge(book)


def _judge(book: Book) -> None:
    """Ends may show who is sick, and who is well again."""
    if book.doubts.blamed or book.doubts.well:
        aside.judge(book)


def _rejected(book: Book, event: e.AttemptsRejected) -> None:
    book.story.tell(book.now, "rejected", event.agent, event.items)
    _alive(book, event.agent)
    attempts.rejected(book, event)


def _alive(book: Book, name: str) -> None:
    agent = book.agents.get(name)
    if agent is not None:
        leases.heard(book, agent)


def _cancel(book: Book, run: RunState, event: e.CancelRequested) -> None:
    book.story.note(book.now, f"cancel asked of {event.scope}")
    control.cancel(book, run, event.scope, event.reason)


def _retry(book: Book, run: RunState, event: e.RetryRequested) -> None:
    book.story.note(book.now, f"retry asked of {event.scope}{' with downstream' if event.downstream else ''}")
    control.retry(book, run, event)


_HANDLERS: dict[type, Callable[[Book, Any], None]] = {
    e.RunSubmitted: _submitted,
    e.TaskDecided: _decided,
    e.ItemsAppended: _appended,
    e.TaskClosed: _closed,
    e.TaskAmended: _amended,
    e.AgentHello: _hello,
    e.AgentHeard: lambda book, event: _alive(book, event.agent),
    e.CoreDeaf: lambda book, event: leases.deaf(book, event.seconds),
    e.AgentLinkLost: _agent_rule(lambda book, agent, event: leases.link_lost(book, agent)),
    e.AgentLeft: _agent_rule(lambda book, agent, event: leases.left(book, agent, event.reason)),
    e.AgentDrain: _agent_rule(lambda book, agent, event: leases.drain(book, agent, event.on)),
    e.AgentForgiven: _agent_rule(lambda book, agent, event: aside.forgive(book, agent, event.on)),
    e.AgentRemoved: _agent_rule(lambda book, agent, event: leases.removed(book, agent)),
    e.AttemptsStarted: _started,
    e.AttemptsExited: _exited,
    e.AttemptsSucceeded: _succeeded,
    e.AttemptsRejected: _rejected,
    e.CancelRequested: _run_rule(_cancel),
    e.RetryRequested: _run_rule(_retry),
    e.PauseRequested: _run_rule(lambda book, run, event: control.pause(book, run, event.on)),
    e.PriorityChanged: _run_rule(lambda book, run, event: control.set_priority(book, run, event.priority)),
    e.RunForgotten: _run_rule(lambda book, run, event: control.forget(book, run)),
    e.RunLoaded: lambda book, event: restore.load(book, event.run),
    e.RunDeleted: _run_rule(lambda book, run, event: control.delete(book, run)),
    e.Tick: lambda book, event: _fall_due(book),
}
