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
        self._facts: deque[Fact] = deque(maxlen=keep)
        self._each = each

    def tell(self, time: float, what: str, where: str, ids: Sequence[AttemptId]) -> None:
        self._facts.append(Fact(time, what, where, tuple(ids[: self._each]), max(0, len(ids) - self._each)))

    def note(self, time: float, what: str, where: str = "") -> None:
        self._facts.append(Fact(time, what, where, (), 0))

    def of(self, run: int | None = None, task: int | None = None, item: int | None = None) -> list[str]:
        """The facts about an item (or a task, or a run, or all), oldest first."""
        wanted = tuple(part for part in (run, task, item) if part is not None)
        return [str(f) for f in self._facts if not wanted or any(id[: len(wanted)] == wanted for id in f.ids)]


def _name(id: tuple[int, ...]) -> str:
    return "{}/{}[{}]#{}".format(*id) if len(id) == 4 else repr(id)
