"""The whole agent against a fake core on a fake link, and as a process that is killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import zmq
from tests.patience import PATIENCE

from windlass.model.graph import Command, Resources, Task
from windlass.wire import messages as m
from windlass.wire.codec import decode, encode
from windlass.wire.keys import KeyPair, new_pair
from windlass_agent import procs
from windlass_agent.gpus import Gpus
from windlass_agent.link import Link
from windlass_agent.loop import Agent, Target
from windlass_agent.shop import Settings


class PairLink(Link):
    """Dials a plain in-process socket instead of the network."""

    def open(self, endpoint: str, core_public: str) -> None:
        self.close()
        socket = self._context.socket(zmq.DEALER)
        socket.linger = 0
        socket.connect(endpoint)
        self._use(socket)


class World:
    """An agent and the core's end of its link, in one thread."""

    def __init__(self, root: Path, lease: float = 12.0) -> None:
        self.context: zmq.Context[Any] = zmq.Context()
        self.core = self.context.socket(zmq.ROUTER)
        self.core.linger = 0
        self.core.bind("inproc://core")
        self.lease = lease
        self.epoch = 0
        self.peer = b""
        self.silent = False
        self.disowning = False
        """A welcome says that nothing which the agent holds is its own any more."""
        self.got: list[tuple[m.Message, list[bytes]]] = []
        self.agent = self.start(root)

    def start(self, root: Path) -> Agent:
        resources = Resources(cpus=2, memory=1 << 30)
        return Agent(
            Settings(f"loop{os.getpid()}{root.name}", root, resources),
            m.AgentFacts("a", resources, {}),
            KeyPair("", ""),
            Target(lambda: ("inproc://core", "")),
            Gpus(),
            PairLink(self.context, KeyPair("", "")),
        )

    def say(self, message: m.Message, payload: list[bytes] | None = None) -> None:
        self.core.send_multipart([self.peer, *encode(message, payload or [])])

    def step(self) -> None:
        while self.core.poll(0):
            self.peer, *frames = self.core.recv_multipart()
            message, payload = decode(frames)
            self.got.append((message, payload))
            if self.silent:
                continue
            if isinstance(message, m.AgentHello):
                self.epoch += 1
                held = [held.key for held in message.held]
                keep, stop = ([], held) if self.disowning else (held, [])
                self.say(m.Welcome(self.epoch, 0.05, self.lease, keep, stop))
            elif isinstance(message, m.Heartbeat):
                self.say(m.Alive(0.0))
        self.agent.turn()

    def until(self, condition: Callable[[], Any]) -> Any:
        end = time.monotonic() + PATIENCE
        while not (found := condition()):
            assert time.monotonic() < end, f"it did not happen; got {[type(one).__name__ for one, _ in self.got[-10:]]}"
            self.step()
        return found

    def all(self, kind: type[m.Message]) -> list[Any]:
        return [message for message, _ in self.got if type(message) is kind]

    def assign(self, command: str, count: int = 1) -> list[m.Key]:
        self.until(lambda: self.all(m.Heartbeat))
        task = len(self.got)
        keys = [m.Key(1, task, n, 1, self.epoch) for n in range(count)]
        bundle = m.Bundle(1, task, 1, "r", Task("t", Command(command)), {})
        self.say(m.Assign([bundle], [m.AssignItem(key, 1) for key in keys]), [b""] * count)
        return keys

    def exits(self) -> list[m.Exit]:
        return [exit for message in self.all(m.Exited) for exit in message.items]

    def close(self) -> None:
        self.agent._link.close()
        self.agent.executor.close()
        self.agent._spool.close()
        self.core.close()
        self.context.term()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_an_agent_whose_directory_is_removed_ends(world: World, tmp_path: Path) -> None:
    world.assign("sleep 1000")
    world.until(lambda: world.all(m.Started))
    for left in tmp_path.iterdir():
        shutil.rmtree(left)
    tmp_path.rmdir()
    exit = world.until(world.exits)[0]
    assert exit.outcome == "stopped"  # so it runs elsewhere
    assert world.agent._end_at is not None


def test_hello_work_and_heartbeats(world: World) -> None:
    keys = world.assign("echo hi", 3)
    world.until(lambda: len(world.exits()) == 3)
    assert {exit.key for exit in world.exits()} == set(keys)
    beat = world.all(m.Heartbeat)[-1]
    assert beat.samples[0].memory_total > 0


def test_ends_are_told_again_until_they_are_acknowledged(world: World) -> None:
    keys = world.assign("true")
    world.until(world.exits)
    world.say(m.WhoAreYou())
    world.until(lambda: len(world.all(m.AgentHello)) == 2 and len(world.exits()) == 2)
    hello = world.all(m.AgentHello)[1]
    assert hello.held == [m.Held(keys[0], "exited")]
    assert hello.epoch == 1
    world.say(m.Ack(keys))
    world.until(lambda: len(world.agent._spool) == 0)


def test_a_silent_core_ends_the_attempts_when_the_lease_ends(tmp_path: Path) -> None:
    world = World(tmp_path, lease=0.4)
    try:
        world.assign("sleep 1000")
        world.until(lambda: world.all(m.Started))
        world.silent = True
        world.until(lambda: world.agent.executor.idle)
        world.silent = False
        exit = world.until(world.exits)[0]
        assert exit.outcome == "stopped"
    finally:
        world.close()


def test_what_was_stopped_in_order_is_told_as_such(world: World) -> None:
    """Exits that the core has not acknowledged are told in HELLO; a stopped one did the agent no harm."""
    keys = world.assign("sleep 1000")
    world.until(lambda: world.all(m.Started))
    world.say(m.Stop(keys, 0.1))
    world.until(world.exits)
    world.say(m.WhoAreYou())
    world.until(lambda: len(world.all(m.AgentHello)) == 2)
    assert world.all(m.AgentHello)[1].held == [m.Held(keys[0], "stopped")]


def test_what_is_not_its_own_any_more_is_stopped_at_the_welcome(world: World) -> None:
    keys = world.assign("sleep 1000")
    world.until(lambda: world.all(m.Started))
    world.disowning = True
    world.say(m.WhoAreYou())
    exit = world.until(world.exits)[0]
    assert (exit.key, exit.outcome) == (keys[0], "stopped")
    assert world.agent.executor.idle


def test_programs_are_looked_for_on_the_path(world: World) -> None:
    world.assign("true")
    world.until(world.exits)
    world.say(m.FindPrograms(7, ["sh", "no-such-program-here", "../../bin/sh"]))
    world.until(lambda: world.all(m.ProgramsFound))
    (found,) = world.all(m.ProgramsFound)
    assert (found.ticket, found.missing) == (7, ["no-such-program-here", "../../bin/sh"])


def test_garbage_from_the_core_is_counted_and_dropped(world: World) -> None:
    world.assign("true")
    world.until(world.exits)
    for frames in ([b""], [b"\xff", b"x"], [b"\x0d", b"garbage"], [b"\x01" * 5] * 3, [b"\x0d", b""]):
        world.core.send_multipart([world.peer, *frames])
    world.say(m.ClientHello("I am no core"))
    world.say(m.BlobChunk("not a hash", -5, 2**40), [b"x"])
    world.say(m.BlobWant("../../etc/passwd", 0, 100))
    world.say(m.LogWant(m.Key(9, 9, 9, 9, 9), -1, -1))
    world.say(m.Stop([m.Key(9, 9, 9, 9, 9)]))
    world.say(m.Assign([], [m.AssignItem(m.Key(9, 9, 9, 9, 9), 1)]))
    world.until(lambda: any(key.run == 9 for message in world.all(m.Rejected) for key in message.keys))
    assert sum(world.agent.counters.dropped.values()) >= 5
    world.assign("true")
    world.until(lambda: len(world.exits()) == 2)


def test_shutdown_ends_in_order(world: World) -> None:
    world.assign("sleep 1000")
    world.until(lambda: world.all(m.Started))
    world.say(m.Shutdown())
    exit = world.until(world.exits)[0]
    assert exit.outcome == "stopped"


def test_it_sleeps_when_it_is_idle(world: World) -> None:
    world.until(lambda: world.all(m.Heartbeat))
    turns = 0
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        world.step()
        turns += 1
    assert turns < 60  # ten heartbeats and their answers


class RealAgent:
    """An agent process with a lease of its own, running one command; the core's side is played here."""

    def __init__(self, root: Path, lease: float, command: str) -> None:
        pair = new_pair()
        self.mark = root / "pid"
        self.context: zmq.Context[Any] = zmq.Context()
        self.core = self.context.socket(zmq.ROUTER)
        self.core.linger = 0
        self.core.curve_server = True
        self.core.curve_publickey, self.core.curve_secretkey = pair.public.encode(), pair.secret.encode()
        port = self.core.bind_to_random_port("tcp://127.0.0.1")
        self.process = subprocess.Popen(
            [sys.executable, "-m", "windlass_agent", "--core", f"tcp://127.0.0.1:{port}", f"--core-key={pair.public}",
             "--data", str(root / "data"), "--cpus", "2"]
        )  # fmt: skip
        self.hello = self.wait(m.AgentHello)
        bundle = m.Bundle(1, 0, 1, "r", Task("t", Command(command.format(mark=self.mark))), {})
        self.say(m.Welcome(1, 1.0, lease, [], []))
        self.say(m.Assign([bundle], [m.AssignItem(m.Key(1, 0, 0, 1, 1), 1)]))
        self.wait(m.Started)
        self.pid = int(self.mark.read_text())

    def say(self, message: m.Message) -> None:
        self.core.send_multipart([self.peer, *encode(message)])

    def wait(self, kind: type[m.Message]) -> Any:
        while True:
            assert self.core.poll(int(PATIENCE * 1000)), f"no {kind.__name__} came"
            self.peer, *frames = self.core.recv_multipart()
            message = decode(frames)[0]
            if isinstance(message, kind):
                return message

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self.core.close()
        self.context.term()


COMMAND = "setsid sleep 1000 & echo $$ > {mark}.new; mv {mark}.new {mark}; sleep 1000"


def gone(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "a process went on"
        os.sched_yield()


def test_a_killed_agent_leaves_no_process(tmp_path: Path) -> None:
    agent = RealAgent(tmp_path, 12.0, COMMAND)
    try:
        assert procs.runs(agent.pid)
        os.kill(agent.process.pid, signal.SIGKILL)
        agent.process.wait()
        entry = f"WINDLASS_AGENT={agent.hello.agent}".encode()
        gone(lambda: not procs.runs(agent.pid) and not any(procs.runs(left) for left in procs.with_environ(entry)))
    finally:
        agent.close()


def test_a_stopped_agent_keeps_nothing_running_beyond_its_lease(tmp_path: Path) -> None:
    agent = RealAgent(tmp_path, 1.5, COMMAND)
    try:
        os.kill(agent.process.pid, signal.SIGSTOP)
        gone(lambda: not procs.runs(agent.pid))
        os.kill(agent.process.pid, signal.SIGCONT)
        hello = agent.wait(m.AgentHello)
        assert [held.key.run for held in hello.held] in ([], [1])
        agent.say(m.Welcome(2, 1.0, 12.0, [held.key for held in hello.held], []))
        assert agent.wait(m.Exited).items[0].outcome == "stopped"
    finally:
        agent.close()
