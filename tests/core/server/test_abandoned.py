"""An open run that nobody asks about any more is closed, and that of a living executor never. Time is the test's."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from windlass.model.graph import Call, Foreach, Graph, Task
from windlass.server import settings
from windlass.server.configfile import ConfigError
from windlass.server.links import Connection
from windlass.server.loop import Options, Server
from windlass.server.upkeep import EVERY, FIRST_LOOK
from windlass.wire import keys
from windlass.wire import messages as m
from windlass.wire.clock import Clock

HOUR = 3600.0
REASON = "abandoned: nobody asked for its results for 1 d"


class Driven:
    """A core whose turns are made, and whose clock is moved, by the test; with one client."""

    def __init__(self, home: Path, monkeypatch: pytest.MonkeyPatch, time: float, source: str) -> None:
        self.time = time
        monkeypatch.setattr("windlass.server.loop.Clock", lambda: Clock(self._now, self._now))
        (home / settings.FILE).write_text(source)
        self.server = Server(Options(home / "data", home, settings=settings.load(home)))
        self.server.start()
        self.core = self.server.core
        self._sent: list[Any] = []
        monkeypatch.setattr(self.server.links, "send", lambda peer, msg, payload=(): self._sent.append(msg))
        self.client = Connection(b"client", keys.load(home / keys.CLIENT_KEY).public, time)
        self.client.kind = "client"
        self._requests = 0

    def _now(self) -> float:
        return self.time

    def ask(self, kind: type, *args: Any, payload: tuple[bytes, ...] = (), **fields: Any) -> None:
        self._requests += 1
        self.server.dispatch(self.client, kind(self._requests, *args, **fields), list(payload))
        self.turn()

    def told(self) -> Any:
        """The answer to the latest question."""
        found = [msg for msg in self._sent if msg.req == self._requests]
        assert isinstance(found[-1], m.Reply), found
        return found[-1].data

    def turn(self) -> None:
        """One round, and all of it on disk."""
        for _ in range(2):
            self.server.turn(())
            self.server.store.flush()
            self.server.store.settle()

    def sleeps(self, seconds: float) -> None:
        """The loop waits for messages, and none comes."""
        self.server.hearing.waits(self.time, seconds)
        self.time += seconds

    def passes(self, seconds: float, step: float = EVERY) -> None:
        until = self.time + seconds
        while self.time < until:
            self.sleeps(min(step, until - self.time))
            self.server.turn(())
        self.turn()

    def opened(self, calls: int = 2) -> int:
        task = Task("calls", action=Call("f" * 64), foreach=Foreach(opaque=0))
        graph = msgspec.msgpack.encode(Graph("executor", [task]))
        self.ask(m.Submit, f"token{self._requests}", graph, "", {}, [], open_tasks=[0], hidden=True)
        run = int(self.told()["run"])
        if calls:
            self.ask(m.AppendItems, run, 0, 0, calls, payload=(msgspec.msgpack.encode([b"x"] * calls),))
        return run

    def state(self, run: int) -> str:
        return self.core.runs.row(run).state

    def asks(self, run: int) -> None:
        self.ask(m.GetResults, run, 0, wait=30.0)


Start = Callable[..., Driven]


@pytest.fixture
def start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start a core in the test's own home; the one before it is stopped."""
    started: list[Driven] = []

    def begin(source: str = "", down: float = 0.0) -> Driven:
        time = 1_000_000_000.0
        if started:
            started[-1].server.close()
            time = started[-1].time + down
        started.append(Driven(tmp_path, monkeypatch, time, source))
        return started[-1]

    yield begin
    started[-1].server.close()


def test_a_run_that_nobody_asks_about_ends_after_a_day(start: Start, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "windlass.abandoned")
    core = start()
    run = core.opened()
    core.asks(run)
    core.passes(24 * HOUR - EVERY)
    assert core.state(run) == "running"
    core.passes(2 * EVERY)
    assert core.state(run) == "cancelled"
    assert [record.getMessage().partition(", ")[2] for record in caplog.records] == [REASON]
    core.ask(m.GetRun, run)
    (task,) = core.told()["tasks"]
    assert task["note"] == REASON
    core.ask(m.GetItems, run, 0)
    assert [(item["state"], item["note"]) for item in core.told()["items"]] == [("cancelled", REASON)] * 2
    core = start()  # it is no run that would be restored
    assert core.core.runs.here == []
    assert core.state(run) == "cancelled"


@pytest.mark.parametrize(("calls", "ended"), [(0, "succeeded"), (1, "cancelled")])
def test_a_run_that_has_nothing_left_to_do_ends_too(start: Start, calls: int, ended: str) -> None:
    """Its client was killed before the first call, or when the last had ended."""
    core = start()
    run = core.opened(calls)
    if calls:
        core.ask(m.Control, "cancel", run, task=0, index=0)
    assert core.state(run) == "running"
    core.passes(25 * HOUR)
    assert core.state(run) == ended


def test_an_executor_that_asks_every_half_minute_is_not_touched(start: Start) -> None:
    core = start('[executors]\nabandoned-after = "1 h"\n')
    living, silent = core.opened(), core.opened()
    for _ in range(300):
        core.sleeps(30.0)
        core.ask(m.GetResults, living, 0, wait=30.0)
    assert (core.state(living), core.state(silent)) == ("running", "cancelled")


def test_calls_that_are_appended_count_as_questions(start: Start) -> None:
    core = start('[executors]\nabandoned-after = "1 h"\n')
    run = core.opened()
    for place in range(2, 10):
        core.passes(0.9 * HOUR)
        core.ask(m.AppendItems, run, 0, place, 1, payload=(msgspec.msgpack.encode([b"x"]),))
    assert core.state(run) == "running"


def test_time_without_a_core_does_not_count(start: Start) -> None:
    core = start()
    run = core.opened()
    core.passes(20 * HOUR)
    core = start(down=7 * 24 * HOUR)
    core.passes(3 * HOUR)
    assert core.state(run) == "running"
    core.asks(run)
    core.passes(23 * HOUR)
    assert core.state(run) == "running"


def test_restarts_of_the_core_forget_no_silence(start: Start) -> None:
    core = start()
    run = core.opened()
    for _ in range(11):
        core.passes(2 * HOUR)
        core = start(down=HOUR)
    assert core.state(run) == "running"
    core.passes(4 * HOUR)
    assert core.state(run) == "cancelled"


def test_a_core_that_never_lives_long_comes_to_an_end_too(start: Start) -> None:
    core = start('[executors]\nabandoned-after = "1 h"\n')
    run, living = core.opened(), core.opened()
    for _ in range(60 + 2):
        core.asks(living)
        core.passes(FIRST_LOOK + 1, step=FIRST_LOOK + 1)
        ended = core.state(run)
        core = start('[executors]\nabandoned-after = "1 h"\n', down=1.0)
    assert (ended, core.state(living)) == ("cancelled", "running")


def test_a_machine_that_slept_lets_its_clients_ask_first(start: Start) -> None:
    core = start('[executors]\nabandoned-after = "1 h"\n')
    run = core.opened()
    for _ in range(8):
        core.asks(run)
        core.passes(72 * HOUR, step=72 * HOUR)
    assert core.state(run) == "running"


def test_never_and_too_soon(start: Start, tmp_path: Path) -> None:
    core = start("[executors]\nabandoned-after = 0\n")
    run = core.opened()
    core.passes(72 * HOUR, step=HOUR)
    assert core.state(run) == "running"
    (tmp_path / settings.FILE).write_text('[executors]\nabandoned-after = "1 min"\n')
    with pytest.raises(ConfigError, match="too short"):
        settings.load(tmp_path)
