"""Work that would hold up the window, such as reading and writing files: one thread, one job after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from itertools import count
from typing import Any, TypeVar

from PySide6.QtCore import QObject

from windlass_gui.relay import Way

Result = TypeVar("Result")


class Background(QObject):
    """Jobs run in the order in which they were given; what follows one runs in the UI thread, unless this has gone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, "windlass-background")
        self._closed = False
        self._numbers = count()
        self._after: dict[int, tuple[Callable[[Any], object] | None, Callable[[Any], object] | None]] = {}
        """What follows a job that is not over, by its number."""
        self._way = Way(self)

    def do(
        self,
        job: Callable[[], Result],
        then: Callable[[Result], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Run `job`; its result goes to `then`, or what it raised to `failed`."""
        if self._closed:
            return
        way, number = self._way, next(self._numbers)
        # The thread gets no hold on these: what they belong to would be destroyed there if it were the last to let go.
        self._after[number] = then, failed

        def work() -> None:
            try:
                result = job()
            except Exception as error:  # told to whoever asked; without `failed` the job's failure means nothing
                way.tell(partial(_over, number, error, True))
            else:
                way.tell(partial(_over, number, result, False))

        self._pool.submit(work)

    def end(self, number: int, result: object, bad: bool) -> None:
        """In the UI thread: that job is done."""
        then, failed = self._after.pop(number, (None, None))
        follow = failed if bad else then
        if follow is not None and not self._closed:
            follow(result)

    def settle(self) -> None:
        """Wait until everything that was given is done; what follows comes with the next events."""
        self._pool.submit(lambda: None).result()

    def close(self) -> None:
        """Do what was given yet and take nothing more. Nothing follows."""
        self.stop()
        self._pool.shutdown()

    def stop(self) -> None:
        """The same without waiting for it."""
        self._closed = True
        self._pool.shutdown(wait=False)


def _over(number: int, result: object, bad: bool, background: Background) -> None:
    background.end(number, result, bad)
