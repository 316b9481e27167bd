"""Recorded scientific workflows: WfFormat documents (the WfCommons JSON schema, 1.0 to 1.6) become graphs.

What differs between the versions: the tasks are `workflow.jobs` (1.0 to 1.2), `workflow.tasks` (1.3, 1.4) or
`workflow.specification.tasks` with `workflow.execution.tasks` beside it (from 1.5); parents are names in the old ones
and ids in the new ones, and 1.4 has both; `runtime` and `memory` (kB) became `runtimeInSeconds` and `memoryInBytes`.

Each task becomes a command that sleeps as long as the recorded task ran, so that the graph can be run as well as
simulated. The runtime stands once, in the task's `env` (see `sched/durations.py` for why there).
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, NamedTuple

from windlass.model.graph import Command, Graph, Need, Resources, Task
from windlass.model.problems import shown
from windlass.model.units import MAX_DURATION, MAX_SIZE, format_size

VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "1.6")
RUNTIME = "WINDLASS_RUNTIME"
"""The variable that holds a recorded runtime in seconds."""
SLEEP = f'exec sleep "${RUNTIME}"'
_LONGEST_ID = 100
_MOST_PROBLEMS = 20
_BAD = re.compile(r"[^\w-]+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff\s]+")


class WfFormatError(ValueError):
    """What is wrong with a document; a line a problem, each with its place."""

    def __init__(self, problems: list[str]) -> None:
        shown = problems[:_MOST_PROBLEMS]
        if len(problems) > len(shown):
            shown.append(f"and {len(problems) - len(shown)} more problems")
        super().__init__("\n".join(shown))
        self.problems = problems


class Imported(NamedTuple):
    graph: Graph
    durations: dict[str, float]
    """Task id -> recorded seconds; tasks of which none was recorded are absent."""
    notes: list[str]
    """What was decided where the document leaves it open, for people."""
    fleet: str
    """The recorded machines as `windlass simulate --agents` takes them; empty if there are none."""


def recorded(task: Task) -> float | None:
    """The runtime that the task's document keeps, in seconds."""
    text = task.env.get(RUNTIME)
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


class _Entry(NamedTuple):
    """A task of the document, whatever the version."""

    place: str
    name: str
    id: str
    """Empty in the oldest versions."""
    parents: list[tuple[str, str]]
    """(place, reference)."""
    children: list[tuple[str, str]]
    facts: dict[str, Any]
    """Where runtime, cores and memory stand."""


def is_wfformat(data: object) -> bool:
    """Whether a JSON document looks like one."""
    return isinstance(data, dict) and "schemaVersion" in data and isinstance(data.get("workflow"), dict)


def import_wfformat(data: object) -> Imported:
    """The graph and the recorded runtimes. Raises `WfFormatError`."""
    return _Importer().run(data)


class _Importer:
    def __init__(self) -> None:
        self.problems: list[str] = []
        self.notes: list[str] = []
        self.version = ""

    def run(self, data: object) -> Imported:
        document = self._mapping("the document", data)
        self._version(document)
        workflow = self._mapping("workflow", document.get("workflow"))
        entries = self._entries(workflow)
        self._stop()
        if not entries:
            raise WfFormatError(["workflow: there are no tasks"])
        needs = self._link(entries)
        self._stop()
        self._cycles(entries, needs)
        self._stop()
        ids = _Ids()
        names = [ids.make(entry.id or entry.name) for entry in entries]
        tasks: list[Task] = []
        durations: dict[str, float] = {}
        for position, entry in enumerate(entries):
            task, seconds = self._task(entry, names[position], [names[up] for up in needs[position]])
            tasks.append(task)
            if seconds is not None:
                durations[task.id] = seconds
        self._stop()
        if ids.changed:
            self.notes.append(f"{ids.changed} ids were made valid and unique; the titles keep what they were")
        if len(durations) < len(tasks):
            self.notes.append(f"{len(tasks) - len(durations)} tasks have no recorded runtime")
        name = _line(document.get("name"), 100) or "imported"
        description = _line(document.get("description"), 1000)
        fleet = self._fleet(workflow)
        return Imported(Graph(name=name, tasks=tasks, description=description), durations, self.notes, fleet)

    def _stop(self) -> None:
        if self.problems:
            raise WfFormatError(self.problems)

    # --- reading -----------------------------------------------------------------------------------------

    def _version(self, document: dict[str, Any]) -> None:
        version = document.get("schemaVersion")
        text = str(version) if isinstance(version, str | int | float) else ""
        if text not in VERSIONS:
            raise WfFormatError([f"schemaVersion: found {shown(version)}; known: {VERSIONS[0]} to {VERSIONS[-1]}"])
        self.version = text

    def _mapping(self, place: str, value: object) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise WfFormatError([f"{place}: not an object, found {shown(value)}"])
        return value

    def _objects(self, place: str, value: object) -> Iterator[tuple[str, dict[str, Any]]]:
        if value is not None and not isinstance(value, list):
            self.problems.append(f"{place}: not a list, found {shown(value)}")
            return
        for number, element in enumerate(value or []):
            at = f"{place}[{number}]"
            if isinstance(element, dict):
                yield at, element
            else:
                self.problems.append(f"{at}: not an object, found {shown(element)}")

    def _references(self, place: str, value: object) -> list[tuple[str, str]]:
        if value is None:
            return []
        if not isinstance(value, list):
            self.problems.append(f"{place}: not a list, found {shown(value)}")
            return []
        found = [(f"{place}[{number}]", name) for number, name in enumerate(value)]
        self.problems += [f"{at}: not a text, found {shown(name)}" for at, name in found if not isinstance(name, str)]
        return [(at, name) for at, name in found if isinstance(name, str)]

    def _entries(self, workflow: dict[str, Any]) -> list[_Entry]:
        modern = "specification" in workflow
        if modern:
            place = "workflow.specification.tasks"
            raw = self._mapping("workflow.specification", workflow["specification"]).get("tasks")
        else:
            key = "jobs" if "jobs" in workflow and "tasks" not in workflow else "tasks"
            place, raw = f"workflow.{key}", workflow.get(key)
        executions = self._executions(workflow) if modern else {}
        entries = []
        for at, body in self._objects(place, raw):
            name, id = body.get("name"), body.get("id")
            for field, value in (("name", name), ("id", id)):
                if value is not None and not isinstance(value, str):
                    self.problems.append(f"{at}.{field}: not a text, found {shown(value)}")
            name = name if isinstance(name, str) else ""
            id = id if isinstance(id, str) else ""
            if not (id if modern else name or id):
                self.problems.append(f"{at}: has no {'id' if modern else 'name'}")
            parents = self._references(f"{at}.parents", body.get("parents"))
            children = self._references(f"{at}.children", body.get("children"))
            facts = executions.pop(id, {}) if modern else body
            entries.append(_Entry(at, name or id, id, parents, children, facts))
        if executions:
            example = next(iter(executions))
            self.notes.append(f"{len(executions)} executions belong to no task, such as {shown(example)}; left out")
        return entries

    def _executions(self, workflow: dict[str, Any]) -> dict[str, dict[str, Any]]:
        if workflow.get("execution") is None:
            return {}
        found: dict[str, dict[str, Any]] = {}
        raw = self._mapping("workflow.execution", workflow["execution"]).get("tasks")
        for at, body in self._objects("workflow.execution.tasks", raw):
            id = body.get("id")
            if not isinstance(id, str):
                self.problems.append(f"{at}.id: not a text, found {shown(id)}")
            elif id in found:
                self.problems.append(f"{at}.id: the task {shown(id)} was executed twice")
            else:
                found[id] = body
        return found

    # --- links -------------------------------------------------------------------------------------------

    def _link(self, entries: list[_Entry]) -> list[list[int]]:
        """What each task needs, by position, in the document's order and each once."""
        by_name: dict[str, list[int]] = {}
        by_id: dict[str, list[int]] = {}
        for position, entry in enumerate(entries):
            by_name.setdefault(entry.name, []).append(position)
            if entry.id:
                by_id.setdefault(entry.id, []).append(position)
                if entry.name != entry.id:
                    # What the schema's own migration calls a task of an old version that has both.
                    by_id.setdefault(f"{entry.name}_{entry.id}", []).append(position)
        old = self.version <= "1.3"
        if not old:
            self._unique(entries)
        tables = (by_name, by_id) if old else (by_id, by_name)
        repeated: set[str] = set()

        def resolve(place: str, text: str, what: str, own: int) -> list[int]:
            found = next((table[text] for table in tables if text in table), [])
            if not found:
                kind = "name" if old else "id"
                self.problems.append(f"{place}: there is no task with the {kind} {shown(text)}, which is a {what}")
            elif len(found) > 1:
                repeated.add(text)
                found = [position for position in found if position != own]
            return found

        needs: list[dict[int, None]] = [{} for _ in entries]
        for position, entry in enumerate(entries):
            for place, text in entry.parents:
                for up in resolve(place, text, "parent", position):
                    needs[position][up] = None
        for position, entry in enumerate(entries):
            for place, text in entry.children:
                for down in resolve(place, text, "child", position):
                    # A repeated name among the children says nothing that the parents do not say better.
                    if text not in repeated:
                        needs[down][position] = None
        if repeated:
            example = shown(min(repeated))
            self.notes.append(
                f"parents are named by names that several tasks have ({example}): all of those are needed"
            )
        return [list(ups) for ups in needs]

    def _unique(self, entries: list[_Entry]) -> None:
        seen: dict[str, str] = {}
        for entry in entries:
            if entry.id and entry.id in seen:
                self.problems.append(f"{entry.place}.id: {shown(entry.id)} is also the id of {seen[entry.id]}")
            seen.setdefault(entry.id, entry.place)

    def _cycles(self, entries: list[_Entry], needs: list[list[int]]) -> None:
        children: list[list[int]] = [[] for _ in entries]
        for position, ups in enumerate(needs):
            for up in ups:
                children[up].append(position)
        waits = [len(ups) for ups in needs]
        done = [position for position, count in enumerate(waits) if not count]
        for position in done:  # grows while it is walked
            for child in children[position]:
                waits[child] -= 1
                if not waits[child]:
                    done.append(child)
        if len(done) == len(entries):
            return
        # Every task that is left needs another one that is left: walking up must come back.
        position = next(position for position, count in enumerate(waits) if count)
        walk: dict[int, None] = {}
        while position not in walk:
            walk[position] = None
            position = next(up for up in needs[position] if waits[up])
        ring = list(walk)[list(walk).index(position) :][::-1]
        names = [entries[each].id or entries[each].name for each in (ring[-1], *ring)]
        arrows = " -> ".join(names if len(names) <= 8 else [*names[:4], f"... {len(names) - 7} more ...", *names[-3:]])
        self.problems.append(f"{entries[ring[0]].place}.parents: tasks need each other in a circle: {arrows}")

    # --- tasks -------------------------------------------------------------------------------------------

    def _task(self, entry: _Entry, id: str, needs: list[str]) -> tuple[Task, float | None]:
        original = entry.id or entry.name
        title = original if id != original else entry.name if not id.startswith(entry.name) else ""
        seconds = self._number(entry, ("runtimeInSeconds", "runtime"), MAX_DURATION)
        memory = self._memory(entry.facts, entry.place)
        cores = self._number(entry, ("coreCount", "cores"), 100_000.0)
        priority = self._number(entry, ("priority",), 1e6, negative=True)
        task = Task(
            id,
            Command("true" if seconds is None else SLEEP),
            needs=[Need(name) for name in needs],
            env={} if seconds is None else {RUNTIME: f"{seconds:.6f}".rstrip("0").rstrip(".")},
            resources=Resources(cpus=cores or 1.0, memory=memory),
            priority=int(priority or 0),
            title=_line(title, 200),
            description=_line(original, 4000) if len(title) > 200 else "",
        )
        return task, seconds

    def _number(self, entry: _Entry, keys: tuple[str, ...], most: float, negative: bool = False) -> float | None:
        key = next((key for key in keys if entry.facts.get(key) is not None), None)
        if key is None:
            return None
        value = entry.facts[key]
        fine = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        if not fine or abs(value) > most or (value < 0 and not negative):
            least = f"{-most:g}" if negative else "0"
            self.problems.append(f"{entry.place} {key}: not a number from {least} to {most:g}, found {shown(value)}")
            return None
        return float(value)

    def _memory(self, facts: dict[str, Any], place: str) -> int:
        """Bytes, rounded up to steps of a quarter of a power of two: each distinct request costs the scheduler."""
        value, scale = facts.get("memoryInBytes"), 1
        if value is None:
            value, scale = facts.get("memory"), 1000
        if value is None:
            return 0
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value * scale <= MAX_SIZE:
            self.problems.append(f"{place} memory: not a number of bytes, found {shown(value)}")
            return 0
        size = math.ceil(value * scale)
        step = max(1 << max(size.bit_length() - 3, 0), 1 << 20)
        return -(-size // step) * step

    def _fleet(self, workflow: dict[str, Any]) -> str:
        execution = workflow.get("execution")
        holder = execution if isinstance(execution, dict) else workflow
        kinds: Counter[str] = Counter()
        for place, machine in self._objects("machines", holder.get("machines")):
            cpu = machine.get("cpu") if isinstance(machine.get("cpu"), dict) else {}
            assert isinstance(cpu, dict)
            cores = cpu.get("coreCount", cpu.get("count"))
            if isinstance(cores, int | float) and cores > 0:
                memory = self._memory(machine, place)
                kinds[f"{cores:g}cpu" + (f"+{format_size(memory).replace(' ', '')}" if memory else "")] += 1
        return ",".join(f"{count}x{kind}" for kind, count in kinds.items())


class _Ids:
    """Valid, unique ids that look like the originals."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self.changed = 0

    def make(self, original: str) -> str:
        id = _BAD.sub("_", original)
        if not id[:1].isidentifier():
            id = "t" + id
        if len(id) > _LONGEST_ID:
            id = f"{id[: _LONGEST_ID - 9]}_{hashlib.sha256(original.encode('utf-8', 'replace')).hexdigest()[:8]}"
        stem, number = id[: _LONGEST_ID - 8], 1
        while id in self._taken:
            number += 1
            id = f"{stem}-{number}"
        self._taken.add(id)
        self.changed += id != original
        return id


def _line(value: object, limit: int) -> str:
    """One line of text, or nothing."""
    return _CONTROL.sub(" ", value).strip()[:limit] if isinstance(value, str) else ""
