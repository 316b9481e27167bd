"""The fields of a document: their names, what each means, and its JSON Schema.

The checker takes the allowed names from here and the schema is made from here, so that they cannot disagree.
"""

from __future__ import annotations

from typing import Any

from windlass.model import ids

Schema = dict[str, Any]

ID = f"^{ids.PATTERN}$"
SIZE: Schema = {"$ref": "#/$defs/size"}
DURATION: Schema = {"$ref": "#/$defs/duration"}
TEXTS: Schema = {"type": "array", "items": {"type": "string"}}
TEXT_OR_TEXTS: Schema = {"anyOf": [{"type": "string"}, TEXTS]}
WHOLE: Schema = {"type": "integer", "minimum": 0}
COUNT: Schema = {"type": "number", "minimum": 0}
COUNTED: Schema = {"type": "integer", "minimum": 1, "maximum": 1_000_000_000}
POSITION: Schema = {
    "type": "array",
    "prefixItems": [{"type": "number"}, {"type": "number"}],
    "minItems": 2,
    "maxItems": 2,
}
MAPPING: Schema = {"type": "object"}
SCALAR: Schema = {"type": ["string", "number", "boolean", "null"]}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


GRAPH: dict[str, tuple[Schema, str]] = {
    "windlass": ({"const": 1}, "The version of the document format: 1."),
    "$schema": ({"type": "string"}, "Where editors find the JSON Schema; ignored otherwise."),
    "name": ({"type": "string", "minLength": 1, "maxLength": 200}, "The graph's name; the file's name without it."),
    "description": ({"type": "string"}, "What the graph is for."),
    "params": (
        {"type": "object", "propertyNames": {"pattern": r"^[^\W\d]\w*(-[^\W\d]\w*)*$"}},
        "Parameters and their default values: `${{ params.NAME }}`; changed by `windlass run --param NAME=VALUE`.",
    ),
    "defaults": (ref("defaults"), "What every task gets that does not say otherwise."),
    "limits": (ref("limits"), "How many items of a run may run at once."),
    "tasks": (
        {"type": "object", "propertyNames": {"pattern": ID}, "additionalProperties": ref("task")},
        "The tasks by id. An id begins with a letter and goes on with letters, digits, `-` and `_`.",
    ),
    "canvas": (ref("canvas"), "What only the canvas shows: frames around tasks, and notes."),
}

TASK: dict[str, tuple[Schema, str]] = {
    "title": ({"type": "string"}, "What the canvas shows instead of the id."),
    "description": ({"type": "string"}, "What the task does, for people."),
    "command": (
        {
            "anyOf": [
                {"type": "string", "minLength": 1},
                {"type": "array", "minItems": 1, "items": {"type": ["string", "number", "boolean"]}},
            ]
        },
        "The program to run: a list is executed as it is, a text goes through the shell (/bin/sh).",
    ),
    "script": ({"type": "string", "minLength": 1}, "A block of source that the interpreter in `shell` runs."),
    "shell": (
        {"type": "string", "minLength": 1},
        "The interpreter of `script`: `sh -e` (default), `bash`, `python3`...",
    ),
    "python": (
        {"type": "string", "pattern": r"^[^\W\d][\w.]*:[^\W\d][\w.]*$"},
        "A function, `module:function`, from the graph's folder or the agent's environment.",
    ),
    "args": ({"type": "array"}, "Positional arguments of the `python` function."),
    "kwargs": (MAPPING, "Named arguments of the `python` function."),
    "needs": (
        {"anyOf": [ref("need"), {"type": "array", "items": ref("need")}]},
        "The tasks that must have succeeded before: an id, a list, or `{task: ID, each: true}` for item by item.",
    ),
    "matrix": (
        {"type": "object", "minProperties": 1, "additionalProperties": {"type": "array", "minItems": 1}},
        "One item for each combination of the lists' values: `${{ matrix.AXIS }}`; the last list varies fastest.",
    ),
    "foreach": (
        ref("foreach"),
        "One item for each element: a list, a number, `{range: [start, stop, step]}`, `TASK.outputs`, "
        "`TASK.outputs/PATTERN`, `TASK.result`, or `${{ expression }}`.",
    ),
    "when": ({"type": ["string", "boolean"]}, "A condition; the task is skipped when it is false."),
    "env": ({"type": "object", "additionalProperties": SCALAR}, "Environment variables."),
    "workdir": ({"type": "string"}, "Where the program starts, relative to the attempt's own directory."),
    "inputs": (
        TEXT_OR_TEXTS,
        "Files that are laid into the attempt's directory: paths or patterns in the graph's folder, "
        "`TASK.outputs`, or `TASK.outputs/PATTERN`.",
    ),
    "outputs": (TEXT_OR_TEXTS, "Files that the task makes: paths or patterns in the attempt's directory."),
    "resources": (ref("resources"), "What one attempt occupies on its agent."),
    "where": (
        {"anyOf": [{"type": "string"}, TEXTS, {"type": "object", "additionalProperties": SCALAR}]},
        "Conditions on an agent's labels that must all hold: `os == linux`, `hostname == gpu*`, `not slow`.",
    ),
    "placement": (
        {"enum": ["pack", "spread"]},
        "`pack` (default) fills one agent after the other; `spread` takes the one with the fewest of these.",
    ),
    "apart": (
        TEXT_OR_TEXTS,
        "Tasks whose attempts never share an agent with this one's; its own id: one of them an agent.",
    ),
    "exclusive": ({"type": "boolean"}, "An agent runs nothing else beside an attempt of it."),
    "pin": ({"type": "boolean"}, "Each attempt gets CPUs of its own, as many as it asks for."),
    "limit": (COUNTED, "Most of its items that run at once."),
    "groups": (
        TEXT_OR_TEXTS,
        "Groups that bound how many items run at once; their sizes stand in the graph's `limits` or at the core.",
    ),
    "priority": (
        {"type": "integer", "minimum": -1000000, "maximum": 1000000},
        "Higher goes first among tasks that are ready.",
    ),
    "retries": (
        {"anyOf": [WHOLE, ref("retries")]},
        "How often a failed attempt is tried again: a number, or a mapping with the details.",
    ),
    "timeout": (DURATION, "How long an attempt may run."),
    "deadline": (DURATION, "How long after the submit the task should have ended; the nearest deadline goes first."),
    "continue-on-error": ({"type": "boolean"}, "The tasks after it go on although it failed."),
    "position": (
        POSITION,
        "Where the canvas draws it: [x, y].",
    ),
}

ACTIONS = ("command", "script", "python")

DEFAULTS = (
    "shell", "env", "workdir", "resources", "where", "placement", "exclusive", "pin", "limit", "groups",
    "priority", "retries", "timeout", "deadline", "continue-on-error",
)  # fmt: skip
"""The task fields that `defaults` may hold. `env` and `resources` are merged, the others replaced."""

RESOURCES: dict[str, tuple[Schema, str]] = {
    "cpus": ({"type": "number", "minimum": 0, "maximum": 100_000}, "CPUs; fractions share one. 1 when not said."),
    "memory": (SIZE, "Memory, such as 512 MiB."),
    "disk": (SIZE, "Space in the work directory, such as 10 GiB."),
    "gpus": ({"type": "integer", "minimum": 0, "maximum": 10_000}, "Whole GPUs."),
    "gpu-memory": (SIZE, "What each of the GPUs must have; without `gpus` a part of one GPU that others share."),
    "named": (
        {"type": "object", "additionalProperties": COUNT},
        "Other counted things: what agents declare (`windlass agent --resource matlab=4`), or the core's licences.",
    ),
}

RETRIES: dict[str, tuple[Schema, str]] = {
    "max": (WHOLE, "Further attempts after the first."),
    "backoff": (DURATION, "The wait before the first retry; 1 s when not said."),
    "factor": ({"type": "number", "minimum": 1, "maximum": 1000}, "What each further wait is multiplied by; 2."),
    "max-backoff": (DURATION, "The longest wait; 5 min when not said."),
    "only-on": ({"type": "array", "items": {"type": "integer"}}, "Exit codes that may be retried; all when not said."),
    "never-on": ({"type": "array", "items": {"type": "integer"}}, "Exit codes that end the item at once."),
}

LIMITS: dict[str, tuple[Schema, str]] = {
    "running": (COUNTED, "Most items of the whole run."),
    "groups": (
        {"type": "object", "propertyNames": {"pattern": ID}, "additionalProperties": COUNTED},
        "Most items of the tasks in each group: `groups: {database: 4}`.",
    ),
}

COLORS = ("grey", "blue", "green", "yellow", "orange", "red", "purple")
"""Of frames and notes; each theme has its own shade of them."""

CANVAS: dict[str, tuple[Schema, str]] = {
    "frames": (
        {"type": "object", "propertyNames": {"pattern": ID}, "additionalProperties": ref("frame")},
        "Frames by id: named boxes around tasks that can be folded into one node.",
    ),
    "notes": ({"type": "array", "items": ref("note")}, "Texts that lie on the canvas."),
}

FRAME: dict[str, tuple[Schema, str]] = {
    "title": ({"type": "string"}, "What stands on the frame; its id without it."),
    "tasks": (TEXTS, "The ids of the tasks inside."),
    "color": ({"enum": list(COLORS)}, "The frame's colour."),
    "folded": ({"type": "boolean"}, "Drawn as one node that stands for all its tasks."),
    "within": ({"type": "string"}, "The id of the frame around this one."),
}

NOTE: dict[str, tuple[Schema, str]] = {
    "text": ({"type": "string"}, "What it says."),
    "position": (POSITION, "Its top left corner: [x, y]."),
    "size": (POSITION, "Its width and height: [w, h]; as the text needs when not said."),
    "color": ({"enum": list(COLORS)}, "The note's colour."),
}

NEED: dict[str, tuple[Schema, str]] = {
    "task": ({"type": "string"}, "The id of the task."),
    "each": ({"type": "boolean"}, "Item i waits for item i only; both have the same number of items."),
}

FOREACH: dict[str, tuple[Schema, str]] = {
    "range": (
        {"anyOf": [{"type": "integer"}, {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3}]},
        "stop, [start, stop] or [start, stop, step]; the stop is left out.",
    ),
    "values": ({"type": "array"}, "The items themselves."),
}

MEANT = {
    "depends_on": "needs", "dependson": "needs", "depends-on": "needs", "dependencies": "needs", "after": "needs",
    "requires": "needs", "deps": "needs", "run": "command", "cmd": "command", "exec": "command", "argv": "command",
    "bash": "script", "function": "python", "callable": "python", "if": "when", "condition": "when",
    "for_each": "foreach", "for-each": "foreach", "loop": "foreach", "with_items": "foreach", "retry": "retries",
    "max_retries": "retries", "environment": "env", "cwd": "workdir", "working-directory": "workdir",
    "in": "inputs", "input": "inputs", "files": "inputs", "output": "outputs", "out": "outputs",
    "requirements": "resources", "constraints": "where", "runs-on": "where", "node_selector": "where",
    "continue_on_error": "continue-on-error", "allow_failure": "continue-on-error", "time_limit": "timeout",
    "label": "title", "kind": "python", "cpu": "cpus", "cores": "cpus", "threads": "cpus", "mem": "memory",
    "ram": "memory", "gpu": "gpus", "storage": "disk", "version": "windlass", "jobs": "tasks", "steps": "tasks",
    "nodes": "tasks", "parameters": "params", "vars": "params", "delay": "backoff", "max_backoff": "max-backoff",
    "gpu_memory": "gpu-memory", "vram": "gpu-memory", "gpumem": "gpu-memory", "max_running": "limit",
    "max-running": "limit", "max_parallel": "limit", "max-parallel": "limit", "parallelism": "limit",
    "concurrency": "limit", "group": "groups", "pool": "groups", "concurrency-group": "groups",
    "anti-affinity": "apart", "anti_affinity": "apart", "strategy": "placement", "pinned": "pin",
    "only_on": "only-on", "never_on": "never-on", "title": "name", "count": "max", "stop": "range",
    "colour": "color", "boxes": "frames", "comments": "notes",
}  # fmt: skip
"""Words that other tools use, or that people type, and the field that is meant."""
