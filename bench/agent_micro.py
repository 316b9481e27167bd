"""python -m bench.agent_micro functions|commands COUNT [REPEATS]: the agent alone, fed by a core that does nothing.

A real agent process with its wardens and runners talks CURVE with a core of a few lines in this process, which keeps a
window of attempts assigned and acknowledges every end at once. So what the agent's side costs shows without the core's
speed; CPU time an item is what to look at.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import cloudpickle
import psutil
import zmq

from windlass.model.graph import Call, Command, Task
from windlass.wire import messages as m
from windlass.wire.codec import decode, encode
from windlass.wire.keys import new_pair

BATCH = 250


def no_op(number: int) -> int:
    return number


class LazyCore:
    """The core's end of one agent's link: it gives work out and believes all it hears."""

    def __init__(self, home: Path, cpus: int) -> None:
        self._context: zmq.Context[Any] = zmq.Context()
        own = new_pair()
        self._socket = self._context.socket(zmq.ROUTER)
        self._socket.curve_server = True
        self._socket.curve_secretkey = own.secret.encode()
        port = self._socket.bind_to_random_port("tcp://127.0.0.1")
        command = [sys.executable, "-m", "windlass_agent", f"--core=tcp://127.0.0.1:{port}", f"--core-key={own.public}"]
        command += ["--data", str(home / "agent"), "--config", str(home / "config"), "--cpus", str(cpus)]
        self.process = subprocess.Popen(command, env={**os.environ, "WINDLASS_HOME": str(home)})
        self._peer = b""
        self._blobs: dict[str, bytes] = {}
        self._run = 0
        self.ended = 0
        while not self._peer:
            self._hear()

    def close(self) -> None:
        self._say(m.Shutdown())
        self.process.wait(20)
        self._socket.close(0)
        self._context.term()

    def _say(self, message: m.Message, payload: list[bytes] | None = None) -> None:
        self._socket.send_multipart([self._peer, *encode(message, payload or [])])

    def _hear(self) -> None:
        """One message."""
        if not self._socket.poll(60_000):
            raise RuntimeError("the agent is silent")
        peer, *frames = self._socket.recv_multipart()
        message, _ = decode(frames)
        if isinstance(message, m.AgentHello):
            self._peer = peer
            self._say(m.Welcome(1, 1.0, 60.0, [], []))
        elif isinstance(message, m.Heartbeat):
            self._say(m.Alive(time.time()))
        elif isinstance(message, m.BlobWant):
            data = self._blobs[message.hash]
            chunk = m.BlobChunk(message.hash, message.offset, len(data))
            self._say(chunk, [data[message.offset : message.offset + message.length]])
        elif isinstance(message, m.Exited):
            bad = [exit for exit in message.items if exit.outcome != "ok"]
            if bad:
                raise RuntimeError(f"an attempt failed: {bad[0]}")
            self.ended += len(message.items)
            self._say(m.Ack([exit.key for exit in message.items]))
        elif isinstance(message, m.Succeeded):
            self.ended += len(message.items)
            self._say(m.Ack([], [message.batch]))

    def work(self, what: str, count: int, window: int) -> float:
        """Seconds for so many attempts of a new run, `window` of them assigned at most."""
        self._run += 1
        self.ended = 0
        if what == "functions":
            code = cloudpickle.dumps(no_op)
            digest = hashlib.sha256(code).hexdigest()
            self._blobs[digest] = code
            action: Any = Call(digest)
            payloads = [cloudpickle.dumps(((number,), {})) for number in range(count)]
        else:
            action = Command(["/bin/true"])
            payloads = [b""] * count
        bundles = [m.Bundle(self._run, 1, 1, "micro", Task("t", action), {})]
        given = 0
        began = time.perf_counter()
        while self.ended < count:
            while given < count and given - self.ended <= window - BATCH:
                numbers = range(given, min(count, given + BATCH))
                message = m.AssignRange(bundles, self._run, 1, 1, 1, 1, numbers.start, len(numbers))
                self._say(message, payloads[given : given + BATCH])
                bundles = []
                given += len(numbers)
            self._hear()
        took = time.perf_counter() - began
        self._say(m.Forget([self._run]))
        return took


def processor_time(agent: psutil.Process) -> dict[str, float]:
    """CPU seconds of the agent, its wardens, and what those ran and run."""
    found = {"agent": 0.0, "wardens": 0.0, "runners and commands": 0.0}
    for process in [agent, *agent.children(recursive=True)]:
        try:
            used, parent = process.cpu_times(), process.ppid()
        except psutil.NoSuchProcess:
            continue
        name = "agent" if process.pid == agent.pid else "wardens" if parent == agent.pid else "runners and commands"
        found[name] += used.user + used.system
        if name == "wardens":
            found["runners and commands"] += used.children_user + used.children_system
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.agent_micro", description=__doc__)
    parser.add_argument("what", choices=("commands", "functions"))
    parser.add_argument("count", type=int)
    parser.add_argument("repeats", type=int, nargs="?", default=3)
    parser.add_argument("--cpus", type=int, default=2)
    parser.add_argument("--window", type=int, default=2000, help="attempts assigned at once")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="windlass-") as home:
        core = LazyCore(Path(home), options.cpus)
        agent = psutil.Process(core.process.pid)
        core.work(options.what, 300, options.window)
        for _ in range(options.repeats):
            before = processor_time(agent)
            seconds = core.work(options.what, options.count, options.window)
            after = processor_time(agent)
            parts = [f"{name} {(after[name] - before[name]) / options.count * 1e6:.1f}" for name in after]
            print(f"{options.count / seconds:,.0f}/s; us an item: {', '.join(parts)}; load {os.getloadavg()[0]:.1f}")
        core.close()


if __name__ == "__main__":
    main()
