"""The graph as data: what a checked document becomes, and what travels to the agents.

These records hold values that have been parsed and checked (bytes, seconds, indices), never source text
with units; `document.py` makes them from YAML or JSON. They are plain msgspec structs, so the same classes
serve the checker, the core, the agent and the app.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec


class Resources(msgspec.Struct, frozen=True, omit_defaults=True):
    """What one attempt occupies on an agent while it runs."""

    cpus: float = 1.0
    """CPUs; fractions share one."""
    memory: int = 0
    """Bytes; 0 means that nothing is reserved."""
    disk: int = 0
    """Bytes of the work directory's disk."""
    gpus: int = 0
    """Whole GPUs, exclusively."""
    named: dict[str, float] = {}
    """Other counted things: what an agent declares, or licences of the whole cluster (the core's configuration)."""
    gpu_memory: int = 0
    """Bytes of GPU memory. With `gpus`: what each of them must have. Without: so much of one, shared with others."""


class Gpu(msgspec.Struct, frozen=True, array_like=True):
    """One GPU of an agent."""

    index: int
    """By which its driver and `CUDA_VISIBLE_DEVICES` name it."""
    model: str = ""
    memory: int = 0
    """Bytes; 0: not known, so that nothing can ask for a part of it."""


class RetryPolicy(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a failed attempt is tried again, and how long after."""

    max: int = 0
    """Further attempts after the first one."""
    backoff: float = 1.0
    """Seconds before the first retry."""
    factor: float = 2.0
    """What each further wait is multiplied by."""
    max_backoff: float = 300.0
    """Seconds that no wait exceeds."""
    only_on: tuple[int, ...] = ()
    """Exit codes that may be retried; empty means all."""
    never_on: tuple[int, ...] = ()
    """Exit codes that end the item at once."""


class Need(msgspec.Struct, frozen=True, omit_defaults=True):
    """An edge of the graph."""

    task: str
    each: bool = False
    """Item i waits only for item i of the other task (both have the same number of items)."""


class Command(msgspec.Struct, frozen=True, tag="command"):
    """An external program: a list is executed as it is, a string goes through the shell."""

    argv: list[str] | str


class Script(msgspec.Struct, frozen=True, tag="script"):
    """A block of text, run by an interpreter that gets it as a file."""

    text: str
    shell: str = "sh -e"


class PythonCall(msgspec.Struct, frozen=True, tag="python"):
    """A named function, `module:function`, found in the graph's folder or the agent's environment."""

    target: str
    args: list[Any] = []
    kwargs: dict[str, Any] = {}


class Call(msgspec.Struct, frozen=True, tag="call"):
    """A function shipped by value by the Python API. It has no place in a document file.

    `function` is the blob hash of its cloudpickle; every item has its own pickled arguments, which the
    core passes through undecoded.
    """

    function: str


Action = Command | Script | PythonCall | Call


class Foreach(msgspec.Struct, frozen=True, omit_defaults=True):
    """What makes a task an array. Exactly one field is set."""

    values: list[Any] | None = None
    range: tuple[int, int, int] | None = None
    """start, stop, step: never expanded, so that a million items cost nothing."""
    outputs_of: str | None = None
    """The output files of another task, one item each; known once that task has ended."""
    pattern: str | None = None
    """With `outputs_of`: only the files that match."""
    result_of: str | None = None
    """The list that another task's Python function returned, one item an element."""
    opaque: int | None = None
    """Items whose payloads a client brings: this many so far (Python API only)."""
    expr: str | None = None
    """An expression over `params` (without the `${{ }}`) that gives a list or a range."""


class Task(msgspec.Struct, omit_defaults=True):
    """One node of a graph."""

    id: str
    action: Action
    needs: list[Need] = []
    matrix: dict[str, list[Any]] | None = None
    """Axis name -> values; items are the product, last axis fastest."""
    foreach: Foreach | None = None
    when: str | None = None
    """An expression (without the `${{ }}`); false skips the task."""
    env: dict[str, str] = {}
    workdir: str = "."
    inputs: list[str] = []
    outputs: list[str] = []
    resources: Resources = Resources()
    where: list[str] = []
    """Constraints on agent labels, all of which must hold; see `constraints.py`."""
    placement: Literal["pack", "spread"] = "pack"
    """Onto the agent that it fills best, or onto the one that has the fewest of its like and the most room."""
    apart: list[str] = []
    """Tasks of the run whose attempts never share an agent with this one's, both ways; itself: one an agent."""
    exclusive: bool = False
    """An agent runs nothing else beside an attempt of it."""
    pin: bool = False
    """Each attempt gets CPUs of its own, as many as it asks for."""
    limit: int | None = None
    """Most of its items that run at once."""
    groups: list[str] = []
    """Whose sizes bound how many items run at once: the graph's `limits`, and those of the core's configuration."""
    priority: int = 0
    retries: RetryPolicy = RetryPolicy()
    timeout: float | None = None
    """Seconds an attempt may run."""
    deadline: float | None = None
    """Seconds after the submit by which the task should have ended."""
    continue_on_error: bool = False
    title: str = ""
    description: str = ""
    position: tuple[float, float] | None = None
    """Where the editor draws the node, in scene units."""

    @property
    def is_array(self) -> bool:
        return self.matrix is not None or self.foreach is not None


class Limits(msgspec.Struct, frozen=True, omit_defaults=True):
    """How many items of a run may run at once."""

    running: int | None = None
    """Of all its tasks."""
    groups: dict[str, int] = {}
    """Of the tasks in each group, together."""


class Frame(msgspec.Struct, frozen=True, omit_defaults=True):
    """Tasks that belong together for people: the canvas draws a frame around them, or one node in their stead."""

    title: str = ""
    tasks: list[str] = []
    color: str = ""
    """One of `fields.COLORS`; empty: the canvas chooses."""
    folded: bool = False
    """Drawn as one node."""
    within: str | None = None
    """The frame around this one."""


class Note(msgspec.Struct, frozen=True, omit_defaults=True):
    """Text on the canvas, for people."""

    text: str = ""
    position: tuple[float, float] = (0.0, 0.0)
    size: tuple[float, float] | None = None
    """Width and height in scene units; None: as the text needs."""
    color: str = ""


class Canvas(msgspec.Struct, frozen=True, omit_defaults=True):
    """What only the canvas shows."""

    frames: dict[str, Frame] = {}
    """By id, in the document's order."""
    notes: list[Note] = []


class Graph(msgspec.Struct, omit_defaults=True):
    """A checked graph document, version 1."""

    name: str
    tasks: list[Task]
    """In the document's order; every `needs` names one of them, and there is no cycle."""
    params: dict[str, Any] = {}
    description: str = ""
    limits: Limits = Limits()
    windlass: Literal[1] = 1
    canvas: Canvas = Canvas()


class FileRef(msgspec.Struct, frozen=True, array_like=True):
    """A file by its content. `path` is relative and POSIX, and never leaves the directory it is laid under."""

    path: str
    hash: str
    """sha256, hexadecimal."""
    size: int
    mode: int = 0o644
