"""The way from a thread into the UI thread, to an object that may have been destroyed meanwhile.

It is for what comes once in a while: the result of a job, a line that was found. What the core sends comes by the
thousand a second and goes through the bridge's inbox instead, which the UI thread empties once a frame. There is no
third way, and nobody looks again and again whether a thread is done.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from functools import cache, partial
from typing import Generic, TypeVar

from PySide6.QtCore import QObject, Signal
from shiboken6 import isValid

Owner = TypeVar("Owner", bound=QObject)


class _Relay(QObject):
    """There is one, and it never goes: to emit a signal of an object that is just being destroyed in another thread
    would be a use of freed memory."""

    _told = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self._told.connect(self._do)

    def tell(self, do: Callable[[], object]) -> None:
        try:
            self._told.emit(do)
        except RuntimeError:
            if isValid(self):
                raise
            # The application ended while the thread was at work: there is nobody to tell.

    def _do(self, do: Callable[[], object]) -> None:
        do()


@cache
def _relay() -> _Relay:
    return _Relay()


class Way(Generic[Owner]):
    """Made in the UI thread, for an object of it, which it does not keep alive."""

    def __init__(self, owner: Owner) -> None:
        self._owner = weakref.ref(owner)
        self._relay = _relay()

    def tell(self, do: Callable[[Owner], object]) -> None:
        """Any thread: run `do` with the owner in the UI thread, unless the owner has gone by then."""
        self._relay.tell(partial(self._arrived, do))

    def _arrived(self, do: Callable[[Owner], object]) -> None:
        owner = self._owner()
        if owner is not None and isValid(owner):
            do(owner)
