"""python -m bench.gui [--quick] [--json] [--only NAME]...: the speed of the surface beside its targets."""

from __future__ import annotations

import argparse
import importlib
import subprocess
import sys

import msgspec
from rich.console import Console
from rich.table import Table

from bench.__main__ import machine
from bench.gui.figures import Figure
from bench.measure import Plan

MEASUREMENTS = ["start", "canvas", "opening", "typed", "mirror", "table", "timeline", "beside"]
"""Modules of this package with `run(plan) -> list[Figure]`, in the table's order. Each runs in a process of its own."""
_VERDICTS = {True: "[green]met[/]", False: "[red]missed[/]", None: ""}


def show(figures: list[Figure], console: Console) -> None:
    table = Table(title=f"The surface of Windlass on {machine()}", title_justify="left")
    for name in ("what", "value", "target", "", "note"):
        table.add_column(name, justify="right" if name in ("value", "target") else "left", overflow="fold")
    for one in figures:
        digits = 0 if one.value >= 100 else 1 if one.value >= 20 else 2
        target = "" if one.target is None else f"{'≥' if one.more else '≤'} {one.target:g}"
        table.add_row(one.name, f"{one.value:,.{digits}f} {one.unit}", target, _VERDICTS[one.good], one.note)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.gui", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller, for a rough look")
    parser.add_argument("--json", action="store_true", help="one JSON list instead of the table")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, metavar="NAME", help="only this one (again)")
    parser.add_argument("--here", choices=MEASUREMENTS, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.here:
        figures = importlib.import_module(f"bench.gui.{options.here}").run(Plan(quick=options.quick))
        sys.stdout.buffer.write(msgspec.json.encode(figures) + b"\n")
        return 0
    progress = Console(stderr=True)
    figures, failed = [], []
    for name in options.only or MEASUREMENTS:
        progress.print(f"measuring {name} ...", style="dim")
        command = [sys.executable, "-m", "bench.gui", "--here", name, *(["--quick"] if options.quick else [])]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        if done.returncode:
            failed.append(name)
        else:
            figures += msgspec.json.decode(done.stdout.splitlines()[-1], type=list[Figure])
    if options.json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(figures)) + b"\n")
    else:
        show(figures, Console(width=None if sys.stdout.isatty() else 140))
    if failed:
        progress.print(f"failed: {', '.join(failed)}", style="red")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
