"""A simulated run as a trace that chrome://tracing and ui.perfetto.dev open: a process an agent, a thread a lane."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from windlass.sched.simulate import Result


def write_trace(path: Path, result: Result, name: Callable[[int, int], str]) -> None:
    """Event by event, so that a large run needs no copy of itself. `name(task, item)` is what a bar says."""
    with path.open("w", encoding="utf-8") as file:
        file.write('{"displayTimeUnit": "ms", "traceEvents": [\n')
        for number, event in enumerate(_events(result, name)):
            file.write(",\n" if number else "")
            file.write(json.dumps(event, ensure_ascii=False))
        file.write("\n]}\n")


def _events(result: Result, name: Callable[[int, int], str]) -> Iterator[dict[str, object]]:
    for index, lanes in enumerate(result.agents):
        if lanes.attempts:
            yield {"ph": "M", "pid": index + 1, "name": "process_name", "args": {"name": lanes.agent.name}}
            yield {"ph": "M", "pid": index + 1, "name": "process_sort_index", "args": {"sort_index": index}}
    critical = set(result.path.places)
    for row in result.rows:
        yield {
            "ph": "X",
            "name": name(row.task, row.item),
            "cat": "critical" if (row.task, row.item) in critical else "attempt",
            "pid": row.agent + 1,
            "tid": row.slot + 1,
            # Microseconds.
            "ts": round(row.started * 1e6, 3),
            "dur": round((row.ended - row.started) * 1e6, 3),
            "args": {"outcome": row.outcome.value, "attempt": row.attempt},
        }
