"""Work that would hold up the window, such as reading and writing files: one thread, one job after the other."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from PySide6.QtCore import QObject

from windlass_gui.relay import Way

Result = TypeVar("Result")


class Background(QObject):
    """Jobs run in the order in which they were given; what follows one runs in the UI thread, unless this has gone."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._pool = ThreadPoolExecutor(1, "windlass-background")
        self._closed = False
        self._way = Way(self)

    def do(
        self,
        job: Callable[[], Result],
        then: Callable[[Result], object] | None = None,
        failed: Callable[[Exception], object] | None = None,
    ) -> None:
        """Run `job`; its result goes to `then`, or what it raised to `failed`."""
        way = self._way

        def work() -> None:
            try:
                result = job()
            except Exception as error:  # told to whoever asked; without `failed` the job's failure means nothing
                if failed is not None:
                    way.tell(lambda self, error=error: self._follow(lambda: failed(error)))  # type: ignore[misc]
            else:
                if then is not None:
                    way.tell(lambda self: self._follow(lambda: then(result)))

        if not self._closed:
            self._pool.submit(work)

    def _follow(self, follow: Callable[[], object]) -> None:
        if not self._closed:
            follow()

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
