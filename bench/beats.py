"""python -m bench.beats [--agents 200] [--seconds 10]: what the heartbeats of many agents cost the core.

The agents are sockets of one small program, each with a link, a HELLO and a heartbeat of its own at its own time, as
real ones send them. So two hundred of them need no two hundred Pythons, and what is seen is the core's share alone.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import time
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import zmq

from bench.fleet import Census, core_pid, cpu_seconds, fleet, table
from windlass.client.api import Client
from windlass.model.graph import Resources
from windlass.wire import keys, multipart
from windlass.wire import messages as m
from windlass.wire.codec import decode, encode

PATIENCE = 60.0


def _pretend(endpoint: str, public: str, home: Path, count: int, end: Connection) -> None:
    """So many agents that do nothing but beat, until `end` says otherwise; it is told how many beats were answered."""
    own = keys.load(home / "config" / keys.AGENT_KEY)
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    poller = zmq.Poller()
    sockets: dict[zmq.Socket[bytes], int] = {}
    for number in range(count):
        socket = context.socket(zmq.DEALER)
        socket.linger = 0
        keys.secure(socket, own, public)
        socket.connect(endpoint)
        facts = m.AgentFacts(f"pretended-{number}", Resources(cpus=1), {})
        multipart.send(socket, encode(m.AgentHello(f"pretended-{number}", facts, 0, [], time.time())))
        sockets[socket] = number
        poller.register(socket, zmq.POLLIN)
    every: dict[zmq.Socket[bytes], float] = {}
    due: dict[zmq.Socket[bytes], float] = {}
    answered = 0
    poller.register(end.fileno(), zmq.POLLIN)
    while True:
        now = time.monotonic()
        wait = max(0.0, min(due.values(), default=now + 1.0) - now)
        for socket, _ in poller.poll(int(wait * 1000 + 0.999)):
            if socket == end.fileno():
                if end.recv() is None:
                    return
                end.send(answered)
                continue
            while True:
                try:
                    message: Any = decode([frame.bytes for frame in multipart.receive(socket)])[0]
                except zmq.Again:
                    break
                if isinstance(message, m.Welcome):
                    every[socket] = message.heartbeat
                    due[socket] = time.monotonic() + random.random() * message.heartbeat
                elif isinstance(message, m.Alive):
                    answered += 1
                    due[socket] = time.monotonic() + (message.beat or every[socket])
        now = time.monotonic()
        for socket, at in due.items():
            if at <= now:
                sample = m.Sample(time.time(), 0.1, 2**30, 2**33, 2**36)
                multipart.send(socket, encode(m.Heartbeat(time.time(), [sample])))
                due[socket] = now + every[socket]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.beats", description=__doc__)
    parser.add_argument("--agents", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--alone", action="store_true", help="nobody looks at the agents meanwhile")
    options = parser.parse_args()
    with fleet(cpus=1) as core:
        context = multiprocessing.get_context("spawn")
        ours, theirs = context.Pipe()
        pretended = context.Process(
            target=_pretend, args=(core.endpoint, core.public, core.home, options.agents, theirs), daemon=True
        )
        with Client(core.endpoint, core_key=core.public, home=core.home) as client:
            census = Census(client)
            pretended.start()
            if not census.wait(options.agents, PATIENCE):
                raise SystemExit(f"only {len(census.up)} of {options.agents} came")
            if not options.alone:
                client.link.subscribe(["samples"], lambda message: None)
            census.lapses = 0
            time.sleep(3)  # what follows from their coming is over

            def look() -> tuple[int, float, float]:
                ours.send("count")
                return ours.recv(), cpu_seconds(core_pid(core)), time.perf_counter()

            beats, used, began = look()
            time.sleep(options.seconds)  # the fleet's idleness is what is measured
            beats, used, began = (after - before for after, before in zip(look(), (beats, used, began), strict=True))
            table(
                [
                    ("agents", options.agents),
                    ("heartbeats a second", f"{beats / began:.0f}"),
                    ("core", f"{used / began * 100:.2f} % of a CPU"),
                    ("core CPU a heartbeat", f"{used / beats * 1e6:.0f} us"),
                    ("agents not up meanwhile", census.lapses),
                ]
            )
        ours.send(None)
        pretended.join(5)


if __name__ == "__main__":
    main()
