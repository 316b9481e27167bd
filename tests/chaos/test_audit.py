"""The audit of `chaos.py` itself: each broken claim must be seen; and the proxy does to connections what it says."""

from __future__ import annotations

import contextlib
import random
import socket
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))
import audit
from cluster import PATIENCE
from faults import KINDS, Window, draw_faults
from mixed_load import draw_jobs
from proxy import Proxy
from stalls import Stalls

GOOD = """\
start 1 t 0 1 10.00
beat 1 t 0 1 10.10
start 1 t 0 2 20.00
end 1 t 0 2 20.50
start 1 t 1 1 20.00
end 1 t 1 1 20.40
begin 77 5 0 30.00 a
done 77 5 0 30.10 a
"""


def row(item: int, attempt: int, agent: str, accepted: bool = True) -> dict[str, Any]:
    state, outcome = ("exited", "ok") if accepted else ("lost", "")
    return {
        "task_id": "t", "index": item, "attempt": attempt, "agent_name": agent, "state": state, "outcome": outcome,
        "accepted": accepted,
    }  # fmt: skip


ROWS = {1: [row(0, 1, "one", False), row(0, 2, "two"), row(1, 1, "two")]}
STATES = {1: {("t", 0): "succeeded", ("t", 1): "succeeded"}}


def read(tmp_path: Path, text: str) -> audit.Ledger:
    path = tmp_path / "ledger.txt"
    path.write_text(text)
    return audit.Ledger.read(path)


def test_all_well(tmp_path: Path) -> None:
    ledger = read(tmp_path, GOOD)
    assert audit.one_live_attempt(ledger, ROWS, []) == []
    assert audit.no_over_commit(ledger, ROWS, {(1, "t"): 0.5}, 1.0) == []
    assert audit.ledgers_add_up(ledger, ROWS, STATES) == []


def test_a_sign_of_life_after_the_successor_began_is_seen(tmp_path: Path) -> None:
    ledger = read(tmp_path, GOOD + "beat 1 t 0 1 20.20\n")
    (problem,) = audit.one_live_attempt(ledger, ROWS, [])
    assert "attempt 1 on 'one' lived until 20.20, attempt 2 on 'two' began at 20.00" in problem
    assert audit.one_live_attempt(ledger, ROWS, [Window("two", 19.0, 25.0)]), "another agent slept"
    assert audit.one_live_attempt(ledger, ROWS, [Window("one", 12.0, 19.0)]) == [], "it slept, and was just awake"


def test_an_attempt_that_began_twice_is_seen(tmp_path: Path) -> None:
    ledger = read(tmp_path, GOOD + "start 1 t 1 1 40.00\n")
    assert any("began twice" in problem for problem in audit.one_live_attempt(ledger, ROWS, []))


def test_two_calls_of_a_function_at_once_are_seen(tmp_path: Path) -> None:
    ledger = read(
        tmp_path, GOOD.replace("done 77 5 0 30.10", "begin 78 5 0 30.05 b\ndone 78 5 0 30.20 b\ndone 77 5 0 30.30")
    )
    assert any("began it while" in problem for problem in audit.one_live_attempt(ledger, ROWS, []))


def test_over_commit_is_seen(tmp_path: Path) -> None:
    problems = audit.no_over_commit(read(tmp_path, GOOD), ROWS, {(1, "t"): 0.75}, 1.0)
    assert problems == ["two has 1 CPUs and ran commands for 1.5 at one time"]


@pytest.mark.parametrize(
    ("ledger", "rows", "states", "said"),
    [
        (GOOD, [row(0, 2, "two"), row(1, 1, "two")], STATES[1], "ran and is not on record"),
        (GOOD, [*ROWS[1], row(0, 2, "two")], STATES[1], "on record twice"),
        (GOOD, [*ROWS[1], row(1, 2, "two")], STATES[1], "with 2 accepted ends"),
        (GOOD, [*ROWS[1][:2], row(1, 1, "two", False)], STATES[1], "with 0 accepted ends"),
        (GOOD, ROWS[1], {**STATES[1], ("t", 1): "cancelled"}, "is cancelled with 1 accepted ends"),
        (GOOD.replace("end 1 t 1 1", "beat 1 t 1 1"), ROWS[1], STATES[1], "does not have it from start to end"),
    ],
)
def test_ledgers_that_do_not_add_up_are_seen(tmp_path: Path, ledger: str, rows: Any, states: Any, said: str) -> None:
    assert any(said in problem for problem in audit.ledgers_add_up(read(tmp_path, ledger), {1: rows}, {1: states}))


def test_a_late_answer_is_seen_and_an_absence_is_not_blamed() -> None:
    still = Stalls()
    assert audit.answers([(10.0, 8.0)], [], still, 5.0)[1]
    assert audit.answers([(10.0, 8.0)], [Window("core", 9.0, 16.0)], still, 5.0) == (2.0, [])
    still.seen.append((11.0, 4.0))
    assert audit.answers([(10.0, 8.0)], [], still, 5.0) == (4.0, [])


def test_a_seed_draws_one_plan() -> None:
    def plan(seed: int) -> list[Any]:
        return [
            *draw_faults(random.Random(seed), 60.0, ["a", "b"], 4.0, True),
            *draw_jobs(random.Random(seed), 20.0, 1.0),
        ]

    assert plan(1) == plan(1) != plan(2)
    assert {fault.kind for fault in draw_faults(random.Random(3), 90.0, ["a", "b"], 4.0, True)} == set(KINDS)


# --- the proxy -------------------------------------------------------------------------------------------------


@pytest.fixture
def far() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE)
        yield server


@pytest.fixture
def proxy(far: socket.socket) -> Iterator[Proxy]:
    with Proxy(lambda: far.getsockname()[1]) as made:
        yield made


def dial(proxy: Proxy, far: socket.socket) -> tuple[socket.socket, socket.socket]:
    near = socket.create_connection(("127.0.0.1", proxy.wires["w"].port), timeout=PATIENCE)
    other, _ = far.accept()
    other.settimeout(PATIENCE)
    return near, other


def test_bytes_pass_both_ways_whole(proxy: Proxy, far: socket.socket) -> None:
    proxy.wire("w")
    near, other = dial(proxy, far)
    data = random.Random(1).randbytes(500_000)
    with near, other:
        for source, sink in ((near, other), (other, near)):
            source.setblocking(True)
            source.sendall(data[:100_000])
            found = b""
            while len(found) < 100_000:
                found += sink.recv(65536)
            assert found == data[:100_000]


def test_a_cut_resets_and_a_refusal_too(proxy: Proxy, far: socket.socket) -> None:
    wire = proxy.wire("w")
    near, other = dial(proxy, far)
    with near, other:
        near.sendall(b"x")
        assert other.recv(1) == b"x"
        wire.cut()
        with pytest.raises(ConnectionResetError):
            near.recv(1)
    wire.set(refusing=True)
    with (
        contextlib.suppress(ConnectionResetError),
        socket.create_connection(("127.0.0.1", wire.port), timeout=PATIENCE) as refused,
    ):
        assert refused.recv(1) == b""
    assert wire.connections == 1


def test_a_stale_connection_comes_back(proxy: Proxy, far: socket.socket) -> None:
    """What was sent into a hole arrives when it ends, though its sender has gone, and after what a new link sent."""
    wire = proxy.wire("w")
    old, other = dial(proxy, far)
    with other:
        wire.set(hole=True)
        old.sendall(b"from the dead")
        old.close()
        other.settimeout(0.2)
        with pytest.raises(TimeoutError):
            other.recv(1)
        other.settimeout(PATIENCE)
        wire.set(hole=False)
        assert other.recv(100) == b"from the dead"
        assert other.recv(1) == b""


def test_delay_and_throttle_take_their_time(proxy: Proxy, far: socket.socket) -> None:
    wire = proxy.wire("w")
    near, other = dial(proxy, far)
    with near, other:
        wire.set(delay=0.2)
        start = time.monotonic()
        near.sendall(b"x")
        assert other.recv(1) == b"x"
        assert time.monotonic() - start >= 0.19
        wire.set(delay=0.0, rate=10_000.0)
        start = time.monotonic()
        near.sendall(b"y" * 3000)
        found = 0
        while found < 3000:
            found += len(other.recv(3000))
        assert time.monotonic() - start >= 0.2
