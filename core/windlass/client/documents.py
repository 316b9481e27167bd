"""From a document file to a graph that can be sent. Apart, because it brings the parsers with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from windlass.client.errors import SubmitError
from windlass.client.submit import Package, package
from windlass.model.document import Problem, load_file
from windlass.model.graph import Graph


class DocumentProblems(SubmitError):
    """The document has errors; the text has a line for each, with file, line and column."""

    def __init__(self, path: Path, problems: list[Problem], text: str) -> None:
        super().__init__("\n".join(f"{path}:{problem}" for problem in problems))
        self.problems = problems
        self.text = text
        """The document's source."""


def load_document(path: Path) -> tuple[Graph, str]:
    """The checked graph and its source text. `DocumentProblems` with all errors at once."""
    checked = load_file(path)
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    if checked.graph is None:
        raise DocumentProblems(path, list(checked.problems), text)
    return checked.graph, text


def load_package(path: Path, params: Mapping[str, Any] | None = None) -> Package:
    """The graph of a document file with its input files."""
    graph, text = load_document(path)
    unknown = sorted(set(params or {}) - set(graph.params))
    if unknown:
        known = ", ".join(graph.params) or "none"
        raise SubmitError(f"the graph has no parameter {', '.join(map(repr, unknown))}; it has: {known}")
    return package(graph, text, path.parent, params)
