"""Which matters a person has put aside: for an hour, or until the matter changes. Kept in the settings. No Qt.

"Until it changes" ends when the matter's `mark` differs, and is forgotten when the matter itself has been gone for a
while: should it come back, it is a new one. The while covers a start, before all rows are here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from windlass_gui.attention.derive import Matter

HOUR = 3600.0
GONE = 900.0
"""Seconds after which a matter that is not there any more is forgotten."""
KEPT = 500
"""Matters put aside that are kept; the oldest go first."""

Key = tuple[str, str]


@dataclass(slots=True)
class Silence:
    until: float | None
    """None: until it changes."""
    mark: tuple[int, ...]
    seen: float
    """When the matter was last there."""


class Aside:
    """`hidden` asks, `put` and `take_back` change, `dump` and `load` keep."""

    def __init__(self) -> None:
        self._silences: dict[Key, Silence] = {}

    def put(self, matter: Matter, now: float, seconds: float | None = None) -> None:
        """For so long, or (None) until it changes."""
        self._silences.pop(matter.key, None)
        self._silences[matter.key] = Silence(now + seconds if seconds is not None else None, matter.mark, now)
        while len(self._silences) > KEPT:
            del self._silences[next(iter(self._silences))]

    def take_back(self, matter: Matter) -> None:
        self._silences.pop(matter.key, None)

    def split(self, matters: Iterable[Matter], now: float) -> tuple[list[Matter], list[Matter]]:
        """(to be shown, put aside), both in their order."""
        shown: list[Matter] = []
        aside: list[Matter] = []
        for matter in matters:
            silence = self._silences.get(matter.key)
            if silence is None:
                shown.append(matter)
                continue
            over = silence.until <= now if silence.until is not None else silence.mark != matter.mark
            if over:
                del self._silences[matter.key]
                shown.append(matter)
            else:
                silence.seen = now
                aside.append(matter)
        for key, silence in list(self._silences.items()):
            if silence.seen < now - GONE and (silence.until is None or silence.until <= now):
                del self._silences[key]
        return shown, aside

    @property
    def due(self) -> float | None:
        """When the next one that was put aside for a time is to be seen again."""
        return min((each.until for each in self._silences.values() if each.until is not None), default=None)

    def dump(self) -> str:
        return json.dumps([[*key, each.until, list(each.mark)] for key, each in self._silences.items()])

    def load(self, text: str, now: float) -> None:
        """What `dump` gave; anything else is no silence."""
        self._silences = {}
        try:
            rows: Any = json.loads(text or "[]")
            for kind, subject, until, mark in rows:
                self._silences[str(kind), str(subject)] = Silence(
                    float(until) if until is not None else None, tuple(int(part) for part in mark), now
                )
        except (ValueError, TypeError, OverflowError):
            return
