"""A picture of the canvas that is drawn a little at a time, so that a large one does not hold up the window."""

from __future__ import annotations

import time
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from windlass_gui.editor.canvas.picture import Sketch
from windlass_gui.filejob import FileJob, WriteJob

SLICE = 0.015
"""Seconds of drawing between two looks at the events that wait."""
DRAWN = 0.9
"""What drawing is taken for of a picture's whole way into its file."""


class Drawing(QObject):
    """Of one sketch. The first slice is drawn at once, which is all of a small one."""

    progressed = Signal(float)
    """The share that is done."""
    drawn = Signal()

    def __init__(self, sketch: Sketch, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sketch = sketch
        self._steps = sketch.steps()
        self._timer = QTimer(self)
        self._timer.timeout.connect(self._go_on)

    def start(self) -> None:
        self._timer.start(0)
        self._go_on()

    def stop(self) -> None:
        """Draw no more of it."""
        self._timer.stop()
        self.sketch.leave()

    def _go_on(self) -> None:
        until = time.perf_counter() + SLICE
        for share in self._steps:
            if time.perf_counter() >= until:
                self.progressed.emit(share)
                return
        self._timer.stop()
        self.drawn.emit()


class PictureJob(FileJob):
    """Draws it, then writes it in a thread."""

    def __init__(self, sketch: Sketch, path: Path, parent: QObject) -> None:
        super().__init__(path, parent)
        self._drawing = Drawing(sketch, self)
        self._drawing.progressed.connect(lambda share: self.progressed.emit(DRAWN * share))
        self._drawing.drawn.connect(self._write)
        self._writing: WriteJob | None = None

    def start(self) -> None:
        self._drawing.start()

    def stop(self) -> None:
        self.cancelled = True
        self._drawing.stop()
        if self._writing is not None:
            self._writing.stop()
        self.end(self.tr("it was cancelled"))

    def _write(self) -> None:
        self.progressed.emit(DRAWN)
        sketch = self._drawing.sketch
        self._writing = WriteJob(self.path, lambda told: sketch.write(self.path, told), self)
        self._writing.ended.connect(self.end)
        self._writing.start()
