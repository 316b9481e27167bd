"""The clients of the chaos run, as processes of their own: one that submits, one that changes its mind.

    python tests/chaos/people.py submit|meddle SEED FOLDER ENDPOINT CORE_KEY SECONDS SCALE

Whatever the core acknowledged is written, forced to disk, to FOLDER/acknowledged.jsonl before anything else is done;
what was not acknowledged may or may not have happened.
"""

from __future__ import annotations

import json
import os
import random
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))
import mixed_load as load
from cluster import PATIENCE

from windlass.client.api import Client
from windlass.client.build import Graph, task
from windlass.client.errors import CoreUnreachable, RequestFailed

TROUBLE = (CoreUnreachable, RequestFailed, TimeoutError)
"""What the faults may do to a request. Anything else is a mistake of this script, and ends it."""
TRIES = 6
"""Times that a submit is tried which was refused or not answered."""
BETWEEN = (0.15, 0.6)
"""Seconds between two changes of mind."""


def note(folder: Path, **what: Any) -> None:
    out = os.open(folder / "acknowledged.jsonl", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.write(out, (json.dumps(what) + "\n").encode())
    os.fsync(out)
    os.close(out)


def notes(folder: Path) -> list[dict[str, Any]]:
    path = folder / "acknowledged.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def submit(client: Client, folder: Path, job: load.Job) -> int:
    ledger = folder / "ledger.txt"
    if job.kind == "functions":
        graph = Graph("functions")
        call = task(
            partial(load.function, job.seed, random.randrange(1 << 40), str(ledger)), id="call", retries=30, backoff=0.2
        )
        graph.map(call, range(job.size))
        return client.submit(graph, name="functions", priority=job.priority).id
    here = folder / f"job-{job.seed}"
    here.mkdir(exist_ok=True)
    (here / "graph.yaml").write_text(load.document(job, ledger))
    if job.kind == "files":
        (here / "given.bin").write_bytes(load.given(job))
    return client.submit(here / "graph.yaml", priority=job.priority).id


def submit_all(client: Client, folder: Path, jobs: list[load.Job]) -> None:
    import cloudpickle

    cloudpickle.register_pickle_by_value(load)  # the runners do not have this folder
    began = time.monotonic()
    for job in jobs:
        time.sleep(max(0.0, job.at - (time.monotonic() - began)))  # the load's own pace
        for _ in range(TRIES):
            try:
                run = submit(client, folder, job)
            except TROUBLE as error:
                note(folder, refused=job.plain(), error=f"{type(error).__name__}: {error}")
                time.sleep(1.0)  # as a person does
            else:
                note(folder, run=run, **job.plain())
                break


def meddle(client: Client, folder: Path, draw: random.Random, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        time.sleep(draw.uniform(*BETWEEN))
        known = [entry for entry in notes(folder) if "run" in entry and "did" not in entry]
        if not known:
            continue
        entry = draw.choice(known)
        action = draw.choice(["pause", "priority", "retry", "cancel", "cancel"])
        run = client.run(entry["run"])
        try:
            if action == "pause":
                run.pause()
                time.sleep(draw.uniform(0.1, 0.8))
                run.resume()
            elif action == "priority":
                run.set_priority(draw.randint(-2, 3))
            elif action == "retry":
                run.retry()
            elif entry["kind"] == "toss":
                run.cancel("toss", draw.randrange(entry["size"])) if draw.random() < 0.8 else run.cancel()
            else:
                continue
        except TROUBLE:
            continue
        note(folder, did=action, run=entry["run"])


def main() -> None:
    who, seed, folder, endpoint, key, seconds, scale = sys.argv[1:]
    draw = random.Random(f"{who} {seed}")
    with Client(endpoint, core_key=key, home=Path(folder) / "home", timeout=PATIENCE) as client:
        if who == "submit":
            submit_all(client, Path(folder), load.draw_jobs(draw, float(seconds), float(scale)))
        else:
            meddle(client, Path(folder), draw, float(seconds))


if __name__ == "__main__":
    main()
