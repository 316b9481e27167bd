"""Damaged documents: whatever is cut out of or put into a good one, the checker answers and never raises."""

# ruff: noqa: E501
from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.model.document import load_document
from windlass.model.edit import DocumentText
from windlass.model.export import to_document
from windlass.model.schema import starter

GOOD = starter()
PIECES = st.one_of(
    st.sampled_from(["&a ", "*a", "!!str ", "? ", "- ", ": ", "{", "}", "[", "]", "'", '"', "|\n", ">\n", "\t", "---\n", "...\n",
                     "%YAML 9.9\n", "<<: ", "#", "${{ ", " }}", "\x00", "\x85", "\u2028", "\ufeff", "\\", "\ud800", "&", "\r"]),
    st.text(max_size=4),
)  # fmt: skip


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(st.tuples(st.integers(0, len(GOOD)), st.integers(0, 30), PIECES), min_size=1, max_size=4))
def test_damaged_text(cuts: list[tuple[int, int, str]]) -> None:
    text = GOOD
    for at, length, piece in cuts:
        text = text[:at] + piece + text[at + length :]
    graph, problems = load_document(text)
    assert (graph is None) == any(problem.severity == "error" for problem in problems)
    for problem in problems:
        assert 0 <= problem.line <= len(text.splitlines()) + 2
    try:
        assert DocumentText(text).to_text() == text.removeprefix("\ufeff")
    except ValueError:
        pass


@settings(max_examples=examples(60), deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(GOOD)))
def test_damaged_bytes(junk: bytes, at: int) -> None:
    raw = GOOD.encode()
    for document in (junk, raw[:at] + junk + raw[at:]):
        load_document(document)
        load_document(document, fmt="json")


VALUES: st.SearchStrategy[Any] = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.sampled_from(
        ["", "x", "a.outputs", "b.result", "${{ item }}", "${{", "${{ tasks.a.result }}", "10 min", "5 GiB", "../x", "m:f",
         "os == linux", "not", "a", "b", "${{ params.p }}", "${{ range(5) }}"])),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(
        st.sampled_from(["task", "each", "range", "values", "max", "cpus", "memory", "named", "os", "A"]), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip
FIELDS = ["command", "script", "python", "needs", "matrix", "foreach", "when", "env", "workdir", "inputs", "outputs",
          "resources", "where", "priority", "retries", "timeout", "deadline", "position", "args", "kwargs", "shell", "title"]  # fmt: skip
TASKS = st.dictionaries(
    st.sampled_from(["a", "b", "c d"]),
    st.one_of(VALUES, st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=5)),
    max_size=3,
)


@settings(max_examples=examples(200), deadline=None)
@given(st.fixed_dictionaries({"windlass": st.just(1)}, optional={
    "tasks": st.one_of(TASKS, VALUES), "params": st.one_of(st.just({"p": 1}), VALUES), "defaults": VALUES, "name": VALUES}))  # fmt: skip
def test_any_data(document: dict[str, Any]) -> None:
    graph, problems = load_document(json.dumps(document))
    assert (graph is None) == any(problem.severity == "error" for problem in problems)
    if graph is not None:
        assert load_document(json.dumps(to_document(graph))).graph == graph
