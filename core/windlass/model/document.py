"""A document's text becomes a checked `Graph`, or a list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path as FilePath
from typing import NamedTuple

import msgspec

from windlass.model.build import Builder
from windlass.model.checks import Checker
from windlass.model.graph import Graph
from windlass.model.problems import Draft, Problem, Report
from windlass.model.source import MAX_BYTES, Source, Span, Unreadable, decode, guess_format
from windlass.model.words import counted

__all__ = ["DocumentError", "Loaded", "Problem", "check_text", "load_document", "load_file", "read_graph"]


class Loaded(NamedTuple):
    """What came of a document."""

    graph: Graph | None
    """None when there is any error; warnings alone leave it."""
    problems: list[Problem]
    """By their place in the text."""


class DocumentError(ValueError):
    """A document with errors; `problems` says all of them."""

    def __init__(self, name: str, problems: Sequence[Problem]) -> None:
        errors = [problem for problem in problems if problem.severity == "error"]
        lines = "\n".join(f"  {problem}" for problem in errors[:20])
        super().__init__(f"{name}: {counted(len(errors), 'problem')}\n{lines}")
        self.name = name
        self.problems = list(problems)


def load_document(text: str | bytes | FilePath, name: str = "", *, fmt: str | None = None) -> Loaded:
    """Check a document: its text, its bytes, or the file at a path.

    `name` (a file's name) decides between JSON and YAML where `fmt` does not, and names a graph that has no name.
    Never raises for what a document holds; an unreadable file raises `OSError`.
    """
    if isinstance(text, FilePath):
        return load_file(text, fmt=fmt)
    report = Report()
    source: Source | None = None
    graph: Graph | None = None
    try:
        decoded = decode(text, report)
        source = Source(decoded, fmt or guess_format(name, decoded), report)
        data = source.read()
        graph = Builder(report).graph(data, _stem(name))
        if graph is not None:
            Checker(graph, report).run()
    except Unreadable:
        graph = None
    problems = _placed(source, report)
    return Loaded(None if report.errors else graph, problems)


check_text = load_document
"""The editor's name for it."""


def load_file(path: FilePath, *, fmt: str | None = None) -> Loaded:
    """Check a file. Raises `OSError`."""
    with path.open("rb") as file:
        # One byte more than allowed is enough to know that it is too large.
        return load_document(file.read(MAX_BYTES + 1), path.name, fmt=fmt)


def read_graph(text: str | bytes | FilePath, name: str = "") -> Graph:
    """The graph of a document that is expected to be right. Raises `DocumentError`."""
    loaded = load_document(text, name)
    if loaded.graph is None:
        raise DocumentError(name or (str(text) if isinstance(text, FilePath) else "document"), loaded.problems)
    return loaded.graph


def _stem(name: str) -> str:
    return FilePath(name).stem if name not in ("", "-") else ""


def _placed(source: Source | None, report: Report) -> list[Problem]:
    """The problems with their lines and columns, looked up in one further pass over the text."""
    drafts = report.drafts
    spans: dict[tuple[str | int, ...], Span] = {}
    if source is not None and any(draft.problem.path for draft in drafts):
        spans = source.locate({draft.problem.path for draft in drafts if draft.problem.path})
    problems = [_place(source, draft, spans.get(draft.problem.path)) for draft in drafts]
    problems.sort(key=lambda problem: (problem.line, problem.column))
    if report.left_out:
        problems.append(Problem(message=f"and {counted(report.left_out, 'more problem')}", code="more"))
    return problems


def _place(source: Source | None, draft: Draft, span: Span | None) -> Problem:
    if source is None or span is None or draft.problem.line:
        return draft.problem
    offset = span.key if draft.at_key else span.start
    if draft.text is not None:
        offset = _within(source.text, span, draft.text, draft.offset)
    line, column = source.line_column(offset)
    return msgspec.structs.replace(draft.problem, line=line, column=column)


def _within(text: str, span: Span, value: str, offset: int) -> int:
    """Where a character of a value stands in the source, found by the `${{` before it.

    Quotes, escapes and the indentation of blocks make source and value differ, but not inside an expression.
    """
    opening = value.rfind("${{", 0, offset + 3)
    if opening < 0:
        quoted = text[span.start : span.start + 1] in ("'", '"')
        return min(span.start + offset + quoted, max(span.start, span.end - 1))
    at = span.start - 1
    for _ in range(value.count("${{", 0, opening) + 1):
        at = text.find("${{", at + 1, span.end)
        if at < 0:
            return span.start
    return min(at + offset - opening, max(at, span.end - 1))
