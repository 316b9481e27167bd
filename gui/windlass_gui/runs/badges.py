"""Badges of failures: of one size on the screen at every zoom, so that a failure is seen from afar. Pure numpy.

Badges that would lie over each other become one with the sum, by a coarse raster of the screen: a hundred thousand
failed tasks cost as much as ten.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

RASTER = (56.0, 30.0)
"""Pixels within which badges join: about the room that one takes."""


@dataclass(frozen=True, slots=True)
class Badge:
    """At a point of the screen: failed items, and of how many tasks."""

    x: float
    y: float
    items: int
    tasks: int


def join(points: NDArray[np.float64], counts: NDArray[np.int64]) -> list[Badge]:
    """Points in pixels, an (n, 2) array, and how many items failed at each."""
    if not len(points):
        return []
    places = np.floor(points / RASTER).astype(np.int64)
    _, first, where = np.unique(places, axis=0, return_index=True, return_inverse=True)
    where = where.reshape(-1)
    size = len(first)
    items = np.bincount(where, counts, size)
    tasks = np.bincount(where, minlength=size)
    x = np.bincount(where, points[:, 0], size) / tasks
    y = np.bincount(where, points[:, 1], size) / tasks
    return [
        Badge(float(a), float(b), int(n), int(k))
        for a, b, n, k in zip(x.tolist(), y.tolist(), items.tolist(), tasks.tolist(), strict=True)
    ]


def count_text(count: int) -> str:
    """At most four characters: `7`, `312`, `4.1k`, `23k`, `1.2M`.

    >>> [count_text(n) for n in (7, 999, 4100, 23_456, 999_999, 1_200_000)]
    ['7', '999', '4.1k', '23k', '999k', '1.2M']
    """
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if count >= size:
            value = count / size
            return f"{value:.1f}{letter}" if value < 9.95 else f"{int(value)}{letter}"
    return str(count)
