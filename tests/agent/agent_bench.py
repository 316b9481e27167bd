"""The executor driven directly, with a fake core at the other end: no sockets, but real processes."""

from __future__ import annotations

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cloudpickle
from tests.patience import PATIENCE

from windlass.blobs.store import BlobStore
from windlass.model.graph import Call, Command, FileRef, PythonCall, Resources, Task
from windlass.wire import messages as m
from windlass_agent.attempts import Attempt, Id, id_of
from windlass_agent.executor import Executor
from windlass_agent.runnerwire import Done
from windlass_agent.shop import Settings
from windlass_agent.wardenwire import clock


@dataclass
class FakeCore:
    """Takes the executor's news as the loop and the core would: blobs are pulled before `BlobDone`."""

    store: BlobStore
    executor: Executor = field(init=False)
    exits: dict[Id, tuple[m.Exit, bytes]] = field(default_factory=dict)
    running: list[m.StartedItem] = field(default_factory=list)
    refused: list[tuple[m.Key, str]] = field(default_factory=list)
    sent: list[m.Message] = field(default_factory=list)
    logs: list[tuple[m.LogData, bytes]] = field(default_factory=list)
    queue: list[Callable[[], None]] = field(default_factory=list)
    full: bool = False
    """Its disk takes nothing."""

    def exited(self, exit: m.Exit, payload: bytes) -> None:
        assert id_of(exit.key) not in self.exits, "an end reported twice"
        self.exits[id_of(exit.key)] = (exit, payload)

    def succeeded(self, attempt: Attempt, done: Done) -> None:
        exit = m.Exit(attempt.key, "ok", 0, done.started, done.ended, m.Usage(done.cpu, done.memory))
        self.exited(exit, done.payload)

    def started(self, item: m.StartedItem) -> None:
        self.running.append(item)

    def rejected(self, key: m.Key, reason: str) -> None:
        self.refused.append((key, reason))

    def holds(self, id: Id) -> bool:
        return id in self.exits

    def send(self, message: m.Message, payload: list[bytes]) -> None:
        self.sent.append(message)
        if isinstance(message, m.BlobOffer):
            self.queue.append(lambda: self._pull(message))
        elif isinstance(message, m.BlobWant):
            self.queue.append(lambda: self._serve(message))
        elif isinstance(message, m.LogData):
            self.logs.append((message, payload[0]))

    def _pull(self, offer: m.BlobOffer) -> None:
        if self.full:
            self.executor.transfers.missing(m.BlobMissing(offer.hash, "the core cannot store it: disk full"), clock())
            return
        data = self.executor._shop.store.read(offer.hash)
        assert self.store.add_bytes(data) == (offer.hash, offer.size)
        self.executor.transfers.taken(m.BlobDone(offer.hash))

    def _serve(self, want: m.BlobWant) -> None:
        if not self.store.has(want.hash):
            self.executor.transfers.missing(m.BlobMissing(want.hash), clock())
            return
        data = self.store.read(want.hash, want.offset, want.length)
        chunk = m.BlobChunk(want.hash, want.offset, self.store.size(want.hash))
        self.executor.transfers.chunk(chunk, data, clock())


class Bench:
    """An executor with its fake core, and short ways to give it work and to wait for what comes of it."""

    def __init__(self, root: Path, resources: Resources, **settings: Any) -> None:
        self.core = FakeCore(BlobStore(root / "core-blobs", durable=False))
        self.store = BlobStore(root / "blobs", durable=False)
        self.executor = Executor(
            Settings(f"test{os.getpid()}{root.name}", root, resources, **settings), self.store, self.core
        )
        self.core.executor = self.executor
        self._tasks = 0

    def file(self, path: str, data: bytes, mode: int = 0o644) -> FileRef:
        """A file that the core holds."""
        return FileRef(path, *self.core.store.add_bytes(data), mode)

    def function(self, function: Any) -> Call:
        return Call(self.core.store.add_bytes(cloudpickle.dumps(function))[0])

    def give(self, task: Task, payloads: list[bytes] | int = 1, run: int = 1, **bundle: Any) -> list[m.Key]:
        """Assign the items of a new task; their keys."""
        self._tasks += 1
        payload = [b""] * payloads if isinstance(payloads, int) else payloads
        item = {name: bundle.pop(name) for name in ("value", "item_files") if name in bundle}
        alone = bundle.pop("alone", False)
        made = m.Bundle(run, self._tasks, 1, "test", task, bundle.pop("params", {}), **bundle)
        keys = [m.Key(run, self._tasks, index, 1, 7) for index in range(len(payload))]
        items = [m.AssignItem(key, 1, item.get("value", b""), item.get("item_files", []), alone=alone) for key in keys]
        self.executor.assign(m.Assign([made], items), payload)
        return keys

    def amend(self, key: m.Key, task: Task, payloads: list[bytes], version: int = 2, **bundle: Any) -> list[m.Key]:
        """Further attempts of an earlier task, which was mended meanwhile; their keys."""
        made = m.Bundle(key.run, key.task, version, "test", task, {}, **bundle)
        keys = [m.Key(key.run, key.task, 1000 * version + index, 1, 7) for index in range(len(payloads))]
        self.executor.assign(m.Assign([made], [m.AssignItem(each, version) for each in keys]), payloads)
        return keys

    def command(self, argv: list[str] | str, **spec: Any) -> m.Key:
        extra = {name: spec.pop(name) for name in ("files", "params", "value", "item_files", "results") if name in spec}
        return self.give(Task("t", Command(argv), **spec), **extra)[0]

    def call(self, function: Any, *args: Any, **spec: Any) -> m.Key:
        return self.give(Task("f", self.function(function), **spec), [cloudpickle.dumps((args, {}))])[0]

    def python(self, target: str, args: list[Any], files: list[FileRef], run: int = 1, **extra: Any) -> m.Key:
        return self.give(Task("p", PythonCall(target, args)), run=run, files=files, **extra)[0]

    def step(self, patience: float = 0.2) -> None:
        """One turn of the loop."""
        while self.core.queue:
            self.core.queue.pop(0)()
        self.executor.due()
        self.executor.settle()
        deadline = self.executor.next_deadline()
        wait = patience if deadline is None else max(0.0, min(patience, deadline - clock()))
        if not self.core.queue:
            poll = select.poll()
            poll.register(self.executor.fileno(), select.POLLIN)
            poll.poll(wait * 1000)
        self.executor.ready()
        self.executor.settle()

    def until(self, condition: Callable[[], Any]) -> None:
        end = time.monotonic() + PATIENCE
        while not condition():
            assert time.monotonic() < end, f"it did not happen; {list(self.executor._shop.attempts.values())}"
            self.step()

    def end_of(self, key: m.Key) -> m.Exit:
        self.until(lambda: id_of(key) in self.core.exits)
        return self.core.exits[id_of(key)][0]

    def result_of(self, key: m.Key) -> bytes:
        self.end_of(key)
        return self.core.exits[id_of(key)][1]
