"""What this machine could do at best: spawning, passing messages, committing, and a call without anything around it.

The other numbers stand beside these.
"""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
from functools import cache
from pathlib import Path

import zmq

from bench import prototype
from bench.measure import Plan, Row, median_of, stopwatch

SPAWN_FROM_HERE = """
import os, sys, time
count = int(sys.argv[1])
sys.stdin.readline()
began = time.perf_counter()
for _ in range(count):
    pid = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(pid, 0)
print(count / (time.perf_counter() - began))
"""


@cache
def spawns_per_second(count: int, repeats: int) -> float:
    """`/bin/true` spawned and waited for by two small processes at once; both rates together."""

    def once() -> float:
        children = [
            subprocess.Popen(
                [sys.executable, "-S", "-c", SPAWN_FROM_HERE, str(count)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(2)
        ]
        for child in children:
            assert child.stdin is not None
            child.stdin.write("go\n")
            child.stdin.flush()
        return sum(float(child.communicate()[0]) for child in children)

    return median_of(repeats, once)


def messages_per_second(count: int) -> float:
    """Frames of 100 bytes from one thread's DEALER to another's ROUTER over loopback TCP with CURVE, as ours are."""
    context = zmq.Context()
    public, secret = zmq.curve_keypair()
    router = context.socket(zmq.ROUTER)
    router.curve_server = True
    router.curve_publickey, router.curve_secretkey = public, secret
    router.rcvhwm = router.sndhwm = 0
    port = router.bind_to_random_port("tcp://127.0.0.1")
    ready = threading.Event()

    def send() -> None:
        own_public, own_secret = zmq.curve_keypair()
        dealer = context.socket(zmq.DEALER)
        dealer.curve_serverkey, dealer.curve_publickey, dealer.curve_secretkey = public, own_public, own_secret
        dealer.sndhwm = 0
        dealer.connect(f"tcp://127.0.0.1:{port}")
        dealer.send(b"hello")
        ready.wait()
        body = bytes(100)
        for _ in range(count):
            dealer.send(body)
        dealer.close()

    sender = threading.Thread(target=send)
    sender.start()
    router.recv_multipart()
    with stopwatch() as watch:
        ready.set()
        for _ in range(count):
            router.recv_multipart()
    sender.join()
    router.close()
    context.term()
    return count / watch.seconds


def commits_per_second(count: int, folder: Path) -> float:
    """Durable transactions of one row each (WAL, synchronous=FULL)."""
    database = sqlite3.connect(folder / "limit.sqlite", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
    with stopwatch() as watch:
        for number in range(count):
            database.execute("BEGIN")
            database.execute("INSERT INTO t VALUES (?, ?)", (number, "x" * 100))
            database.execute("COMMIT")
    database.close()
    return count / watch.seconds


def run(plan: Plan) -> list[Row]:
    # Beside the user's data rather than in /tmp, which may be memory.
    with tempfile.TemporaryDirectory(prefix=".windlass-bench-", dir=os.getcwd()) as folder:
        commits = commits_per_second(plan.size(500, 100), Path(folder))
    spawns = spawns_per_second(plan.size(1000, 300), plan.repeats)
    sent = median_of(plan.repeats, lambda: messages_per_second(plan.size(50_000, 10_000)))
    return [
        Row("limit: spawn /bin/true", spawns, "/s", "two processes at once"),
        Row("limit: ZeroMQ messages", sent, "/s", "100 bytes, CURVE, loopback, from Python to Python"),
        Row("limit: SQLite commits", commits, "/s", "one row each, synchronous=FULL"),
        *prototype.rows(plan),
    ]
