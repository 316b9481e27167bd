"""Encode a video on two agents and kill -9 one of them while it encodes; then an audit.

    python tests/chaos/kill_agent.py [--seed N] [--lease S] [--keep DIR]

Afterwards: the run succeeded, out.mp4 has the right duration, what the dead agent was doing is on record as lost and
was done again by the other one, and nothing that the dead agent had started is still running.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from windlass_resources.samples import sample_path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cluster import Cluster

from windlass.model.document import load_document

SECONDS = 24
"""Of the clip: twelve parts, enough for both agents to be busy when one dies."""


def duration(path: Path) -> float:
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return float(told.stdout)


def play(root: Path, seed: int, lease: float) -> dict[str, Any]:
    """The whole scene; returns a summary with `problems`."""
    draw = random.Random(seed)
    graph = load_document(sample_path("encode-video")).graph
    graph.params["seconds"] = SECONDS
    encode = next(place for place, task in enumerate(graph.tasks) if task.id == "encode")
    problems: list[str] = []
    began = time.monotonic()
    with Cluster(root, core_options=("--lease", str(lease), "--heartbeat", str(min(1.0, lease / 6)))) as cluster:
        cluster.start_core()
        for name in ("one", "two"):
            cluster.start_agent(name, "--cpus", "1")
        run = cluster.submit(graph)
        victim = draw.choice(["one", "two"])
        at_least = draw.randint(1, 4)

        def is_busy() -> bool:
            """Some parts are done and the victim is encoding one."""
            rows = [row for row in cluster.attempts(run) if row["task"] == encode]
            done = sum(row["outcome"] == "ok" for row in rows)
            return done >= at_least and any(row["state"] == "running" and row["agent_name"] == victim for row in rows)

        cluster.until(is_busy, f"an encoding {victim}", 120)
        cluster.kill_agent(victim)
        row = cluster.wait_for_run(run, 180)
        rows = cluster.attempts(run)
        if row["state"] != "succeeded":
            problems.append(f"the run is {row['state']}: {row['counts']}\n{cluster.log('core')}")
        lost = [row for row in rows if row["state"] == "lost"]
        if not lost:
            problems.append("no attempt of the killed agent is on record as lost")
        if others := [row for row in lost if row["agent_name"] != victim]:
            problems.append(f"attempts of the living agent were lost: {others}")
        accepted = [(row["task"], row["index"]) for row in rows if row["outcome"] == "ok"]
        if len(accepted) != len(set(accepted)):
            problems.append("an item has two accepted ends")
        agents = {row["agent_name"] for row in rows if row["task"] == encode and row["outcome"] == "ok"}
        if agents != {"one", "two"}:
            problems.append(f"parts were encoded only by {agents}")
        found = None
        if row["state"] == "succeeded":
            out = root / "out"
            subprocess.run(
                [sys.executable, "-m", "windlass.cli.main", "get", str(run), "join", "--out", str(out)],
                env=cluster.environment, check=True, capture_output=True,
            )  # fmt: skip
            found = duration(out / "join" / "out.mp4")
            if abs(found - SECONDS) > 0.25:
                problems.append(f"out.mp4 has {found} s instead of {SECONDS}")
        seconds = time.monotonic() - began
    if cluster.left_behind:
        problems.append(f"processes left behind: {cluster.left_behind}")
    return {
        "seed": seed,
        "killed": victim,
        "lost": [(row["task"], row["index"], row["attempt"]) for row in lost],
        "duration": found,
        "seconds": round(seconds, 1),
        "problems": problems,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lease", type=float, default=12.0, help="seconds; the default is the product's")
    parser.add_argument("--keep", type=Path, help="use this folder and leave it, logs and store included")
    options = parser.parse_args()
    if shutil.which("ffmpeg") is None:
        parser.error("ffmpeg is not installed (Debian: apt install ffmpeg)")
    with tempfile.TemporaryDirectory(prefix="windlass-chaos-") as temporary:
        root = options.keep or Path(temporary)
        summary = play(root.resolve(), options.seed, options.lease)
    print(json.dumps(summary, indent=2))
    return 1 if summary["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
