"""From nothing to a window that answers, and the memory of one that shows a run of a million items."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from bench.gui.figures import Figure
from bench.measure import Plan, percentile, stopwatch

ITEMS = 1_000_000


def run(plan: Plan) -> list[Figure]:
    times = []
    with tempfile.TemporaryDirectory() as home:
        for _ in range(plan.size(7, 3)):
            command = [sys.executable, "-m", "bench.gui.start", home, "window"]
            with stopwatch() as watch, subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as window:
                assert window.stdout is not None
                window.stdout.readline()
                watch.stop()
            times.append(watch.seconds)
        command = [sys.executable, "-m", "bench.gui.start", home, "items"]
        memory = int(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    note = f"a sample is open, offline; longest of {len(times)}: {max(times):.2f} s"
    return [
        Figure("start to usable window", percentile(times, 0.5), "s", 1.5, note=note),
        Figure(
            "memory with a run of 1,000,000 items", memory / 1e6, "MB", 300.0, note="resident, the run's items shown"
        ),
    ]


def _window(home: str, items: bool) -> None:
    """Open the window and say so; with `items` show a run first, and say what that takes."""
    from windlass_gui import app

    app.spare_collector()
    parts = app.start(app.parse(["--offline", "--home", home, "--theme", "dark", "--sample", "monte-carlo"]))
    parts.app.processEvents()
    if items:
        _show_items(parts)
        import psutil

        print(psutil.Process().memory_info().rss, flush=True)
    else:
        print("there", flush=True)
    os._exit(0)


def _show_items(parts: object) -> None:
    from windlass.wire import codec
    from windlass.wire.messages import Snapshot
    from windlass.wire.rows import Counts, RunRow, TaskRow
    from windlass_gui.app import Parts
    from windlass_gui.bridge.recording import RecordingLink

    assert isinstance(parts, Parts)
    link = RecordingLink()
    parts.bridge.use_link(link)
    parts.bridge.link_phase("up")
    counts = Counts(pending=ITEMS)
    row = {"id": 1, "name": "r", "owner": "", "state": "running", "priority": 0, "submitted": 0.0, "ended": None}
    run = RunRow(**row, counts=counts)
    tasks = [TaskRow(0, "sample", "", True, ITEMS, counts)]
    parts.bridge.follow(1)
    for message in (
        Snapshot("runs", 1, {"runs": [run]}),
        Snapshot("run:1", 1, {"run": run, "tasks": tasks, "states": {0: bytes(ITEMS)}}),
    ):
        link.tell(codec.decode(codec.encode(message))[0])
    parts.bridge.frame()
    parts.window.items.show_task(1, 0)
    parts.window.bottom.setCurrentWidget(parts.window.items)
    for _ in range(20):
        parts.app.processEvents()


if __name__ == "__main__":
    _window(sys.argv[1], sys.argv[2] == "items")
