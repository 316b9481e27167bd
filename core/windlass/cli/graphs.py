"""From what the user typed to a graph: a path, a folder, or the name of a sample."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from windlass.cli.check import print_problems
from windlass.cli.common import USAGE, UserError, console
from windlass.cli.params import parse_params
from windlass.cli.programs import missing_programs
from windlass.client.documents import DocumentProblems, load_document
from windlass.client.submit import Package, package
from windlass.model.graph import Graph
from windlass.model.words import counted


@dataclass(frozen=True)
class Chosen:
    """A checked graph, where it came from, and the parameters of this run."""

    graph: Graph
    text: str
    path: Path
    params: dict[str, Any]

    def package(self) -> Package:
        """With its input files, hashed."""
        return package(self.graph, self.text, self.path.parent, self.params)


def choose(name: str, params: list[str]) -> Chosen:
    """Find, check and parse; `UserError` (status 2) after printing every problem."""
    path = find(name)
    try:
        graph, text = load_document(path)
    except DocumentProblems as found:
        print_problems(console(stderr=True), str(path), found.problems, found.text)
        count = sum(problem.severity == "error" for problem in found.problems)
        raise UserError(f"{name}: {counted(count, 'problem')} in the document", USAGE) from None
    return Chosen(graph, text, path, parse_params(params, graph.params))


def find(name: str) -> Path:
    """The document's file. A path wins over a sample of the same name."""
    path = Path(name)
    if path.is_file():
        return path
    if path.is_dir():
        for candidate in ("graph.yaml", "graph.yml", "graph.json"):
            if (path / candidate).is_file():
                return path / candidate
        raise UserError(f"the folder {name} holds no graph.yaml; name the document itself")
    sample = find_sample(name)
    if sample is not None:
        return sample
    known = ", ".join(each.name for each in samples())
    raise UserError(f"there is no file '{name}' and no sample of that name; samples: {known or 'none are installed'}")


def samples() -> list[Any]:
    """The sample graphs that come with the program."""
    if importlib.util.find_spec("windlass_resources") is None:
        return []
    from windlass_resources.samples import list_samples

    return list(list_samples())


def find_sample(name: str) -> Path | None:
    return next((Path(each.path) for each in samples() if each.name == name), None)


def require_programs(chosen: Chosen, name: str) -> None:
    """Refuse at once what cannot work on this machine, saying how to get it."""
    problems = missing_programs(chosen.graph)
    sample = next((each for each in samples() if Path(each.path) == chosen.path), None)
    if sample is not None:
        problems = list(sample.missing()) or problems
    if problems:
        text = "\n  ".join(problems)
        raise UserError(f"{name} cannot run on this machine:\n  {text}", 1)
