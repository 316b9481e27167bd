"""How long attempts take in a simulation: as declared, as another run took, as recorded in the graph, or a default.

A recorded runtime is the variable `WINDLASS_RUNTIME` (seconds) in a task's `env`: it stays with the task when the
document is copied, cut and edited, survives a change of the command, and the command of an imported task sleeps for
just that variable, so what is simulated and what is run for real cannot differ.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase

from windlass.model.graph import Graph, Task
from windlass.model.wfformat import recorded

_MASK = (1 << 64) - 1


class Durations:
    """Seconds by task position and item. The first source that knows wins."""

    def __init__(
        self,
        graph: Graph,
        *,
        declared: Sequence[tuple[str, float]] = (),
        like: Mapping[str, Mapping[int, float]] | None = None,
        default: float = 1.0,
        spread: float = 0.0,
        seed: int = 0,
    ) -> None:
        """`declared`: (task id or pattern, seconds), later ones win. `like`: task id -> item -> seconds, of a run that
        has ended. `spread`: each item's duration is multiplied by a number in 1 - spread ... 1 + spread."""
        self._spread = spread
        self._seed = seed
        self._task: list[float] = []
        self._items: dict[int, Mapping[int, float]] = {}
        self.sources: dict[str, int] = {"declared": 0, "learned": 0, "recorded": 0, "default": 0}
        """How many tasks take their durations from where."""
        exact = {name: seconds for name, seconds in declared if not any(sign in name for sign in "*?[")}
        patterns = [(name, seconds) for name, seconds in reversed(declared) if name not in exact]
        for position, task in enumerate(graph.tasks):
            source, seconds = self._find(task, exact, patterns)
            learned = (like or {}).get(task.id)
            if source != "declared" and learned:
                source, seconds = "learned", math.fsum(learned.values()) / len(learned)
                self._items[position] = learned
            self.sources[source] += 1
            self._task.append(default if seconds is None else seconds)

    def _find(
        self, task: Task, exact: Mapping[str, float], patterns: Sequence[tuple[str, float]]
    ) -> tuple[str, float | None]:
        if task.id in exact:
            return "declared", exact[task.id]
        for pattern, seconds in patterns:
            if fnmatchcase(task.id, pattern):
                return "declared", seconds
        seconds_known = recorded(task)
        return ("default", None) if seconds_known is None else ("recorded", seconds_known)

    def mean(self, position: int) -> float:
        """Of a task's items."""
        return self._task[position]

    def __call__(self, position: int, item: int) -> float:
        items = self._items.get(position)
        seconds = self._task[position] if items is None else items.get(item, self._task[position])
        return seconds * self._factor(position, item) if self._spread else seconds

    def _factor(self, position: int, item: int) -> float:
        """The same for the same seed, task and item, whatever order they start in (splitmix64)."""
        state = (self._seed * 0x9E3779B97F4A7C15 + position * 0xBF58476D1CE4E5B9 + item * 0x94D049BB133111EB) & _MASK
        for _ in range(2):
            state = (state + 0x9E3779B97F4A7C15) & _MASK
            state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
            state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & _MASK
            state ^= state >> 31
        return 1.0 + self._spread * (state / 2.0**63 - 1.0)
