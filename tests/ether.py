"""A local network in memory: a `windlass.wire.lan.Network` for tests, and all that was said on it."""

from __future__ import annotations

import threading
from collections.abc import Callable

from tests.patience import PATIENCE

from windlass.wire.lan import Network, Record


class Ether:
    """`ether.open` goes where `lan.multicast` would."""

    def __init__(self, fails: str = "") -> None:
        self.fails = fails
        self.records: dict[str, Record] = {}
        self.opened: list[tuple[str, ...]] = []
        self.browsers: list[tuple[str, Callable[[Record], None], Callable[[str], None]]] = []
        self._turn = threading.Condition()

    def open(self, addresses: tuple[str, ...]) -> Network:
        with self._turn:
            self.opened.append(addresses)
        if self.fails:
            raise OSError(self.fails)
        return _Card(self)

    def until(self, what: Callable[[], bool]) -> None:
        """Returns when it holds after something that was said."""
        with self._turn:
            assert self._turn.wait_for(what, PATIENCE)

    def say(self, record: Record) -> None:
        with self._turn:
            self.records[record.instance] = record
            self._turn.notify_all()
        for kind, here, _ in list(self.browsers):
            if kind == record.kind:
                here(record)

    def silence(self, instance: str) -> None:
        with self._turn:
            del self.records[instance]
            self._turn.notify_all()
        for _, _, gone in list(self.browsers):
            gone(instance)

    def listen(self, kind: str, here: Callable[[Record], None], gone: Callable[[str], None]) -> None:
        for record in list(self.records.values()):
            if record.kind == kind:
                here(record)
        with self._turn:
            self.browsers.append((kind, here, gone))
            self._turn.notify_all()


class _Card:
    def __init__(self, ether: Ether) -> None:
        self._ether = ether
        self._said: list[str] = []

    def publish(self, record: Record) -> None:
        self._said.append(record.instance)
        self._ether.say(record)

    def browse(self, kind: str, here: Callable[[Record], None], gone: Callable[[str], None]) -> None:
        self._ether.listen(kind, here, gone)

    def close(self) -> None:
        for instance in self._said:
            self._ether.silence(instance)
