"""How the inspector shows the fields of the format: label, section, size, an example.

Which fields there are, what each means and what it may hold comes from the format's schema (`schema_form.py`). One
that is missing here appears all the same, under its own name in the last section.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Look:
    """Of a field, or of one of its variants."""

    label: str
    section: str = "more"
    rows: int = 1
    mono: bool = False
    example: str = ""
    """Shown faintly in an empty line."""
    default: str = ""
    """What counts when neither the task nor the graph says anything."""
    kind: str = ""
    """How it is typed, where the schema does not tell: see `schema_form.WAYS`."""
    words: tuple[str, ...] = ()
    """For each value of an enum, or beside a box."""
    only: tuple[str, ...] = ()
    """Kinds of tasks that have it (shell, arguments, script, python), or of items (foreach, matrix); empty: all."""
    code: str = ""
    """The language of the box."""
    step: str = ""
    """What up and down do: see `stepping.py`."""
    alone: str = ""
    """Why it cannot be set for several tasks at once."""


SECTIONS: dict[str, tuple[str, bool]] = {
    "graph": ("Graph", False),
    "task": ("Task", False),
    "action": ("What it runs", False),
    "needs": ("Needs", False),
    "items": ("Items", False),
    "files": ("Files", False),
    "resources": ("Resources", False),
    "place": ("Where it runs", True),
    "limits": ("How many at once", True),
    "order": ("When it runs", True),
    "failure": ("When it fails or hangs", True),
    "defaults": ("What every task gets", True),
    "more": ("More", True),
}
"""Section -> (title, folded at first), in their order."""

LOOK: dict[str, Look] = {
    # the graph
    "name": Look("Name", "graph"),
    "params": Look("Parameters", "graph", rows=5, mono=True, example="size: 4", code="yaml"),
    "limits.running": Look("Running", "limits", default="no limit", step="count"),
    "limits.groups": Look("Groups", "limits", rows=3, mono=True, example="database=4"),
    "windlass": Look("Format", "more"),
    "$schema": Look("Schema", "more", mono=True, example="graph.schema.json"),
    "canvas.frames": Look("Frames", "more", rows=3, mono=True, code="yaml"),
    "canvas.notes": Look("Notes", "more", rows=3, mono=True, code="yaml"),
    # a task
    "title": Look("Title", "task", example="Encode a part"),
    "description": Look("Description", "task", rows=2),
    "script": Look("Script", "action", rows=8, mono=True, kind="block", only=("script",), code="script"),
    "shell": Look("Interpreter", "action", mono=True, default="sh -e", only=("script",)),
    "python": Look("Function", "action", mono=True, example="module:function", only=("python",)),
    "args": Look("Arguments", "action", rows=2, mono=True, example="[1, fast]", only=("python",), code="yaml"),
    "kwargs": Look("Named", "action", rows=2, mono=True, example="size: 4", only=("python",), code="yaml"),
    "foreach": Look("For each", "items", rows=2, mono=True, example="range: 10", only=("foreach",), code="yaml"),
    "matrix": Look("Matrix", "items", rows=3, mono=True, example="size: [1, 2]", only=("matrix",), code="yaml"),
    "inputs": Look("Inputs", "files", rows=2, mono=True, example="a line for each path or pattern"),
    "outputs": Look("Outputs", "files", rows=2, mono=True, example="a line for each path or pattern"),
    "resources.cpus": Look("CPUs", "resources", default="1", step="cpus"),
    "resources.memory": Look("Memory", "resources", example="512 MiB", step="size"),
    "resources.disk": Look("Disk", "resources", example="2 GiB", step="size"),
    "resources.gpus": Look("GPUs", "resources", default="0", step="count"),
    "resources.gpu-memory": Look("GPU memory", "resources", example="8 GiB", step="size"),
    "resources.named": Look("Licences", "resources", rows=2, mono=True, example="matlab=1"),
    "where": Look("Only on", "place", rows=2, mono=True, example="os == linux"),
    "placement": Look("Placement", "place", words=("Fill one agent first", "Spread over agents")),
    "apart": Look("Apart from", "place", mono=True, kind="names", example="other, tasks"),
    "exclusive": Look("Alone", "place", words=("nothing else beside it",)),
    "pin": Look("Own CPUs", "place", words=("that no other uses",)),
    "limit": Look("At most", "limits", default="no limit", step="count"),
    "groups": Look("Groups", "limits", mono=True, kind="names", example="database"),
    "when": Look("Condition", "order", mono=True, kind="condition", example="params.size > 2"),
    "priority": Look("Priority", "order", default="0", step="whole"),
    "deadline": Look("Deadline", "order", example="2 h", step="duration"),
    "retries.max": Look("Retries", "failure", default="0", step="count"),
    "retries.backoff": Look("First wait", "failure", default="1 s", step="duration"),
    "retries.factor": Look("Factor", "failure", default="2"),
    "retries.max-backoff": Look("Longest wait", "failure", default="5 min", step="duration"),
    "retries.only-on": Look("Only codes", "failure", mono=True, example="[1, 75]"),
    "retries.never-on": Look("Never codes", "failure", mono=True, example="[2]"),
    "timeout": Look("Timeout", "failure", example="10 min", step="duration"),
    "continue-on-error": Look("Go on", "failure", words=("after a failure",)),
    "env": Look("Environment", "more", rows=2, mono=True, example="NAME=value"),
    "workdir": Look("Directory", "more", mono=True, default="."),
    "position": Look("Position", "more", mono=True, alone="Each task has its own place on the canvas"),
}

GRAPH_LOOK: dict[str, Look] = {"description": Look("Description", "graph", rows=3)}
"""Where the graph's own field of a name looks otherwise than a task's."""

VARIANTS: dict[str, tuple[Look, ...]] = {
    "command": (
        Look("Shell line", "action", rows=3, mono=True, kind="command", only=("shell",), code="shell"),
        Look("Arguments", "action", rows=4, mono=True, kind="lines", example="one a line", only=("arguments",)),
    ),
}
"""Fields that are typed in several ways, of which one is shown at a time."""

SCALAR = {"retries": "max"}
"""Mappings that may be written as one value, and the key that it then means."""

OWN = ("needs", "tasks")
"""Fields that have a part of their own instead of a box: links, and the canvas."""

FIXED = {"windlass": "The version of the format; there is only this one"}
"""Fields that are shown and cannot be changed, and why."""
