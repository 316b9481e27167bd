"""A sweep and a build on two agents; one is killed, the other stopped (SIGSTOP) for half a minute; then what is told.

    python tests/chaos/two_agents.py [--stop 30] [--lease 12] [--seed N] [--keep DIR]

Afterwards: both samples have succeeded, with the result that the sweep has without any agent and a program that passes
its own test; and `windlass report` names both agents, what each took along, and where that was made anew.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import itertools
import json
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import ModuleType
from typing import Any

from windlass_resources.samples import sample_path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cluster import Cluster

from windlass.client.api import Client


def sample() -> ModuleType:
    """The sweep's functions."""
    path = sample_path("sweep").with_name("sweep.py")
    spec = importlib.util.spec_from_file_location("sweep_sample", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def steps_for(seconds: float) -> int:
    """Steps of a training that takes about so long here: one that is over at once can meet no fault."""
    began = time.process_time()
    with contextlib.redirect_stdout(io.StringIO()):
        sample().train(0.1, 4, 1, 300)
    return max(1, round(300 * seconds / max(time.process_time() - began, 1e-4)))


def best(steps: int) -> dict[str, Any]:
    """What the sweep must find, computed here."""
    module = sample()
    grid = itertools.product([0.02, 0.05, 0.1, 0.3], [2, 4, 8], [1, 2])
    with contextlib.redirect_stdout(io.StringIO()):  # it tells what it finds
        tried = [module.train(rate, width, seed, steps) for rate, width, seed in grid]
    losses: dict[tuple[float, int], float] = {}
    for one in tried:
        key = (one["rate"], one["width"])
        losses[key] = losses.get(key, 0.0) + one["loss"] / 2
    (rate, width), loss = min(losses.items(), key=lambda entry: (entry[1], entry[0]))
    return {"rate": rate, "width": width, "loss": round(loss, 6), "tried": len(tried)}


def play(root: Path, seed: int, stop: float, lease: float, steps: int) -> dict[str, Any]:
    """The whole scene; returns a summary with `problems`."""
    draw = random.Random(seed)
    victims = ["one", "two"]
    draw.shuffle(victims)
    killed, stopped = victims
    problems: list[str] = []
    began = time.monotonic()
    with Cluster(root, core_options=("--lease", str(lease), "--heartbeat", str(min(1.0, lease / 6)))) as cluster:
        cluster.start_core()
        for name in ("one", "two"):
            cluster.start_agent(name, "--cpus", "1")
        with Client(home=cluster.home) as client:
            sweep = client.submit(sample_path("sweep"), {"steps": steps})
            build = client.submit(sample_path("build-c")) if shutil.which("cc") else None
            cluster.until(lambda: _busy(cluster, sweep.id, killed), f"a busy {killed}")
            cluster.kill_agent(killed)
            cluster.until(lambda: _lost(cluster, sweep.id, killed), f"the loss of {killed}", 60 + lease)
            cluster.start_agent(killed, "--cpus", "1")
            cluster.until(lambda: _busy(cluster, sweep.id, stopped), f"a busy {stopped}")
            process = cluster.agents[stopped]
            process.send_signal(signal.SIGSTOP)
            time.sleep(stop)  # the scene itself
            process.send_signal(signal.SIGCONT)
            runs = [run for run in (sweep, build) if run is not None]
            states = {run.row().name: cluster.wait_for_run(run.id, 240)["state"] for run in runs}
            if set(states.values()) != {"succeeded"}:
                problems.append(f"not all succeeded: {states}\n{cluster.log('core')}")
            else:
                found, wanted = sweep.result("best"), best(steps)
                if found != wanted:
                    problems.append(f"the sweep says {found} instead of {wanted}")
                if build is not None:
                    build.download(root / "out")
                    text = (root / "out" / "test" / "report.txt").read_text()
                    if "english: 519 bytes" not in text:
                        problems.append(f"the build's test says {text!r}")
            told = [_report(cluster, run.id, "--json") for run in runs]
            words = _report(cluster, sweep.id)
        reports = [json.loads(text) for text in told]
        losses = [loss for report in reports for loss in report["losses"]]
        named = {loss["agent"] for loss in losses}
        if named != {killed, stopped}:
            problems.append(f"the reports name the losses of {sorted(named)}, not of {killed} and {stopped}")
        if left := [one for loss in losses for one in loss["attempts"] if not one["anew_on"]]:
            problems.append(f"lost, and not told where it was made anew: {left}")
        problems += [f"'{name}' is not in the report" for name in (killed, stopped) if f"agent {name} " not in words]
    if cluster.left_behind:
        problems.append(f"processes left behind: {cluster.left_behind}")
    return {
        "seed": seed, "killed": killed, "stopped": stopped, "seconds": round(time.monotonic() - began, 1),
        "report": words.splitlines(), "problems": problems,
    }  # fmt: skip


def _rows(cluster: Cluster, run: int, agent: str) -> list[dict[str, Any]]:
    return [row for row in cluster.attempts(run) if row["agent_name"] == agent]


def _busy(cluster: Cluster, run: int, agent: str) -> bool:
    """It trains one, and has time to go on with it."""
    now = time.time()
    return any(row["state"] == "running" and now - row["started"] < 0.3 for row in _rows(cluster, run, agent))


def _lost(cluster: Cluster, run: int, agent: str) -> bool:
    return any(row["state"] == "lost" for row in _rows(cluster, run, agent))


def _report(cluster: Cluster, run: int, *options: str) -> str:
    command = [sys.executable, "-m", "windlass.cli.main", "report", str(run), *options]
    environment = {**cluster.environment, "COLUMNS": "200", "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stop", type=float, default=30.0, help="seconds that one agent is stopped")
    parser.add_argument("--lease", type=float, default=12.0, help="seconds; the default is the product's")
    parser.add_argument("--seconds", type=float, default=1.0, help="of each of the 24 trainings, about")
    parser.add_argument("--keep", type=Path, help="use this folder and leave it, logs and store included")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="windlass-chaos-") as temporary:
        root = options.keep or Path(temporary)
        summary = play(root.resolve(), options.seed, options.stop, options.lease, steps_for(options.seconds))
    print(json.dumps(summary, indent=2))
    return 1 if summary["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
