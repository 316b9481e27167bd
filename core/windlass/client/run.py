"""The handle of a run: its state, results, files and logs, and the ways to act on it."""

from __future__ import annotations

import difflib
import math
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from windlass.client import submit
from windlass.client.errors import RemoteTraceback, RequestFailed, StartFailed, TaskError, WindlassError
from windlass.client.files import safe_path
from windlass.client.link import Link
from windlass.client.link_state import Answer
from windlass.model.graph import FileRef
from windlass.wire import logs, results
from windlass.wire import messages as m
from windlass.wire.rows import AttemptRow, ItemRow, RunRow, TaskRow

if TYPE_CHECKING:
    from windlass.client.build import Graph, Node

ENDED = frozenset({"succeeded", "failed", "cancelled"})
"""States of a run in which nothing goes on."""
LOOK = 1.0
"""Seconds that the core holds a question, after which we look whether it can still be answered."""


@dataclass(frozen=True, slots=True)
class Output:
    """A declared output file. `index` is None for a task that is no array."""

    task: str
    index: int | None
    file: FileRef

    @property
    def place(self) -> str:
        """Where it is laid, relative to the download's folder: TASK/PATH, or TASK/INDEX/PATH in an array."""
        middle = "" if self.index is None else f"{self.index}/"
        return f"{self.task}/{middle}{self.file.path}"


@dataclass
class RunView:
    """What is known of a run right now, kept up to date by the core's deltas."""

    run: RunRow
    tasks: dict[int, TaskRow] = field(default_factory=dict)

    @property
    def ended(self) -> bool:
        return self.run.state in ENDED


class RunWatch:
    """Follows one run; `wait` blocks until it has ended. A context manager."""

    def __init__(self, link: Link, run: int) -> None:
        self._changed = threading.Condition()
        self._run: RunRow | None = None
        self._tasks: dict[int, TaskRow] = {}
        self._error: str | None = None
        self._version = 0
        self._subscription = link.subscribe([f"run:{run}"], self._on_message)

    def _on_message(self, message: m.Snapshot | m.Delta) -> None:
        data = message.data
        with self._changed:
            if isinstance(message, m.Snapshot):
                self._tasks.clear()
            if data.get("run") is not None:
                self._run = msgspec.convert(data["run"], RunRow)
            for raw in data.get("tasks") or ():
                row = msgspec.convert(raw, TaskRow)
                self._tasks[row.index] = row
            self._version += 1
            self._changed.notify_all()

    def view(self, timeout: float | None = None) -> RunView | None:
        """The latest, waiting for the first; None when nothing came in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._run is not None, timeout)
            return RunView(self._run, dict(self._tasks)) if self._run is not None else None

    def changes(self, timeout: float | None = None, interval: float = 0.1) -> Iterator[RunView | None]:
        """A view whenever something changed (at most every `interval` seconds), the last one with the run's end.

        None about every second in which nothing changed, so that the caller can look at other things.
        TimeoutError when the run has not ended in `timeout` seconds.
        """
        until = None if timeout is None else time.monotonic() + timeout
        seen = 0
        while True:
            left = 1.0 if until is None else min(1.0, until - time.monotonic())
            if left <= 0:
                raise TimeoutError("the run has not ended in time")
            with self._changed:
                if self._version == seen:
                    self._changed.wait(left)
                changed, seen = self._version != seen, self._version
                view = RunView(self._run, dict(self._tasks)) if self._run is not None else None
            if not changed or view is None:
                yield None
                continue
            if view.ended:
                yield view
                return
            yield view
            with self._changed:
                self._changed.wait_for(lambda: self._run is not None and self._run.state in ENDED, interval)

    def close(self) -> None:
        self._subscription.close()

    def __enter__(self) -> RunWatch:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class End(msgspec.Struct, frozen=True, gc=False):
    """How an item ended: one row of `GetResults`, with its payload."""

    seq: int
    task: int
    index: int
    state: str
    error: str
    payload: bytes


class Run:
    """One submission of a graph. Made by `Client.submit` and `Client.run`."""

    def __init__(self, link: Link, id: int, fatal: Callable[[], str | None] | None = None) -> None:
        self.id = id
        self._link = link
        self._fatal = fatal
        """Why the run can never end, where the core is our own."""
        self._positions: dict[str, int] = {}
        """Task id -> position, when somebody has asked; neither ever changes."""

    def __repr__(self) -> str:
        return f"<Run {self.id}>"

    def know(self, ids: Iterable[str]) -> None:
        """The ids of its tasks in their order: whoever submitted them need not ask the core."""
        self._positions = {id: place for place, id in enumerate(ids)}

    # --- looking -------------------------------------------------------------------------------------------

    def row(self) -> RunRow:
        """The run as the core sees it now."""
        return msgspec.convert(self._get()["run"], RunRow)

    @property
    def state(self) -> str:
        """running, paused, succeeded, failed or cancelled."""
        return self.row().state

    def params(self) -> dict[str, Any]:
        """The values of the graph's parameters in this run."""
        return dict(self._get()["params"])

    def tasks(self) -> list[TaskRow]:
        """The tasks with the counts of their items' states."""
        rows = msgspec.convert(self._get()["tasks"], list[TaskRow])
        self._positions = {row.id: row.index for row in rows}
        return rows

    def _task(self, position: int) -> TaskRow:
        """One task alone: there may be many."""
        (row,) = self._link.ask(m.GetRun(0, self.id, position)).data["tasks"]
        return msgspec.convert(row, TaskRow)

    def items(self, task: str | int | Node, states: Iterable[str] = ()) -> Iterator[ItemRow]:
        """The items of a task, only those in `states` if any are given."""
        start: int | None = 0
        while start is not None:
            request = m.GetItems(0, self.id, self._position(task), start=start, states=list(states))
            answer = self._link.ask(request)
            yield from msgspec.convert(answer.data["items"], list[ItemRow])
            start = answer.data.get("next")

    def attempts(
        self, task: str | int | Node | None = None, index: int | None = None, *, running: bool = True
    ) -> Iterator[AttemptRow]:
        """All executions, in the order of their ends; those still running last."""
        after: int | None = 0
        position = None if task is None else self._position(task)
        while after is not None:
            request = m.GetAttempts(0, self.id, task=position, index=index, after=after, running=running)
            answer = self._link.ask(request)
            yield from msgspec.convert(answer.data["attempts"], list[AttemptRow])
            after = answer.data.get("next")

    def watch(self) -> RunWatch:
        """Follow it live; close the watch when done."""
        return RunWatch(self._link, self.id)

    def wait(self, timeout: float | None = None, progress: Callable[[RunView], None] | None = None) -> str:
        """Block until the run has ended and return its state; `progress` is called with each change.

        `TimeoutError` when it has not ended in `timeout` seconds. A run that is paused is waited for.
        """
        until = math.inf if timeout is None else time.monotonic() + timeout
        if progress is None:
            return self._told_end(until)
        self.row()  # an unknown run is an error, not something to wait for
        with self.watch() as watch:
            state = ""
            for view in watch.changes(timeout):
                if view is not None:
                    state = view.run.state
                    progress(view)
                elif self._fatal is not None and (reason := self._fatal()):
                    raise StartFailed(reason)
            return state

    def _told_end(self, until: float) -> str:
        """The core answers at the run's end; we ask again each second, in case that it can never come."""
        while True:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("the run has not ended in time")
            answer = self._link.ask(m.WaitRun(0, self.id, min(LOOK, left)))
            state = str(answer.data["run"]["state"])
            if state in ENDED:
                return state
            if self._fatal is not None and (reason := self._fatal()):
                raise StartFailed(reason)

    # --- results -------------------------------------------------------------------------------------------

    def ends(self, task: str | int | Node | None = None) -> list[End]:
        """How each item (of one task) that has ended did so, by its latest end, with its result as bytes."""
        return self._ends(task, None)

    def _ends(self, task: str | int | Node | None, until: float | None) -> list[End]:
        """The ends so far; with `until` (by the monotonic clock) all of them, taken in while the run lasts."""
        only = None if task is None else self._position(task)
        latest: dict[tuple[int, int], End] = {}
        after = 0
        while True:
            wait = 0.0 if until is None else max(0.0, min(LOOK, until - time.monotonic()))
            answer = self._link.ask(m.GetResults(0, self.id, after, wait=wait, task=only, packed=True))
            rows = ends_of(answer)
            for end in rows:
                latest[end.task, end.index] = end
            after = max(after, rows[-1].seq) if rows else after
            if not rows and (until is None or answer.data["run_state"] in ENDED):
                return [latest[place] for place in sorted(latest)]
            if not rows and until is not None:
                if time.monotonic() >= until:
                    raise TimeoutError("the run has not ended in time")
                if self._fatal is not None and (reason := self._fatal()):
                    raise StartFailed(reason)

    def payloads(self, task: str | int | Node) -> Iterator[bytes]:
        """The results of a task's items that succeeded, as bytes (see `wire/results.py`)."""
        for end in self.ends(task):
            if end.state == "succeeded":
                yield fetch_payload(self._link, end.payload)

    def results(self, timeout: float | None = None) -> dict[str, Any]:
        """Wait for the end; the value of each task that is a Python function, by the task's id (a list for an array).

        Raises what the first failed item raised, or `TaskError`.
        """
        self.wait(timeout)
        ends: dict[int, list[End]] = {}
        for end in self.ends():
            ends.setdefault(end.task, []).append(end)
        return {row.id: self._values(row, ends.get(row.index, [])) for row in self.tasks()}

    def result(self, task: str | int | Node, index: int | None = None, timeout: float | None = None) -> Any:
        """Wait for the end; one task's value (a list for an array), or one item's. Raises what it raised."""
        position = self._position(task)
        ends = self._ends(position, math.inf if timeout is None else time.monotonic() + timeout)
        row = self._task(position)
        if index is None:
            return self._values(row, ends)
        for end in ends:
            if end.index == index:
                return self._value(row, end)
        raise TaskError(f"{row.id}[{index}] has no result", task=row.id, index=index)

    def _values(self, row: TaskRow, ends: list[End]) -> Any:
        if row.array:
            if len(ends) < (row.count or 0):
                missing = sorted(set(range(row.count or 0)) - {end.index for end in ends})
                raise TaskError(f"{row.id}[{missing[0]}] did not run ({row.note or 'skipped'})", task=row.id)
            return [self._value(row, end) for end in ends]
        if not ends:
            raise TaskError(f"{row.id} did not run ({row.note or 'cancelled or skipped'})", task=row.id)
        return self._value(row, ends[-1])

    def _value(self, row: TaskRow, end: End) -> Any:
        payload = end.payload if end.payload[:1] != b"b" else fetch_payload(self._link, end.payload)
        if end.state == "succeeded":
            return results.decode_result(payload) if payload else None
        raise failure(row, end, payload)

    # --- files and logs ------------------------------------------------------------------------------------

    def outputs(self, task: str | int | Node | None = None) -> Iterator[Output]:
        """The output files that the core holds."""
        after: int | None = 0
        position = None if task is None else self._position(task)
        while after is not None:
            answer = self._link.ask(m.GetOutputs(0, self.id, task=position, after=after))
            for name, index, file in answer.data["files"]:
                yield Output(name, None if index < 0 else index, msgspec.convert(file, FileRef))
            after = answer.data.get("next")

    def download(
        self,
        folder: str | Path,
        task: str | int | Node | None = None,
        progress: Callable[[int, int], None] | None = None,
    ) -> list[Path]:
        """Lay the outputs under FOLDER/TASK/PATH (FOLDER/TASK/INDEX/PATH for arrays); the paths.

        `progress` gets bytes done and bytes in all, on another thread.
        """
        found = list(self.outputs(task))
        total, done = sum(output.file.size for output in found), 0

        def count(size: int) -> None:
            nonlocal done
            done += size
            if progress is not None:
                progress(done, total)

        placed: list[tuple[Path, Future[bytes]]] = []
        for output in found:
            target = safe_path(Path(folder), output.place)
            placed.append((target, self._link.download(output.file, target, count)))
        for _, transfer in placed:
            transfer.result()
        return [target for target, _ in placed]

    def log(self, task: str | int | Node, index: int = 0, attempt: int = 0) -> str:
        """What an attempt (0: the latest) printed, both streams in order."""
        return logs.to_text(b"".join(self.log_records(task, index, attempt)))

    def log_records(
        self, task: str | int | Node, index: int = 0, attempt: int = 0, *, follow: bool = False, offset: int = 0
    ) -> Iterator[bytes]:
        """Pieces of an attempt's log as records (see `wire/logs.py`); with `follow` until the attempt has ended."""
        position = self._position(task)
        while True:
            request = m.GetLog(0, self.id, position, index, attempt, offset, wait=10.0 if follow else 0.0)
            answer = self._link.ask(request, timeout=60.0)
            data = answer.payload[0] if answer.payload else b""
            offset = answer.data["offset"] + len(data)
            if data:
                yield data
            if answer.data["ended"] and offset >= answer.data["size"]:
                return
            if not data and not follow:
                return

    def why(self, task: str | int | Node, index: int | None = None) -> dict[str, Any]:
        """Why an item (without `index`: the next of the task) does not run yet; `["sentence"]` says it."""
        return self._link.ask(m.Explain(0, self.id, self._position(task), index)).data

    # --- acting --------------------------------------------------------------------------------------------

    def cancel(self, task: str | int | Node | None = None, index: int | None = None) -> int:
        """Stop the run, a task or an item; how many items it touched."""
        return self._control("cancel", task, index)

    def retry(
        self,
        task: str | int | Node | None = None,
        index: int | None = None,
        *,
        downstream: bool = False,
        dry: bool = False,
    ) -> int:
        """Run again what failed or was cancelled; with `downstream` whatever is named, and all that comes after it."""
        return self._control("retry-downstream" if downstream else "retry", task, index, dry=dry)

    def amend(
        self, graph: Graph | submit.Package | str | Path, *, progress: submit.Progress | None = None
    ) -> list[str]:
        """Mend the run's graph: attempts that are given from now on go by this one, with its input files.

        Commands, inputs, outputs, resources, retries and the like may change; the parameters, the tasks, and what each
        needs and fans out over must be the same, else `RequestFailed` names the first difference. Functions of a graph
        in code may change, their arguments stay. Returns the ids of the tasks that work otherwise now; `retry` then
        runs again what failed.
        """
        if isinstance(graph, str | Path):
            from windlass.client.documents import load_document  # the parsers are not needed for graphs in code

            checked, text = load_document(Path(graph))
            made = submit.package(checked, text, Path(graph).parent, self.params())
        else:
            made = graph if isinstance(graph, submit.Package) else graph.build()
        return submit.amend(self._link, self.id, made, progress=progress)[0]

    def pause(self) -> None:
        """Start nothing more of it; what runs goes on."""
        self._control("pause")

    def resume(self) -> None:
        self._control("resume")

    def set_priority(self, priority: int) -> None:
        """Runs with a higher number go first."""
        self._control("priority", value=priority)

    def delete(self) -> None:
        """Forget a run that has ended, with its results and files."""
        self._control("delete")

    # --- inside --------------------------------------------------------------------------------------------

    def _get(self) -> dict[str, Any]:
        return self._link.ask(m.GetRun(0, self.id)).data

    def _control(
        self,
        action: str,
        task: str | int | Node | None = None,
        index: int | None = None,
        value: int = 0,
        dry: bool = False,
    ) -> int:
        position = None if task is None else self._position(task)
        answer = self._link.ask(m.Control(0, action, self.id, position, index, value, dry))
        return int(answer.data.get("items") or 0)

    def _position(self, task: str | int | Node) -> int:
        if isinstance(task, int):
            return task
        name = task if isinstance(task, str) else task.id
        if not self._positions:
            self.tasks()
        position = self._positions.get(name)
        if position is None:
            raise RequestFailed("not-found", f"run {self.id} has no task {name!r}; {self._meant(name)}")
        return position

    def _meant(self, name: str) -> str:
        close = difflib.get_close_matches(name, list(self._positions)[:5000], n=1)
        if close:
            return f"did you mean {close[0]!r}?"
        more = len(self._positions) - 20
        return f"it has: {', '.join(list(self._positions)[:20])}" + (f" and {more:,} more" if more > 0 else "")


_results = msgspec.msgpack.Decoder(list[bytes]).decode


def ends_of(answer: Answer) -> list[End]:
    """The rows of a `GetResults` answer, those that came packed taken apart; in the order of their numbers."""
    rows, packs = answer.data["results"], answer.data.get("packs", ())
    found = [
        End(row[0], row[1], row[2], row[3], row[4], payload)
        for row, payload in zip(rows, answer.payload, strict=not packs)
    ]
    for (seq, task, items), raw in zip(packs, answer.payload[len(rows) :], strict=True):
        numbers = range(seq, seq + len(items))
        found += [
            End(number, task, index, "succeeded", "", result)
            for number, index, result in zip(numbers, items, _results(raw), strict=True)
        ]
    if packs:
        found.sort(key=lambda end: end.seq)
    return found


def fetch_payload(link: Link, payload: bytes) -> bytes:
    """A result's bytes, downloaded when they are a blob."""
    ref = results.blob_ref(payload)
    return payload if ref is None else link.download(ref).result()


def failure(row: TaskRow, end: End, payload: bytes) -> BaseException:
    """What to raise for an item that did not succeed: the function's own exception, or a `TaskError`."""
    name = f"{row.id}[{end.index}]" if row.array else row.id
    return exception_of(payload, end.error, f"{name} {end.state}", task=row.id, index=end.index, state=end.state)


def exception_of(
    payload: bytes, error: str, what: str, *, task: str = "", index: int | None = None, state: str = ""
) -> BaseException:
    """The remote exception with its traceback as `__cause__`; a `TaskError` when there is none."""
    line, _, traceback = error.partition("\n")
    if results.is_error(payload):
        raised = results.decode_error(payload)
        if traceback.strip():
            raised.__cause__ = RemoteTraceback(traceback)
        return raised
    text = f"{what}: {line}" if line else what
    failed: WindlassError = TaskError(text, task=task, index=index, state=state)
    if traceback.strip():
        failed.__cause__ = RemoteTraceback(traceback)
    return failed
