"""What the scheduler does with a window open that follows the run, beside what it does without: the same work in turn.

The window is a process of its own and takes processor time from the core and the agent, as it does on a real desk.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psutil

from bench.functions import rate
from bench.gui.figures import Figure
from bench.measure import Plan, percentile
from bench.stage import Stage, array, stage
from windlass.wire import messages as m

GRAPH = """windlass: 1
name: beside
tasks:
  {}:
    command: [/bin/true]
    foreach: 1000
"""
SETTLE = 1.0
"""Seconds from a connected window to one that has drawn what it is going to draw."""


def run(plan: Plan) -> list[Figure]:
    turns = plan.size(9, 2)
    figures = []
    with stage(cpus=2) as ready:
        rate(ready, 200)  # starts the runners
        kinds = (
            ("no-op functions", plan.size(300_000, 10_000), lambda count: rate(ready, count)),
            ("true commands", plan.size(8000, 1000), lambda count: _commands(ready, count)),
        )
        for words, count, measure in kinds:
            shares, alone, beside, taken = [], [], [], []
            for turn in range(turns):
                # Every other time the window comes first, so that a drift of the machine takes no side.
                if turn % 2:
                    with window(ready) as used:
                        beside.append(measure(count))
                        taken.append(used())
                alone.append(measure(count))
                if not turn % 2:
                    with window(ready) as used:
                        beside.append(measure(count))
                        taken.append(used())
                shares.append(100 * beside[-1] / alone[-1])
            note = (
                f"{percentile(beside, 0.5):,.0f}/s with, {percentile(alone, 0.5):,.0f}/s without; {turns} pairs; "
                f"the window took {percentile(taken, 0.5):.0f} % of a CPU"
            )
            name = f"{words} with the window open"
            figures.append(Figure(name, percentile(shares, 0.5), "% of without", 95.0, True, note))
    return figures


def _commands(ready: Stage, count: int) -> float:
    from bench.measure import stopwatch

    with stopwatch() as watch:
        ready.finish(ready.submit(array(count)))
    return count / watch.seconds


@contextmanager
def window(ready: Stage, front: str = "items") -> Iterator[Callable[[], float]]:
    """A window that is up at the stage's core and shows the newest run: on the canvas, and below it `front`.

    That is the table of its items or its timeline. The newest runs must all have the same task, which the window draws
    when it starts. Gives what says how much of a CPU it has used since.
    """
    token = ready.client.link.ask(m.MakeToken(0, "operator")).data["token"]
    with tempfile.TemporaryDirectory() as home:
        command = [sys.executable, "-m", "bench.gui.beside", home, token, front]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            if process.stdout.readline().strip() != "up":
                raise RuntimeError("the window did not connect")
            time.sleep(SETTLE)
            watched, began = psutil.Process(process.pid), time.perf_counter()
            before = sum(watched.cpu_times()[:2])
            try:
                yield lambda: 100 * (sum(watched.cpu_times()[:2]) - before) / (time.perf_counter() - began)
            finally:
                process.kill()


def _window(home: str, token: str, front: str) -> None:
    from windlass_gui import app

    app.spare_collector()
    parts = app.start(app.parse(["--home", home, "--theme", "dark", "--connect", token]))
    window, bridge = parts.window, parts.bridge
    window.resize(1440, 900)
    seen: list[int] = []
    told = False

    def show(run: int, document: str) -> None:
        """As a submit from this window does."""
        window.run_view.show_run(run, document)
        window.runs.select_run(run)
        window.timeline.show_run(run)
        window.items.show_task(run, 0)
        window.bottom.setCurrentWidget({"items": window.items, "timeline": window.timeline}[front])

    def look() -> None:
        nonlocal told
        if bridge.state != "up" or not bridge.mirror.runs:
            return
        newest = max(bridge.mirror.runs)
        mirror = bridge.mirror.run(newest)
        if newest not in seen[-1:]:
            seen.append(newest)
            show(newest, window.run_view.document)
        elif not told and mirror is not None:
            # The runs come from the Python API and have no document: draw one with the same task.
            text = GRAPH.format(mirror.tasks[0].id)
            window.opening.open_text(text)
            show(newest, text)
            assert window.run_view.matches
            told = True
            print("up", flush=True)

    bridge.connection_changed.connect(lambda *_: look())
    bridge.mirror_changed.connect(lambda _: look())
    parts.app.exec()


if __name__ == "__main__":
    _window(*sys.argv[1:])
