"""What can be done about a problem with one click. Each fix is one named undo step."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QFileDialog

from windlass.model.fitting import Machine, lack
from windlass.model.graph import Resources
from windlass.model.problems import Problem
from windlass.model.units import format_size
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.fields import plain_data
from windlass_gui.editor.form.schema_form import with_value
from windlass_gui.editor.problems.asking import asked

MOST_LINKS = 6
"""Links of a circle that are offered to be removed."""


@dataclass(frozen=True, slots=True)
class Fix:
    """`label` says what it will do."""

    label: str
    apply: Callable[[], object]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Fixes", text)


def fixes_for(problem: Problem, session: EditorSession, machines: Sequence[Machine]) -> list[Fix]:
    """The best first; empty where nobody but a person can know."""
    if session.document.unreadable:
        return []
    return list(_fixes(problem, session, machines))


def _fixes(problem: Problem, session: EditorSession, machines: Sequence[Machine]) -> Iterator[Fix]:
    path = problem.path
    match problem.code:
        case "unknown-field":
            if problem.suggestion and path:
                yield from _rename_key(session, problem)
            if path:
                words = _tr("remove “{}”").format(path[-1])
                yield Fix(_tr("Remove “{}”").format(path[-1]), lambda: _set_at(session, path, None, words))
            return
        case "cycle":
            yield from _cut_circle(problem, session)
            return
        case "self-loop":
            yield _unlink(session, problem.task, problem.task)
            return
        case "nowhere":
            yield from _lower(problem, session, machines)
            return
        case "missing-input":
            yield from _make_file(problem, session)
            return
        case "unused-param":
            yield Fix(
                _tr("Remove the parameter “{}”").format(problem.found),
                lambda: _set_at(session, path, None, _tr("remove the parameter “{}”").format(problem.found)),
            )
            return
        case "unused-outputs":
            yield _give_outputs(problem, session)
            return
    if problem.suggestion:
        mended = _mended(_at(session.document.raw, path), problem)
        if mended is not None:
            yield Fix(
                _tr("Change to “{}”").format(problem.suggestion),
                lambda: _set_at(session, path, mended, _tr("change to “{}”").format(problem.suggestion)),
            )
    if problem.code == "name" and problem.message.startswith("unknown parameter"):
        yield _add_param(session, problem.found.strip("'"))
    if problem.code == "no-size":
        yield _size_group(session, problem.found.strip("'"))
    if problem.code == "unknown-task" and path[2:3] == ("needs",):
        name = problem.found.strip("'")
        yield _unlink(session, name, problem.task)


# --- values at a place ---------------------------------------------------------------------------------------


def _at(raw: Any, path: Sequence[str | int]) -> Any:
    for part in path:
        raw = _inner(raw, part)
    return raw


def _inner(raw: Any, part: str | int) -> Any:
    if isinstance(raw, Mapping):
        return raw.get(part)
    if isinstance(part, int) and isinstance(raw, (list, tuple)):
        return raw[part] if part < len(raw) else None
    # A list of one may be written as its only element.
    return raw if isinstance(raw, str) and part == 0 else None


def _with(data: Any, path: Sequence[str | int], value: Any) -> Any:
    """A copy with another value at a place; None removes it."""
    if not path:
        return value
    part, rest = path[0], path[1:]
    if isinstance(data, list):
        inner = _with(data[int(part)], rest, value)
        return [*data[: int(part)], *([] if inner is None else [inner]), *data[int(part) + 1 :]]
    if isinstance(data, dict):
        inner = _with(data.get(part), rest, value)
        if inner is None:
            return {key: held for key, held in data.items() if key != part} or None
        return {**data, part: inner}
    return value


def _set_at(session: EditorSession, path: Sequence[str | int], value: Any, label: str) -> bool:
    """Another value at any place of the document, as one step."""
    raw = session.document.raw
    if path[0] == "tasks" and len(path) > 2:
        task, field = str(path[1]), str(path[2])
        whole = _with(plain_data(session.document.task(task).get(field)), path[3:], value)
        return session.set_fields(task, {field: whole}, label)
    whole = _with(plain_data(raw.get(str(path[0]))), path[1:], value)
    return session.edit(label, lambda text: text.set_top(str(path[0]), whole))


def _mended(value: Any, problem: Problem) -> Any:
    """The value with what is wrong in it replaced by what is meant; None where it is not found in it."""
    if not isinstance(value, str):
        return None
    wrong, right = problem.found.strip("'"), problem.suggestion
    if problem.code == "unit":
        unit = re.search(r"unknown unit '([^']*)'", problem.message)
        wrong = unit[1] if unit else wrong
    elif problem.code == "where" and right == "==":
        return re.sub(r"(?<![=!<>])=(?!=)", "==", value, count=1)
    if value == wrong:
        return right
    made, count = re.subn(rf"(?<![\w-]){re.escape(wrong)}(?![\w-])", lambda _: right, value, count=1)
    return made if count else None


def _rename_key(session: EditorSession, problem: Problem) -> Iterator[Fix]:
    """In the text itself, so that the key stays where it is among the others."""
    old, new = str(problem.path[-1]), problem.suggestion
    lines = session.document.text.splitlines(keepends=True)
    line, at = problem.line - 1, problem.column - 1
    if not 0 <= line < len(lines):
        return
    at += lines[line][at : at + 1] in ("'", '"')
    if lines[line][at : at + len(old)] != old:
        return
    mended = lines[line][:at] + new + lines[line][at + len(old) :]
    text = "".join([*lines[:line], mended, *lines[line + 1 :]])
    label = _tr("rename “{}” to “{}”").format(old, new)
    yield Fix(_tr("Rename to “{}”").format(new), lambda: session.apply_text(text, label))


# --- links ---------------------------------------------------------------------------------------------------


def _unlink(session: EditorSession, source: str, target: str) -> Fix:
    label = _tr("Do not wait for itself") if source == target else _tr("Remove the link {} → {}").format(source, target)
    return Fix(label, lambda: session.remove((), [(source, target)]))


def _cut_circle(problem: Problem, session: EditorSession) -> Iterator[Fix]:
    """The link that closes it first: the one back to the task that stands first in the document."""
    ring = circle(session, problem.task)
    links = list(zip(ring, [*ring[1:], ring[0]], strict=True)) if ring else []
    for source, target in reversed(links[-MOST_LINKS:]):
        yield _unlink(session, source, target)


def circle(session: EditorSession, start: str) -> list[str]:
    """The tasks of one circle through a task, each before the one that needs it."""
    facts = session.document.facts
    after: dict[str, list[str]] = {}
    for task, node in facts.items():
        for need, _ in node.needs:
            after.setdefault(need, []).append(task)
    came: dict[str, str] = {start: ""}
    queue = [start]
    for at in queue:
        for following in after.get(at, ()):
            if following == start:
                path = [at]
                while came[path[-1]]:
                    path.append(came[path[-1]])
                return path[::-1]
            if following not in came:
                came[following] = at
                queue.append(following)
    return []


# --- single kinds --------------------------------------------------------------------------------------------


def _add_param(session: EditorSession, name: str) -> Fix:
    def apply() -> bool:
        params = plain_data(session.document.params) or {}
        label = _tr("add the parameter “{}”").format(name)
        return session.edit(label, lambda text: text.set_top("params", {**params, name: ""}))

    return Fix(_tr("Add the parameter “{}”").format(name), apply)


def _size_group(session: EditorSession, group: str) -> Fix:
    def apply() -> bool:
        field, whole = with_value(session.document.raw, f"limits.groups.{group}", 4)
        label = _tr("give the group “{}” a size").format(group)
        return session.edit(label, lambda text: text.set_top(field, whole))

    return Fix(_tr("Give the group “{}” a size of 4").format(group), apply)


def _lower(problem: Problem, session: EditorSession, machines: Sequence[Machine]) -> Iterator[Fix]:
    """Ask for what the agent has that comes nearest; or leave out a condition that none fulfils."""
    asks, where = asked(session.document.raw, problem.task)
    fitting = [machine for machine in machines if lack(asks, where, machine) is None or not _labels(where, machine)]
    best: tuple[int, Machine, dict[str, object]] | None = None
    for machine in fitting:
        have, changes = machine.resources, dict[str, object]()
        if asks.cpus > have.cpus:
            changes["resources.cpus"] = int(have.cpus) if have.cpus == int(have.cpus) else have.cpus
        for key in ("memory", "disk"):
            if getattr(asks, key) > getattr(have, key):
                changes[f"resources.{key}"] = format_size(getattr(have, key)) if getattr(have, key) else None
        if asks.gpus > have.gpus:
            changes["resources.gpus"] = have.gpus or None
        most = max(machine.gpu_memory, default=0)
        if asks.gpu_memory > most:
            changes["resources.gpu-memory"] = format_size(most) if most else None
        for name, amount in asks.named.items():
            if name in have.named and amount > have.named[name]:
                changes[f"resources.named.{name}"] = have.named[name]
        if changes and (best is None or len(changes) < best[0] or _larger(machine, best[1], len(changes) == best[0])):
            best = (len(changes), machine, changes)
    if best is not None:
        _, machine, changes = best
        words = ", ".join(
            f"{key.rpartition('.')[2]} {value if value is not None else 0}" for key, value in changes.items()
        )
        label = _tr("Lower to what “{}” has: {}").format(machine.name, words)
        yield Fix(label, lambda: _ask_less(session, problem.task, changes))
    if not fitting:
        for source in where:
            if not any(_holds(source, machine) for machine in machines):
                yield _drop_condition(session, problem.task, source, where)


def _larger(machine: Machine, other: Machine, same: bool) -> bool:
    mine, theirs = machine.resources, other.resources
    return same and (mine.gpus, mine.memory, mine.cpus) > (theirs.gpus, theirs.memory, theirs.cpus)


def _holds(source: str, machine: Machine) -> bool:
    return lack(Resources(0.0), (source,), machine) is None


def _labels(where: Sequence[str], machine: Machine) -> bool:
    """A condition keeps it away."""
    return not all(_holds(source, machine) for source in where)


def _ask_less(session: EditorSession, task: str, changes: Mapping[str, object]) -> bool:
    raw = plain_data(session.document.task(task))
    for key, value in changes.items():
        field, whole = with_value(raw, key, value)
        raw = {**raw, field: whole}
    label = _tr("lower what “{}” asks for").format(task)
    return session.set_fields(task, {"resources": raw.get("resources")}, label)


def _drop_condition(session: EditorSession, task: str, source: str, where: Sequence[str]) -> Fix:
    rest = [one for one in where if one != source]
    label = _tr("remove the condition “{}”").format(source)
    return Fix(
        _tr("Remove the condition “{}”").format(source),
        lambda: session.set_fields(task, {"where": rest or None}, label),
    )


def _give_outputs(problem: Problem, session: EditorSession) -> Fix:
    taker, source = problem.found, problem.task

    def apply() -> bool:
        inputs = plain_data(session.document.task(taker).get("inputs"))
        before = inputs if isinstance(inputs, list) else [inputs] if inputs else []
        label = _tr("give “{}” the outputs of “{}”").format(taker, source)
        return session.set_fields(taker, {"inputs": [*before, f"{source}.outputs"]}, label)

    return Fix(_tr("Give its outputs to “{}”").format(taker), apply)


def _make_file(problem: Problem, session: EditorSession) -> Iterator[Fix]:
    folder = session.document.folder
    if folder is not None:
        path = folder / problem.found
        yield Fix(_tr("Create an empty {}").format(problem.found), lambda: _create(path, session))
        inputs = plain_data(session.document.task(problem.task).get("inputs"))
        if problem.found in (inputs if isinstance(inputs, list) else [inputs]):
            yield Fix(_tr("Choose another file…"), lambda: _choose(problem, session, folder))


def _choose(problem: Problem, session: EditorSession, folder: Path) -> None:
    """Another file of the graph's folder in the place of the one that is not there."""
    name, _ = QFileDialog.getOpenFileName(None, _tr("Choose a file beside the graph"), str(folder))
    if not name:
        return
    try:
        chosen = Path(name).resolve().relative_to(folder.resolve()).as_posix()
    except ValueError:
        session.refused.emit(_tr("{} is not in the graph's folder").format(name))
        return
    inputs = plain_data(session.document.task(problem.task).get("inputs"))
    new = [chosen if one == problem.found else one for one in inputs] if isinstance(inputs, list) else chosen
    label = _tr("take “{}” as an input of “{}”").format(chosen, problem.task)
    session.set_fields(problem.task, {"inputs": new}, label)


def _create(path: Path, session: EditorSession) -> None:
    """An empty file, never over another. No step: undoing must not delete what somebody has filled meanwhile."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        session.refused.emit(_tr("{} was not created: {}").format(path.name, error.strerror or error))
    session.check_now()
