"""Large documents are read and checked by other processes, one text at a time, the newest; nothing waits for them."""

from __future__ import annotations

import subprocess
import sys
import threading
import weakref
from contextlib import suppress
from functools import partial
from typing import Any, BinaryIO, cast

import msgspec
from PySide6.QtCore import QObject, Signal

from windlass.model.reading import Reading
from windlass_gui.editor.document.late_worker import JOBS, Findings, read_frame, write_frame
from windlass_gui.relay import Way

IDLE = 60.0
"""Seconds without a text after which the process ends; the next text starts another."""

Answer = Findings | Reading

_DECODERS: dict[str, msgspec.msgpack.Decoder[Any]] = {
    "check": msgspec.msgpack.Decoder(Findings),
    "read": msgspec.msgpack.Decoder(Reading),
}


class LateWork(QObject):
    """Ask with a number; `done` says it again with the answer. A text that a newer one overtakes is passed over."""

    done = Signal(int, object)
    """The number, and the `Findings` (of the job "check") or the `Reading` (of "read")."""

    def __init__(self, job: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = _Desk(job, Way(self))
        weakref.finalize(self, self._desk.close)

    def ask(self, number: int, text: str) -> None:
        self._desk.put(number, text)

    def close(self) -> None:
        self._desk.close()


class _Desk:
    """What the thread that talks to the process knows. It does not keep the `LateWork` alive."""

    def __init__(self, job: str, way: Way[LateWork]) -> None:
        self._job = job
        self._way = way
        self._changed = threading.Condition()
        self._wanted: tuple[int, str] | None = None
        self._closed = False
        self._thread: threading.Thread | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def put(self, number: int, text: str) -> None:
        with self._changed:
            self._wanted = number, text
            self._changed.notify()
            if self._thread is None and not self._closed:
                self._thread = threading.Thread(target=self._work, name=self._job, daemon=True)
                self._thread.start()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify()
            process = self._process
        if process is not None:
            process.kill()

    def _work(self) -> None:
        while True:
            with self._changed:
                if not self._changed.wait_for(lambda: self._closed or self._wanted is not None, IDLE) or self._closed:
                    self._thread = None
                    break
                assert self._wanted is not None
                (number, text), self._wanted = self._wanted, None
            result = self._found(text)
            self._way.tell(partial(self._tell, number, result))
        self._end()

    def _tell(self, number: int, result: Answer, owner: LateWork) -> None:
        """In the UI thread, where the owner cannot go meanwhile."""
        if not self._closed:
            owner.done.emit(number, result)

    def _found(self, text: str) -> Answer:
        decode = _DECODERS[self._job].decode
        try:
            given, answers = self._pipes()
            write_frame(given, text.encode("utf-8", "surrogatepass"))
            return cast(Answer, decode(read_frame(answers)))
        except (OSError, EOFError, msgspec.MsgspecError):
            # Without the process (it may have been ended for its memory) the window works, but less smoothly.
            self._end()
            return cast(Answer, decode(JOBS[self._job](text if not self._closed else "")))

    def _pipes(self) -> tuple[BinaryIO, BinaryIO]:
        if self._process is None:
            command = [sys.executable, "-m", "windlass_gui.editor.document.late_worker", self._job]
            made = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            with self._changed:
                self._process = made
        return cast(BinaryIO, self._process.stdin), cast(BinaryIO, self._process.stdout)

    def _end(self) -> None:
        with self._changed:
            process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait()
            for pipe in (process.stdin, process.stdout):
                # What could not be written to it any more cannot be written at its closing either.
                with suppress(OSError):
                    cast(BinaryIO, pipe).close()
