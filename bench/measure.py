"""What a measurement is, and the few helpers that they share."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    name: str
    value: float
    unit: str
    note: str = ""
    """How it was measured, or a ratio to the machine's limit."""

    @property
    def figure(self) -> str:
        """The value as it is printed."""
        return f"{self.value:,.{0 if self.value >= 100 else 2}f}"


@dataclass(frozen=True, slots=True)
class Plan:
    """How thorough to be."""

    quick: bool = False

    def size(self, full: int, quick: int) -> int:
        return quick if self.quick else full

    @property
    def repeats(self) -> int:
        """Of short measurements, whose median is reported."""
        return 1 if self.quick else 5


class Stopwatch:
    """Seconds since it was made, or between its start and `stop`."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._ended: float | None = None

    def stop(self) -> None:
        self._ended = time.perf_counter()

    @property
    def seconds(self) -> float:
        return (time.perf_counter() if self._ended is None else self._ended) - self._began


@contextmanager
def stopwatch() -> Iterator[Stopwatch]:
    """Time a block: `.seconds` holds how long it took."""
    watch = Stopwatch()
    try:
        yield watch
    finally:
        watch.stop()


def median_of(repeats: int, measure: Callable[[], float]) -> float:
    return statistics.median(measure() for _ in range(repeats))


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of them lie (nearest rank)."""
    ranked = sorted(values)
    return ranked[min(len(ranked) - 1, int(share * len(ranked)))]
