"""Who serves the socket of a link: its network thread, or for a moment the thread that waits for an answer.

To hand a message to the network thread and its answer back costs two wake-ups of threads, and the second comes late
besides, since the network thread goes on with what else came before it lets go of the interpreter. So a thread that
asks one thing and waits for it may send at once and listen itself. Whoever touches the socket holds the helm; ZeroMQ
allows another thread to go on with a socket after such a handing over.

While a guest listens, and for a moment after, the network thread does not: it would be woken for nothing. Whoever
brings something else meanwhile rings, and the network thread listens again at once.

A descriptor of ZeroMQ's gives one sign for what comes, and whoever touches the socket (looks, sends or receives) may
eat it while another sleeps on it. So nobody lets go of the helm before all is told to those who may sleep:

* The guest looks last of all, and in the same moment leaves. What it leaves unread rings the network thread, unless
  that is parked: then it will look by itself.
* Another thread that has sent something wakes the guest, if there is one; else it looks, and does as a leaving guest.
* The network thread looks before it sleeps, and wakes the guest when it has touched the socket.
"""

from __future__ import annotations

import contextlib
import importlib
import signal
import socket
import threading
import time
from types import FrameType
from typing import Any

SERVE = 0.02
"""Seconds that a guest listens at most; what takes longer may as well cost a wake-up."""
LEASE = 0.005
"""Seconds after a guest's answer for which the network thread waits for the next guest."""
_RAISING = (signal.SIGALRM, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2, signal.SIGVTALRM)
_signals: Any = importlib.import_module("_signal")
"""Without the wrappers of `signal`, which make an enum member of each answer: that takes ten times as long."""


class Bell:
    """Wakes a thread that sleeps on its descriptor, or will."""

    def __init__(self) -> None:
        self._in, self._out = socket.socketpair()
        for end in (self._in, self._out):
            end.setblocking(False)

    def fileno(self) -> int:
        return self._out.fileno()

    def ring(self) -> None:
        """From any thread; after `close` nobody hears it."""
        with contextlib.suppress(OSError):
            self._in.send(b"!")

    def clear(self) -> None:
        """By the thread that was woken, before it looks why."""
        with contextlib.suppress(OSError):
            self._out.recv(4096)

    def close(self) -> None:
        self._in.close()
        self._out.close()


class Helm:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._holder = 0
        self._guest = threading.Lock()
        self._until = 0.0
        self.parked = False
        """The network thread sleeps without listening, and will look again by itself in a moment."""

    def __enter__(self) -> None:
        self._lock.acquire()
        self._holder = threading.get_ident()

    def __exit__(self, *_: object) -> None:
        self._holder = 0
        self._lock.release()

    def take(self) -> bool:
        """Take it if it is free; `__exit__` gives it back."""
        if not self._lock.acquire(blocking=False):
            return False
        self._holder = threading.get_ident()
        return True

    @property
    def mine(self) -> bool:
        """Whether this thread holds it."""
        return self._holder == threading.get_ident()

    # --- guests --------------------------------------------------------------------------------------------

    def come(self, until: float) -> bool:
        """A guest listens until then (by `time.monotonic`); False: there is one already."""
        if not self._guest.acquire(blocking=False):
            return False
        self._until = until
        return True

    def leave(self, done: bool, unread: bool) -> bool:
        """The guest has its answer, or goes without. Whether the network thread has to be rung. At the helm.

        `unread`: something is left to the network thread, and perhaps no sign of it.
        """
        on = done and self._until > 0
        self._until = time.monotonic() + LEASE if on else 0.0
        self._guest.release()
        return not on or (unread and not self.parked)

    @property
    def visited(self) -> bool:
        """There is a guest, which will look before it leaves. At the helm."""
        return self._guest.locked()

    @property
    def left(self) -> float:
        """Seconds for which the network thread need not listen."""
        return max(0.0, self._until - time.monotonic()) if self._until else 0.0

    def park(self) -> float:
        """Seconds for which the network thread may sleep without listening; 0: it has to listen. At the helm."""
        left = min(self.left, LEASE)
        self.parked = left > 0
        return left

    def end_lease(self) -> None:
        self._until = 0.0


class Unbroken:
    """Holds Ctrl-C back for as long as it is entered: an interrupt in the middle of a link's work would tear it.

    Python raises exceptions from signals in the main thread only. `allowed` is false where a program has handlers of
    its own, which may raise and cannot be held back.
    """

    __slots__ = ("_held", "_interrupted", "allowed")

    def __init__(self) -> None:
        self._held = self._interrupted = False
        self.allowed = True

    def __enter__(self) -> Unbroken:
        if threading.get_ident() == threading.main_thread().ident:
            now = _signals.getsignal(signal.SIGINT)
            if now is signal.default_int_handler:
                _signals.signal(signal.SIGINT, self._interrupt)
                self._held = True
            self.allowed = (self._held or not callable(now)) and not any(
                map(callable, map(_signals.getsignal, _RAISING))
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._held:
            _signals.signal(signal.SIGINT, signal.default_int_handler)
            if self._interrupted:
                raise KeyboardInterrupt

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        self._interrupted = True
