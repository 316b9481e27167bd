"""A grid of cells that stands for the items of a task, a million of them or three: without Qt, all in numpy.

Where there are more items than cells, each cell stands for neighbours (in the chosen order) and has the state that a
person should see first: a single failure among a thousand is never hidden by those that went well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windlass_gui.look.theme import ITEM_STATES

CELL = 7
"""Scene units from one cell to the next; one of them is the gap."""
ORDERS = ("index", "state", "duration", "memory")

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

_FIRST = ("failed", "backoff", "active", "ready", "cancelled", "pending", "skipped", "succeeded")
"""What a person should see first of several."""
RANK = np.array([_FIRST.index(state) for state in ITEM_STATES], np.uint8)
_STATE_OF_RANK = np.array([ITEM_STATES.index(state) for state in _FIRST], np.uint8)


@dataclass(frozen=True, slots=True)
class Shape:
    """How many cells, in how many columns, for how many items each."""

    items: int
    columns: int
    rows: int
    each: int

    @property
    def cells(self) -> int:
        return -(-self.items // self.each)

    @property
    def width(self) -> int:
        return self.columns * CELL

    @property
    def height(self) -> int:
        return self.rows * CELL


def shape(items: int, width: float, most_rows: int) -> Shape:
    """The grid for so many items in a width of scene units and at most so many rows."""
    columns = max(1, int(width // CELL))
    each = max(1, -(-items // (columns * most_rows)))
    cells = -(-items // each)
    return Shape(items, columns, max(1, -(-cells // columns)), each)


def arrange(order: str, states: Bytes, values: Floats | None = None) -> Ints | None:
    """Items in an order; None: as they are. The longest and the largest come first, unknown ones last."""
    if order == "state":
        return np.argsort(RANK[np.minimum(states, len(RANK) - 1)], kind="stable")
    if order in ("duration", "memory") and values is not None:
        known = np.full(len(states), -np.inf)
        count = min(len(values), len(states))
        known[:count] = np.nan_to_num(values[:count], nan=-np.inf)
        return np.argsort(-known, kind="stable")
    return None


def cell_states(states: Bytes, order: Ints | None, each: int) -> Bytes:
    """The state of each cell."""
    if order is not None:
        states = states[order]
    if each == 1:
        return states
    ranks = RANK[np.minimum(states, len(RANK) - 1)]
    starts = np.arange(0, len(ranks), each)
    return _STATE_OF_RANK[np.minimum.reduceat(ranks, starts)] if len(ranks) else ranks


def picture(cells: Bytes, columns: int, rows: int, palette: NDArray[np.uint32], mark: int = -1) -> NDArray[np.uint32]:
    """The pixels of the grid (ARGB, premultiplied), CELL to a cell with a clear line between; `mark`: one is lit."""
    values = np.zeros(columns * rows, np.uint32)
    values[: len(cells)] = palette[np.minimum(cells, len(palette) - 2)]
    if 0 <= mark < len(cells):
        values[mark] = palette[-1]
    pixels = np.repeat(np.repeat(values.reshape(rows, columns), CELL, 0), CELL, 1)
    pixels[CELL - 1 :: CELL] = 0
    pixels[:, CELL - 1 :: CELL] = 0
    return pixels


def cell_at(grid: Shape, x: float, y: float) -> int | None:
    """The cell under a point of the grid."""
    column, row = int(x // CELL), int(y // CELL)
    cell = row * grid.columns + column
    return cell if 0 <= column < grid.columns and 0 <= row < grid.rows and cell < grid.cells else None


def items_of(grid: Shape, order: Ints | None, cell: int) -> Ints:
    """The items that a cell stands for, in the grid's order."""
    first, last = cell * grid.each, min(grid.items, (cell + 1) * grid.each)
    return np.arange(first, last) if order is None else order[first:last]


def telling_item(items: Ints, states: Bytes) -> int:
    """The item of a cell that a click opens: the first of those that a person should see first."""
    return int(items[int(np.argmin(RANK[np.minimum(states[items], len(RANK) - 1)]))])
