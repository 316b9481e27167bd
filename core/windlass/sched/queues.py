"""Ready items of one task: a few ranges and a short list of retries, never an object an item.

An item is in the queue exactly while its state is READY.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

Range = tuple[int, int]
"""first, one past the last."""

_RUNS = {state: re.compile(b"[" + re.escape(bytes([state])) + b"]+") for state in range(8)}


def runs_of(states: bytes | bytearray, state: int, lo: int, hi: int) -> list[Range]:
    """The maximal ranges within [lo, hi) whose items are all in `state`; found at C speed."""
    return [match.span() for match in _RUNS[state].finditer(states, lo, hi)]


def ranges_of(items: list[int]) -> list[Range]:
    """Neighbours joined, order kept."""
    if not items:
        return []
    first = items[0]
    if len(items) == 1:
        return [(first, first + 1)]
    end = first + len(items)
    if items[-1] == end - 1 and items == list(range(first, end)):
        return [(first, end)]
    result = []
    last = first
    for item in items[1:]:
        if item != last + 1:
            result.append((first, last + 1))
            first = item
        last = item
    result.append((first, last + 1))
    return result


def merged(ranges: Iterable[Range], gap: int = 0) -> list[Range]:
    """Ascending, with those joined that overlap or have at most `gap` items between them.

    >>> merged([(7, 9), (0, 2), (2, 3)]), merged([(7, 9), (0, 2)], gap=5)
    ([(0, 3), (7, 9)], [(0, 9)])
    """
    found: list[Range] = []
    first = last = -1
    for lo, hi in sorted(ranges):
        if first >= 0 and lo <= last + gap:
            last = max(last, hi)
        else:
            if first >= 0:
                found.append((first, last))
            first, last = lo, hi
    if first >= 0:
        found.append((first, last))
    return found


class Again(NamedTuple):
    """An item that had an attempt before; it goes first, and somewhere else if it can."""

    item: int
    avoid: str
    """The agent that failed it; empty: none."""
    until: float
    """When it stops being choosy."""


_LONG = 16
"""Ranges from which on a deque is worth its size."""


_REACH = 65536
"""Items,"""
_PIECES = 1024
"""and ranges, that are looked through for those that are at home somewhere."""


class ReadyQueue:
    __slots__ = ("again", "ranges", "size", "suspects")

    def __init__(self) -> None:
        self.again: deque[Again] | list[Again] | tuple[()] = ()
        self.suspects: deque[Again] | tuple[()] = ()
        """Of those that had an attempt before: who may be what ends agents (`suspects.py`)."""
        self.ranges: deque[Range] | list[Range] = []
        """Lists while they are short: an empty deque takes 600 bytes, and a graph may have 100,000 tasks."""
        self.size = 0

    def __len__(self) -> int:
        return self.size

    def __iter__(self) -> Iterator[int]:
        for entry in (*self.suspects, *self.again):
            yield entry.item
        for lo, hi in self.ranges:
            yield from range(lo, hi)

    def add(self, lo: int, hi: int) -> None:
        self.size += hi - lo
        if self.ranges and self.ranges[-1][1] == lo:
            lo = self.ranges.pop()[0]
        self.ranges.append((lo, hi))
        if len(self.ranges) == _LONG:
            self.ranges = deque(self.ranges)

    def add_again(self, item: int, avoid: str = "", until: float = 0.0) -> None:
        if isinstance(self.again, tuple):
            self.again = []
        self.again.append(Again(item, avoid, until))
        self.size += 1

    def add_suspect(self, item: int, avoid: str = "", until: float = 0.0) -> None:
        if isinstance(self.suspects, tuple):
            self.suspects = deque()
        self.suspects.append(Again(item, avoid, until))
        self.size += 1

    def take_suspect(self, agent: str, now: float, elsewhere: bool) -> list[int]:
        """One of them, as `take_again` does."""
        for place, entry in enumerate(self.suspects):
            if not (elsewhere and entry.avoid == agent and now < entry.until):
                assert isinstance(self.suspects, deque)
                del self.suspects[place]
                self.suspects = self.suspects or ()
                self.size -= 1
                return [entry.item]
        return []

    def take_again(self, most: int, agent: str, now: float, elsewhere: bool) -> list[int]:
        """Retries for this agent; with `elsewhere` (another agent could do it) not those that it failed."""
        if not self.again:
            return []
        taken: list[int] = []
        left: deque[Again] = deque()
        again = deque(self.again)
        while again and len(taken) < most:
            entry = again.popleft()
            if elsewhere and entry.avoid == agent and now < entry.until:
                left.append(entry)
            else:
                taken.append(entry.item)
        left.extend(again)
        self.again = left or ()
        self.size -= len(taken)
        return taken

    def take_range(self, most: int) -> Range | None:
        """Up to `most` neighbours, the oldest first."""
        if not self.ranges or most <= 0:
            return None
        lo, hi = self.ranges[0]
        if hi - lo <= most:
            if isinstance(self.ranges, deque):
                self.ranges.popleft()
            else:
                del self.ranges[0]
            self.size -= hi - lo
            return lo, hi
        self.ranges[0] = (lo + most, hi)
        self.size -= most
        return lo, lo + most

    def take_home(self, most: int, homes: bytearray, home: int) -> list[Range]:
        """Up to `most` items that have the byte `home` in `homes`, among the oldest (so many that a look is cheap)."""
        ranges = self.ranges if isinstance(self.ranges, deque) else deque(self.ranges)
        found: list[Range] = []
        kept: list[Range] = []
        reach, left = _REACH, most
        while ranges and left > 0 and reach > 0 and len(kept) < _PIECES:
            at, hi = ranges.popleft()
            end = min(hi, at + reach)
            reach -= end - at
            while left > 0 and (first := homes.find(home, at, end)) >= 0:
                last = first + 1
                while last < end and last - first < left and homes[last] == home:
                    last += 1
                if at < first:
                    kept.append((at, first))
                found.append((first, last))
                left -= last - first
                at = last
            if at < hi:
                kept.append((at, hi))
        ranges.extendleft(reversed(kept))
        self.ranges = ranges if len(ranges) >= _LONG else list(ranges)
        self.size -= most - left
        return found

    def discard(self, lo: int, hi: int) -> None:
        """Items of [lo, hi) leave the queue (cancelled, or back to PENDING)."""
        if self.again:
            self.again = [entry for entry in self.again if not lo <= entry.item < hi]
        if self.suspects:
            self.suspects = deque(entry for entry in self.suspects if not lo <= entry.item < hi) or ()
        kept = list(_without(self.ranges, lo, hi))
        self.ranges = deque(kept) if len(kept) >= _LONG else kept
        self.size = len(self.again) + len(self.suspects) + sum(last - first for first, last in self.ranges)


def _without(ranges: Iterable[Range], lo: int, hi: int) -> Iterator[Range]:
    for first, last in ranges:
        if last <= lo or hi <= first:
            yield first, last
            continue
        if first < lo:
            yield first, lo
        if hi < last:
            yield hi, last
