"""What `windlass run` shows while it runs: a bar for each task in a terminal, plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import Protocol

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TaskID, TextColumn
from rich.text import Text

from windlass.cli.common import duration, say
from windlass.client.run import RunView
from windlass.model.units import human_size
from windlass.wire.rows import TaskRow

PLAIN_INTERVAL = 5.0
"""Seconds between two plain lines about the same task."""


class Display(Protocol):
    """How a run in progress is shown."""

    def upload(self, done: int, total: int) -> None:
        """Input files on their way to the core."""

    def update(self, view: RunView) -> None:
        """The run changed."""

    def note(self, text: str) -> None:
        """Something worth a line."""

    def __enter__(self) -> Display: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def display(quiet: bool) -> Display:
    """Bars when the standard error is a terminal, else lines; nothing but notes when quiet."""
    if quiet:
        return Lines(notes_only=True)
    return Bars() if sys.stderr.isatty() else Lines()


def describe(row: TaskRow) -> str:
    """The states of a task's items that matter to a person, such as `12 running, 1 failed`."""
    counts = row.counts
    parts = [
        (counts.active, "running"),
        (counts.backoff, "waiting to retry"),
        (counts.failed, "failed"),
        (counts.cancelled, "cancelled"),
        (counts.skipped, "skipped"),
    ]
    return ", ".join(f"{count} {words}" for count, words in parts if count)


def done_of(row: TaskRow) -> int:
    counts = row.counts
    return counts.succeeded + counts.failed + counts.cancelled + counts.skipped


def _colour(row: TaskRow) -> str:
    counts = row.counts
    if counts.failed:
        return "red"
    if counts.cancelled or counts.skipped:
        return "yellow"
    return "green" if row.count is not None and counts.succeeded == row.count else "default"


class Took(ProgressColumn):
    """How long a task has been at work, from its first item's start to its last one's end."""

    def render(self, task: Task) -> Text:
        begun, ended = task.fields["begun"], task.fields["ended"]
        if begun is None:
            return Text("")
        return Text(duration((ended or time.monotonic()) - begun), style="yellow")


class Bars:
    """Live bars, on the standard error."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[shown]:>11}"),
            Took(),
            TextColumn("{task.fields[words]}", markup=False),
            console=Console(stderr=True, highlight=False),
        )
        self._bars: dict[int, TaskID] = {}
        self._begun: dict[int, float] = {}
        self._ended: dict[int, float] = {}
        self._upload: TaskID | None = None

    def upload(self, done: int, total: int) -> None:
        if total and self._upload is None:
            self._upload = self._add("input files")
        if self._upload is not None:
            self._progress.update(self._upload, total=total, completed=done, shown=human_size(done))

    def update(self, view: RunView) -> None:
        now = time.monotonic()
        for index, row in sorted(view.tasks.items()):
            if index not in self._bars:
                self._bars[index] = self._add(row.title or row.id)
            done, total = done_of(row), row.count
            complete = total is not None and done == total
            if done or row.counts.active or row.counts.backoff:
                self._begun.setdefault(index, now)
            if complete:
                self._ended.setdefault(index, now)
            self._progress.update(
                self._bars[index],
                total=total,
                completed=done,
                shown="?" if total is None else f"{done}/{total}",
                words=describe(row) or ("" if complete else row.note),
                description=f"[{_colour(row)}]{escape(row.title or row.id)}",
                begun=self._begun.get(index),
                ended=self._ended.get(index),
            )

    def _add(self, name: str) -> TaskID:
        return self._progress.add_task(escape(name), total=1, shown="", words="", begun=None, ended=None)

    def note(self, text: str) -> None:
        self._progress.console.print(text, markup=False)

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()


class Lines:
    """A line when a task begins, ends, or has gone on for a while: for logs and pipes."""

    def __init__(self, notes_only: bool = False) -> None:
        self._notes_only = notes_only
        self._last: dict[int, tuple[str, float]] = {}
        self._uploaded = False

    def upload(self, done: int, total: int) -> None:
        if not self._notes_only and total and done >= total and not self._uploaded:
            self._uploaded = True
            say(f"input files: {human_size(total)}")

    def update(self, view: RunView) -> None:
        if self._notes_only:
            return
        now = time.monotonic()
        for index, row in sorted(view.tasks.items()):
            done = done_of(row)
            words = describe(row)
            if not done and not words:
                continue
            line = f"{row.title or row.id}: {done}/{'?' if row.count is None else row.count}"
            line += f" ({words})" if words else ""
            known, when = self._last.get(index, ("", 0.0))
            complete = row.count is not None and done == row.count
            if line != known and (complete or now - when >= PLAIN_INTERVAL):
                self._last[index] = (line, now)
                say(line)

    def note(self, text: str) -> None:
        say(text)

    def __enter__(self) -> Lines:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None
