"""kill -9 of the core hundreds of times in a row, with the load never ending; then the audit of `kill_core.py`.

    python tests/chaos/kill_core.py --rapid --kills 1000 [--seed N] [--keep DIR]

Each time the core is killed at an instant drawn from the seed: while it is still being greeted by its agents (which may
be while it restores), or some time after both are back. A feeder submits the next run of short commands as soon as the
last one is nearly through, with one token for as long as it takes to be acknowledged. Afterwards every acknowledged run
must be there once and whole, as after a single kill; and after each start the agents must be back within ten seconds.
"""

from __future__ import annotations

import json
import random
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import Any

import msgspec
from cluster import PATIENCE, Cluster, Unanswered
from faults import boot
from kill_core import Ledger, audit, build
from stalls import Stalls

from windlass.client.connect import locate
from windlass.client.errors import WindlassError
from windlass.client.link import Link
from windlass.wire import messages

AGENTS = ("one", "two")
SIZE = 40
"""Commands of one run."""
BACK = 10.0
"""Seconds within which both agents are back."""
EARLY = 0.35
"""Of the kills: those that do not wait for the agents."""


class Feeder(threading.Thread):
    """Keeps the cluster busy through all kills."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(name="feeder", daemon=True)
        self.cluster = cluster
        self.runs: dict[int, Ledger] = {}
        """Acknowledged runs and what their commands write."""
        self.refused = 0
        self.going = True

    def run(self) -> None:
        link = Link(locate(home=self.cluster.home), name="feeder", home=self.cluster.home)
        serial = 0
        last: Ledger | None = None
        while self.going:
            if last is not None and len(last.read().ends) < SIZE * 3 // 4:
                time.sleep(0.05)  # its commands are other processes: only their ledger tells
                continue
            serial += 1
            last = Ledger(self.cluster.root / f"ledger-{serial}.txt")
            graph = build(SIZE, last.path)
            token = secrets.token_hex(8)
            data = msgspec.msgpack.encode(graph)
            while self.going:
                try:
                    answer = link.ask(messages.Submit(0, token, data, "", graph.params, [], graph.name), timeout=5.0)
                except (WindlassError, TimeoutError):
                    self.refused += 1
                else:
                    self.runs[answer.data["run"]] = last
                    break
        link.close()


def play_often(root: Path, seed: int, kills: int) -> dict[str, Any]:
    """The whole scene; returns a summary with `problems`."""
    draw = random.Random(seed)
    problems: list[str] = []
    back: list[float] = []
    starts: list[float] = []
    seen: dict[int, dict[int, dict[str, Any]]] = {}
    began = time.monotonic()
    with Cluster(root) as cluster:
        cluster.start_core()
        for name in AGENTS:
            cluster.start_agent(name, "--cpus", "1")
        stalls = Stalls()
        stalls.start()
        feeder = Feeder(cluster)
        feeder.start()
        accepted = time.monotonic()
        for kill in range(kills):
            if draw.random() < EARLY:
                time.sleep(draw.uniform(0.0, 0.3))
            else:
                if not _both_up(cluster, accepted + 6 * BACK):
                    problems.append(f"kill {kill}: the agents did not come back\n{cluster.log('one')}")
                    break
                now = time.monotonic()
                back.append(now - accepted - stalls.between(boot() - (now - accepted), boot()))
                time.sleep(draw.uniform(0.0, 0.4))
                if feeder.runs and draw.random() < 0.2:
                    newest = max(feeder.runs)
                    rows = cluster.attempts(newest, running=False)
                    seen.setdefault(newest, {}).update({row["seq"]: row for row in rows})
            cluster.kill_core()
            time.sleep(draw.uniform(0.0, 0.15))
            before = time.monotonic()
            cluster.start_core()
            accepted = time.monotonic()
            starts.append(accepted - before)
            _show(kill + 1, kills, feeder)
        feeder.going = False
        feeder.join(PATIENCE)
        for run, ledger in feeder.runs.items():
            try:
                row = cluster.wait_for_run(run)
                rows = cluster.attempts(run)
            except (Unanswered, WindlassError) as error:
                problems.append(f"run {run} was acknowledged, and then: {error}")
                continue
            if row["state"] != "succeeded":
                problems.append(f"run {run} is {row['state']}: {row['counts']}")
            problems += [f"run {run}: {text}" for text in audit(SIZE, rows, ledger.read(), seen.get(run, {}))]
        if late := [round(seconds, 1) for seconds in back if seconds > BACK]:
            problems.append(f"the agents came back late: {late}")
        stalls.stop()
        took = time.monotonic() - began
    if cluster.left_behind:
        problems.append(f"processes left behind: {cluster.left_behind}")
    return {
        "seed": seed,
        "kills": len(starts),
        "runs": len(feeder.runs),
        "commands": SIZE * len(feeder.runs),
        "submits_not_answered": feeder.refused,
        "ends_seen_before_kills": sum(map(len, seen.values())),
        "start_seconds": _spread(starts),
        "agents_back_seconds": _spread(back),
        "machine_stood_still_seconds": round(stalls.total, 1),
        "seconds": round(took, 1),
        "problems": problems,
    }


def _both_up(cluster: Cluster, until: float) -> bool:
    while time.monotonic() < until:
        assert cluster.core is not None
        if cluster.core.poll() is not None:
            raise RuntimeError(f"the core has ended by itself:\n{cluster.log('core')}")
        rows = cluster.ask(messages.GetAgents(0))["agents"]
        if sum(row["state"] == "up" for row in rows) == len(AGENTS):
            return True
        time.sleep(0.01)  # another process makes it so
    return False


def _spread(values: list[float]) -> dict[str, float]:
    values = sorted(values) or [0.0]
    return {"median": round(values[len(values) // 2], 2), "most": round(values[-1], 2)}


def _show(done: int, kills: int, feeder: Feeder) -> None:
    if sys.stderr.isatty():
        words = json.dumps({"kills": done, "of": kills, "runs": len(feeder.runs)})
        print(f"\r\x1b[K{words}", end="", file=sys.stderr, flush=True)
