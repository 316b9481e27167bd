"""Ctrl+C and what asks the app to end reach Python while Qt waits for events, and nobody looks now and then."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from PySide6.QtCore import QSocketNotifier

ENDING = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def told_of_signals(do: Callable[[], object]) -> Iterator[None]:
    """`do` runs in the UI thread when one of `ENDING` comes. What was set before is set again at the end.

    Python notes a signal and calls its handler when it runs again itself, but Qt waits in C++. So Python also writes a
    byte into a socket that Qt watches; the slot that reads it is where Python runs.
    """
    here, there = socket.socketpair()
    here.setblocking(False)
    there.setblocking(False)
    notifier = QSocketNotifier(here.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: here.recv(4096))
    before = signal.set_wakeup_fd(there.fileno(), warn_on_full_buffer=False)
    handlers = {number: signal.signal(number, lambda *_: do()) for number in ENDING}
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(before)
        notifier.setEnabled(False)
        here.close()
        there.close()
