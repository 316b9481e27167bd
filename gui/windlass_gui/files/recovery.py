"""What is not saved is written aside some seconds after each edit, so that a crash of the app loses little.

Every running app has a folder of its own in the recovery folder, with a lock that ends with the process, however it
ends. A folder whose lock is free was left by an app that crashed: what lies in it is offered at the next start.
"""

from __future__ import annotations

import contextlib
import shutil
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import msgspec
from PySide6.QtCore import QLockFile, QObject, QTimer, Signal

from windlass_gui.background import Background
from windlass_gui.files.documents import Documents, OpenDocument
from windlass_gui.whole_file import replacing

DELAY = 3000
"""Milliseconds after an edit until it is written aside; meanwhile further edits join it."""


class Kept(msgspec.Struct, frozen=True):
    """A document as it is written aside."""

    title: str
    text: str
    when: float
    """Seconds since the epoch."""
    path: str = ""
    """Its file; empty when it was never saved."""
    folder: str = ""
    """Where the files of one without a file of its own lie, such as a sample's."""
    sample: str = ""


@dataclass(frozen=True, slots=True)
class Lost:
    """A document of an app that crashed, and what sets it apart from its file."""

    file: Path
    """Where it is kept."""
    kept: Kept
    added: int
    removed: int
    """Lines."""


class Recovery(QObject):
    """Follows the open documents. Without a wish for it (`enabled`) nothing is written."""

    failed = Signal(str)
    """A document could not be written aside; why. Told once in a row."""

    def __init__(
        self, documents: Documents, folder: Path, background: Background, enabled: bool = True, delay: int = DELAY
    ) -> None:
        super().__init__(documents)
        self.documents = documents
        self.enabled = enabled
        self.folder = folder
        self.own = folder / uuid.uuid4().hex
        self._background = background
        self._delay = delay
        self._lock: QLockFile | None = None
        self._timers: dict[OpenDocument, QTimer] = {}
        self._files: dict[OpenDocument, Path] = {}
        self._told = False
        self._number = 0
        documents.added.connect(self._follow)
        documents.removed.connect(self._removed)
        for made in documents.all:
            self._follow(made)

    # --- writing ---------------------------------------------------------------------------------------------

    def _follow(self, made: OpenDocument) -> None:
        session = made.session
        if session is None:
            return
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(self._delay)
        timer.timeout.connect(lambda: self.keep(made))
        self._timers[made] = timer

        def edited() -> None:
            # Not started again by each edit: who types on and on is written aside too.
            if self.enabled and not timer.isActive():
                timer.start()

        session.changed.connect(edited)
        session.title_changed.connect(lambda: self.forget(made) if not made.modified else None)

    def keep(self, made: OpenDocument) -> None:
        """Write a document aside now, if there is something to lose."""
        session = made.session
        if made in self._timers:
            self._timers[made].stop()
        if session is None or not self.enabled:
            return
        if not made.modified:
            self.forget(made)
            return
        folder = session.document.folder
        kept = Kept(
            made.title, session.document.text, time.time(), str(session.path or ""), str(folder or ""),
            made.sample.name if made.sample is not None and session.path is None else "",
        )  # fmt: skip
        if made not in self._files:
            self._number += 1
            self._files[made] = self.own / f"{self._number}.json"
        file = self._files[made]
        self._background.do(lambda: self._write(file, kept), lambda _: self._written(), self._tell)

    def _write(self, file: Path, kept: Kept) -> None:
        self.own.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self._lock is None:
            lock = QLockFile(str(self.own / "lock"))
            lock.setStaleLockTime(0)
            lock.tryLock(0)
            self._lock = lock
        with replacing(file) as made:
            made.write(msgspec.json.encode(kept))

    def _written(self) -> None:
        self._told = False

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            self.failed.emit(str(error))

    def forget(self, made: OpenDocument) -> None:
        """It is saved, or nobody wants it."""
        if made in self._timers:
            self._timers[made].stop()
        file = self._files.pop(made, None)
        if file is not None:
            self._background.do(lambda: file.unlink(missing_ok=True))

    def _removed(self, made: OpenDocument) -> None:
        self.forget(made)
        timer = self._timers.pop(made, None)
        if timer is not None:
            timer.deleteLater()

    def forget_all(self) -> None:
        """The person has answered for every document: nothing is left to recover."""
        self.enabled = False
        for made in list(self._files):
            self.forget(made)

    def close(self) -> None:
        """The app ends. What nobody saved or answered for (a signal may have ended it) stays for the next start."""
        for made in self.documents.all:
            made.page.text.apply()
            self.keep(made)
        self._background.do(self._leave)

    def _leave(self) -> None:
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.unlock()
        if not list(self.own.glob("*.json")):
            shutil.rmtree(self.own, ignore_errors=True)

    # --- after a crash ---------------------------------------------------------------------------------------

    def find(self) -> list[Lost]:
        """What apps that are gone have left, newest first. Reads files; not for the UI thread."""
        found: list[Lost] = []
        for place in self.folder.iterdir() if self.folder.is_dir() else ():
            if place == self.own or not place.is_dir():
                continue
            lock = QLockFile(str(place / "lock"))
            lock.setStaleLockTime(0)
            if not lock.tryLock(0):
                continue  # that app is running
            lock.unlock()
            documents = [lost for file in sorted(place.glob("*.json")) if (lost := _read(file)) is not None]
            if not documents:
                shutil.rmtree(place, ignore_errors=True)
            found += documents
        return sorted(found, key=lambda lost: lost.kept.when, reverse=True)

    def discard(self, lost: list[Lost]) -> None:
        """Remove them for good, after what was written before."""

        def remove() -> None:
            for one in lost:
                one.file.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    if not list(one.file.parent.glob("*.json")):
                        shutil.rmtree(one.file.parent)

        self._background.do(remove)


def _read(file: Path) -> Lost | None:
    try:
        kept = msgspec.json.decode(file.read_bytes(), type=Kept)
    except (OSError, msgspec.DecodeError):
        return None
    before = ""
    if kept.path:
        with contextlib.suppress(OSError, UnicodeDecodeError):
            before = Path(kept.path).read_text("utf-8-sig")
    old, new = Counter(before.splitlines()), Counter(kept.text.splitlines())
    return Lost(file, kept, (new - old).total(), (old - new).total())
