"""Arguments of an array's items, as they are read from the store."""

from __future__ import annotations

import random
from types import SimpleNamespace
from typing import Any

import msgspec

from windlass.server.bundles import BATCH_BYTES, BATCHES, Bundles

RUN: Any = SimpleNamespace(id=1, task=lambda position: SimpleNamespace(is_array=True))


class Record:
    """A store with batches of equal length."""

    def __init__(self, batch: int, count: int, size: int) -> None:
        self.batch, self.count, self.size = batch, count, size
        self.reads = 0

    def argument(self, index: int) -> bytes:
        return str(index).encode().ljust(self.size)

    def payloads(self, run: int, task: int, index: int) -> tuple[int, int, bytes] | None:
        self.reads += 1
        first = index - index % self.batch
        data = [self.argument(each) for each in range(first, min(first + self.batch, self.count))]
        return first, len(data), msgspec.msgpack.encode(data)


def bundles(record: Record) -> Bundles:
    return Bundles(record, None, lambda run, task: "")  # type: ignore[arg-type]


def test_scattered_items_read_each_batch_once() -> None:
    record = Record(batch=50, count=50 * BATCHES, size=10)
    found = bundles(record)
    items = list(range(record.count))
    random.Random(3).shuffle(items)
    assert all(found.payload(RUN, 0, item) == record.argument(item) for item in items)
    assert record.reads == BATCHES
    assert found.payloads(RUN, 0, 45, 55, 1 << 20) == [record.argument(item) for item in range(45, 55)]
    assert record.reads == BATCHES
    found.forget(1)
    assert found.payload(RUN, 0, 0) == record.argument(0)
    assert record.reads == BATCHES + 1


def test_of_long_arguments_little_is_kept() -> None:
    record = Record(batch=2, count=100, size=BATCH_BYTES // 4)
    found = bundles(record)
    for item in range(record.count):
        assert found.payload(RUN, 0, item) == record.argument(item)
    assert record.reads == 50
    kept = sum(len(batch) for _, batch in found._batches[1, 0])
    assert kept <= 4
