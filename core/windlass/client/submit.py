"""What a graph needs from its folder: which files, found without running anything, hashed, and sent to the core.

Input entries are paths or patterns below the folder of the document; `python:` modules found there travel like inputs.
"""

from __future__ import annotations

import itertools
import os
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
from windlass.model import paths
from windlass.model.expr import ExprError
from windlass.model.files import folder_inputs
from windlass.model.graph import Call, FileRef, Foreach, Graph
from windlass.wire import messages as m

MAX_FILES = 100_000
"""Input files of one run."""

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
    found: dict[str, Path] = {}
    problems: list[str] = []
    try:
        for task, ref in folder_inputs(graph, params):
            files = dict(_matching(folder, ref.pattern, task, problems))
            if not files and not ref.optional:
                problems.append(f"task '{task}': no file matches the input '{ref.pattern}' in {folder}")
            found.update(files)
            if len(found) > MAX_FILES:
                raise SubmitError(f"the graph takes more than {MAX_FILES} files from {folder}")
    except (ExprError, LookupError, paths.PathError) as error:
        problems.append(f"the graph's inputs: {error}")
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
    project: str = "",
    priority: int = 0,
    hidden: bool = False,
    open_tasks: Iterable[int] = (),
    deadline: float = 0.0,
    progress: Progress | None = None,
    timeout: float | None = 60.0,
) -> int:
    """Upload what the core lacks, start the run, and return its id once the core has it durably."""
    upload(link, made, progress)
    graph, frames, later = _with_items(made)
    submit = m.Submit(
        0,
        secrets.token_hex(16),
        msgspec.msgpack.encode(graph),
        made.document,
        dict(params or {}),
        made.files,
        name=name,
        owner=owner,
        project=project,
        priority=priority,
        open_tasks=sorted({*later, *open_tasks}),
        hidden=hidden,
        deadline=deadline,
    )
    run = int(link.ask(submit, frames, timeout=timeout).data["run"])
    for task, items in later.items():
        append(link, run, task, 0, items)
        link.ask(m.CloseTask(0, run, task), timeout=timeout)
    return run


def amend(link: Link, run: int, made: Package, *, progress: Progress | None = None) -> tuple[list[str], list[str]]:
    """Upload what the core lacks and give a run this graph; the tasks and files that changed.

    Arguments of functions do not travel: the items keep those that they were submitted with.
    """
    upload(link, made, progress)
    raw = msgspec.msgpack.encode(made.graph)
    # A graph without files may come from a place without its folder: the run keeps those that it has.
    answer = link.ask(m.Amend(0, run, raw, made.document, made.files or None), timeout=60.0)
    return list(answer.data["tasks"]), list(answer.data["files"])


def _with_items(made: Package) -> tuple[Graph, list[bytes], dict[int, list[bytes]]]:
    """The graph, a payload frame for each of its `Call` tasks, and the items that are too many to travel with it."""
    tasks = list(made.graph.tasks)
    frames: list[bytes] = []
    later: dict[int, list[bytes]] = {}
    room = FIRST_BYTES
    for place, task in enumerate(tasks):
        if not isinstance(task.action, Call):
            continue
        items = made.payloads.get(place, [])
        size = sum(map(len, items))
        if size <= room or task.foreach is None:
            room -= size
            frames.append(msgspec.msgpack.encode(items) if items else b"")
        else:
            frames.append(b"")
            later[place] = items
            tasks[place] = msgspec.structs.replace(task, foreach=Foreach(opaque=0))
    if sum(map(len, frames)) > LARGEST:
        raise SubmitError(f"the arguments of the calls are over {LARGEST} bytes together; put such data into files")
    return msgspec.structs.replace(made.graph, tasks=tasks), frames, later


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


FIRST_BYTES = 8 * 1024 * 1024
"""Arguments that travel with the submit itself; further arrays are appended."""
LARGEST = 48 * 1024 * 1024
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


def _matching(folder: Path, pattern: str, task: str, problems: list[str]) -> Iterator[tuple[str, Path]]:
    """Files below the folder of this path or pattern; a directory stands for all files in it."""
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
