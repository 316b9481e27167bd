"""Whether attempts of a run end faster than anybody could read of them, so that reading the record behind would only
take the processor from the work: it is read when the rush is over."""

from __future__ import annotations

from windlass_gui.mirror.mirror import RunMirror

MANY = 10_000
"""Attempts between two looks that deltas left out; a look is about a second after the one before."""


class Rush:
    """Of one run at a time."""

    def __init__(self) -> None:
        self._shed = 0
        self.on = False
        """As it was at the last look."""

    def look(self, mirror: RunMirror | None) -> bool:
        """Whether it goes on; never of a run that has ended."""
        shed = mirror.shed if mirror is not None else 0
        goes_on = mirror is not None and mirror.row is not None and mirror.row.ended is None
        self.on = goes_on and shed - self._shed > MANY
        self._shed = shed
        return self.on
