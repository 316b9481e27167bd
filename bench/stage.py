"""The stage that the measurements share: a real core with local agents, and runs submitted over a real link."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from windlass.client.connect import locate
from windlass.client.embedded import EmbeddedCore
from windlass.client.link import Link
from windlass.model.graph import Command, Foreach, Graph, Need, Task
from windlass.wire import messages

PATIENCE = 300.0
"""Seconds after which a measurement counts as failed."""
TRUE = Command(["/bin/true"])


class Stage:
    """A core, its agents, and a client's link to it."""

    def __init__(self, embedded: EmbeddedCore, link: Link) -> None:
        self.embedded = embedded
        self.link = link
        self._states: dict[int, str] = {}
        self._changed = threading.Condition()
        self._agents_up = 0
        link.subscribe(["runs", "agents"], self._follow)

    def _follow(self, message: messages.Snapshot | messages.Delta) -> None:
        with self._changed:
            for row in message.data.get("runs", ()):
                self._states[row["id"]] = row["state"]
            for row in message.data.get("agents", ()):
                self._agents_up += row["state"] == "up"
            self._changed.notify_all()

    def wait_for_agent(self) -> None:
        with self._changed:
            if not self._changed.wait_for(lambda: self._agents_up > 0, PATIENCE):
                raise TimeoutError(f"no agent came up: {self.embedded.check()}")

    def submit(self, graph: Graph) -> int:
        data = msgspec.msgpack.encode(graph)
        message = messages.Submit(0, secrets.token_hex(8), data, "", graph.params, [], graph.name)
        run: int = self.link.ask(message, timeout=PATIENCE).data["run"]
        return run

    def finish(self, run: int) -> None:
        """Return once the run has succeeded; anything else is an error."""
        with self._changed:
            ended = self._changed.wait_for(lambda: self._states.get(run) not in (None, "running"), PATIENCE)
        if not ended or self._states[run] != "succeeded":
            raise RuntimeError(f"run {run} is {self._states.get(run)}: {self.embedded.check() or ''}")


@contextmanager
def stage(*, agents: int = 1, cpus: float = 2, options: tuple[str, ...] = ()) -> Iterator[Stage]:
    """A core with `agents` of `cpus` slots each, up and idle."""
    with (
        EmbeddedCore(agents=agents, cpus=cpus, core_options=options) as embedded,
        Link(locate(home=embedded.client_home), name="bench", home=embedded.client_home) as link,
    ):
        link.wait_up()
        ready = Stage(embedded, link)
        if agents:
            ready.wait_for_agent()
        yield ready


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
