"""python -m bench.peers: Windlass beside its peers, the same work on the same machine in one run, as ratios.

Each peer is installed from the package index into an environment of its own (kept in `.bench-peers/`), started as it
comes with two slots, and asked one after the other; the machine's own limits are measured first.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from bench import limits
from bench.__main__ import machine
from bench.environments import HOME, environment
from bench.measure import Plan

HERE = Path(__file__).parent
PATIENCE = 900
"""Seconds that a peer may take for all of its work."""


@dataclass(frozen=True)
class Entrant:
    """Who takes part: what it is called, what is installed for it, and which script speaks for it."""

    name: str
    script: str
    requires: str = ""
    """Empty: it runs in this environment."""


WINDLASS = Entrant("Windlass", "windlass_.py")
PEERS = [
    Entrant("Dask", "dask_.py", "dask[distributed]"),
    Entrant("Ray", "ray_.py", "ray"),
    Entrant("HyperQueue", "hyperqueue_.py", "hyperqueue"),
    Entrant("Parsl", "parsl_.py", "parsl"),
    Entrant("ipyparallel", "ipyparallel_.py", "ipyparallel"),
    Entrant("stdlib pool", "pool_.py"),
]
"""The pool is no peer (one machine, no graph, nothing kept), but what plain calls cost without any of that."""


@dataclass(frozen=True)
class Work:
    """A line of the table."""

    name: str
    title: str
    full: int
    quick: int
    unit: str
    """/s: the more the better; s, ms, bytes: the less the better."""


WORKS = [
    Work("functions", "no-op Python functions", 50_000, 2000, "/s"),
    Work("commands", "`true` commands", 2000, 300, "/s"),
    Work("call", "function, submit and wait", 200, 50, "ms"),
    Work("command", "command, submit and wait", 200, 30, "ms"),
    Work("chain", "chain of {:,} functions", 1000, 100, "s"),
    Work("fan", "1 to {:,} to 1, functions", 5000, 300, "s"),
    Work("layered", "layered, {:,} functions of two inputs", 10_000, 500, "s"),
    Work("command_chain", "chain of {:,} commands", 1000, 50, "s"),
    Work("command_fan", "1 to {:,} to 1, commands", 5000, 200, "s"),
    Work("waiting", "memory of the scheduler, each of {:,} waiting tasks", 100_000, 20_000, "bytes"),
]


@dataclass
class Found:
    """What one entrant did."""

    version: str = ""
    works: dict[str, dict[str, Any]] = field(default_factory=dict)
    problem: str = ""


def ask(entrant: Entrant, home: Path, works: list[Work], plan: Plan, budget: float) -> Found:
    """Let the entrant do all works in a process of its own environment."""
    found = Found()
    try:
        python = Path(sys.executable)
        if entrant.requires:
            python = environment(home / Path(entrant.script).stem.strip("_"), entrant.requires)
    except subprocess.CalledProcessError as error:
        lines = (error.stderr or "").strip().splitlines()
        found.problem = f"not installed: {lines[-1] if lines else error}"
        return found
    asked = {
        "repeats": plan.repeats,
        "budget": budget,
        "works": {work.name: plan.size(work.full, work.quick) for work in works},
    }
    paths = [str(HERE), os.environ.get("PYTHONPATH", "")]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in paths if path)}
    env["PATH"] = f"{python.parent}{os.pathsep}{env['PATH']}"
    log = home / f"{Path(entrant.script).stem}.log"
    with log.open("w") as errors:
        command = [str(python), str(HERE / entrant.script), json.dumps(asked)]
        process = subprocess.Popen(
            command, env=env, stdout=subprocess.PIPE, stderr=errors, text=True, start_new_session=True
        )
        try:
            output, _ = process.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, 9)
            output, _ = process.communicate()
            found.problem = f"gave up after {PATIENCE} s"
    for line in output.splitlines():
        if line.startswith("bench "):
            record = json.loads(line[6:])
            if "version" in record:
                found.version = record["version"]
            else:
                found.works[record.pop("work")] = record
    if process.returncode and not found.problem:
        found.problem = f"ended with {process.returncode}; see {log}"
    return found


def value(work: Work, record: dict[str, Any]) -> float | None:
    """The number of the table; None where there is none."""
    match work.unit:
        case _ if "error" in record:
            return None
        case "/s":
            return float(record["size"] / record["seconds"])
        case "ms":
            return float(record["p50"] * 1000)
        case "bytes":
            return float(record["bytes"])
        case _:
            return float(record["seconds"])


def text(work: Work, record: dict[str, Any] | None, plan: Plan) -> str:
    if record is None:
        return "-"
    found = value(work, record)
    if found is None:
        return "failed"
    if work.unit == "ms":
        return f"{found:.2f} / {record['p99'] * 1000:.1f}"
    shown = f"{found:,.0f}" if found >= 100 else f"{found:.2f}"
    return shown if record["size"] == plan.size(work.full, work.quick) else f"{shown} ({record['size']:,})"


def better(work: Work, mine: float, others: float) -> float:
    """How many times better the first is."""
    return mine / others if work.unit == "/s" else others / mine if mine else float("inf")


def best_peer(work: Work, found: dict[str, Found]) -> tuple[str, float] | None:
    values = {
        peer.name: got
        for peer in PEERS
        if peer.requires and peer.name in found and (record := found[peer.name].works.get(work.name)) is not None
        and (got := value(work, record)) is not None
    }  # fmt: skip
    if not values:
        return None
    choose = max if work.unit == "/s" else min
    name = choose(values, key=lambda peer: values[peer])
    return name, values[name]


def show(found: dict[str, Found], works: list[Work], plan: Plan, console: Console) -> None:
    table = Table(title=f"Windlass beside its peers, two slots each, on {machine()}", title_justify="left")
    table.add_column("work")
    table.add_column("unit")
    for name, one in found.items():
        table.add_column(f"{name} {one.version}".strip(), justify="right")
    table.add_column("Windlass to the best peer", justify="right")
    for work in works:
        cells = [text(work, one.works.get(work.name), plan) for one in found.values()]
        mine = found[WINDLASS.name].works.get(work.name)
        own, best, ratio = value(work, mine) if mine else None, best_peer(work, found), ""
        if own is not None and best is not None:
            ratio = f"{better(work, own, best[1]):.1f} x {best[0]}"
        title = work.title.format(plan.size(work.full, work.quick))
        table.add_row(title, "ms p50 / p99" if work.unit == "ms" else work.unit, *cells, ratio)
    console.print(table)
    console.print("(n): measured with n instead, because of the time it takes; medians of up to "
                  f"{plan.repeats} repeats. A ratio above 1 means that Windlass is better.")  # fmt: skip
    for name, one in found.items():
        for work_name, record in one.works.items():
            if "error" in record:
                console.print(
                    f"{name}, {work_name}: {record['error'].splitlines()[0]}", style="yellow", highlight=False
                )
        if one.problem:
            console.print(f"{name}: {one.problem}", style="yellow", highlight=False)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.peers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="once each, with little work, for a rough look")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    names = [entrant.name for entrant in PEERS]
    parser.add_argument("--peer", action="append", choices=names, metavar="NAME", help=f"only this one: {names}")
    parser.add_argument("--work", action="append", choices=[work.name for work in WORKS], metavar="WORK")
    budget = "seconds for one work of one of them, all repeats; who is slower gets fewer, then less work (20)"
    parser.add_argument("--budget", type=float, default=20.0, metavar="SECONDS", help=budget)
    parser.add_argument("--home", type=Path, default=HOME, help="where their environments are kept")
    options = parser.parse_args()
    plan = Plan(quick=options.quick)
    works = [work for work in WORKS if not options.work or work.name in options.work]
    entrants = [WINDLASS, *(peer for peer in PEERS if not options.peer or peer.name in options.peer)]
    home = options.home.resolve()
    home.mkdir(exist_ok=True)
    found: dict[str, Found] = {}
    columns = (TextColumn("{task.description:24}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        bar = progress.add_task("the machine's limits", total=len(entrants) + 1)
        bounds = limits.run(plan)
        progress.advance(bar)
        for entrant in entrants:
            progress.update(bar, description=entrant.name)
            found[entrant.name] = ask(entrant, home, works, plan, options.budget)
            progress.advance(bar)
    if options.json:
        document = {
            "machine": machine(),
            "limits": {row.name: row.value for row in bounds},
            "found": {
                name: {"version": one.version, "problem": one.problem, **one.works} for name, one in found.items()
            },
        }
        print(json.dumps(document, indent=2))
    else:
        console = Console(width=None if sys.stdout.isatty() else 180)
        show(found, works, plan, console)
        for row in bounds:
            console.print(f"{row.name}: {row.figure} {row.unit} ({row.note})", highlight=False)
    return 0 if not found[WINDLASS.name].problem else 1


if __name__ == "__main__":
    sys.exit(main())
