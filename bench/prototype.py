"""What one call and a chain cost at least on this machine: the way of a call without anything that Windlass does.

The same shape: a client, a core, an agent and a runner, processes of their own; ZeroMQ with CURVE between the first
three, through the same kind of socket as ours (`wire/local.py`), pipes to the last; msgpack; a pickled argument and
result; SQLite with `synchronous=FULL`, a commit before the call is given out and one before its result is told. In a
chain an end and the next link share a commit. No scheduler, no retries, no numbers, no checks, nobody else.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import zmq

from bench.measure import Plan, Row, percentile

_encode = msgspec.msgpack.encode
_decode = msgspec.msgpack.decode


def _dial(address: str, public: bytes) -> zmq.Socket[bytes]:
    socket = zmq.Context.instance().socket(zmq.DEALER)
    socket.linger = 0
    socket.curve_publickey, socket.curve_secretkey = zmq.curve_keypair()
    socket.curve_serverkey = public
    socket.connect(address)
    return socket


def core(address: str, public: str, secret: str, file: str) -> None:
    """Keep what is called and what came of it, and pass both on; the next link of a chain with the end before it."""
    router = zmq.Context.instance().socket(zmq.ROUTER)
    router.curve_server = True
    router.curve_publickey, router.curve_secretkey = public.encode(), secret.encode()
    router.bind(address)
    database = sqlite3.connect(file, isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE calls (id INTEGER PRIMARY KEY, argument BLOB, result BLOB, ended REAL)")
    _reserve(database, file)
    agent = client = b""
    number = left = 0
    while True:
        sender, body = router.recv_multipart()
        kind, *rest = _decode(body)
        if kind == "agent":
            agent = sender
            continue
        database.execute("BEGIN")
        if kind == "call":
            client, (left, argument) = sender, rest
        else:
            ended, argument = rest
            left -= 1
            database.execute("UPDATE calls SET result=?, ended=? WHERE id=?", (argument, time.time(), ended))
        if left:
            number += 1
            database.execute("INSERT INTO calls VALUES (?, ?, NULL, NULL)", (number, argument))
        database.execute("COMMIT")
        router.send_multipart([agent, _encode((number, argument))] if left else [client, argument])


def _reserve(database: sqlite3.Connection, file: str) -> None:
    """Have the log written once, as ours is: a commit into a part that is there waits for less."""
    log = os.open(file + "-wal", os.O_WRONLY)
    size = os.fstat(log).st_size
    os.pwrite(log, bytes(16 * 1024 * 1024 - size), size)
    os.fsync(log)
    os.close(log)


def agent(address: str, public: str) -> None:
    runner = subprocess.Popen(
        [sys.executable, "-m", "bench.prototype", "runner"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    )
    assert runner.stdin is not None
    assert runner.stdout is not None
    socket, results = _dial(address, public.encode()), runner.stdout.fileno()
    socket.send(_encode(("agent",)))
    poller = zmq.Poller()
    poller.register(socket, zmq.POLLIN)
    poller.register(results, zmq.POLLIN)
    while True:
        for which, _ in poller.poll():
            if which == results:
                data = os.read(results, 65536)
                if not data:
                    return
                socket.send(_encode(("end", *_decode(data))))
            else:
                os.write(runner.stdin.fileno(), socket.recv())


def runner() -> None:
    while data := os.read(0, 65536):
        number, argument = _decode(data)
        os.write(1, _encode((number, pickle.dumps(pickle.loads(argument) + 1))))


@contextlib.contextmanager
def processes(folder: Path) -> Iterator[Callable[[int, int], int]]:
    """All of them; what is yielded calls so many links, one after the other, and returns the last value."""
    public, secret = (key.decode() for key in zmq.curve_keypair())
    address = f"ipc://@windlass-bench-{os.getpid()}-{folder.name}"
    command = [sys.executable, "-m", "bench.prototype"]
    started = [
        subprocess.Popen([*command, "core", address, f"={public}", f"={secret}", str(folder / "prototype.sqlite")]),
        subprocess.Popen([*command, "agent", address, f"={public}"]),
    ]
    socket = _dial(address, public.encode())

    def call(links: int, value: int) -> int:
        socket.send(_encode(("call", links, pickle.dumps(value))))
        if not socket.poll(30_000):
            raise RuntimeError("the prototype does not answer")
        return int(pickle.loads(socket.recv()))

    try:
        yield call
    finally:
        socket.close()
        for process in reversed(started):
            process.kill()
            process.wait()


@cache
def measure(calls: int, links: int) -> tuple[list[float], float]:
    """Seconds of each call, and of a link of a chain; measured once in a process."""
    times: list[float] = []
    # Beside the user's data rather than in /tmp, which may be memory.
    with (
        tempfile.TemporaryDirectory(prefix=".windlass-bench-", dir=os.getcwd()) as folder,
        processes(Path(folder)) as call,
    ):
        time.sleep(1.0)  # until the agent is known: the prototype keeps nothing for one that comes later
        for number in range(calls + 30):
            began = time.perf_counter()
            if call(1, number) != number + 1:
                raise RuntimeError("the prototype gave a wrong result")
            times.append(time.perf_counter() - began)
        began = time.perf_counter()
        if call(links, 0) != links:
            raise RuntimeError("the prototype's chain gave a wrong result")
        return times[30:], (time.perf_counter() - began) / links


def limits(plan: Plan) -> tuple[list[float], float]:
    return measure(plan.size(500, 100), plan.size(1000, 200))


def times_of(plan: Plan, share: float, seconds: float) -> str:
    """How often the prototype's time that percentile of calls takes, for a note."""
    return f"{seconds / percentile(limits(plan)[0], share):.1f} times the prototype's"


def rows(plan: Plan) -> list[Row]:
    times, link = limits(plan)
    note = "bare client, core, agent and runner; CURVE, two commits"
    return [
        Row("limit: function call to result, p50", percentile(times, 0.5) * 1000, "ms", note),
        Row("limit: function call to result, p99", percentile(times, 0.99) * 1000, "ms", note),
        Row("limit: a link of a chain of functions", link * 1000, "ms", "the same with one commit"),
    ]


def main(role: str, *arguments: Any) -> None:
    roles: dict[str, Callable[..., None]] = {"core": core, "agent": agent, "runner": runner}
    roles[role](*(argument.removeprefix("=") for argument in arguments))


if __name__ == "__main__":
    main(*sys.argv[1:])
