"""A real core and real agents as child processes, to be killed and restarted at any instant.

Everything lives under one folder and speaks over one loopback port that stays the same across restarts. All
processes carry a mark in their environment, so that what an attempt left behind can be found and counted.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Any

import msgspec
import psutil
import zmq

from windlass.model.graph import Graph
from windlass.wire import codec, keys, messages

MARK = "WINDLASS_CHAOS_MARK"
PATIENCE = 30.0
"""Seconds that a start, an answer or an orderly end may take on a busy machine."""


class Unanswered(Exception):
    """The core did not answer in time."""


class Link:
    """One client connection, one request at a time."""

    def __init__(self, endpoint: str, public: str, own: keys.KeyPair) -> None:
        self._socket: zmq.Socket[bytes] = zmq.Context.instance().socket(zmq.DEALER)
        self._socket.linger = 0
        keys.secure(self._socket, own, public)
        self._socket.connect(endpoint)
        self._numbers = iter(range(1, 1 << 60))
        self._socket.send_multipart(codec.encode(messages.ClientHello("chaos")))
        self._receive(messages.ClientWelcome, time.monotonic() + PATIENCE)

    def request(self, kind: Callable[..., messages.Message], patience: float = PATIENCE, **fields: Any) -> Any:
        """The data of the answer; a Failure raises."""
        number = next(self._numbers)
        self._socket.send_multipart(codec.encode(kind(req=number, **fields)))
        deadline = time.monotonic() + patience
        while True:
            answer = self._receive((messages.Reply, messages.Failure), deadline)
            if answer.req == number:
                break
        if isinstance(answer, messages.Failure):
            raise RuntimeError(f"{answer.code}: {answer.reason}")
        return answer.data

    def close(self) -> None:
        self._socket.close()

    def _receive(self, kind: Any, deadline: float) -> Any:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not self._socket.poll(int(left * 1000) + 1):
                raise Unanswered(f"no {kind} came")
            message, _payload = codec.decode(self._socket.recv_multipart())
            if isinstance(message, messages.WhoAreYou):
                self._socket.send_multipart(codec.encode(messages.ClientHello("chaos")))
            elif isinstance(message, messages.Refused):
                raise RuntimeError(f"refused: {message.code}: {message.reason}")
            elif isinstance(message, kind):
                return message


class Cluster:
    """Use as a context manager; whatever is left is killed at the end."""

    def __init__(self, root: Path, *, core_options: tuple[str, ...] = ()) -> None:
        self.root = root
        self.home = root / "home"
        self.mark = secrets.token_hex(8)
        self.environment = {**os.environ, "WINDLASS_HOME": str(self.home), MARK: self.mark}
        self.core_options = core_options
        self.core: subprocess.Popen[bytes] | None = None
        self.agents: dict[str, subprocess.Popen[bytes]] = {}
        self.left_behind: list[str] = []
        """After `close`: what still ran once core and agents had ended."""
        self._link: Link | None = None
        self._where: dict[str, Any] = {}
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        (root / "logs").mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        self.close()

    # --- processes -------------------------------------------------------------------------------------

    def start_core(self) -> None:
        """Start (or restart) the core and return when it accepts."""
        reading, writing = os.pipe()
        command = [sys.executable, "-m", "windlass.server", "--bind", f"tcp://127.0.0.1:{self.port}"]
        self.core = self._start("core", [*command, "--ready-fd", str(writing), *self.core_options], (writing,))
        os.close(writing)
        with open(reading, "rb") as pipe:
            line = pipe.readline()
        if not line:
            raise RuntimeError(f"the core did not start:\n{self.log('core')}")
        self._where = json.loads(line)

    def kill_core(self) -> None:
        """kill -9, at once."""
        assert self.core is not None
        self.core.kill()
        self.core.wait()
        self.core = None
        if self._link is not None:
            self._link.close()
            self._link = None

    def start_agent(self, name: str, *options: str) -> None:
        """Start an agent that has the core's address; it goes on when the core is killed."""
        command = [sys.executable, "-m", "windlass_agent", "--name", name, "--data", str(self.root / name)]
        where = ["--core", self._where["endpoint"], "--core-key", self._where["public"]]
        self.agents[name] = self._start(name, [*command, *where, *options])

    def kill_agent(self, name: str) -> None:
        process = self.agents.pop(name)
        process.kill()
        process.wait()

    def close(self) -> None:
        """End all of it: in order where that works, by force where it does not."""
        if self._link is not None:
            self._link.close()
        processes = [*self.agents.values(), *([self.core] if self.core else [])]
        for process in processes:
            process.send_signal(signal.SIGTERM)
        for process in processes:
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for left in self.marked():
            with contextlib.suppress(psutil.Error):
                self.left_behind.append(f"{left.pid}: {' '.join(left.cmdline())[:100]}")
                left.kill()

    def marked(self) -> Iterator[psutil.Process]:
        """Living processes of this cluster: ours, and whatever attempts started."""
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and process.environ().get(MARK) == self.mark:
                    yield process

    def log(self, name: str) -> str:
        return (self.root / "logs" / f"{name}.log").read_text(errors="replace")[-4000:]

    def _start(self, name: str, command: list[str], descriptors: tuple[int, ...] = ()) -> subprocess.Popen[bytes]:
        with open(self.root / "logs" / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, env=self.environment, pass_fds=descriptors
            )

    # --- asking the core ---------------------------------------------------------------------------------

    def request(self, kind: Callable[..., messages.Message], **fields: Any) -> Any:
        if self._link is None:
            own = keys.load(self.home / "config" / keys.CLIENT_KEY)
            self._link = Link(self._where["endpoint"], self._where["public"], own)
        return self._link.request(kind, **fields)

    def submit(self, graph: Graph) -> int:
        """Submit; the run's number is returned only when the core said that it is durable."""
        data = msgspec.msgpack.encode(graph)
        fields: dict[str, Any] = {"document": "", "params": graph.params, "files": [], "name": graph.name}
        run: int = self.request(messages.Submit, token=secrets.token_hex(8), graph=data, **fields)["run"]
        return run

    def attempts(self, run: int, *, running: bool = True) -> list[dict[str, Any]]:
        """All attempts of a run, as the core has them on record (and those that have not ended)."""
        rows: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.request(messages.GetAttempts, run=run, after=after, running=running)
            rows.extend(page["attempts"])
            after = page["next"]
        return rows

    def run_row(self, run: int) -> dict[str, Any]:
        row: dict[str, Any] = self.request(messages.GetRun, run=run)["run"]
        return row

    def wait_for_run(self, run: int, patience: float) -> dict[str, Any]:
        """The run's row once it has ended."""
        return self.until(
            lambda: row if (row := self.run_row(run))["state"] not in ("running", "paused") else None,
            patience,
            f"the end of run {run}",
        )

    def until(self, found: Callable[[], Any], patience: float, what: str) -> Any:
        """What `found` returns once it is true; polled, because only another process can make it so."""
        deadline = time.monotonic() + patience
        while True:
            value = found()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Unanswered(f"{what} did not come within {patience:.0f} s\ncore:\n{self.log('core')}")
            time.sleep(0.05)
