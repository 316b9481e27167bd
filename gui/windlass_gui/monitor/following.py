"""Which runs' attempts the monitor follows: each costs messages, and a queue may be as long as it likes. No Qt."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from windlass.wire.rows import RunRow
from windlass_gui.models.tables import ENDED_RUN

FOLLOWED = 8
"""Runs whose attempts the table shows; of how many more something runs is said."""


def to_follow(rows: Iterable[RunRow], before: Collection[int]) -> set[int]:
    """Those of which something runs go first, then those that were followed before, then the newest."""
    going = [row for row in rows if row.state not in ENDED_RUN]
    going.sort(key=lambda row: (bool(row.counts.active), row.id in before, row.id), reverse=True)
    return {row.id for row in going[:FOLLOWED]}


def left_out(rows: Iterable[RunRow], followed: Collection[int]) -> int:
    """Of how many runs something runs that nobody follows."""
    return sum(bool(row.counts.active) and row.state not in ENDED_RUN and row.id not in followed for row in rows)
