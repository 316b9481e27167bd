"""python -m bench [--quick] [--json] [--only NAME]...: the table of speeds. Nothing is asserted here."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import sys
import traceback

import psutil
from rich.console import Console
from rich.table import Table

from bench.measure import Plan, Row

MEASUREMENTS = [
    "limits", "functions", "commands", "latency", "mixed", "chain", "fan", "graphs", "layers", "memory", "history",
    "recovery", "idle",
]  # fmt: skip
"""Modules of this package with `run(plan) -> list[Row]`, in the table's order."""


def machine() -> str:
    memory = psutil.virtual_memory().total / 2**30
    model = platform.processor() or platform.machine()
    return f"{os.cpu_count()} CPUs ({model}), {memory:.1f} GiB, Python {platform.python_version()}"


def show(rows: list[Row], console: Console) -> None:
    table = Table(title=f"Windlass on {machine()}", title_justify="left")
    table.add_column("what")
    table.add_column("value", justify="right")
    table.add_column("unit")
    table.add_column("note", overflow="fold")
    for row in rows:
        table.add_row(row.name, row.figure, row.unit, row.note)
    console.print(table)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer and smaller, for a rough look")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    parser.add_argument("--only", action="append", choices=MEASUREMENTS, metavar="NAME", help="only this one (again)")
    options = parser.parse_args()
    plan = Plan(quick=options.quick)
    progress = Console(stderr=True)
    rows: list[Row] = []
    failed: list[str] = []
    for name in options.only or MEASUREMENTS:
        progress.print(f"measuring {name} ...", style="dim")
        try:
            rows += importlib.import_module(f"bench.{name}").run(plan)
        except Exception:
            # One broken measurement must not cost the others; the exit status tells.
            traceback.print_exc()
            failed.append(name)
    if options.json:
        fields = ("name", "value", "unit", "note")
        document = {
            "machine": machine(),
            "quick": plan.quick,
            "rows": [{field: getattr(row, field) for field in fields} for row in rows],
            "failed": failed,
        }
        print(json.dumps(document, indent=2))
    else:
        show(rows, Console(width=None if sys.stdout.isatty() else 120))
        if failed:
            progress.print(f"failed: {', '.join(failed)}", style="red")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
