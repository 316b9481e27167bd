"""What is doubtful about a graph that can be read: beyond the checker, with the agents and the folder at hand.

Looks at files, so it runs in a thread of its own (`Advisor`). All of it are warnings: files may still come, agents may
join, and what nobody uses does no harm.
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from windlass.model.expr import ExprError
from windlass.model.files import folder_inputs
from windlass.model.fitting import Fit, Machine, fit
from windlass.model.graph import Graph
from windlass.model.paths import PathError, is_pattern
from windlass.model.problems import Path as Place
from windlass.model.problems import Problem, field_name
from windlass.model.programs import needed_programs
from windlass.model.words import counted
from windlass_gui.editor.document.facts import needs_of
from windlass_gui.editor.problems.asking import asked
from windlass_gui.relay import Way

log = logging.getLogger(__name__)

MOST_INPUTS = 2000
"""Files of the folder that are looked for."""
MOST_ASKED = 20_000
"""Tasks whose requests are compared with the agents."""
_PARAM = re.compile(r"params(?:\s*\.\s*([\w-]+)|\s*\[\s*['\"]([^'\"]+)|\b(?!\s*[.\w]*\s*:))")


@dataclass(frozen=True, slots=True)
class Matter:
    """What is looked at: a document at one moment, and the world around it."""

    text: str
    raw: Mapping[str, Any]
    graph: Graph | None
    folder: Path | None
    machines: Sequence[Machine] = ()
    missing: frozenset[str] = field(default_factory=frozenset)
    """Programs that no agent has."""


def advise(matter: Matter) -> list[Problem]:
    found = [*_nowhere(matter), *_unused_params(matter), *_unused_outputs(matter.raw)]
    if matter.graph is not None:
        found += [*_missing_inputs(matter.graph, matter.folder), *_missing_programs(matter.graph, matter.missing)]
    return found


def _warning(path: Place, code: str, message: str, found: str = "") -> Problem:
    task = str(path[1]) if len(path) > 1 and path[0] == "tasks" else ""
    field = field_name(path)
    return Problem(message, code, "warning", path=path, field=field, task=task, found=found)


def _tasks(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    tasks = raw.get("tasks")
    return tasks if isinstance(tasks, Mapping) else {}


def _nowhere(matter: Matter) -> Iterator[Problem]:
    """Requests that none of the agents could ever meet."""
    if not matter.machines:
        return
    alike: dict[str, tuple[Fit, list[str]]] = {}
    for number, task in enumerate(_tasks(matter.raw)):
        if number >= MOST_ASKED:
            break
        asks = asked(matter.raw, task)
        key = repr(asks)
        if key not in alike:
            alike[key] = fit(*asks, matter.machines), []
        alike[key][1].append(str(task))
    for found, tasks in alike.values():
        if found.never:
            others = f" (and {counted(len(tasks) - 1, 'other task')} that ask the same)" if len(tasks) > 1 else ""
            labels = all(one.startswith("is not") for one, _, _ in found.reasons)
            place = ("tasks", tasks[0], "where" if labels else "resources")
            yield _warning(place, "nowhere", f"no agent can ever run it: {found.words()}{others}")


def _unused_params(matter: Matter) -> Iterator[Problem]:
    params = matter.raw.get("params")
    if not isinstance(params, Mapping) or not params:
        return
    used: set[str] = set()
    for match in _PARAM.finditer(matter.text):
        name = match[1] or match[2]
        if name is None and match[0].strip() == "params" and not _is_key(matter.text, match.start()):
            return  # all of them are used, as a whole
        used.add(name or "")
    for name in params:
        if str(name) not in used:
            message = f"nothing uses the parameter '{name}'"
            yield _warning(("params", str(name)), "unused-param", message, found=str(name))


def _is_key(text: str, at: int) -> bool:
    """The word stands at the start of its line, or in a comment: it is no use of anything."""
    before = text[text.rfind("\n", 0, at) + 1 : at]
    return not before.strip(" \"'{") or "${{" not in before


def _unused_outputs(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Files of a task that others wait for, of which none takes them."""
    tasks = _tasks(raw)
    after: dict[str, str] = {}
    given: set[str] = set()
    for name, body in tasks.items():
        if not isinstance(body, Mapping):
            continue
        for need, _ in needs_of(body.get("needs")):
            after.setdefault(need, str(name))
        given.update(_sources(body))
    for name, body in tasks.items():
        if isinstance(body, Mapping) and body.get("outputs") and name in after and name not in given:
            message = f"'{after[name]}' waits for it, but nothing takes its outputs"
            yield _warning(("tasks", str(name), "outputs"), "unused-outputs", message, found=after[name])


_SOURCE = re.compile(r"^([A-Za-z][\w-]*)\.outputs\b|tasks\s*\.\s*([\w-]+)\s*\.\s*outputs")


def _sources(body: Mapping[str, Any]) -> Iterator[str]:
    """Tasks whose outputs a task speaks of."""
    stack: list[Any] = [body.get(key) for key in body if key not in ("title", "description")]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            if "outputs" in value:
                yield from (match[1] or match[2] for match in _SOURCE.finditer(value))
        elif isinstance(value, Mapping):
            stack.extend(value.values())
        elif isinstance(value, list):
            stack.extend(value)


def _missing_inputs(graph: Graph, folder: Path | None) -> Iterator[Problem]:
    if folder is None:
        return
    try:
        for number, (task, ref) in enumerate(folder_inputs(graph, graph.params)):
            if number >= MOST_INPUTS:
                return
            # A search of whole trees is left to the submit.
            if ref.optional or "**" in ref.pattern:
                continue
            pattern = is_pattern(ref.pattern)
            if not (any(folder.glob(ref.pattern)) if pattern else (folder / ref.pattern).exists()):
                message = f"no file {ref.pattern} beside the graph"
                code = "no-match" if pattern else "missing-input"
                yield _warning(("tasks", task, "inputs"), code, message, found=ref.pattern)
    except (ExprError, PathError, LookupError, OSError, ValueError):
        return  # what cannot be worked out is for the checker to say


def _missing_programs(graph: Graph, missing: frozenset[str]) -> Iterator[Problem]:
    for program in needed_programs(graph) if missing else ():
        if program.name in missing:
            package = f"; Debian: apt install {program.package}" if program.package else ""
            message = f"the program '{program.name}' is on none of the agents{package}"
            for task in program.tasks[:5]:
                yield _warning(("tasks", task, "command"), "missing-program", message, found=program.name)


class Advisor(QObject):
    """Works in a thread, on the newest matter only; `advised` comes in the UI thread."""

    advised = Signal(list, list)
    """The findings, and the programs that the graph starts."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._current: Matter | None = None
        self._taken: Matter | None = None
        """What the thread works on."""
        self._way = Way(self)

    @property
    def busy(self) -> bool:
        return self._taken is not None

    def ask(self, matter: Matter) -> None:
        self._current = matter
        if not self.busy:
            self._start(matter)

    def forget(self) -> None:
        """What is being worked on interests nobody any more."""
        self._current = None

    def _start(self, matter: Matter) -> None:
        self._taken = matter
        threading.Thread(target=_work, args=(matter, self._way), name="windlass-advice", daemon=True).start()

    def take(self, found: list[Problem], programs: list[str]) -> None:
        """What the thread found."""
        taken, newest, self._taken = self._taken, self._current, None
        if newest is taken and newest is not None:
            self.advised.emit(found, programs)
        elif newest is not None:
            self._start(newest)


def _work(matter: Matter, way: Way[Advisor]) -> None:
    """In the thread, which does not keep the one who asked alive."""
    found: list[Problem] = []
    programs: list[str] = []
    try:
        programs = [] if matter.graph is None else [program.name for program in needed_programs(matter.graph)]
        found = advise(matter)
    except Exception:  # advice is a service: what goes wrong in it must not cost the pane its problems
        log.exception("while looking for what is doubtful")
    way.tell(lambda advisor: advisor.take(found, programs))
