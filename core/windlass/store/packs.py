"""Plain successes of one task, many to a row: what most attempts of an array come to.

An end is plain when it went well and brought nothing but a short result: exit code 0, no error, log or output file.
A row of the table `packs` holds up to a message's worth of them as columns; nobody but this file knows how. Their
numbers (`seq`) are neighbours. Like `attempts`, the table is only ever added to while its run lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

import msgspec

from windlass.sched.states import AttemptState, ItemState

SPAN = 4096
"""A row's items lie within so many of the array, so that a look for one item reads only rows near it."""
BYTES = 1024 * 1024
"""Results of a row, about."""

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Any]).decode
_decode_results = msgspec.msgpack.Decoder(list[bytes]).decode
_UNSTAGED = 10
"""Columns where there was no staging."""
_EXITED, _SUCCEEDED = int(AttemptState.EXITED), int(ItemState.SUCCEEDED)


class Columns(NamedTuple):
    """One value an end in each list; times in seconds since the epoch, by the core's clock."""

    items: list[int]
    attempts: list[int]
    assigned: list[float]
    started: list[float]
    ended: list[float]
    cpu: list[float]
    memory: list[int]
    read: list[int]
    written: list[int]
    slots: list[int]
    staged_in: Sequence[float] = ()
    """Seconds of staging, as in `rows.AttemptRow`; these two are empty where no end has any."""
    staged_out: Sequence[float] = ()

    @property
    def told(self) -> Sequence[Sequence[Any]]:
        """Those that say something."""
        return self if any(self.staged_in) or any(self.staged_out) else self[:_UNSTAGED]


Row = tuple[int, int, int, int, int, int, str, bytes, bytes]
"""seq of the first, run, task, count, lowest item, one past the highest, agent, columns, results."""


def rows_of(seq: int, run: int, task: int, agent: str, columns: Columns, results: list[bytes]) -> list[Row]:
    """Rows for the table, numbered from `seq` on. `results` as in `wire/results.py`, empty for none."""
    items = columns.items
    if len(items) == 1:
        item, data = items[0], _encode([column[0] for column in columns.told])
        return [(seq, run, task, 1, item, item + 1, agent, data, _encode(results))]
    low, high = min(items), max(items) + 1
    if high - low <= SPAN and sum(map(len, results)) <= BYTES:
        data = _encode([_shortened(column) for column in columns.told])
        return [(seq, run, task, len(items), low, high, agent, data, _encode(results))]
    found: list[Row] = []
    for places in _cut(items, results):
        part = Columns(*([column[place] for place in places] for column in columns.told))
        found += rows_of(seq, run, task, agent, part, [results[place] for place in places])
        seq += len(places)
    return found


def rows_apart(
    seq: int, run: int, tasks: Sequence[int], agent: str, columns: Columns, results: list[bytes]
) -> list[Row]:
    """As `rows_of`, of one end each of several tasks."""
    ends = zip(tasks, columns.items, zip(*columns.told, strict=True), results, strict=True)
    return [
        (number, run, task, 1, item, item + 1, agent, _encode(values), _encode((result,)))
        for number, (task, item, values, result) in enumerate(ends, seq)
    ]


def by_task(tasks: Sequence[int], columns: Columns, results: list[bytes]) -> Iterator[tuple[int, Columns, list[bytes]]]:
    """Ends of several tasks, apart."""
    groups: dict[int, list[int]] = {}
    for place, task in enumerate(tasks):
        groups.setdefault(task, []).append(place)
    for task, places in groups.items():
        part = Columns(*([column[place] for place in places] for column in columns.told))
        yield task, part, [results[place] for place in places]


def _cut(items: list[int], results: list[bytes]) -> Iterator[list[int]]:
    """The places of the ends, in groups of items that lie within `SPAN` and results within `BYTES`."""
    group: list[int] = []
    weight = 0
    for place in sorted(range(len(items)), key=items.__getitem__):
        weight += len(results[place])
        if group and (items[place] - items[group[0]] >= SPAN or weight > BYTES):
            yield group
            group, weight = [], len(results[place])
        group.append(place)
    yield group


def _shortened(column: Sequence[Any]) -> Any:
    """A value that all share stands for the list."""
    first = column[0]
    return first if column.count(first) == len(column) else column


def items_of(data: bytes, count: int) -> tuple[Sequence[int], Sequence[int]]:
    """Items and attempt numbers of a row."""
    columns = _decode(data)
    return _whole(columns[0], count), _whole(columns[1], count)


def results_of(results: bytes) -> list[bytes]:
    return _decode_results(results)


def columns_of(data: bytes, count: int) -> Columns:
    """A row's columns, whole."""
    return Columns(*(_whole(column, count) for column in _decode(data)))


def attempts_of(
    seq: int, run: int, task: int, count: int, agent: str, data: bytes, most: int | None = None
) -> list[tuple[Any, ...]]:
    """A row's ends, or the first few, with the values that a row of `attempts` has, up to the staging."""
    columns: Sequence[Sequence[Any]] = columns_of(data, count)
    if most is not None:
        columns = [column[:most] for column in columns]
    none = [0.0] * len(columns[0])
    into, out = columns[_UNSTAGED:]
    ends = zip(*columns[:_UNSTAGED], into or none, out or none, strict=True)
    return [
        (
            seq + place, run, task, item, number, agent, _EXITED, "ok", 0, given, began, over, used, peak, took, put,
            slot, _SUCCEEDED, 0, "", into, out,
        )
        for place, (item, number, given, began, over, used, peak, took, put, slot, into, out) in enumerate(ends)
    ]  # fmt: skip


def _whole(column: Any, count: int) -> list[Any]:
    return column if isinstance(column, list) else list(repeat(column, count))


class Ends(Iterable[tuple[Any, ...]]):
    """A row's ends as `attempts_of` gives them, taken apart only when somebody looks."""

    def __init__(self, row: Row) -> None:
        self._row = row

    def __len__(self) -> int:
        return self._row[3]

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return iter(self.first(len(self)))

    def first(self, most: int) -> list[tuple[Any, ...]]:
        """Some of them: the others stay as they are."""
        seq, run, task, count, _, _, agent, data, _ = self._row
        return attempts_of(seq, run, task, count, agent, data, most)
