"""What a graph needs from its folder: which files, found without running anything, hashed, and sent to the core.

Input entries are paths or patterns below the folder of the document. `python:` modules found there travel too, with
the modules of the same folder that they import (read from their text, never imported).
"""

from __future__ import annotations

import ast
import itertools
import os
import re
import secrets
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from windlass.client.errors import SubmitError
from windlass.client.files import hash_file
from windlass.client.link import Link
from windlass.model import expand, paths, template
from windlass.model.expr import ExprError, Scope
from windlass.model.graph import FileRef, Graph, PythonCall, Task
from windlass.wire import messages as m

MAX_FILES = 100_000
"""Input files of one run."""
MAX_ITEMS = 100_000
"""Items for whose values the input entries of a task are looked up."""
_TASK_OUTPUTS = re.compile(r"([A-Za-z_][\w-]*)\.outputs(?:/.*)?\Z", re.DOTALL)

Progress = Callable[[int, int], None]
"""Gets bytes sent and bytes in all, on another thread."""


@dataclass
class Package:
    """A graph with its files, ready to be sent."""

    graph: Graph
    document: str = ""
    files: list[FileRef] = field(default_factory=list)
    sources: dict[str, Path | bytes] = field(default_factory=dict)
    """Hash -> where the content is."""
    payloads: dict[int, list[bytes]] = field(default_factory=dict)
    """Task position -> its items' pickled arguments (`Call` tasks)."""

    @property
    def size(self) -> int:
        """Bytes to upload at most (the core may hold some already)."""
        sizes = {file.hash: file.size for file in self.files}
        return sum(sizes.values()) + sum(len(one) for one in self.sources.values() if isinstance(one, bytes))

    def add_bytes(self, hash: str, data: bytes) -> None:
        self.sources[hash] = data


def package(graph: Graph, document: str, folder: Path | None, params: Mapping[str, Any] | None = None) -> Package:
    """Find and hash the graph's input files in its folder. `SubmitError` names all that is missing."""
    made = Package(graph, document)
    if folder is None:
        return made
    found = collect(graph, folder, {**graph.params, **(params or {})})
    for relative, path in sorted(found.items()):
        try:
            hash, size = hash_file(path)
            mode = 0o755 if path.stat().st_mode & stat.S_IXUSR else 0o644
        except OSError as error:
            raise SubmitError(f"cannot read the input file {path}: {error.strerror}") from None
        made.files.append(FileRef(relative, hash, size, mode))
        made.sources[hash] = path
    return made


def collect(graph: Graph, folder: Path, params: Mapping[str, Any]) -> dict[str, Path]:
    """Relative path -> file, of everything the graph takes from its folder."""
    folder = folder.resolve()
    tasks = {task.id for task in graph.tasks}
    found: dict[str, Path] = {}
    problems: list[str] = []
    for task in graph.tasks:
        for entry in task.inputs:
            match = _TASK_OUTPUTS.match(entry)
            if match and match[1] in tasks:
                continue
            for pattern in _patterns(task, entry, params, problems):
                files = list(_matching(folder, pattern, task.id, problems))
                if not files:
                    problems.append(f"task '{task.id}': no file matches the input '{pattern}' in {folder}")
                found.update(files)
        if isinstance(task.action, PythonCall):
            found.update(_module(folder, task.action.target))
        if len(found) > MAX_FILES:
            raise SubmitError(f"the graph takes more than {MAX_FILES} files from {folder}")
    if problems:
        raise SubmitError("\n".join(dict.fromkeys(problems)))
    return found


def send(
    link: Link,
    made: Package,
    params: Mapping[str, Any] | None = None,
    *,
    name: str = "",
    owner: str = "",
    priority: int = 0,
    hidden: bool = False,
    open_tasks: Iterable[int] = (),
    progress: Progress | None = None,
    timeout: float | None = 60.0,
) -> int:
    """Upload what the core lacks, start the run, and return its id once the core has it durably."""
    upload(link, made, progress)
    growing = sorted({*made.payloads, *open_tasks})
    submit = m.Submit(
        0,
        secrets.token_hex(16),
        msgspec.msgpack.encode(made.graph),
        made.document,
        dict(params or {}),
        made.files,
        name=name,
        owner=owner,
        priority=priority,
        open_tasks=growing,
        hidden=hidden,
    )
    run = int(link.ask(submit, timeout=timeout).data["run"])
    for task, items in made.payloads.items():
        append(link, run, task, 0, items)
        link.ask(m.CloseTask(0, run, task), timeout=timeout)
    return run


def upload(link: Link, made: Package, progress: Progress | None = None) -> None:
    """Bring the files to the core; those that it holds already cost one question each."""
    total, done = made.size, 0
    sizes = {file.hash: file.size for file in made.files}

    def count(size: int) -> None:
        nonlocal done
        done += size
        if progress is not None:
            progress(done, total)

    transfers: list[Future[None]] = []
    for hash, source in made.sources.items():
        size = len(source) if isinstance(source, bytes) else sizes[hash]
        transfers.append(link.upload(source, hash, size, count))
    for transfer in transfers:
        transfer.result()
    if progress is not None:
        progress(total, total)


def append(link: Link, run: int, task: int, first: int, items: list[bytes]) -> None:
    """Bring items to an open task, in messages of a size that the wire takes."""
    for batch in batches(items):
        payload = [msgspec.msgpack.encode(batch)]
        link.ask(m.AppendItems(0, run, task, first, len(batch)), payload, timeout=120.0)
        first += len(batch)


BATCH_BYTES = 4 * 1024 * 1024
BATCH_ITEMS = 2000
MAX_ARGUMENTS = 15 * 1024 * 1024
"""Bytes of one item's pickled arguments."""


def batches(items: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Cut a sequence of payloads into what one `AppendItems` carries."""
    batch: list[bytes] = []
    size = 0
    for item in items:
        if batch and (size + len(item) > BATCH_BYTES or len(batch) >= BATCH_ITEMS):
            yield batch
            batch, size = [], 0
        batch.append(item)
        size += len(item)
    if batch:
        yield batch


# --- finding files ---------------------------------------------------------------------------------------------


def _patterns(task: Task, entry: str, params: Mapping[str, Any], problems: list[str]) -> Iterator[str]:
    """The entry with its `${{ }}` filled in: once for a plain task, for each item's value where it uses it."""
    scope = Scope(params=params, task=task.id)
    try:
        names = {reference.path[0] for reference in template.names(entry)}
        if not names & {"item", "matrix", "index"}:
            yield template.render_string(entry, scope)
            return
        total = expand.count(task, params)
        if total is None or (task.foreach is not None and task.foreach.opaque is not None):
            return  # the values come from another task, and so do the files
        if total > MAX_ITEMS:
            problems.append(f"task '{task.id}': the input '{entry}' is looked up for at most {MAX_ITEMS} items")
            return
        seen: set[str] = set()
        for index in range(total):
            value = expand.item_value(task, index, params)
            pattern = template.render_string(entry, Scope(params=params, task=task.id, item=value, index=index))
            if pattern not in seen:
                seen.add(pattern)
                yield pattern
    except (ExprError, LookupError) as error:
        problems.append(f"task '{task.id}': the input '{entry}': {error}")


def _matching(folder: Path, pattern: str, task: str, problems: list[str]) -> Iterator[tuple[str, Path]]:
    """Files below the folder of this path or pattern; a directory stands for all files in it."""
    try:
        pattern = paths.check_relative(pattern)
    except paths.PathError as error:
        problems.append(f"task '{task}': the input '{pattern}' must stay in the graph's folder: {error}")
        return
    plain = folder / pattern
    if plain.exists() or not paths.is_pattern(pattern):
        candidates = _files(plain)
    else:
        fixed = itertools.takewhile(lambda part: not paths.is_pattern(part), pattern.split("/"))
        candidates = (path for path in _files(folder.joinpath(*fixed)) if _fits(folder, pattern, path))
    for path in candidates:
        real = path.resolve()
        if not real.is_relative_to(folder):
            problems.append(
                f"task '{task}': the input '{path.relative_to(folder)}' is a link out of the graph's folder"
            )
        else:
            yield path.relative_to(folder).as_posix(), real


def _fits(folder: Path, pattern: str, path: Path) -> bool:
    relative = path.relative_to(folder).as_posix()
    return paths.matches(pattern, relative) and (not path.name.startswith(".") or "/." in f"/{pattern}")


def _files(place: Path) -> Iterator[Path]:
    if place.is_file():
        yield place
    elif place.is_dir():
        for root, folders, names in os.walk(place):
            folders[:] = sorted(name for name in folders if name not in ("__pycache__", ".git"))
            yield from (path for name in sorted(names) if (path := Path(root, name)).is_file())


def _module(folder: Path, target: str) -> dict[str, Path]:
    """The module of a `python:` target if it is in the folder, with what it imports from there."""
    found: dict[str, Path] = {}
    waiting = [target.partition(":")[0].split(".")[0]]
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen or not name.isidentifier():
            continue
        seen.add(name)
        place = folder / f"{name}.py"
        if not place.is_file():
            place = folder / name
            if not place.is_dir() or not any(place.glob("*.py")):
                continue
        for path in _files(place):
            real = path.resolve()
            if not real.is_relative_to(folder):
                raise SubmitError(f"the module file {path} is a link out of the graph's folder")
            found[path.relative_to(folder).as_posix()] = real
            if path.suffix == ".py":
                waiting.extend(_imports(real))
    return found


def _imports(path: Path) -> set[str]:
    """Top-level names that a file imports; none of one that does not parse (running it will say so)."""
    try:
        tree = ast.parse(path.read_bytes())
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.split(".")[0])
    return names
