"""The timeline as a file: trace events for Perfetto or chrome://tracing, or a table of attempts.

Written piece by piece, so that a million attempts need no more memory than a thousand. The trace format is that of
"Trace Event Format" (Google, 2016): complete events (`ph: X`) with microseconds, an agent as process, a slot as thread.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from windlass_gui.timeline.attempts import STAGING, STATES, Attempts, Key
from windlass_gui.whole_file import Told, replacing

BESIDE = 100_000
"""A slot's number and this: its track of staging."""
PIECE = 10_000
"""Attempts that are written at once."""
FIELDS = (
    "run", "task", "index", "attempt", "agent", "slot", "state", "start", "end", "seconds", "memory",
    "staged_in", "staged_out",
)  # fmt: skip

Name = Callable[[Key], str]
"""What an attempt is called."""


class Copy:
    """The attempts as they were at one moment, for a thread that writes them while others come."""

    def __init__(self, attempts: Attempts, now: float) -> None:
        self.agents = list(attempts.agents)
        names = ("run", "task", "index", "attempt", "agent", "slot", "state", "start", "end", "memory", *STAGING)
        self.columns = {name: attempts.column(name).copy() for name in names}
        self.columns["end"] = np.where(np.isinf(self.columns["end"]), now, self.columns["end"])

    def __len__(self) -> int:
        return len(self.columns["run"])

    def rows(self, told: Told = lambda _share: None) -> Iterator[dict[str, Any]]:
        """One an attempt, in the order of their starts; `told` hears how far it is, and may raise."""
        order = np.argsort(self.columns["start"], kind="stable")
        for begin in range(0, len(order), PIECE):
            told(begin / len(order))
            some = order[begin : begin + PIECE]
            columns = {name: column[some].tolist() for name, column in self.columns.items()}
            for values in zip(*columns.values(), strict=True):
                row = dict(zip(columns, values, strict=True))
                row["agent"] = self.agents[row["agent"]]
                row["state"] = STATES[row["state"]]
                row["seconds"] = row["end"] - row["start"]
                yield row


def _key(row: dict[str, Any]) -> Key:
    return row["run"], row["task"], row["index"], row["attempt"]


def write_trace(path: Path, copy: Copy, name: Name, told: Told = lambda _share: None) -> None:
    """Trace events as JSON. Raises OSError, and what `told` raises to stop it; then nothing is left behind."""
    agents = {agent: number for number, agent in enumerate(copy.agents, start=1)}
    staged: set[tuple[str, int]] = set()
    """Slots whose track of staging has its name."""
    with _text(path, told) as file:
        file.write('{"displayTimeUnit":"ms","traceEvents":[\n')
        for agent, number in agents.items():
            named = {"ph": "M", "name": "process_name", "pid": number, "tid": 0, "args": {"name": agent}}
            file.write(json.dumps(named) + ",\n")
        for row in copy.rows(told):
            event = {
                "ph": "X",
                "name": name(_key(row)),
                "cat": row["state"],
                "ts": round(row["start"] * 1e6),
                "dur": max(1, round(row["seconds"] * 1e6)),
                "pid": agents[row["agent"]],
                "tid": row["slot"] + 1,
                "args": {
                    "run": row["run"], "index": row["index"], "attempt": row["attempt"], "memory": row["memory"]
                },
            }  # fmt: skip
            file.write(json.dumps(event) + ",\n")
            if row["staged_in"] or row["staged_out"]:
                if (row["agent"], row["slot"]) not in staged:
                    staged.add((row["agent"], row["slot"]))
                    file.write(json.dumps(_track(event, row["slot"])) + ",\n")
                for part in _staging(event, row):
                    file.write(json.dumps(part) + ",\n")
        # An event without a comma behind it ends the list.
        file.write(json.dumps({"ph": "M", "name": "windlass", "pid": 0, "tid": 0, "args": {}}) + "\n]}\n")


def _track(event: dict[str, Any], slot: int) -> dict[str, Any]:
    """Staging has a track of its own beside each slot: inputs may come while another attempt runs there."""
    name = f"slot {slot + 1}, staging"
    return {"ph": "M", "name": "thread_name", "pid": event["pid"], "tid": BESIDE + slot + 1, "args": {"name": name}}


def _staging(event: dict[str, Any], row: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for what, begin, seconds in (
        ("in", row["start"] - row["staged_in"], row["staged_in"]),
        ("out", row["end"], row["staged_out"]),
    ):
        if seconds:
            times = {"ts": round(begin * 1e6), "dur": max(1, round(seconds * 1e6))}
            name = f"{event['name']}: {what}"
            yield {**event, **times, "name": name, "cat": "staging", "tid": BESIDE + event["tid"]}


def write_table(path: Path, copy: Copy, name: Name, told: Told = lambda _share: None) -> None:
    """One line an attempt as CSV, times in seconds since the epoch, memory in bytes. Raises as `write_trace`."""
    with _text(path, told) as file:
        writer = csv.writer(file)
        writer.writerow(("name", *FIELDS))
        for row in copy.rows(told):
            writer.writerow((name(_key(row)), *(row[field] for field in FIELDS)))


@contextmanager
def _text(path: Path, told: Told) -> Iterator[TextIO]:
    """A text file that takes the place of another only when it is whole."""
    with replacing(path, told) as file:
        text = TextIOWrapper(file, encoding="utf-8", newline="")
        try:
            yield text
        finally:
            text.detach()  # flushes it, and leaves the file to who has to make it durable
