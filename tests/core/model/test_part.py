"""Parts of a graph: what they need from outside, and the documents they become."""

from __future__ import annotations

import json

import pytest

from windlass.model.document import check_text
from windlass.model.graph import Graph
from windlass.model.part import MARK, Outside, downstream, outside, part_text, with_sources

TEXT = """windlass: 1
name: film
tasks:
  # the source
  split: {command: "ffmpeg", outputs: "*.png"}
  setup: {command: "mkdir"}
  render:
    command: [render, "${{ item }}"]
    needs: [split, setup]
    foreach: split.outputs
    outputs: "out.png"
  count: {python: "m:f", needs: render}
  join:
    command: "join ${{ tasks.count.result }}"   # with a number
    needs: [render, count, setup]
    inputs: render.outputs
  tidy: {command: "rm", needs: join, when: "${{ tasks.split.status == 'succeeded' }}", apart: setup}
"""


def graph_of(text: str) -> Graph:
    found = check_text(text)
    assert found.graph is not None, [str(problem) for problem in found.problems]
    return found.graph


def test_what_a_part_takes_from_outside() -> None:
    graph = graph_of(TEXT)
    assert outside(graph, {"render"}) == [
        Outside("render", "split", "its files, an item each"), Outside("render", "setup")
    ]  # fmt: skip
    assert {(o.need, bool(o.how)) for o in outside(graph, {"join"})} == {
        ("render", True), ("count", True), ("setup", False)
    }  # fmt: skip
    assert outside(graph, [task.id for task in graph.tasks]) == []


def test_scopes() -> None:
    graph = graph_of(TEXT)
    assert downstream(graph, ["count"]) == {"count", "join", "tidy"}
    assert with_sources(graph, ["join"]) == {"join", "render", "count", "split"}
    assert with_sources(graph, ["setup"]) == {"setup"}


@pytest.mark.parametrize("form", ["yaml", "json"])
def test_a_part_is_a_whole_document(form: str) -> None:
    text = TEXT
    if form == "json":
        from windlass.model.edit import DocumentText

        text = json.dumps(DocumentText(TEXT).data)
    made = part_text(text, {"split", "render", "count", "join"})
    assert made.startswith(MARK + "4 of 6 tasks\n")
    graph = graph_of(made)
    assert [task.id for task in graph.tasks] == ["split", "render", "count", "join"]
    needs = {task.id: [need.task for need in task.needs] for task in graph.tasks}
    assert needs["render"] == ["split"]
    assert sorted(needs["join"]) == ["count", "render"]
    if form == "yaml":
        assert "# with a number" in made


def test_the_whole_is_no_part() -> None:
    assert part_text(TEXT, {task.id for task in graph_of(TEXT).tasks}) == TEXT


def test_many_tasks_are_taken_out_quickly() -> None:
    tasks = "".join(f"  t{n}: {{command: x{f', needs: t{n - 1}' if n else ''}}}\n" for n in range(3000))
    made = part_text(f"windlass: 1\nname: long\ntasks:\n{tasks}", {f"t{n}" for n in range(2990, 3000)})
    graph = graph_of(made)
    assert len(graph.tasks) == 10
    assert graph.tasks[0].needs == []
