"""Needs: when items become ready, when they are skipped, when tasks are decided and complete, when a run ends.

A task waits behind its gate until all whole tasks that it needs are complete; then it is decided (if it must be), and
its items become ready: all at once as one range, or each with the items that it needs of `each` tasks.
"""

from __future__ import annotations

import re

from windlass.sched import crowds
from windlass.sched.book import Book
from windlass.sched.events import DecideTask
from windlass.sched.queues import Range, runs_of
from windlass.sched.states import CANCELLED, FAILED, PENDING, READY, SKIPPED, SUCCEEDED, TERMINAL, ItemState
from windlass.sched.suspects import is_suspect
from windlass.sched.table import Table
from windlass.sched.tasks import RunState, TaskState

_GOOD, _WAIT, _BAD = 0, 1, 2


def _verdicts(forgiving: bool) -> bytes:
    """State of a needed item -> verdict, as a table for bytes.translate."""
    table = bytearray(256)
    for state in ItemState:
        if state not in TERMINAL:
            table[state] = _WAIT
        elif state is SUCCEEDED or (state is FAILED and forgiving):
            table[state] = _GOOD
        else:
            table[state] = _BAD
    return bytes(table)


_FAILED = frozenset({FAILED})
_TABLES = {forgiving: _verdicts(forgiving) for forgiving in (False, True)}
_GOOD_RUN = re.compile(b"\x00+")
_BAD_RUN = re.compile(b"\x02+")


def work_off(book: Book) -> None:
    """Follow every change to its end. A list, not recursion: a chain may be a thousand tasks long."""
    todo = book.todo
    while todo:
        task, lo, hi = todo.popleft()
        if not task.complete:
            if not task.released:
                if task.unfinished or task.open or not task.states:
                    _gate(book, task)
            elif hi > lo:
                open_items(book, task, lo, hi)
            _complete_if_done(book, task)


def open_items(book: Book, task: TaskState, lo: int, hi: int) -> None:
    """The gate is open: PENDING items of [lo, hi) become READY or SKIPPED as far as their own needs allow."""
    hi = min(hi, len(task.states))
    for first, last in runs_of(task.states, PENDING, lo, hi):
        if not task.each:
            _make_ready(book, task, first, last)
            continue
        verdict = _each_verdict(task, first, last)
        for match in _GOOD_RUN.finditer(verdict):
            _make_ready(book, task, first + match.start(), first + match.end())
        for match in _BAD_RUN.finditer(verdict):
            _end(book, task, first + match.start(), first + match.end(), SKIPPED, _each_reason(task))


def _each_verdict(task: TaskState, lo: int, hi: int) -> bytes:
    parts = [up.states[lo:hi].translate(_TABLES[up.plan.continue_on_error]) for up in task.each]
    if len(parts) == 1:
        return bytes(parts[0])
    both = 0
    for part in parts:
        both |= int.from_bytes(part, "little")
    return both.to_bytes(hi - lo, "little")


def _each_reason(task: TaskState) -> str:
    return f"the same item of {' or '.join(up.id for up in task.each)} did not succeed"


def _make_ready(book: Book, task: TaskState, lo: int, hi: int) -> None:
    # Only items whose old attempt still stops are held.
    for first, last in _around(lo, hi, task.held) if task.active else [(lo, hi)]:
        task.move_range(first, last, PENDING, READY)
        if task.crashed:
            _queue(book, task, first, last)
        else:
            task.queue.add(first, last)
        book.items(task, READY, [(first, last)])
    book.supply.push(task)


def _queue(book: Book, task: TaskState, first: int, last: int) -> None:
    """Suspects, which a restart of the core may have left, stand apart: they are not given by ranges."""
    for item in sorted(task.crashes) if task.crashed else ():
        if first <= item < last and is_suspect(book, task, item):
            if first < item:
                task.queue.add(first, item)
            task.queue.add_suspect(item)
            first = item + 1
    if first < last:
        task.queue.add(first, last)


def _around(lo: int, hi: int, holes: set[int]) -> list[Range]:
    """[lo, hi) without some single items."""
    result = []
    for hole in sorted(hole for hole in holes if lo <= hole < hi):
        if lo < hole:
            result.append((lo, hole))
        lo = hole + 1
    if lo < hi:
        result.append((lo, hi))
    return result


def _end(book: Book, task: TaskState, lo: int, hi: int, state: ItemState, reason: str) -> None:
    """PENDING items end without an attempt."""
    task.move_range(lo, hi, PENDING, state)
    if task.held:
        task.held.difference_update(range(lo, hi))
    book.items(task, state, [(lo, hi)], reason)
    book.ended(task, [(lo, hi)])


# --- the gate --------------------------------------------------------------------------------------------


def blame(tasks: Table, pos: int) -> str:
    """Why what needs this complete task cannot run; empty if it can."""
    if tasks.has(pos, FAILED) and not tasks.plan(pos).continue_on_error:
        return f"{tasks.names.name(pos)} failed"
    if tasks.has(pos, CANCELLED):
        return f"{tasks.names.name(pos)} was cancelled"
    if tasks.has(pos, SKIPPED):
        return f"{tasks.names.name(pos)} was skipped"
    return ""


def _gate(book: Book, task: TaskState) -> None:
    if task.waits:
        return
    tasks = task.run.tasks
    if not task.plan.judges and any(task.run.counts[FAILED:]):
        for pos in tasks.whole(task.pos):
            reason = blame(tasks, pos)
            if reason:
                end_pending(book, task, SKIPPED, reason)
                return
    for up in task.each:
        if up.complete and up.placeholder:
            end_pending(book, task, SKIPPED, blame(tasks, up.pos) or f"{up.id} has no items")
            return
        if not up.sized:
            return
    if not task.decided:
        if not task.asked:
            task.asked = True
            book.emit(DecideTask(task.run.id, task.pos))
        return
    for up in task.each:
        if up.count != task.count:
            reason = f"it has {task.count} items and {up.id}, which it needs item by item, has {up.count}"
            end_pending(book, task, FAILED, reason)
            return
    task.released = True
    open_items(book, task, 0, len(task.states))


def end_pending(book: Book, task: TaskState, state: ItemState, reason: str) -> None:
    """All PENDING items end without an attempt; one stands for all where their number is not known."""
    if task.count is None:
        task.placeholder = True
        task.resize(1)
    changed = task.open or task.placeholder
    task.open = False
    task.asked = False
    if changed:
        book.task_changed(task, reason)
    for lo, hi in runs_of(task.states, PENDING, 0, len(task.states)):
        _end(book, task, lo, hi, state, reason)
    if not task.states:
        # No item can carry the verdict, so the task itself ends here.
        task.released = True
        book.look(task)


def decided(book: Book, task: TaskState, count: int, skip: str, error: str) -> None:
    """The answer to DecideTask; one that nobody waits for any more is dropped."""
    if not task.asked or task.complete:
        return
    task.asked = False
    if error:
        end_pending(book, task, FAILED, error)
        return
    task.decided = True
    if skip:
        end_pending(book, task, SKIPPED, skip)
        return
    if task.plan.count is None:
        task.resize(max(count, 0))
    book.task_changed(task)
    book.look(task)
    for child in task.each_children:
        book.look(child)


def appended(book: Book, task: TaskState, count: int) -> None:
    if not task.open or count <= 0:
        return
    lo = len(task.states)
    task.grow(count)
    book.task_changed(task)
    book.look(task, lo, lo + count)


def closed(book: Book, task: TaskState) -> None:
    if not task.open:
        return
    task.open = False
    book.task_changed(task)
    book.look(task)
    for child in task.each_children:
        book.look(child)


# --- ends ------------------------------------------------------------------------------------------------


def _complete_if_done(book: Book, task: TaskState) -> None:
    if task.complete or task.count is None or task.open or task.unfinished:
        return
    if not task.states and not task.released:
        return  # an empty array ends when its turn comes, not before
    task.run.left -= 1
    crowds.begin(book, task.run, task.run.tasks.complete((task.pos,)))
    for child in task.each_children:
        book.look(child)
    if not task.run.left:
        end_run(book, task.run)


def end_run(book: Book, run: RunState) -> None:
    """Its last task is complete."""
    tasks = run.tasks
    if run.counts[CANCELLED]:
        run.state = "cancelled"
    elif any(not tasks.plan(pos).continue_on_error for pos in tasks.having(_FAILED)):
        run.state = "failed"
    else:
        run.state = "succeeded"
    run.ended = book.now
    book.run_changed(run)
