"""Ends through the ring of shared memory: none lost, none twice, whatever their size and however the runner ends."""

from __future__ import annotations

import mmap
import os
import random
import time
from collections import Counter
from pathlib import Path

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Task
from windlass.wire.results import decode_result
from windlass_agent.attempts import id_of
from windlass_agent.runnerwire import HEAD, SHARED_SIZE, Words


def arguments(count: int) -> list[bytes]:
    return [cloudpickle.dumps(((n,), {})) for n in range(count)]


def test_results_of_all_sizes_come_home_as_they_are(bench: Bench) -> None:
    draw = random.Random(5)
    sizes = [draw.choice((0, 10, 1000, 9000, 16_300, 16_500, 40_000)) + draw.randrange(90) for _ in range(600)]
    task = Task("f", bench.function(lambda n: bytes([n % 251]) * sizes[n]))
    keys = bench.give(task, arguments(len(sizes)))
    for n, key in enumerate(keys):
        assert decode_result(bench.result_of(key)) == bytes([n % 251]) * sizes[n]


def test_a_runner_that_dies_takes_no_end_with_it(bench: Bench, tmp_path: Path) -> None:
    ledger = str(tmp_path / "ledger")

    def work(n: int) -> None:
        with open(ledger, "ab", buffering=0) as file:
            file.write(b"%d\n" % n)
        if n % 40 == 39:
            os._exit(1)

    keys = bench.give(Task("f", bench.function(work)), arguments(400))
    outcomes = [bench.end_of(key).outcome for key in keys]
    assert [n for n, outcome in enumerate(outcomes) if outcome != "ok"] == list(range(39, 400, 40))
    assert Counter(Path(ledger).read_text().split()) == Counter(str(n) for n in range(400))  # each ran once


def test_an_end_is_told_although_a_long_one_runs_behind_it(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"

    def work(n: int) -> int:
        while n in (300, 301) and not go.exists():
            time.sleep(0.002)
        return n

    keys = bench.give(Task("f", bench.function(work)), arguments(600))
    bench.until(lambda: len(bench.core.exits) >= 300 and all(bench.core.holds(id_of(key)) for key in keys[:300]))
    go.touch()
    assert [bench.end_of(key).outcome for key in keys] == ["ok"] * 600


@pytest.mark.parametrize("what", ["pipe", "memory", "closed"])
def test_user_code_that_breaks_the_way_back_ends_with_its_runner(bench: Bench, what: str) -> None:
    def vandal(n: int) -> int:
        if n == 20:
            if what == "pipe":
                os.write(4, b"\x04\0\0\0nonsense")
            elif what == "closed":
                os.close(4)
            else:
                import mmap

                with mmap.mmap(5, 4096) as shared:
                    shared[24:32] = b"\x77" * 8
            time.sleep(1000)
        return n

    keys = bench.give(Task("f", bench.function(vandal)), arguments(60))
    outcomes = [bench.end_of(key).outcome for key in keys]
    assert outcomes[20] == "signal"
    assert outcomes.count("ok") >= 58  # one that had not been read may have gone with the memory


def test_what_a_function_used_is_measured_when_it_takes_long_enough(bench: Bench) -> None:
    def burn(n: int) -> None:
        end = time.process_time() + (0.1 if n == 5 else 0)
        while time.process_time() < end:
            pass

    keys = bench.give(Task("f", bench.function(burn)), arguments(10))
    usage = [bench.end_of(key).usage for key in keys]
    assert 0.1 <= usage[5].cpu < 0.2
    assert all(0 < one.cpu < 0.05 for one in usage[:5] + usage[6:])
    assert all(one.memory > 1_000_000 for one in usage[5:])


def test_a_word_is_never_seen_half_written() -> None:
    """Else an end is read that never was, or an item that has begun is taken back and runs twice."""
    before, after = 1 << 40 | 7, 2 << 40 | 300
    shared = mmap.mmap(-1, SHARED_SIZE)
    words = Words(shared)
    words.numbers[HEAD] = before
    read, write = os.pipe()
    child = os.fork()
    if not child:
        os.close(write)
        os.set_blocking(read, False)
        while True:
            for _ in range(1000):
                words.numbers[HEAD] = before
                words.numbers[HEAD] = after
            try:
                os.read(read, 1)
                os._exit(0)  # the test has ended
            except BlockingIOError:
                pass
    seen = Counter(words.numbers[HEAD] for _ in range(300_000))
    os.close(read)
    os.close(write)
    assert os.waitpid(child, 0)[1] == 0
    words.close()
    shared.close()
    assert set(seen) <= {before, after}
