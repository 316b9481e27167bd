"""The cells of the heat map: how large they are, which colour, and in which order. What paints them is in `heat.py`."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from PySide6.QtGui import QColor

from windlass_gui.look.theme import Theme, mix

LEAST, MOST = 22, 112
"""Side of a cell in pixels."""
GAP = 3
LEVELS = 24
"""Steps of colour: cells of a step are filled in one call."""


@dataclass(slots=True)
class Cell:
    agent: str
    name: str
    state: str
    share: float | None
    text: str


def fit(count: int, width: int, height: int) -> tuple[int, int]:
    """(columns, side) of the largest square cells of which `count` fit; at the least size they may need more height.

    >>> fit(3, 800, 400), fit(200, 800, 400), fit(5000, 300, 100)
    ((6, 112), (20, 37), (12, 22))
    """
    best = LEAST
    for side in range(MOST, LEAST - 1, -1):
        columns = max(1, (width + GAP) // (side + GAP))
        if ceil(count / columns) * (side + GAP) - GAP <= height:
            best = side
            break
    return max(1, (width + GAP) // (best + GAP)), best


def level(share: float) -> int:
    """A share as one of the steps of colour."""
    return min(LEVELS - 1, max(0, int(share * LEVELS)))


def heat(theme: Theme, step: int) -> QColor:
    """A step's colour."""
    return mix(theme.color("surface2"), theme.color("accent"), step / (LEVELS - 1))


def natural(name: str) -> list[tuple[int, int | str]]:
    """So that `node9` comes before `node10`."""
    parts: list[tuple[int, int | str]] = []
    digits = ""
    for char in name + "\0":
        if char.isdecimal() and char.isascii():
            digits += char
            continue
        if digits:
            parts.append((0, int(digits)))
            digits = ""
        if char != "\0":
            parts.append((1, char.lower()))
    return parts
