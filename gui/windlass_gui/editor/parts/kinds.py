"""What the palette offers: kinds of tasks, each with the fields a new one starts with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

MIME_KIND = "application/x-windlass-kind"
"""Drag data: a kind's `key`."""
MIME_TASKS = "application/x-windlass-tasks"
"""Drag data: tasks as YAML."""


@dataclass(frozen=True, slots=True)
class Kind:
    key: str
    label: str
    icon: str
    hint: str
    id: str
    fields: Mapping[str, Any]


KINDS = (
    Kind(
        "command", "Command", "command", "Runs an external program or a line of shell",
        "command", {"command": "echo hello"},
    ),
    Kind(
        "script", "Script", "script", "Runs a block of shell text, or of any interpreter",
        "script", {"script": "echo one\necho two\n"},
    ),
    Kind(
        "python", "Python function", "python", "Calls a function of a module in the graph's folder",
        "python", {"python": "math:factorial", "args": [20]},
    ),
    Kind(
        "array", "Command for each", "array", "Runs once for every value of a list or range, in parallel",
        "each", {"foreach": {"range": 10}, "command": "echo item ${{ item }}"},
    ),
    Kind(
        "matrix", "Command for a matrix", "matrix", "Runs once for every combination of values",
        "sweep", {
            "matrix": {"size": [1, 2, 4], "mode": ["fast", "good"]},
            "command": "echo ${{ matrix.size }} ${{ matrix.mode }}",
        },
    ),
)  # fmt: skip
BY_KEY = {kind.key: kind for kind in KINDS}
