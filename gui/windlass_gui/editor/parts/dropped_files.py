"""What files from a file manager become in a graph: a task that runs them, or inputs. Without Qt."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

RUNNERS = {
    ".py": "python3", ".sh": "sh", ".bash": "bash", ".zsh": "zsh", ".r": "Rscript", ".jl": "julia", ".js": "node",
    ".pl": "perl", ".rb": "ruby", ".lua": "lua",
}  # fmt: skip
"""Programs that run a file, by its ending."""
GRAPHS = (".yaml", ".yml", ".json")


@dataclass(slots=True)
class Sorted:
    """Dropped files by what is to be done with them."""

    graphs: list[Path] = field(default_factory=list)
    """To be opened."""
    scripts: list[Path] = field(default_factory=list)
    data: list[Path] = field(default_factory=list)


def sort_files(paths: Sequence[Path]) -> Sorted:
    """Look at the files (this reads the beginning of those that may be graphs); folders are data."""
    found = Sorted()
    for path in paths:
        if path.suffix.lower() in GRAPHS and _is_graph(path):
            found.graphs.append(path)
        elif path.suffix.lower() in RUNNERS or (path.is_file() and not path.suffix and os.access(path, os.X_OK)):
            found.scripts.append(path)
        else:
            found.data.append(path)
    return found


def _is_graph(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except OSError:
        return False
    return re.search(rb'^\s*(\{\s*)?"?windlass"?\s*:', head, re.MULTILINE) is not None


def outside(paths: Sequence[Path], folder: Path) -> list[Path]:
    """Those that do not lie in the graph's folder, where a task could not take them from."""
    return [path for path in paths if not path.is_relative_to(folder)]


def script_task(path: str) -> tuple[str, dict[str, Any]]:
    """An id and the fields of a task that runs a script, given by its path in the graph's folder."""
    runner = RUNNERS.get(Path(path).suffix.lower())
    command = [runner, path] if runner else [f"./{path}"]
    return task_id(path), {"command": command, "inputs": [path]}


def data_task(paths: Sequence[str]) -> tuple[str, dict[str, Any]]:
    """An id and the fields of a task to begin with that reads files: an item for each when there are several."""
    if len(paths) == 1:
        return task_id(paths[0]), {"command": ["wc", "-c", paths[0]], "inputs": [paths[0]]}
    fields = {"foreach": list(paths), "command": ["wc", "-c", "${{ item }}"], "inputs": ["${{ item }}"]}
    return "each-file", fields


def task_id(path: str) -> str:
    """An id made of a file's name."""
    stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(path).stem).strip("-_")
    return stem if stem[:1].isalpha() else f"task-{stem}".rstrip("-")


def with_inputs(before: Any, files: Sequence[str]) -> tuple[list[str], list[Any]]:
    """Those of these files that are no inputs of a task yet, and its inputs with them; `before` is what it says."""
    listed = before if isinstance(before, list) else [before] if before else []
    fresh = [file for file in files if file not in listed]
    return fresh, [*listed, *fresh]
