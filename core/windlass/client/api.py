"""`Client`: the Python way to a core, remote or embedded.

>>> from windlass import Client
>>> with Client.embedded(agents=2) as client:           # doctest: +SKIP
...     client.map(lambda x: x * x, range(4))
[0, 1, 4, 9]
"""

from __future__ import annotations

import contextlib
import functools
import getpass
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from windlass.client import connect, submit
from windlass.client.build import Graph
from windlass.client.embedded import EmbeddedCore
from windlass.client.errors import RequestFailed, StartFailed
from windlass.client.link import Link, client_name
from windlass.client.run import Run
from windlass.wire import messages as m
from windlass.wire.rows import AgentRow, RunRow


class Client:
    """A conversation with one core. A context manager; usable from several threads.

    `address` is `tcp://HOST:PORT`, a join token, or None: then `WINDLASS_CORE`, else the core running on this machine.
    """

    def __init__(
        self,
        address: str | None = None,
        *,
        core_key: str | None = None,
        home: Path | None = None,
        timeout: float = 10.0,
    ) -> None:
        self._embedded: EmbeddedCore | None = None
        self.link = Link(connect.locate(address, core_key, home=home), name=client_name(), home=home)
        try:
            self.link.wait_up(timeout)
        except BaseException:
            self.link.close()
            raise

    @classmethod
    def embedded(
        cls,
        agents: int = 1,
        *,
        cpus: float | None = None,
        home: Path | None = None,
        wait_agents: bool = True,
        **more: Any,
    ) -> Client:
        """Start a core and agents of our own, which end with this client. See `EmbeddedCore`."""
        core = EmbeddedCore(agents=agents, cpus=cpus, home=home, **more).start()
        try:
            client = cls(core.endpoint, core_key=core.public, home=core.home)
        except BaseException:
            core.stop()
            raise
        client._embedded = core
        try:
            if wait_agents:
                client.wait_agents(agents)
        except BaseException:
            client.close()
            raise
        return client

    def __repr__(self) -> str:
        return f"<Client {self.link.phase} {self.link.endpoint}>"

    @property
    def core(self) -> EmbeddedCore | None:
        """Our own core, if it is ours."""
        return self._embedded

    def submit(
        self,
        graph: Graph | submit.Package | str | Path,
        params: Mapping[str, Any] | None = None,
        *,
        name: str = "",
        owner: str = "",
        project: str = "",
        priority: int = 0,
        hidden: bool = False,
        progress: submit.Progress | None = None,
    ) -> Run:
        """Start a run of a graph built in code or of a document file, with its input files; returns once it is durable.

        The fair share is between owners, or projects where one is named; only an admin may submit for another `owner`.
        `progress` gets bytes uploaded and bytes in all.
        """
        if isinstance(graph, str | Path):
            from windlass.client.documents import load_package  # the parsers are not needed for graphs in code

            made = load_package(Path(graph), params)
        else:
            made = graph.build() if isinstance(graph, Graph) else graph
        owner = owner or current_user()
        run = submit.send(
            self.link,
            made,
            params,
            name=name,
            owner=owner,
            project=project,
            priority=priority,
            hidden=hidden,
            progress=progress,
        )
        found = self.run(run)
        found.know(task.id for task in made.graph.tasks)
        return found

    def map(
        self, function: Callable[..., Any], /, *iterables: Iterable[Any], timeout: float | None = None
    ) -> list[Any]:
        """Call a function on each element, on the agents; the results in order. Raises what a call raised."""
        graph = Graph(getattr(function, "__name__", "map").strip("<>"))
        node = graph.map(function, *iterables)
        made = graph.build()
        if not made.payloads[node.position]:
            return []
        run = self.submit(made)
        try:
            return list(run.result(node, timeout=timeout))
        except BaseException:
            with contextlib.suppress(Exception):
                run.cancel()
            raise

    def run(self, id: int) -> Run:
        """The handle of a run that was submitted before."""
        return Run(self.link, id, self._embedded.fatal if self._embedded is not None else None)

    def runs(self, limit: int = 100, *, hidden: bool = False) -> list[RunRow]:
        """The runs, newest first."""
        return msgspec.convert(self.link.ask(m.GetRuns(0, limit, hidden)).data["runs"], list[RunRow])

    def agents(self) -> list[AgentRow]:
        """The agents the core knows."""
        return msgspec.convert(self.link.ask(m.GetAgents(0)).data["agents"], list[AgentRow])

    def drain(self, agent: str, on: bool = True) -> None:
        """Give an agent nothing new (or, with `on` false, work again); what runs on it goes on. By id or name."""
        self.link.ask(m.AgentControl(0, "drain" if on else "undrain", self._agent_id(agent)))

    def forgive(self, agent: str) -> None:
        """Let an agent that was set aside as sick work again at once. By id or name."""
        self.link.ask(m.AgentControl(0, "forgive", self._agent_id(agent)))

    def remove_agent(self, agent: str) -> None:
        """Forget an agent that is down."""
        self.link.ask(m.AgentControl(0, "remove", self._agent_id(agent)))

    def token(self, role: str = "agent", ttl: float = 3600.0) -> str:
        """A join token, good once within `ttl` seconds, for an agent or a client."""
        return str(self.link.ask(m.MakeToken(0, role, ttl)).data["token"])

    def info(self) -> dict[str, Any]:
        """What the core says of itself."""
        return self.link.ask(m.GetInfo(0)).data

    def wait_agents(self, count: int, timeout: float = 30.0) -> None:
        """Return when that many agents are up; `StartFailed` with the log of our own that ended."""
        until = time.monotonic() + timeout
        while sum(agent.state == "up" for agent in self.agents()) < count:
            if self._embedded is not None and (ended := self._embedded.check()):
                raise StartFailed(ended)
            if time.monotonic() > until:
                raise StartFailed(f"{count} agents did not come up within {timeout:g} s")
            time.sleep(0.02)

    def close(self) -> None:
        """End the conversation, and our own core with it."""
        self.link.close()
        if self._embedded is not None:
            self._embedded.stop()

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _agent_id(self, agent: str) -> str:
        found = [row.id for row in self.agents() if agent in (row.id, row.name)]
        if len(found) != 1:
            raise RequestFailed("not-found", f"{'no' if not found else 'more than one'} agent is called {agent!r}")
        return found[0]


@functools.cache
def current_user() -> str:
    """Whose run it is, for fair shares and for people."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return ""
