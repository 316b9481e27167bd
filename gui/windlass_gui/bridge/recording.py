"""A link that goes nowhere: for tests of whatever talks through the bridge. It notes what was asked and followed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import msgspec

from windlass.wire.messages import Delta, Snapshot


@dataclass
class Asked:
    """One request and the future that waits for its answer."""

    message: Any
    future: Future[Any] = field(default_factory=Future)

    def answer(self, data: dict[str, Any] | None = None, *payload: bytes) -> None:
        self.future.set_result(_Answer(data or {}, list(payload)))

    def fail(self, error: Exception) -> None:
        self.future.set_exception(error)


@dataclass
class _Answer:
    data: dict[str, Any]
    payload: list[bytes]


class RecordingLink:
    """`asked` are the requests in order; `tell` publishes to whoever follows the topic, as the network thread would."""

    def __init__(self) -> None:
        self.asked: list[Asked] = []
        self.answers: dict[type[Any], dict[str, Any] | Exception] = {}
        """What `ask` gives to each kind of message, as it would have travelled."""
        self.topics: tuple[str, ...] = ()
        self.closed = False
        self.phase = "up"
        self._callback: Callable[[Any], None] = lambda _message: None

    def request(self, message: Any, payload: Sequence[bytes] = ()) -> Future[Any]:
        asked = Asked(message)
        self.asked.append(asked)
        return asked.future

    def ask(self, message: Any, payload: Sequence[bytes] = (), timeout: float | None = None) -> Any:
        self.asked.append(Asked(message))
        found = self.answers.get(type(message), {})
        if isinstance(found, Exception):
            raise found
        return _Answer(msgspec.to_builtins(found), [])

    def subscribe(self, topics: Sequence[str], callback: Callable[[Any], None]) -> RecordingLink:
        self._callback = callback
        self.change(topics)
        return self

    def change(self, topics: Sequence[str]) -> None:
        self.topics = tuple(topics)

    def close(self) -> None:
        self.closed = True

    def tell(self, *messages: Snapshot | Delta) -> None:
        for message in messages:
            if message.topic in self.topics:
                self._callback(message)

    def of(self, kind: type[Any]) -> list[Asked]:
        """The requests of this type."""
        return [asked for asked in self.asked if isinstance(asked.message, kind)]
