"""Work on the store beside everything else: copies, deleting old runs by hand or by the configured retention, and
closing those that were abandoned.

A copy is made by a process of its own. Deleting begins with a question to the store, in a thread; then the runs go one
after the other, each in small steps (`erase.py`). Whoever asked for it follows a job by its number.
"""

from __future__ import annotations

import contextlib
import json
import logging
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from windlass.model.words import counted
from windlass.sched import events as ev
from windlass.server import abandoned, retention
from windlass.server.core import Core
from windlass.server.retention import Criteria, Forecast
from windlass.store import records

log = logging.getLogger("windlass.upkeep")

JOBS = 20
"""Jobs that can be asked about; older ones are forgotten."""
AT_ONCE = 50
"""Runs whose deletion may be under way together."""
A_TURN = 10
"""Runs whose deletion begins in one turn."""
FIRST_LOOK = 60.0
"""Seconds from the start to the first look for runs that were abandoned, or that the retention lets go."""
EVERY = 600.0
"""Seconds between two such looks."""
POLL = 0.02
"""Seconds between two looks how far a deletion is."""


class UpkeepError(Exception):
    """It cannot be done now; the text says why."""


@dataclass(eq=False, slots=True)
class Job:
    """A copy or a deletion under way, or how it went."""

    kind: str
    state: str = "running"
    done: int = 0
    total: int = 0
    error: str = ""
    result: dict[str, Any] = field(default_factory=dict)
    forecast: Forecast | None = None
    """Of a pruning: what it found, once the thread has it."""
    dry: bool = False
    quiet: bool = False
    """Nobody asked for it: the configured retention."""
    waiting: list[int] = field(default_factory=list)
    """Runs that are still to be deleted."""
    size: int = 0
    process: subprocess.Popen[bytes] | None = None
    finished: bool = False
    """By its thread; the loop has not seen it yet."""

    def plain(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in ("state", "done", "total", "error", "result")}


class Upkeep:
    """Begins jobs, has threads and processes do the slow part, and goes on with them in the loop (`tick`)."""

    def __init__(
        self, core: Core, data: Path, wake: Callable[[], None], keep: Criteria, abandoned_after: float
    ) -> None:
        self._core = core
        self._data = data
        self._wake = wake
        self._keep = keep
        self._abandoned_after = abandoned_after
        self._jobs: dict[int, Job] = {}
        self._serial = 0
        self._backup: Job | None = None
        self._prune: Job | None = None
        self._looked = core.now
        self._look_at = core.now + FIRST_LOOK if keep.any or abandoned_after else None

    # --- asking ---

    def backup(self, path: str, blobs: bool) -> int:
        """Begin a copy; the job's number."""
        if self._backup is not None:
            raise UpkeepError("a copy is being made already; wait for it")
        if not path.startswith("/"):
            raise UpkeepError("the copy's file needs an absolute path on the core's machine")
        command = [sys.executable, "-m", "windlass.store.copies", "make", path, "--data", str(self._data.absolute())]
        if not blobs:
            command.append("--no-blobs")
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        except OSError as error:
            raise UpkeepError(
                f"the process that makes the copy cannot be started: {error.strerror}; try again"
            ) from None
        job = self._backup = Job("backup", process=process)
        self._core.tidy.hold = True
        self._thread(self._follow, job)
        return self._numbered(job)

    def prune(self, wanted: Criteria, dry: bool, only: list[int] | None = None, *, quiet: bool = False) -> int:
        """Begin to find what may go and, unless `dry`, to delete it; the job's number."""
        if not wanted.any:
            raise UpkeepError("say which runs may go: by their age, or how many are kept")
        if self._prune is not None and not dry:
            raise UpkeepError("old runs are being deleted already; wait for it")
        job = Job("prune", dry=dry, quiet=quiet)
        if not dry:
            self._prune = job
        job.size = self._core.reader.size()
        self._thread(self._find, job, wanted, self._core.now, only)
        return self._numbered(job)

    def job(self, number: int) -> Job | None:
        return self._jobs.get(number)

    def _numbered(self, job: Job) -> int:
        self._serial += 1
        self._jobs[self._serial] = job
        ended = [number for number, known in self._jobs.items() if known.state != "running"]
        for number in ended[: max(0, len(self._jobs) - JOBS)]:
            del self._jobs[number]
        return self._serial

    # --- in threads ---

    def _thread(self, work: Callable[..., None], job: Job, *args: Any) -> None:
        def run() -> None:
            try:
                work(job, *args)
            except Exception as error:
                job.error = f"{type(error).__name__}: {error}"
                log.exception("while working on a %s", job.kind)
            job.finished = True
            self._wake()

        threading.Thread(target=run, name=f"windlass-{job.kind}", daemon=True).start()

    def _follow(self, job: Job) -> None:
        assert job.process is not None
        assert job.process.stdout is not None
        with job.process.stdout as lines:
            for line in lines:
                with contextlib.suppress(ValueError):
                    told = json.loads(line)
                    job.done, job.total = told.get("done", job.done), told.get("total", job.total)
                    job.error, job.result = told.get("error", job.error), told.get("result", job.result)
        code = job.process.wait()
        if not job.result and not job.error:
            job.error = f"the process that makes the copy ended with status {code}"

    def _find(self, job: Job, wanted: Criteria, now: float, only: list[int] | None) -> None:
        with contextlib.closing(self._core.store.reader()) as db:
            job.forecast = retention.forecast(db, wanted, now, only)

    # --- in the loop ---

    def next_deadline(self) -> float | None:
        if self._prune is not None and self._prune.forecast is not None and self._prune.finished:
            return self._core.now + POLL
        return self._look_at

    def tick(self, now: float) -> None:
        for job in list(self._jobs.values()):
            if job.finished and job.state == "running":
                self._go_on(job)
        if self._look_at is not None and now >= self._look_at:
            self._look_at = now + EVERY
            passed, self._looked = min(now - self._looked, EVERY), now
            if not self._core.store.problem:
                self._look(passed)

    def _look(self, passed: float) -> None:
        """What is done now and then although nobody asks for it; `passed` seconds after the last time."""
        if self._abandoned_after:
            abandoned.look(self._core, self._abandoned_after, passed)
        if self._keep.any and self._prune is None:
            self.prune(self._keep, dry=False, quiet=True)

    def _go_on(self, job: Job) -> None:
        if job.kind == "backup":
            self._backup, self._core.tidy.hold = None, False
            job.state = "failed" if job.error else "done"
            if job.error:
                log.warning("no copy was made: %s", job.error)
            else:
                log.info("a copy was made: %s", job.result.get("file", ""))
        elif job.error:
            job.state, self._prune = "failed", None if self._prune is job else self._prune
        elif job.forecast is not None and job.dry:
            job.result, job.state = job.forecast.plain(), "done"
        elif job.forecast is not None and not self._core.store.problem:
            self._delete(job, job.forecast)

    def _delete(self, job: Job, found: Forecast) -> None:
        core, eraser = self._core, self._core.eraser
        if not job.total:
            job.total = len(found.runs) + 1
            job.waiting = [doomed.run for doomed in reversed(found.runs)]
            self._drop_stale(found)
            if not found.runs and not found.stale:
                job.done = job.total
        for _ in range(min(A_TURN, len(job.waiting), max(0, AT_ONCE - eraser.left))):
            run = core.runs.get(job.waiting.pop())
            if run is not None and run.ended is not None:  # not retried meanwhile
                core.handle(ev.RunDeleted(run.id))
            if not job.waiting:
                eraser.shrink()
        job.done = max(job.done, len(found.runs) - len(job.waiting) - eraser.left)
        if job.waiting or eraser.left:
            return
        job.done, job.state, self._prune = job.total, "done", None
        job.result = found.plain() | {"freed": max(0, job.size - core.reader.size())}
        if found.runs:
            log.info("deleted %s", counted(len(found.runs), "old run"))

    def _drop_stale(self, found: Forecast) -> None:
        """Let go of blobs that a kept run does not name any more; unless it goes on again, and may make them anew."""
        core = self._core
        for run, hashes in found.stale.items():
            data = core.runs.get(run)
            if data is not None and data.ended is not None:
                core.store.write(records.REF_GONE, [(hash, run) for hash in hashes])
                core.later(partial(core.tidy.look_at, hashes))

    def close(self) -> None:
        """A copy that is not whole yet is given up; its process takes its files along."""
        if self._backup is not None and self._backup.process is not None:
            self._backup.process.terminate()
