"""A core and agents of our own, as child processes: `windlass run`, the Executor, `Client.embedded` and the app.

By default everything lives in a temporary home that goes away at the end, so that a core the user runs is never
disturbed. The children hold the read end of a pipe whose write end only this process has: when it dies, however
it dies, they see the end of the pipe and stop.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import psutil

from windlass.client.errors import StartFailed
from windlass.client.temphome import TemporaryHome
from windlass.wire import homes, keys

START_TIMEOUT = 30.0
"""Seconds for a core to say that it accepts connections."""
STOP_TIMEOUT = 10.0
"""Seconds for a child to end in order before it is killed."""


class EmbeddedCore:
    """Starts `windlass.server` and some agents, and stops them. A context manager.

    `home` None means a temporary one. `cpus` are for each agent (default: the machine's, shared out among them; more
    than the machine has is allowed, since CPUs here only count what may run at once).
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        agents: int = 1,
        cpus: float | None = None,
        memory: int | None = None,
        keep_home: bool = False,
        log_level: str = "warning",
        core_options: tuple[str, ...] = (),
        agent_options: tuple[str, ...] = (),
    ) -> None:
        if agents < 0:
            raise ValueError("agents must not be negative")
        self.temporary = home is None
        self._temporary: TemporaryHome | None = None
        if home is None:
            self._temporary = TemporaryHome()
            home = self._temporary.path
        self.home = home
        self.keep_home = keep_home or not self.temporary
        self.endpoint = ""
        self.public = ""
        self.core_process: subprocess.Popen[bytes] | None = None
        self.agent_processes: list[subprocess.Popen[bytes]] = []
        self._agents = agents
        self._cpus = cpus if cpus is not None else float(max(1, (os.cpu_count() or 1) // max(1, agents)))
        self._memory = memory if memory is not None else psutil.virtual_memory().total // max(1, agents)
        self._log_level = log_level
        self._core_options = core_options
        self._agent_options = agent_options
        self._leash_read = self._leash_write = -1
        self._lock = threading.Lock()
        self._stopped = False

    def __repr__(self) -> str:
        return f"<EmbeddedCore {self.endpoint or 'not started'} in {self.home}>"

    @property
    def core_data(self) -> Path:
        """The core's data directory."""
        return self.home / "data" / "core"

    @property
    def logs(self) -> Path:
        """Where what the children print is kept."""
        return homes.private_dir(self.home / "logs")

    def start(self) -> EmbeddedCore:
        """Return when the core accepts connections; the agents follow by themselves. `StartFailed` with the reason."""
        self._leash_read, self._leash_write = os.pipe()
        try:
            self.start_core()
            for number in range(1, self._agents + 1):
                self.start_agent(number)
        except BaseException:
            self.stop()
            raise
        return self

    def start_core(self) -> None:
        """Start the server process (again, after it died: it goes on where it was)."""
        ready_read, ready_write = os.pipe()
        command = [sys.executable, "-m", "windlass.server", "--parent-fd", str(self._leash_read)]
        command += ["--ready-fd", str(ready_write), "--log-level", self._log_level, *self._core_options]
        if self.endpoint and not any(option.startswith("--bind") for option in self._core_options):
            command += ["--bind", self.endpoint]  # a restarted core comes back where its agents look for it
        try:
            self.core_process = self._spawn(command, "core", (self._leash_read, ready_write))
        finally:
            os.close(ready_write)
        try:
            said = _read_line(ready_read, START_TIMEOUT, self.core_process)
        finally:
            os.close(ready_read)
        if said is None:
            raise StartFailed(f"the core did not start:\n{self.tail('core')}")
        try:
            ready = json.loads(said)
            self.endpoint, self.public = str(ready["endpoint"]), str(ready["public"])
        except (ValueError, KeyError, TypeError):
            raise StartFailed(f"the core did not say where it listens, but {said[:200]!r}") from None

    def start_agent(self, number: int) -> subprocess.Popen[bytes]:
        """Start agent `number` (from 1) in a data directory of its own."""
        data = self.core_data.parent / f"agent-{number}"
        # With "=": a key may begin with a dash.
        command = [sys.executable, "-m", "windlass_agent", f"--core={self.endpoint}", f"--core-key={self.public}"]
        command += ["--data", str(data), "--name", f"local-{number}", "--parent-fd", str(self._leash_read)]
        command += ["--cpus", f"{self._cpus:g}", "--memory", str(self._memory), "--log-level", self._log_level]
        process = self._spawn([*command, *self._agent_options], f"agent-{number}", (self._leash_read,))
        self.agent_processes.append(process)
        return process

    def check(self) -> str | None:
        """What has ended that should run, with the end of its log; None while all is well."""
        children = [("the core", "core", self.core_process)]
        children += [(f"agent {n}", f"agent-{n}", process) for n, process in enumerate(self.agent_processes, 1)]
        for words, name, process in children:
            if process is not None and process.poll() is not None and not self._stopped:
                return f"{words} ended with status {process.returncode}:\n{self.tail(name)}"
        return None

    def fatal(self) -> str | None:
        """Why nothing can go on: the core has ended, or all agents have; None while work can be done."""
        ended = self.check()
        if ended is None:
            return None
        if self.core_process is not None and self.core_process.poll() is not None:
            return ended
        if self.agent_processes and all(process.poll() is not None for process in self.agent_processes):
            return f"no agent is left; {ended}"
        return None

    def tail(self, name: str, lines: int = 15) -> str:
        """The last lines that a child printed (`core`, `agent-1`, ...)."""
        with contextlib.suppress(OSError):
            text = (self.logs / f"{name}.log").read_bytes()[-16_384:].decode("utf-8", "replace")
            return "\n".join(text.splitlines()[-lines:])
        return ""

    def stop(self) -> None:
        """End the children in order (agents stop their attempts), kill those that do not, remove a temporary home."""
        with self._lock:
            if self._stopped:
                return
            self._stopped = True
        _end(self.agent_processes)
        # The core after its agents, so that it hears how their attempts ended. It sees the leash go, too.
        for end in (self._leash_read, self._leash_write):
            if end >= 0:
                os.close(end)
        self._leash_read = self._leash_write = -1
        if self.core_process is not None:
            _end([self.core_process])
        if self._temporary is not None:
            self._temporary.close(remove=not self.keep_home)

    def __enter__(self) -> EmbeddedCore:
        return self.start()

    def __exit__(self, *exc: object) -> None:
        self.stop()

    def _spawn(self, command: list[str], name: str, descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "WINDLASS_HOME": str(self.home)}
        # A child leads its own session: Ctrl-C in the terminal reaches only us, and we end the children in order.
        with open(self.logs / f"{name}.log", "ab") as log:
            return subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=environment,
                pass_fds=descriptors,
                start_new_session=True,
            )


def running_core(home: Path | None = None) -> keys.CoreFile | None:
    """The local core's address if its process is there (whether it answers shows by connecting)."""
    core = keys.CoreFile.read(home / "data" / "core" if home else None)
    if core is None:
        return None
    try:
        # The file of a core that was killed stays behind, and its number may be another program's by now.
        return core if any("windlass" in part for part in psutil.Process(core.pid).cmdline()) else None
    except psutil.Error:
        return None


def _read_line(descriptor: int, timeout: float, process: subprocess.Popen[bytes]) -> str | None:
    """One line from a pipe; None when the child ended or said nothing in time."""
    said = b""
    until = time.monotonic() + timeout
    while b"\n" not in said:
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            process.kill()
            break
        piece = os.read(descriptor, 4096)
        if not piece:
            break
        said += piece
    return said.decode("utf-8", "replace") if b"\n" in said else None


def _end(processes: list[subprocess.Popen[bytes]]) -> None:
    """Ask to end, again every second (a signal can come between a look and a wait), and kill what does not."""
    until = time.monotonic() + STOP_TIMEOUT
    left = list(processes)
    while left and time.monotonic() < until:
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        again = time.monotonic() + 1.0
        for process in left:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(max(0.0, again - time.monotonic()))
        left = [process for process in left if process.poll() is None]
    for process in left:
        # The whole session: what an agent has started must not outlive it.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
