"""A finished run as a WfFormat 1.5 document (the WfCommons JSON schema).

Each item that ran is a task of its own, named like its task and with the id `TASK` or `TASK.INDEX`. What was skipped
or cancelled before it ran is left out; its place in the chains is closed by what it needed itself. Where every item
of one large array needs every item of another one, a task `barrier` without runtime stands between them, because the
format has an entry for each single dependency.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from windlass.model.graph import Command, PythonCall, Script, Task

VERSION = "1.5"
BARRIER = 10_000
"""So many single dependencies between two tasks are replaced by a barrier."""
_NOT_ID = re.compile(r"[^0-9A-Za-z_.-]+")
_NOT_FILE = re.compile(r"[^0-9A-Za-z_./:-]+")
_NOT_HOST = re.compile(r"[^0-9A-Za-z.-]+")
_SYSTEMS = {"linux": "linux", "darwin": "macos", "macos": "macos", "windows": "windows"}


@dataclass(frozen=True, slots=True)
class Execution:
    """The attempt of an item that counts: its last one. Times are epoch seconds."""

    task: int
    index: int
    machine: str
    started: float
    ended: float
    cpu: float = 0.0
    """CPU seconds."""
    memory: int = 0
    """Peak bytes."""
    read: int = 0
    written: int = 0


@dataclass(frozen=True, slots=True)
class Machine:
    name: str
    cpus: float = 0.0
    memory: int = 0
    system: str = ""
    architecture: str = ""
    cpu_model: str = ""


@dataclass(frozen=True, slots=True)
class OutputFile:
    task: int
    index: int
    path: str
    size: int


@dataclass(frozen=True, slots=True)
class FinishedRun:
    """A run as its client sees it."""

    name: str
    tasks: Sequence[Task]
    """By position; only needs, resources, action, title and whether it is an array are looked at."""
    executions: Iterable[Execution]
    submitted: float
    ended: float
    version: str
    """Of Windlass."""
    machines: Sequence[Machine] = ()
    outputs: Iterable[OutputFile] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    """More about the run, for the description."""


def export_wfformat(run: FinishedRun) -> dict[str, Any]:
    """The document. Raises `ValueError` when nothing ran."""
    return _Exporter(run).document()


class _Exporter:
    def __init__(self, run: FinishedRun) -> None:
        self.run = run
        self.position = {task.id: place for place, task in enumerate(run.tasks)}
        self.ran: list[dict[int, Execution]] = [{} for _ in run.tasks]
        """Task -> index -> execution."""
        for execution in run.executions:
            self.ran[execution.task][execution.index] = execution
        self.hosts = _Names(_NOT_HOST, "agent")
        self.specs: dict[str, dict[str, Any]] = {}
        self.executed: list[dict[str, Any]] = []
        self.files: list[dict[str, Any]] = []
        ids = _Names(_NOT_ID, "task")
        self.ids = [
            {index: ids.of((place, index), f"{task.id}.{index}" if task.is_array else task.id) for index in sorted(ran)}
            for place, (task, ran) in enumerate(zip(run.tasks, self.ran, strict=True))
        ]
        self.names = ids

    def document(self) -> dict[str, Any]:
        run = self.run
        for place, task in enumerate(run.tasks):
            for index, execution in sorted(self.ran[place].items()):
                self._item(task, self.ids[place][index], execution)
        if not self.specs:
            raise ValueError("nothing ran, and a WfFormat document has at least one task")
        for place in range(len(run.tasks)):
            self._links(place)
        self._outputs()
        made: dict[str, Any] = {
            "makespanInSeconds": round(max(run.ended - run.submitted, 0.0), 6),
            "executedAt": timestamp(run.submitted),
            "tasks": self.executed,
        }
        machines = [self._machine(machine) for machine in run.machines]
        if machines:
            made["machines"] = machines
        said = "".join(f", {name} {value}" for name, value in run.labels.items() if value)
        return {
            "name": run.name or "run",
            "description": f"A run of Windlass{said}",
            "createdAt": timestamp(run.ended),
            "schemaVersion": VERSION,
            "runtimeSystem": {"name": "Windlass", "version": run.version},
            "workflow": {
                "specification": {"tasks": list(self.specs.values()), "files": self.files},
                "execution": made,
            },
        }

    # --- tasks -------------------------------------------------------------------------------------------

    def _item(self, task: Task, id: str, execution: Execution) -> None:
        self.specs[id] = _spec(task.title or task.id, id)
        runtime = max(execution.ended - execution.started, 0.0)
        made: dict[str, Any] = {
            "id": id,
            "runtimeInSeconds": round(runtime, 6),
            "executedAt": timestamp(execution.started),
            "command": _command(task),
            "machines": [self.hosts.of(execution.machine, execution.machine)],
        }
        if task.resources.cpus >= 1:
            made["coreCount"] = task.resources.cpus
        if execution.cpu > 0 and runtime > 0:
            made["avgCPU"] = round(100.0 * execution.cpu / runtime, 3)
        measured = (("memoryInBytes", "memory"), ("readBytes", "read"), ("writtenBytes", "written"))
        for name, attribute in measured:
            if value := getattr(execution, attribute):
                made[name] = value
        if task.priority:
            made["priority"] = task.priority
        self.executed.append(made)

    def _links(self, place: int) -> None:
        """Parents of all items of the task."""
        ids = self.ids[place]
        if not ids:
            return
        for up, each in self._ups(place):
            others = self.ids[up]
            if each:
                for index, id in ids.items():
                    if index in others:
                        self._link(others[index], id)
            elif len(ids) > 1 and len(others) > 1 and len(ids) * len(others) > BARRIER:
                between = self._barrier(place, up)
                for other in others.values():
                    self._link(other, between)
                for id in ids.values():
                    self._link(between, id)
            else:
                for other in others.values():
                    for id in ids.values():
                        self._link(other, id)

    def _ups(self, place: int) -> dict[tuple[int, bool], None]:
        """What it needs, past the tasks of which nothing ran."""
        found: dict[tuple[int, bool], None] = {}
        todo = [(self.position[need.task], need.each) for need in self.run.tasks[place].needs]
        seen = set(todo)
        while todo:
            up, each = todo.pop()
            if self.ids[up]:
                found[up, each] = None
                continue
            for need in self.run.tasks[up].needs:
                entry = (self.position[need.task], each and need.each)
                if entry not in seen:
                    seen.add(entry)
                    todo.append(entry)
        return found

    def _barrier(self, place: int, up: int) -> str:
        id = self.names.of(("barrier", up, place), f"{self.run.tasks[up].id}.barrier.{self.run.tasks[place].id}")
        self.specs[id] = _spec("barrier", id)
        last = max(execution.ended for execution in self.ran[up].values())
        command = {"program": "true"}
        self.executed.append({"id": id, "runtimeInSeconds": 0, "executedAt": timestamp(last), "command": command})
        return id

    def _link(self, parent: str, child: str) -> None:
        self.specs[parent]["children"].append(child)
        self.specs[child]["parents"].append(parent)

    # --- files and machines ------------------------------------------------------------------------------

    def _outputs(self) -> None:
        files = _Names(_NOT_FILE, "file")
        for output in self.run.outputs:
            owner = self.ids[output.task].get(output.index)
            if owner is not None:
                id = files.of((output.task, output.index, output.path), f"{owner}/{output.path}")
                self.files.append({"id": id, "sizeInBytes": output.size})
                self.specs[owner]["outputFiles"].append(id)

    def _machine(self, machine: Machine) -> dict[str, Any]:
        made: dict[str, Any] = {"nodeName": self.hosts.of(machine.name, machine.name)}
        if system := _SYSTEMS.get(machine.system.lower()):
            made["system"] = system
        if machine.architecture:
            made["architecture"] = machine.architecture
        if machine.memory >= 1:
            made["memoryInBytes"] = machine.memory
        cpu: dict[str, Any] = {}
        if machine.cpus >= 1:
            cpu["coreCount"] = int(machine.cpus)
        if machine.cpu_model:
            cpu["vendor"] = machine.cpu_model
        if cpu:
            made["cpu"] = cpu
        return made


class _Names:
    """Texts made of allowed characters only, one for each key, none twice."""

    def __init__(self, forbidden: re.Pattern[str], empty: str) -> None:
        self._forbidden = forbidden
        self._empty = empty
        self._known: dict[object, str] = {}
        self._taken: set[str] = set()

    def of(self, key: object, text: str) -> str:
        known = self._known.get(key)
        if known is None:
            stem = self._forbidden.sub("-", text).strip("-") or self._empty
            known, number = stem, 1
            while known in self._taken:
                number += 1
                known = f"{stem}-{number}"
            self._known[key] = known
            self._taken.add(known)
        return known


def _spec(name: str, id: str) -> dict[str, Any]:
    return {"name": name, "id": id, "parents": [], "children": [], "inputFiles": [], "outputFiles": []}


def _command(task: Task) -> dict[str, Any]:
    match task.action:
        case Command(argv=str(text)):
            words = ["sh", "-c", text]
        case Command(argv=list(argv)):
            words = argv
        case Script(text=text, shell=shell):
            words = [*shell.split(), text]
        case PythonCall(target=target):
            words = ["python", target]
        case _:
            words = ["python", task.id]
    # An argument of the format is never empty.
    program, *arguments = [word for word in words if word] or ["true"]
    return {"program": program, **({"arguments": arguments} if arguments else {})}


def timestamp(seconds: float) -> str:
    """RFC 3339, in UTC.

    >>> timestamp(0.25)
    '1970-01-01T00:00:00.250000+00:00'
    """
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds")
