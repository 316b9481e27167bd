"""What happened lately, bounded: an error that names an item tells its last hundred facts with it."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from windlass.sched.events import AttemptId


class Fact(NamedTuple):
    time: float
    what: str
    where: str
    """The agent, if any."""
    ids: tuple[tuple[int, ...], ...]
    """The first few that it was about."""
    more: int
    """How many further ones."""

    def __str__(self) -> str:
        names = ", ".join(_name(id) for id in self.ids) + (f" and {self.more} more" if self.more else "")
        return f"{self.time:.3f} {self.what}{' on ' + self.where if self.where else ''}: {names}"


class Story:
    def __init__(self, keep: int = 100, each: int = 8) -> None:
        self._facts: deque[tuple[float, str, str, tuple[AttemptId, ...], int]] = deque(maxlen=keep)
        """A `Fact` each, and how many it was about in all: made into one when somebody asks."""
        self._each = each

    def tell(self, time: float, what: str, where: str, ids: Sequence[AttemptId]) -> None:
        self._facts.append((time, what, where, tuple(ids[: self._each]), len(ids)))

    def note(self, time: float, what: str, where: str = "") -> None:
        self._facts.append((time, what, where, (), 0))

    def of(self, run: int | None = None, task: int | None = None, item: int | None = None) -> list[str]:
        """The facts about an item (or a task, or a run, or all), oldest first."""
        wanted = tuple(part for part in (run, task, item) if part is not None)
        return [
            str(Fact(time, what, where, ids, count - len(ids)))
            for time, what, where, ids, count in self._facts
            if not wanted or any(id[: len(wanted)] == wanted for id in ids)
        ]


def _name(id: tuple[int, ...]) -> str:
    return "{}/{}[{}]#{}".format(*id) if len(id) == 4 else repr(id)
