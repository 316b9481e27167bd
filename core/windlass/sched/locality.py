"""Who holds which files: work prefers the agent that already has what it needs, among those that have room for it now.

An agent that ran an attempt keeps the files which that one left. What is known of a run is, for each task, how many
bytes are on which agent, and for an array that others need item by item, where each item succeeded: one byte an item.
It is told by the ends of attempts, so a run whose attempts leave no files has nothing here; after a restart of the core
it is known again of what ends from then on. It is a preference and nothing else: nothing waits for its agent.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from windlass.sched.agents import Agent
    from windlass.sched.tasks import TaskState

LARGE = 1 << 20
"""Bytes in all below which it does not matter where they are."""
KEPT = 16
"""Agents that are remembered for what a task needs, those with the most bytes."""


def code(agent: Agent) -> int:
    """The agent in one byte, never 0. Of more than 255 agents some share theirs: then a preference is lost at times."""
    return agent.seq % 255 + 1


class Files:
    """Of one run."""

    __slots__ = ("_homes", "_left", "_near", "_total")

    def __init__(self) -> None:
        self._left: dict[int, dict[str, int]] = {}
        """Task -> agent -> bytes of files that its attempts left there."""
        self._total: dict[int, int] = {}
        self._homes: dict[int, bytearray] = {}
        """Task -> `code` of the agent on which each item succeeded; 0: not known."""
        self._near: dict[int, tuple[str, ...]] = {}
        """Task -> agents that hold files of what it needs as a whole, the most bytes first."""

    def left(self, task: TaskState, agent: Agent, items: list[int], size: int) -> None:
        """Attempts of these items succeeded on the agent and left so many bytes of files there."""
        pos, tasks = task.pos, task.run.tasks
        self._total[pos] = self._total.get(pos, 0) + size
        if tasks.whole_children(pos):
            left = self._left.setdefault(pos, {})
            left[agent.id] = left.get(agent.id, 0) + size
            if self._near:
                for child in tasks.whole_children(pos):
                    self._near.pop(child, None)
        if len(task.states) > 1 and tasks.each_children(pos):
            homes = self._homes.get(pos)
            if homes is None:
                homes = self._homes[pos] = bytearray(len(task.states))
            elif len(homes) < len(task.states):
                homes.extend(bytes(len(task.states) - len(homes)))
            own = code(agent)
            for item in items:
                homes[item] = own

    def near(self, task: TaskState) -> tuple[str, ...]:
        """The agents that hold files of the tasks which it needs as a whole; none where these are small."""
        found = self._near.get(task.pos)
        if found is None:
            sizes: dict[str, int] = {}
            for up in task.run.tasks.whole(task.pos):
                for agent, size in self._left.get(up, {}).items():
                    sizes[agent] = sizes.get(agent, 0) + size
            order = sorted(sizes, key=lambda agent: (-sizes[agent], agent)) if sum(sizes.values()) >= LARGE else []
            found = self._near[task.pos] = tuple(order[:KEPT])
        return found

    def homes(self, task: TaskState) -> bytearray | None:
        """Where each item finds the files of the same item before it, by `code`; None where these are small."""
        if not self._homes:
            return None
        ups = [up for up in task.run.tasks.each(task.pos) if up in self._homes]
        up = max(ups, key=lambda up: self._total[up], default=None)
        return self._homes[up] if up is not None and self._total[up] >= LARGE else None
