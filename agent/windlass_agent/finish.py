"""From the end of an attempt's processes to the report that the core can count on.

Outputs are taken only from a success, all or none. Whatever is too large for a message is a blob, and the report
goes out only when the core holds it: so a success that was reported does not need this machine any more.
"""

from __future__ import annotations

import errno
import logging
import mmap
from collections.abc import Callable
from pathlib import Path

from windlass.model.graph import FileRef
from windlass.wire import limits
from windlass.wire.clock import epoch
from windlass.wire.logs import last_records
from windlass.wire.messages import Exit, Usage
from windlass.wire.results import blob_ref, encode_ref
from windlass_agent.attempts import COLLECTING, Attempt, Id
from windlass_agent.files import FilesError, collect
from windlass_agent.outcome import TEXTS, End
from windlass_agent.shop import Shop
from windlass_agent.wardenwire import clock

log = logging.getLogger(__name__)
ERROR_LIMIT = 64 * 1024
STAGED_FROM = 0.001
"""Seconds of staging that are worth a word."""
_OWN_TROUBLE = frozenset(
    {
        errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EIO, errno.ESTALE,
        errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN,
    }
)  # fmt: skip


class Report:
    """What is known of an end while its files are looked after."""

    __slots__ = (
        "end", "ended", "log", "log_file", "log_ref", "outputs", "payload", "result_file", "shed", "since", "usage",
    )  # fmt: skip

    def __init__(self, end: End, ended: float, usage: Usage) -> None:
        self.end = end
        self.ended = ended
        self.usage = usage
        self.payload = b""
        self.result_file: Path | None = None
        self.log = b""
        self.log_file: Path | None = None
        self.log_ref: FileRef | None = None
        self.shed = 0
        self.outputs: list[FileRef] = []
        self.since = 0.0
        """When its files began to be looked after, by `wardenwire.clock`; 0: it has none."""


class Finisher:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._travelling: dict[Id, Callable[[], None]] = {}
        """Attempts whose files are on their way to the core, and how to end them without."""
        self._told = ""

    def finish(self, attempt: Attempt, report: Report) -> None:
        """The attempt's processes are gone. Its resources are free once its files are taken."""
        attempt.state = COLLECTING
        collects = report.end.outcome == "ok" and attempt.outputs
        if collects or report.log_file or report.result_file or len(report.payload) > limits.INLINE_RESULT:
            report.since = clock()
            self._shop.worker.submit(
                lambda: self._keep_files(attempt, report), lambda _, error: self._kept(attempt, report, error)
            )
        else:
            self._kept(attempt, report, None)

    def fail(self, attempt: Attempt, outcome: str, error: str) -> None:
        """It ends before it began."""
        now = epoch()
        attempt.started = attempt.started or now
        self.finish(attempt, Report(End(outcome, 0, error), now, Usage()))

    def unprepared(self, attempt: Attempt, error: Exception) -> None:
        """It could not be laid out: it fails, unless only this machine is at fault."""
        number = error.errno if isinstance(error, OSError | FilesError) else None
        text = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
        text = f"its work directory could not be made: {text}"
        if is_own_trouble(number) or (isinstance(error, OSError) and attempt.cwd is None):
            self.give_back(attempt, text)
        else:
            self.fail(attempt, "failed", text)

    def give_back(self, attempt: Attempt, text: str) -> None:
        """It has not begun, and cannot here: another agent may, or this one later."""
        if text != self._told:
            self._told = text
            log.warning("attempts are given back: %s", text)
        self._clear(attempt)
        self._shop.attempts.pop(attempt.id, None)
        self._shop.outbox.rejected(attempt.key, "trouble")

    # --- in a thread ---------------------------------------------------------------------------------------

    def _keep_files(self, attempt: Attempt, report: Report) -> None:
        store = self._shop.store
        if report.log_file is not None:
            report.log = _last_of(report.log_file)
            report.log_ref = FileRef("log", *store.add_file(report.log_file, move=True))
        if report.end.outcome == "ok" and attempt.outputs and attempt.cwd is not None:
            try:
                report.outputs = collect(store, attempt.cwd, attempt.outputs, attempt.staged)
            except FilesError as error:
                report.end = End("failed", 0, str(error))
                report.payload, report.result_file = b"", None
                return
        if report.result_file is not None:
            report.payload = encode_ref(FileRef("result", *store.add_file(report.result_file, move=True)))
        elif len(report.payload) > limits.INLINE_RESULT:
            report.payload = encode_ref(FileRef("result", *store.add_bytes(report.payload)))

    # --- in the loop ---------------------------------------------------------------------------------------

    def _kept(self, attempt: Attempt, report: Report, error: Exception | None) -> None:
        if error is not None:
            text = (error.strerror or str(error)) if isinstance(error, OSError) else str(error)
            report.outputs, report.payload = [], b""
            if report.end.outcome == "ok":
                report.end = End("failed", 0, f"what it made could not be kept on the agent: {text}")
        self._clear(attempt)
        refs = [*report.outputs, *([report.log_ref] if report.log_ref else [])]
        blobs = {ref.hash: ref.size for ref in refs}
        result = blob_ref(report.payload)
        if result is not None:
            blobs[result.hash] = result.size

        def taken(digest: str, problem: str) -> None:
            attempt.pending.discard(digest)
            if problem and report.end.outcome == "ok":
                report.end = End("failed", 0, f"an output could not be brought to the core: {problem}")
                report.outputs, report.payload = [], b""
            if problem and report.log_ref is not None and report.log_ref.hash == digest:
                report.log_ref = None
            if not attempt.pending:
                self._send(attempt, report)

        def abandon() -> None:
            for digest in attempt.pending:
                self._shop.transfers.withdraw(digest, taken)
            if report.log_ref is not None and report.log_ref.hash in attempt.pending:
                report.log_ref = None
            if report.end.outcome == "ok":
                report.end = End("stopped", 0, TEXTS.get(attempt.cause, attempt.cause))
                report.outputs, report.payload = [], b""
            elif result is not None and result.hash in attempt.pending:
                report.payload = b""
            self._send(attempt, report)

        attempt.pending = set(blobs)
        if blobs:
            self._shop.stock.need(attempt.key.run, blobs)
            self._travelling[attempt.id] = abandon
        for digest, size in blobs.items():
            if not self._shop.transfers.offer(digest, size, taken):
                attempt.pending.discard(digest)
        if not attempt.pending:
            self._send(attempt, report)

    def _clear(self, attempt: Attempt) -> None:
        """Its directory and its resources serve others."""
        if attempt.cwd is not None:
            self._shop.give_dir(attempt.cwd)
            attempt.cwd = None
        if attempt.script:
            Path(attempt.script).unlink(missing_ok=True)
        self._shop.release(attempt)

    def abandon(self, attempt: Attempt) -> None:
        """It was ended on order: its files need not reach the core any more."""
        end = self._travelling.get(attempt.id)
        if end is not None:
            end()

    def _send(self, attempt: Attempt, report: Report) -> None:
        self._travelling.pop(attempt.id, None)
        if self._shop.attempts.pop(attempt.id, None) is None:
            return
        end = report.end
        if end.outcome == "ok" and attempt.cause in TEXTS:
            # It was ended on order after its process had succeeded, while its files travelled.
            end = End("stopped", 0, TEXTS[attempt.cause])
            report.outputs, report.payload = [], b""
        self._shop.outbox.exited(
            Exit(
                key=attempt.key,
                outcome=end.outcome,
                code=end.code,
                started=attempt.started,
                ended=report.ended,
                usage=report.usage,
                error=_text(end.error[:ERROR_LIMIT]),
                outputs=report.outputs,
                log=report.log,
                log_ref=report.log_ref,
                log_shed=report.shed,
                staged=_staging(attempt.staged_in, clock() - report.since if report.since else 0.0),
            ),
            report.payload,
        )


def _staging(into: float, out: float) -> tuple[float, float] | None:
    return (round(into, 4), round(out, 4)) if max(into, out) >= STAGED_FROM else None


def is_own_trouble(number: int | None) -> bool:
    """Whether a failed system call says that this machine has no room, and nothing of what was to be done."""
    return number in _OWN_TROUBLE


def _text(error: str) -> str:
    """Without what no message can carry: errors quote file names, and those may hold any bytes."""
    return error.encode("utf-8", "backslashreplace").decode()


def _last_of(path: Path) -> bytes:
    """The end of a log file, for those who want to see why it failed without fetching all of it."""
    with (
        open(path, "rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as whole,
        memoryview(whole) as view,
    ):
        try:
            return last_records(view, limits.INLINE_LOG)
        except ValueError:
            return b""
