"""Graphs on their way to the disk: written in the background, so that no disk, however slow, holds up the window."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from windlass_gui.background import Background
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.waiting import wait_for_disk
from windlass_gui.whole_file import replacing
from windlass_resources.samples import Sample


class Saving(QObject):
    """One write after the other. A document counts as modified until it is on the disk."""

    idle = Signal()
    """Nothing is being written any more."""

    def __init__(self, background: Background, window: QWidget) -> None:
        super().__init__(window)
        self._background = background
        self._window = window
        self.under_way: list[str] = []
        """Names of the files that are being written."""

    def write(
        self, session: EditorSession, path: Path, sample: Sample | None, then: Callable[[Exception | None], object]
    ) -> None:
        """The document as it is now; `sample`: with the other files that this one brings. `then` hears how it went."""
        text = session.begin_save()
        self.under_way.append(path.name)

        def end(error: Exception | None) -> None:
            self.under_way.remove(path.name)
            if error is None:
                session.end_save(path, text)
            else:
                session.fail_save()
            then(error)
            if not self.under_way:
                self.idle.emit()

        self._background.do(lambda: write_graph(path, text, sample), lambda _: end(None), end)

    def wait(self) -> bool:
        """Wait for the disk, and say so after a moment. False: the person does not want to wait."""
        return wait_for_disk(self._window, lambda: self.under_way, self.idle)


def write_graph(path: Path, text: str, sample: Sample | None = None) -> None:
    """So that a crash leaves either the old file or the new one. Raises OSError."""
    with replacing(path) as file:
        file.write(text.encode())
    if sample is not None:
        _copy_beside(sample, path.parent)


def _copy_beside(sample: Sample, folder: Path) -> None:
    """A sample's other files, so that the saved graph finds them. What is there already is left alone."""
    source = sample.path.parent
    if source == folder:
        return
    for file in sorted(source.rglob("*")):
        target = folder / file.relative_to(source)
        wanted = file.is_file() and file != sample.path and "__pycache__" not in file.parts
        if wanted and file.name != "README.md" and not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
