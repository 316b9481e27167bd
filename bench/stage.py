"""The stage that the measurements share: a real core with local agents, and runs submitted by a real client."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore
from windlass.client.submit import Package
from windlass.model.graph import Command, Foreach, Graph, Need, Task
from windlass.wire import messages

PATIENCE = 300.0
"""Seconds after which a measurement counts as failed."""
TRUE = Command(["/bin/true"])


class Stage:
    """A client with a core of its own, and the ends of runs the moment they are published."""

    def __init__(self, client: Client) -> None:
        assert client.core is not None
        self.client = client
        self.core: EmbeddedCore = client.core
        self._states: dict[int, str] = {}
        self._changed = threading.Condition()
        client.link.subscribe(["runs"], self._follow)

    def _follow(self, message: messages.Snapshot | messages.Delta) -> None:
        with self._changed:
            for row in message.data.get("runs", ()):
                self._states[row["id"]] = row["state"]
            self._changed.notify_all()

    def submit(self, graph: Graph) -> int:
        return self.client.submit(Package(graph)).id

    def finish(self, run: int) -> None:
        """Return once the run has succeeded; anything else is an error."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self._states.get(run) not in (None, "running"), PATIENCE)
        if not ended or self._states[run] != "succeeded":
            raise RuntimeError(f"run {run} is {self._states.get(run)}: {self.core.check() or ''}")


@contextmanager
def stage(*, agents: int = 1, cpus: float = 2) -> Iterator[Stage]:
    """A core with `agents` of `cpus` slots each, up and idle."""
    with Client.embedded(agents=agents, cpus=cpus) as client:
        yield Stage(client)


def array(count: int, action: Any = TRUE) -> Graph:
    """One task with `count` items."""
    return Graph(name=f"array-{count}", tasks=[Task(id="items", action=action, foreach=Foreach(range=(0, count, 1)))])


def chain(length: int) -> Graph:
    """Tasks in a row, each needing the one before."""
    tasks = [
        Task(id=f"t{place}", action=TRUE, needs=[Need(f"t{place - 1}")] if place else []) for place in range(length)
    ]
    return Graph(name=f"chain-{length}", tasks=tasks)


def fan(width: int) -> Graph:
    """One, then `width` items, then one."""
    middle = Task(id="middle", action=TRUE, needs=[Need("first")], foreach=Foreach(range=(0, width, 1)))
    tasks = [Task(id="first", action=TRUE), middle, Task(id="last", action=TRUE, needs=[Need("middle")])]
    return Graph(name=f"fan-{width}", tasks=tasks)
