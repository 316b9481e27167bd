"""A real core in a thread, and peers that speak the wire by hand."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import zmq
from tests.patience import PATIENCE

from windlass.model.graph import Command, Foreach, Graph, Need, Resources, Task
from windlass.server.loop import Options, Server
from windlass.wire import codec, keys
from windlass.wire import messages as m


class Peer:
    """A bare DEALER with a key."""

    def __init__(self, context: zmq.Context[Any], endpoint: str, public: str, pair: keys.KeyPair) -> None:
        self.pair = pair
        self.socket = context.socket(zmq.DEALER)
        self.socket.linger = 0
        keys.secure(self.socket, pair, public)
        self.socket.connect(endpoint)
        self.requests = 0

    def send(self, msg: m.Message, payload: tuple[bytes, ...] | list[bytes] = ()) -> None:
        self.socket.send_multipart(codec.encode(msg, payload))

    def raw(self, *frames: bytes) -> None:
        self.socket.send_multipart(frames)

    def receive(self, seconds: float = PATIENCE) -> tuple[Any, list[bytes]]:
        assert self.socket.poll(int(seconds * 1000)), "nothing came"
        return codec.decode(self.socket.recv_multipart())

    def expect(self, kind: type) -> Any:
        """The next message of this kind; others on the way are dropped."""
        while True:
            msg, _ = self.receive()
            if isinstance(msg, kind):
                return msg
            assert not isinstance(msg, m.Refused | m.Failure), msg

    def ask(self, kind: type, *args: Any, payload: list[bytes] | tuple[bytes, ...] = (), **kwargs: Any) -> Any:
        """The answer to a request: a Reply's data, or the Failure."""
        return self.ask_with_payload(kind, *args, payload=payload, **kwargs)[0]

    def ask_with_payload(self, kind: type, *args: Any, payload: Any = (), **kwargs: Any) -> tuple[Any, list[bytes]]:
        self.requests += 1
        self.send(kind(self.requests, *args, **kwargs), payload)
        while True:
            msg, frames = self.receive()
            if isinstance(msg, m.Reply | m.Failure) and msg.req == self.requests:
                return (msg.data if isinstance(msg, m.Reply) else msg), frames

    def silent(self, timeout: int = 50) -> bool:
        return not self.socket.poll(timeout)

    def close(self) -> None:
        self.socket.close()


class FakeAgent(Peer):
    """An agent that does what the test says."""

    epoch = 0

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.aside: deque[tuple[Any, list[bytes]]] = deque()
        """Assignments that came while something else was looked for: the core sends them before it acknowledges."""

    def receive(self, seconds: float = PATIENCE) -> tuple[Any, list[bytes]]:
        return self.aside.popleft() if self.aside else self._next(seconds)

    def _next(self, seconds: float = PATIENCE) -> tuple[Any, list[bytes]]:
        msg, payload = super().receive(seconds)
        return (msg.apart() if isinstance(msg, m.AssignRange | m.AssignTasks) else msg), payload

    def acknowledged(self) -> m.Ack:
        """The next acknowledgement; assignments that come before it are kept."""
        while True:
            msg, payload = self._next()
            if isinstance(msg, m.Ack):
                return msg
            assert not isinstance(msg, m.Refused | m.Failure), msg
            if isinstance(msg, m.Assign):
                self.aside.append((msg, payload))

    def silent(self, timeout: int = 50) -> bool:
        return not self.aside and super().silent(timeout)

    def hello(
        self, name: str = "a1", cpus: float = 2, held: tuple[m.Held, ...] = (), memory: int = 0, **facts: Any
    ) -> m.Welcome:
        facts = m.AgentFacts(name, Resources(cpus=cpus, memory=memory), {"os": "linux", **facts})
        self.send(m.AgentHello(name, facts, self.epoch, list(held), time.time()))
        welcome: m.Welcome = self.expect(m.Welcome)
        self.epoch = welcome.epoch
        return welcome

    def assigned(self, count: int) -> list[m.AssignItem]:
        items: list[m.AssignItem] = []
        self.bundles = getattr(self, "bundles", {})
        while len(items) < count:
            msg = self.expect(m.Assign)
            items += msg.items
            self.bundles.update({(b.run, b.task): b for b in msg.bundles})
        return items

    def ends(self, items: list[m.AssignItem], outcome: str = "ok", result: bytes = b"jnull", **kwargs: Any) -> None:
        """Report ends without waiting for the acknowledgement."""
        now = time.time()
        exits = [m.Exit(i.key, outcome, 0 if outcome == "ok" else 1, now, now, **kwargs) for i in items]
        self.send(m.Exited(exits), [result] * len(items))

    def finish(self, items: list[m.AssignItem], outcome: str = "ok", **kwargs: Any) -> m.Ack:
        self.ends(items, outcome, **kwargs)
        return self.acknowledged()


class Running:
    """A core in a thread of this process."""

    def __init__(self, home: Path, **options: Any) -> None:
        self.home = home
        self.options = Options(home / "data", home / "config", **options)
        self.failure: BaseException | None = None
        self._ready = threading.Event()
        self._context: zmq.Context[Any] = zmq.Context()
        self._peers: list[Peer] = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert self._ready.wait(PATIENCE)
        if self.failure is not None:
            raise self.failure

    def _run(self) -> None:
        try:
            self.server = Server(self.options)
            self.found = self.server.start()
            self._ready.set()
            self.server.run()
            self.server.close()
        except BaseException as error:
            self.failure = error
            self._ready.set()

    def peer(self, pair: keys.KeyPair | None = None, kind: type[Peer] = Peer) -> Any:
        peer = kind(self._context, self.found.endpoint, self.found.public, pair or keys.new_pair())
        self._peers.append(peer)
        return peer

    def client(self) -> Peer:
        peer: Peer = self.peer(keys.load(self.home / "config" / keys.CLIENT_KEY))
        peer.send(m.ClientHello("test"))
        peer.expect(m.ClientWelcome)
        return peer

    def agent(self) -> FakeAgent:
        agent: FakeAgent = self.peer(keys.load(self.home / "config" / keys.AGENT_KEY), FakeAgent)
        return agent

    def stop(self) -> None:
        if self._thread.is_alive():
            self.server.interrupt()
            self._thread.join(PATIENCE)
        for peer in self._peers:
            peer.close()
        self._context.term()
        assert not self._thread.is_alive()
        if self.failure is not None:
            raise self.failure


@pytest.fixture
def start_core(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Start a core in the test's own home; again after `stop`."""
    started: list[Running] = []

    def start(**options: Any) -> Running:
        running = Running(tmp_path, **options)
        started.append(running)
        return running

    yield start
    for running in started:
        running.stop()


@pytest.fixture
def core(start_core: Callable[..., Running]) -> Running:
    return start_core()


class Kit:
    """Graphs and submits, short to write."""

    @staticmethod
    def task(id: str, *needs: str | Need, **fields: Any) -> Task:
        wanted = [need if isinstance(need, Need) else Need(need) for need in needs]
        fields.setdefault("action", Command(["true"]))
        return Task(id, needs=wanted, **fields)

    @staticmethod
    def array(id: str, count: int, *needs: str | Need, **fields: Any) -> Task:
        return Kit.task(id, *needs, foreach=Foreach(range=(0, count, 1)), **fields)

    @staticmethod
    def submit(client: Peer, *tasks: Task, token: str = "t1", payload: list[bytes] | None = None, **fields: Any) -> Any:
        graph = Graph("g", list(tasks), params=fields.pop("graph_params", {}))
        raw = msgspec.msgpack.encode(graph)
        answer = client.ask(
            m.Submit, token, raw, "document", fields.pop("params", {}), fields.pop("files", []), payload=payload or [],
            **fields,
        )  # fmt: skip
        return answer["run"] if isinstance(answer, dict) else answer

    @staticmethod
    def results(client: Peer, run: int, count: int) -> list[Any]:
        """Ends of items until there are so many."""
        found: list[Any] = []
        after = 0
        while len(found) < count:
            data, frames = client.ask_with_payload(m.GetResults, run, after)
            assert isinstance(data, dict), data
            found += [(*row, frame) for row, frame in zip(data["results"], frames, strict=True)]
            if data["results"]:
                after = data["results"][-1][0]
            elif data["run_state"] != "running":
                break
        return found

    @staticmethod
    def wait_run(client: Peer, run: int) -> str:
        """How it ended."""
        after = 0
        while True:
            data = client.ask(m.GetResults, run, after)
            if data["results"]:
                after = data["results"][-1][0]
            elif data["run_state"] != "running":
                return str(data["run_state"])


@pytest.fixture
def kit() -> type[Kit]:
    return Kit
