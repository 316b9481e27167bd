"""What people ask for: cancel, retry, pause, priority, delete."""

from __future__ import annotations

from windlass.sched import attempts, deadlines
from windlass.sched.book import Book
from windlass.sched.events import AttemptId, RetryRequested, Scope
from windlass.sched.queues import Range, merged, runs_of
from windlass.sched.states import TERMINAL, ItemState
from windlass.sched.tasks import RunState, TaskState, asks

_S = ItemState
Selection = dict[TaskState, list[Range]]


def _scope(run: RunState, scope: Scope, wanted: frozenset[ItemState]) -> Selection:
    """The items that a scope names, where they are known; of a whole run only tasks that have any in these states."""
    if scope.picks:
        return _picked(run, scope)
    if scope.task is None:
        return {task: [(0, len(task.states))] for task in map(run.tasks.__getitem__, run.tasks.having(wanted))}
    if not 0 <= scope.task < len(run.tasks):
        return {}
    task = run.tasks[scope.task]
    if scope.index is None:
        return {task: [(0, len(task.states))]}
    if not 0 <= scope.index < len(task.states):
        return {}
    return {task: [(scope.index, scope.index + 1)]}


def _picked(run: RunState, scope: Scope) -> Selection:
    found: Selection = {}
    for pos, ranges in scope.picks:
        if 0 <= pos < len(run.tasks):
            task = run.tasks[pos]
            count = len(task.states)
            wanted = [(0, count)] if ranges is None else [(lo, min(hi, count)) for lo, hi in ranges if lo < count]
            found[task] = merged(found.get(task, []) + wanted)
    return found


def _whole(scope: Scope) -> frozenset[int] | None:
    """Tasks that a scope names as a whole, undecided items included; None: all of the run's."""
    if scope.picks:
        return frozenset(pos for pos, ranges in scope.picks if ranges is None)
    if scope.index is not None:
        return frozenset()
    return None if scope.task is None else frozenset((scope.task,))


def _only(task: TaskState, ranges: list[Range], wanted: frozenset[ItemState]) -> list[Range]:
    result = [span for lo, hi in ranges for state in wanted for span in runs_of(task.states, state, lo, hi)]
    return sorted(result)


# --- cancel ----------------------------------------------------------------------------------------------

_LIVING = frozenset(_S) - TERMINAL


def select_cancel(run: RunState, scope: Scope) -> Selection:
    named = _scope(run, scope, _LIVING)
    whole = _whole(scope)
    if whole is None:
        named |= {task: [(0, 0)] for task in run.tasks.hot if task not in named and (task.count is None or task.open)}
    chosen = {task: _only(task, ranges, _LIVING) for task, ranges in named.items()}
    return {
        task: ranges
        for task, ranges in chosen.items()
        if ranges or ((whole is None or task.pos in whole) and (task.count is None or task.open))
    }


def cancel(book: Book, run: RunState, scope: Scope, reason: str) -> None:
    """Items are CANCELLED at once; their attempts are stopped, and their late results refused."""
    whole = _whole(scope)
    for task, ranges in select_cancel(run, scope).items():
        if (whole is None or task.pos in whole) and (task.open or task.count is None):
            if task.count is None:
                task.placeholder = True
                task.resize(1)
                ranges = [(0, 1)]
            task.open = False
            task.asked = False
            book.task_changed(task, reason)
        drop_items(book, task, ranges, reason)
        book.ended(task, ranges)


def drop_items(book: Book, task: TaskState, ranges: list[Range], reason: str) -> None:
    """Living items of these ranges become CANCELLED."""
    for lo, hi in ranges:
        for state in (_S.PENDING, _S.READY, _S.ACTIVE, _S.BACKOFF):
            for first, last in runs_of(task.states, state, lo, hi):
                task.move_range(first, last, state, _S.CANCELLED)
                book.items(task, _S.CANCELLED, [(first, last)], reason)
                if state is _S.PENDING and task.held:
                    task.held.difference_update(range(first, last))
                elif state is _S.READY:
                    task.queue.discard(first, last)
                elif state is _S.BACKOFF:
                    for item in range(first, last):
                        del task.backoff[item]
                elif state is _S.ACTIVE:
                    _stop_items(book, task, first, last, reason)


def _stop_items(book: Book, task: TaskState, lo: int, hi: int, reason: str) -> None:
    by_agent: dict[str, list[AttemptId]] = {}
    for item in range(lo, hi):
        id = AttemptId(task.run.id, task.pos, item, task.number(item))
        by_agent.setdefault(task.active[item].id, []).append(id)
    for name, ids in by_agent.items():
        attempts.stop(book, book.agents[name], ids, reason)


# --- retry -----------------------------------------------------------------------------------------------

_FAILED = frozenset({_S.FAILED, _S.CANCELLED})
_SKIPPED = frozenset({_S.SKIPPED})


def select_retry(run: RunState, event: RetryRequested) -> Selection:
    """The items of the scope that may be tried again, and what follows from them, in topological order."""
    scope, downstream = event.scope, event.downstream
    wanted = TERMINAL if downstream and not event.only_failed else _FAILED
    named = {task.pos: ranges for task, ranges in _scope(run, scope, wanted).items()}
    if event.upstream:
        _add_needed(run, named)
    chosen: Selection = {}
    picked: set[int] = set()
    tasks = run.tasks
    for pos in tasks.order() if named else ():
        if pos not in named and picked.isdisjoint(tasks.whole(pos)) and picked.isdisjoint(tasks.each(pos)):
            continue
        task = tasks[pos]
        ranges = _only(task, named.get(pos, []), wanted)
        if downstream:
            follows = _FOLLOW_ALL
        else:
            follows = _SKIPPED if not _own_skip(task) else frozenset()
        if not picked.isdisjoint(tasks.whole(pos)):
            ranges += _only(task, [(0, len(task.states))], follows)
        for up in task.each:
            spans = [(0, len(task.states))] if task.placeholder else chosen.get(up, [])
            if up in chosen:
                ranges += _only(task, spans, follows)
        if ranges:
            chosen[task] = merged(ranges)
            picked.add(pos)
    return chosen


def _add_needed(run: RunState, named: dict[int, list[Range]]) -> None:
    """What the named items need, directly or not: the same items where a need is item by item, else all of a task."""
    tasks = run.tasks
    for pos in reversed(tasks.order()) if named else ():
        if pos not in named:
            continue
        for up in tasks.whole(pos):
            named[up] = [(0, len(tasks[up].states))]
        for up in tasks.each(pos):
            # A placeholder stands for items that are not known yet.
            spans = [(0, len(tasks[up].states))] if tasks[pos].placeholder else named[pos]
            named[up] = merged(named.get(up, []) + spans)


_FOLLOW_ALL = TERMINAL | {_S.READY, _S.ACTIVE, _S.BACKOFF}


def _own_skip(task: TaskState) -> bool:
    """It was skipped by its own condition, which a retry of what it needs does not change."""
    return asks(task.plan) and task.decided and not task.plan.judges


def retry(book: Book, run: RunState, event: RetryRequested) -> None:
    """Back to PENDING, then look anew. What still stops on an agent is held until it has stopped."""
    chosen = select_retry(run, event)
    if not chosen:
        return
    for task, ranges in chosen.items():
        _reset(book, task, ranges)
    for task in chosen:
        for child in task.whole_children:
            _close_gate(book, child)
    if run.over:
        run.ended = None
        run.state = "running"
        book.run_changed(run)
    deadlines.watch(book, run)
    for task, ranges in chosen.items():
        book.look(task)
        for lo, hi in ranges:
            book.look(task, lo, hi)


def _reset(book: Book, task: TaskState, ranges: list[Range]) -> None:
    drop_items(book, task, _only(task, ranges, frozenset({_S.ACTIVE, _S.BACKOFF})), "retried")
    for lo, hi in ranges:
        for first, last in runs_of(task.states, _S.READY, lo, hi):
            _unready(book, task, first, last)
        for state in sorted(TERMINAL):
            for first, last in runs_of(task.states, state, lo, hi):
                task.move_range(first, last, state, _S.PENDING)
                book.items(task, _S.PENDING, [(first, last)])
    for counter in (task.failures, task.crashes):
        for item in [item for item in counter if any(lo <= item < hi for lo, hi in ranges)]:
            del counter[item]
    for agent in book.agents.values():
        for id in [id for id in agent.lost if id[:2] == (task.run.id, task.pos)]:
            if any(lo <= id.item < hi for lo, hi in ranges):
                del agent.lost[id]  # a person forgave it
    for item in task.active:
        if item < len(task.states) and task.states[item] == _S.PENDING:
            task.held.add(item)
    if task.complete:
        task.run.left += 1
        task.run.tasks.uncomplete(task.pos)
    if task.counts[_S.PENDING] == len(task.states) and (asks(task.plan) or task.placeholder):
        _undecide(book, task)


def _undecide(book: Book, task: TaskState) -> None:
    """All its items start again, so its condition and its fan-out are looked at again."""
    task.decided = not asks(task.plan)
    task.asked = False
    task.released = False
    task.placeholder = False
    if task.plan.count is None:
        task.resize(None)
    book.task_changed(task)


def _unready(book: Book, task: TaskState, lo: int, hi: int) -> None:
    task.queue.discard(lo, hi)
    task.move_range(lo, hi, _S.READY, _S.PENDING)
    book.items(task, _S.PENDING, [(lo, hi)])


def _close_gate(book: Book, task: TaskState) -> None:
    """Something that the whole task needs runs again."""
    if task.complete or not task.released:
        return
    task.released = False
    for lo, hi in runs_of(task.states, _S.READY, 0, len(task.states)):
        _unready(book, task, lo, hi)


def look_again_after(book: Book, task: TaskState) -> None:
    """Its failures count otherwise now (`continue_on_error`): look again at what waits behind it."""
    for child in task.whole_children:
        _close_gate(book, child)
        book.look(child)
    for child in task.each_children:
        for lo, hi in runs_of(child.states, _S.READY, 0, len(child.states)):
            _unready(book, child, lo, hi)
        book.look(child, 0, len(child.states))


# --- pause, priority, delete -----------------------------------------------------------------------------


def pause(book: Book, run: RunState, on: bool) -> None:
    """A paused run keeps what has begun and starts nothing new; what waits on agents is asked back."""
    if run.paused == on or run.over:
        return
    run.paused = on
    book.run_changed(run)
    if not on:
        for task in run.tasks.lively:
            book.supply.push(task)
        return
    for agent in book.agents.values():
        for bucket in agent.buckets.values():
            ids = [id for id in attempts.waiting(agent, bucket) if id.run == run.id]
            attempts.recall(book, agent, ids, "paused")


def set_priority(book: Book, run: RunState, priority: int) -> None:
    if run.priority == priority:
        return
    run.priority = priority
    for task in run.tasks.hot:
        task.order = book.policy.static(task)
        book.supply.reorder(task)
    book.run_changed(run)


def may_forget(run: RunState) -> bool:
    """It has ended, and none of its attempts is still being stopped."""
    return run.over and not any(task.active for task in run.tasks.lively)


def forget(book: Book, run: RunState) -> None:
    """As `delete`, but nothing of it has changed."""
    if may_forget(run):
        del book.runs[run.id]
        run.tasks.drop()


def delete(book: Book, run: RunState) -> None:
    """Only a run that has ended; attempts that still stop keep their task alive by themselves."""
    if not run.over:
        return
    del book.runs[run.id]
    run.tasks.drop()
    run.state = "deleted"
    book.run_changed(run)
