"""kill -9 of the core in the middle of a run of short commands, several times; then an audit.

    python tests/chaos/kill_core.py [--seed N] [--commands 2000] [--kills 3] [--keep DIR]

The moments are drawn from the seed and counted in finished commands, the first one right after the submit was
acknowledged. Every command writes a line to a ledger when it begins and when it ends. Afterwards:

* every item succeeded, and the record has exactly one accepted end of each;
* the ledger shows each command begun once and ended once by the same process: the kills disturbed no running one;
* ends that a client had seen before a kill stand unchanged in the record after it;
* no process of the agents is left.

With --rapid the core is killed again as soon as it is back, hundreds of times (`kill_often.py`).
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
from cluster import Cluster

from windlass.model.graph import Command, Foreach, Graph, Resources, Task

COMMAND = """
echo "start ${{ item }} $$" >> "$LEDGER"
sleep $((${{ item }} % 40 == 7))
echo "end ${{ item }} $$" >> "$LEDGER"
"""
"""Every fortieth takes a second, so that a kill always meets running attempts."""


@dataclass
class Ledger:
    """What the commands themselves wrote: (item, process) of each beginning and each end."""

    path: Path
    starts: list[tuple[int, int]] = field(default_factory=list)
    ends: list[tuple[int, int]] = field(default_factory=list)

    def read(self) -> Ledger:
        self.starts, self.ends = [], []
        if self.path.exists():
            for line in self.path.read_text().splitlines():
                kind, item, process = line.split()
                (self.starts if kind == "start" else self.ends).append((int(item), int(process)))
        return self


def build(commands: int, ledger: Path) -> Graph:
    task = Task(
        id="short",
        action=Command(COMMAND),
        foreach=Foreach(range=(0, commands, 1)),
        env={"LEDGER": str(ledger)},
        resources=Resources(cpus=0.25),
    )
    return Graph(name="kill-core", tasks=[task])


def audit(commands: int, rows: list[dict[str, Any]], ledger: Ledger, seen: dict[int, dict[str, Any]]) -> list[str]:
    """Sentences about each promise that was broken; empty when all held."""
    problems = []
    accepted = [row for row in rows if row["state"] == "exited"]
    ends = Counter(row["index"] for row in accepted if row["outcome"] == "ok")
    if wrong := [item for item in range(commands) if ends[item] != 1]:
        problems.append(f"items without exactly one accepted end: {wrong[:20]} ({len(wrong)})")
    if failed := [row for row in accepted if row["outcome"] != "ok"]:
        problems.append(f"attempts that ended badly: {failed[:5]} ({len(failed)})")
    if lost := [(row["index"], row["attempt"]) for row in rows if row["state"] == "lost"]:
        problems.append(f"attempts lost though no agent died: {lost[:20]} ({len(lost)})")
    begun = Counter(item for item, _ in ledger.starts)
    if again := [item for item, times in begun.items() if times > 1]:
        problems.append(f"items begun more than once: {sorted(again)[:20]} ({len(again)})")
    if cut := sorted(set(ledger.starts) - set(ledger.ends)):
        problems.append(f"commands that began and did not end: {cut[:20]} ({len(cut)})")
    if never := [item for item in range(commands) if item not in begun]:
        problems.append(f"items recorded but never begun: {never[:20]} ({len(never)})")
    now = {row["seq"]: row for row in rows}
    kept = ("index", "attempt", "agent", "outcome", "code", "started", "ended")
    if forgotten := [
        row["index"] for seq, row in seen.items() if seq not in now or any(now[seq][name] != row[name] for name in kept)
    ]:
        problems.append(f"acknowledged ends that changed or vanished: {forgotten[:20]} ({len(forgotten)})")
    return problems


def play(root: Path, seed: int, commands: int, kills: int) -> dict[str, Any]:
    """The whole scene; returns a summary with `problems`."""
    draw = random.Random(seed)
    moments = [0, *sorted(draw.sample(range(commands // 20, commands * 9 // 10), kills - 1))]
    ledger = Ledger(root / "ledger.txt")
    seen: dict[int, dict[str, Any]] = {}
    met_running = 0
    began = time.monotonic()
    with Cluster(root) as cluster:
        cluster.start_core()
        for name in ("one", "two"):
            cluster.start_agent(name, "--cpus", "1")
        run = cluster.submit(build(commands, ledger.path))
        for moment in moments:
            cluster.until(lambda at=moment: len(ledger.read().ends) >= at, f"command {moment}", 300)
            if moment:
                seen.update({row["seq"]: row for row in cluster.attempts(run, running=False)})
            cluster.kill_core()
            ledger.read()
            met_running += len(set(ledger.starts) - set(ledger.ends))
            time.sleep(draw.uniform(0.0, 1.5))  # how long nobody answers, part of the scene
            cluster.start_core()
        row = cluster.wait_for_run(run, 300)
        rows = cluster.attempts(run)
        problems = audit(commands, rows, ledger.read(), seen)
        if row["state"] != "succeeded":
            problems.append(f"the run is {row['state']}: {row['counts']}")
        seconds = time.monotonic() - began
    if cluster.left_behind:
        problems.append(f"processes left behind: {cluster.left_behind}")
    return {
        "seed": seed,
        "commands": commands,
        "kills_after": moments,
        "running_when_killed": met_running,
        "ends_seen_before_kills": len(seen),
        "rejected": sum(row["state"] == "rejected" for row in rows),
        "seconds": round(seconds, 1),
        "problems": problems,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--commands", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=3)
    parser.add_argument("--keep", type=Path, help="use this folder and leave it, logs and store included")
    parser.add_argument("--rapid", action="store_true", help="many kills under a load that never ends: kill_often.py")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="windlass-chaos-") as temporary:
        root = options.keep or Path(temporary)
        if options.rapid:
            from kill_often import play_often  # it takes this file's audit

            summary = play_often(root.resolve(), options.seed, options.kills)
        else:
            summary = play(root.resolve(), options.seed, options.commands, options.kills)
    print(json.dumps(summary, indent=2))
    return 1 if summary["problems"] else 0


if __name__ == "__main__":
    sys.exit(main())
