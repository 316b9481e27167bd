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

from windlass.client.connect import locate
from windlass.client.link import Link
from windlass.model.graph import Graph
from windlass.wire import messages

MARK = "WINDLASS_CHAOS_MARK"
PATIENCE = 120.0
"""Seconds that a start, an answer or whatever else is waited for may take on a busy machine."""


class Unanswered(Exception):
    """The core did not answer in time."""


def _free_port() -> int:
    """Below those that the system lends to connections: one of them could be lent out while the core is down."""
    while True:
        port = 10_000 + secrets.randbelow(20_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


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
        self._others: list[subprocess.Popen[bytes]] = []
        self.left_behind: list[str] = []
        """After `close`: what still ran once core and agents had ended."""
        self._link: Link | None = None
        self._where: dict[str, Any] = {}
        self.port = _free_port()
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

    def start_agent(self, name: str, *options: str) -> None:
        """Start an agent that has the core's address; it goes on when the core is killed."""
        command = [sys.executable, "-m", "windlass_agent", "--name", name, "--data", str(self.root / name)]
        where = ["--core", self._where["endpoint"], "--core-key=" + self._where["public"]]
        self.agents[name] = self._start(name, [*command, *where, *options])

    @property
    def public(self) -> str:
        """The core's public key."""
        return str(self._where["public"])

    def start_other(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        """Another process of this cluster; `close` ends it, too."""
        process = self._start(name, command)
        self._others.append(process)
        return process

    def kill_agent(self, name: str) -> None:
        process = self.agents.pop(name)
        process.kill()
        process.wait()

    def close(self) -> None:
        """End all of it: in order where that works, by force where it does not."""
        if self._link is not None:
            self._link.close()
        processes = [*self._others, *self.agents.values(), *([self.core] if self.core else [])]
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

    def ask(self, message: messages.Message) -> dict[str, Any]:
        """The data of the core's answer; waits through a restart."""
        if self._link is None:
            self._link = Link(locate(home=self.home), name="chaos", home=self.home)
        return self._link.ask(message, timeout=PATIENCE).data

    def submit(self, graph: Graph) -> int:
        """Submit; the run's number is returned only when the core said that it is durable."""
        token = secrets.token_hex(8)
        data = msgspec.msgpack.encode(graph)
        run: int = self.ask(messages.Submit(0, token, data, "", graph.params, [], graph.name))["run"]
        return run

    def attempts(self, run: int, *, running: bool = True) -> list[dict[str, Any]]:
        """All attempts of a run, as the core has them on record (and those that have not ended)."""
        rows: list[dict[str, Any]] = []
        after: int | None = 0
        while after is not None:
            page = self.ask(messages.GetAttempts(0, run, after=after, running=running))
            rows.extend(page["attempts"])
            after = page["next"]
        return rows

    def run_row(self, run: int) -> dict[str, Any]:
        row: dict[str, Any] = self.ask(messages.GetRun(0, run))["run"]
        return row

    def wait_for_run(self, run: int, patience: float = PATIENCE) -> dict[str, Any]:
        """The run's row once it has ended."""
        return self.until(
            lambda: row if (row := self.run_row(run))["state"] not in ("running", "paused") else None,
            f"the end of run {run}",
            patience,
        )

    def until(self, found: Callable[[], Any], what: str, patience: float = PATIENCE) -> Any:
        """What `found` returns once it is true; polled, because only another process can make it so."""
        deadline = time.monotonic() + patience
        while True:
            value = found()
            if value:
                return value
            if time.monotonic() > deadline:
                raise Unanswered(f"{what} did not come within {patience:.0f} s\ncore:\n{self.log('core')}")
            time.sleep(0.05)
