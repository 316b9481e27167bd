"""How long a core takes from its start, after any end, until it answers: with a million items on record, and others.

The stores are written row by row as a core would have left them, so that nobody has to run a million items first.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import psutil

from bench.measure import Plan, Row
from bench.stage import TRUE, array
from windlass.model.graph import Graph, Need, Task
from windlass.sched.states import AttemptState, ItemState
from windlass.store import packs, records
from windlass.store.store import Store

_encode = msgspec.msgpack.encode
BATCH = 1000


def write_run(store: Store, run: int, graph: Graph, ended: bool = False) -> None:
    state = "succeeded" if ended else "running"
    store.write(
        records.RUN_NEW,
        [(run, f"t{run}", graph.name, "o", state, 0, 1e9, 0, "", "", _encode(graph), _encode({}), _encode([]))],
    )
    if ended:
        store.write(records.RUN_STATE, [(state, 0, 1e9 + 60, run)])


def packed(store: Store, seq: int, run: int, items: range) -> int:
    """Plain successes of items of the first task; the next free number."""
    for first in range(items.start, items.stop, BATCH):
        part = list(range(first, min(items.stop, first + BATCH)))
        count = len(part)
        columns = packs.Columns(
            part, [1] * count, [1e9] * count, [1e9] * count, [1e9 + 1] * count, [0.1] * count, [4096] * count,
            [0] * count, [0] * count, [0] * count,
        )  # fmt: skip
        store.write(records.PACK, packs.rows_of(seq, run, 0, "agent", columns, [b"j1"] * count))
        seq += count
    return seq


def attempts(store: Store, seq: int, run: int, ends: Iterator[tuple[int, int, int, bool]]) -> int:
    """(task, item, number, well) of attempts with rows of their own, as commands leave them; the next free number."""
    rows, changes = [], []
    for task, item, number, well in ends:
        final = int(ItemState.SUCCEEDED) if well else 0
        rows.append(
            (
                seq, run, task, item, number, "agent", int(AttemptState.EXITED), "ok" if well else "nonzero",
                0 if well else 1, 1e9, 1e9, 1e9 + 1, 0.1, 4096, 0, 0, 0, final, 0, "", 0.0,
                0.0, None, b"a log " * 10, None,
            )
        )  # fmt: skip
        if well:
            changes.append((run, task, item, item + 1, final, "", 0, seq))
        seq += 1
    store.write(records.ATTEMPT, rows)
    store.write(records.CHANGE, changes)
    return seq


def one_array(store: Store, items: int) -> None:
    """Half of the items ended: half of those as plain successes, the others one by one, every tenth after a failure."""
    write_run(store, 1, array(items))
    seq = packed(store, 1, 1, range(items // 4))
    for first in range(items // 4, items // 2, BATCH):
        part = range(first, min(items // 2, first + BATCH))
        seq = attempts(store, seq, 1, ((0, item, 1, False) for item in part if item % 10 == 0))
        seq = attempts(store, seq, 1, ((0, item, 1 + (item % 10 == 0), True) for item in part))
        store.end_turn()
        store.flush()


def single_tasks(store: Store, count: int) -> None:
    """Tasks of one item each behind a first one; half of them ended."""
    rest = [Task(id=f"t{place}", action=TRUE, needs=[Need("first")]) for place in range(count - 1)]
    write_run(store, 1, Graph(name="singles", tasks=[Task(id="first", action=TRUE), *rest]))
    attempts(store, 1, 1, ((task, 0, 1, True) for task in range(count // 2)))


def many_runs(store: Store, count: int) -> None:
    seq = 1
    for run in range(1, count + 1):
        write_run(store, run, array(10), ended=True)
        seq = attempts(store, seq, run, ((0, item, 1, True) for item in range(10)))


def restart(home: Path) -> tuple[float, float]:
    """Seconds until a core of this home accepts connections, and its processor time until then."""
    reading, writing = os.pipe()
    began = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "windlass.server", "--ready-fd", str(writing), "--log-level", "error"],
        env={**os.environ, "WINDLASS_HOME": str(home)}, pass_fds=[writing],
    )  # fmt: skip
    os.close(writing)
    with open(reading) as ready:
        json.loads(ready.readline())
    seconds = time.perf_counter() - began
    spent = psutil.Process(child.pid).cpu_times()
    child.kill()
    child.wait()
    return seconds, spent.user + spent.system


def run(plan: Plan) -> list[Row]:
    cases: list[tuple[str, int, Callable[[Store, int], None]]] = [
        ("an array of {:,} items, half ended", plan.size(1_000_000, 100_000), one_array),
        ("{:,} single tasks, half ended", plan.size(100_000, 10_000), single_tasks),
        ("{:,} ended runs", plan.size(1_000, 100), many_runs),
    ]
    rows = []
    for words, count, fill in cases:
        with tempfile.TemporaryDirectory(prefix="windlass-bench-") as folder:
            home = Path(folder)
            store = Store(home / "data" / "core")
            fill(store, count)
            store.close()
            size = store.path.stat().st_size / 2**20
            times = [restart(home) for _ in range(1 if plan.quick else 3)]
        seconds = statistics.median(took for took, _ in times)
        cpu = min(spent for _, spent in times)
        rows.append(
            Row(f"recovery: {words.format(count)}", seconds, "s", f"{cpu:.2f} s of CPU; a store of {size:,.0f} MiB")
        )
    return rows
