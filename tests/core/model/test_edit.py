"""Edits keep what they do not concern, and the text always says what the data says."""

from __future__ import annotations

import difflib
import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.model.document import load_document
from windlass.model.edit import DocumentText

TEXT = """\
# A graph with comments everywhere.
windlass: 1
name: encode     # its name
params:
  crf: 28        # lower is better
tasks:
  # First of all.
  split:
    command:
      [ffmpeg, -i, "a b.mkv",
       -f, segment, 'part-%03d.mkv']   # over two lines
    outputs: ["part-*.mkv"]

  # One a part.
  encode:
    needs: [split]                     # waits
    foreach: split.outputs
    command: [x264, "${{ item }}", "-crf=${{ params.crf }}"]
    resources: {cpus: 1, memory: 512 MiB}
    position: [10, 20]

  report: {python: "m:f", args: ["${{ len(tasks['split'].outputs) }}"], when: tasks.split.status == 'x'}
# The end.
"""


def changed(document: DocumentText, before: str = TEXT) -> list[str]:
    lines = difflib.ndiff(before.splitlines(), document.to_text().splitlines())
    return [line for line in lines if line[0] in "+-"]


def check(document: DocumentText) -> None:
    """The text read anew is the data."""
    assert DocumentText(document.to_text(), document.fmt).data == document.data


def test_nothing_changes_without_an_edit() -> None:
    assert DocumentText(TEXT).to_text() == TEXT


def test_a_moved_node_changes_one_line() -> None:
    document = DocumentText(TEXT)
    document.set_positions({"encode": (30.0, 40.5)})
    assert changed(document) == ["-     position: [10, 20]", "+     position: [30, 40.5]"]
    check(document)


ODD = """\
windlass: 1
name: odd
tasks:
  plain:  # the first
    command: x
    # where it stands
    position: [1, 2]  # by hand

  none:
    script: |
      echo hi
      position: [7, 7]
      # done
  # above the next one
  listed:
    needs:
    - plain
    - none
    command: [echo,
      "position: [9, 9]"]
    position:
      - 1
      - 2
  quoted:
    "position": [1, 2]
    command: x
  braces: {command: x, position: [1, 2]}
  floats:
    position: [ 1.5,2 ]
    command: >-
      # no comment
"""


def test_many_positions_at_once_are_as_one_by_one() -> None:
    points = {task: (place + 0.5, -place) for place, task in enumerate(DocumentText(ODD).task_ids)}
    together, single = DocumentText(ODD), DocumentText(ODD)
    together.set_positions(points)
    for task, (x, y) in points.items():
        single.set_positions({task: (x, y)})
    check(together)
    assert together.data == single.data
    assert "    position: [0.5, 0]  # by hand\n\n" in together.to_text()
    assert "      # done\n    position: [1.5, -1]\n  # above the next one\n" in together.to_text()
    assert "- 2.5\n" in together.to_text()
    assert "    position: [5.5, -5]\n" in together.to_text()
    before = together.to_text()
    together.set_positions(points)
    assert together.to_text() == before
    for text in ("windlass: 1\ntasks: {a: {command: x}, b: }\n", '{"windlass": 1, "tasks": {"a": {"command": "x"}}}'):
        whole = DocumentText(text)
        whole.set_positions(dict.fromkeys(whole.task_ids, (3, 4)))
        assert {task["position"] == [3, 4] for task in whole.data["tasks"].values()} == {True}
        check(whole)


def test_a_script_keeps_its_last_comment() -> None:
    text = "windlass: 1\ntasks:\n  a:\n    script: |\n      echo\n\n      # done\n"
    for edit in (
        lambda document: document.set_positions({"a": (1, 2)}),
        lambda document: document.set_positions({"a": (1, 2)}),
        lambda document: document.set_field("a", "title", "A"),
        lambda document: document.add_task("b", {"command": "x"}),
    ):
        document = DocumentText(text)
        edit(document)
        assert document.data["tasks"]["a"]["script"] == "echo\n\n# done\n"
        check(document)


def test_a_new_field_adds_one_line() -> None:
    document = DocumentText(TEXT)
    document.set_field("split", "timeout", "5 min")
    assert changed(document) == ["+     timeout: 5 min"]
    document.set_field("split", "env", {"A": "1"})
    assert "+     env: {A: '1'}" in changed(document)
    check(document)


def test_setting_what_is_there_changes_nothing() -> None:
    document = DocumentText(TEXT)
    document.set_field("encode", "resources", {"cpus": 1, "memory": "512 MiB"})
    assert document.to_text() == TEXT


def test_part_of_a_field_keeps_the_rest() -> None:
    document = DocumentText(TEXT)
    document.set_field("split", "command", ["ffmpeg", "-i", "other", "-f", "segment", "part-%03d.mkv"])
    assert "'part-%03d.mkv']" in document.to_text()
    document.set_field("encode", "resources", {"cpus": 2, "memory": "512 MiB"})
    assert "    resources: {cpus: 2, memory: 512 MiB}\n" in document.to_text()
    check(document)


def test_removing_a_field() -> None:
    document = DocumentText(TEXT)
    document.set_field("encode", "resources", None)
    document.remove_field("encode", "position")
    document.remove_field("encode", "position")
    assert changed(document) == ["-     resources: {cpus: 1, memory: 512 MiB}", "-     position: [10, 20]"]
    document.remove_field("report", "when")
    check(document)


def test_renaming_follows_every_reference() -> None:
    document = DocumentText(TEXT)
    document.rename_task("split", "cut-up")
    text = document.to_text()
    assert "split" not in text
    assert "needs: [cut-up]" in text
    assert "# waits" in text
    assert "foreach: cut-up.outputs" in text
    assert "tasks['cut-up'].outputs" in text
    assert "when: tasks.cut-up.status == 'x'" in text
    assert "  # First of all.\n  cut-up:\n" in text
    assert document.task_ids == ["cut-up", "encode", "report"]
    check(document)
    graph = load_document(text).graph
    assert graph is not None
    assert [need.task for need in graph.tasks[1].needs] == ["cut-up"]


def test_removing_a_task_drops_what_waits_for_it() -> None:
    document = DocumentText(TEXT)
    document.remove_task("split")
    text = document.to_text()
    assert "First of all" not in text
    assert "needs" not in text
    assert "# One a part." in text
    check(document)
    document.remove_task("report")
    document.remove_task("encode")
    assert document.task_ids == []
    check(document)
    document.add_task("again", {"command": "true"})
    assert "  again:\n    command: 'true'\n" in document.to_text()
    check(document)


def test_who_is_kept_apart_follows_too() -> None:
    document = DocumentText(TEXT)
    document.set_field("encode", "apart", ["encode", "split"])
    document.rename_task("split", "cut")
    assert document.data["tasks"]["encode"]["apart"] == ["encode", "cut"]
    document.remove_task("cut")
    assert document.data["tasks"]["encode"]["apart"] == ["encode"]
    document.set_top("limits", {"running": 3})
    check(document)


def test_adding_tasks_and_needs() -> None:
    document = DocumentText(TEXT)
    document.add_task("last", {"script": "a\nb\n", "needs": ["report"], "position": [0, 1]})
    assert "  last:\n    script: |\n      a\n      b\n    needs: [report]\n    position: [0, 1]\n" in document.to_text()
    document.add_need("last", "encode", each=True)
    document.add_need("last", "encode")
    assert "    needs: [report, {task: encode, each: true}]\n" in document.to_text()
    document.remove_need("last", "report")
    document.remove_need("last", "encode")
    assert "needs" not in document.data["tasks"]["last"]
    check(document)


def test_the_graph_itself() -> None:
    document = DocumentText(TEXT)
    document.set_top("params", {"crf": 30, "more": [1]})
    document.set_top("name", "other")
    document.set_top("description", "What it does.")
    text = document.to_text()
    assert "  crf: 30        # lower is better\n  more: [1]\n" in text
    assert "name: other      # its name" in text
    assert "description: What it does.\nparams:" in text
    document.set_top("params", None)
    assert "params" not in document.data
    check(document)


@pytest.mark.parametrize("text", ["windlass: 1\nname: x\ntasks: {}\n", "windlass: 1\n", "windlass: 1\ntasks:\n",
                                  '{"windlass": 1, "tasks": {}}'])  # fmt: skip
def test_from_nothing(text: str) -> None:
    document = DocumentText(text)
    document.add_task("a", {"command": ["x", "y"], "position": [0, 0]})
    document.add_task("b", {"command": "y", "needs": ["a"]})
    document.set_positions({"b": (1, 1)})
    check(document)
    assert load_document(document.to_text()).graph is not None


def test_what_cannot_be_done_changes_nothing() -> None:
    document = DocumentText(TEXT)
    for edit in (
        lambda: document.add_task("split", {}),
        lambda: document.add_task("a b", {}),
        lambda: document.rename_task("split", "encode"),
        lambda: document.rename_task("nope", "x"),
        lambda: document.set_field("nope", "title", "x"),
        lambda: document.remove_task("nope"),
        lambda: document.add_need("split", "nope"),
        lambda: document.set_top("tasks", {}),
    ):
        with pytest.raises(ValueError):
            edit()
    assert document.to_text() == TEXT


@pytest.mark.parametrize("text", ["", "- a", "a: [", "a: 1\na: 2\n", "hello"])
def test_a_text_that_is_no_document_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        DocumentText(text)


def test_anchors_are_rewritten_as_a_whole() -> None:
    text = "windlass: 1\ntasks:\n  a: &t {command: x}  # one\n  b:\n    <<: *t\n    title: B\n"
    document = DocumentText(text)
    document.set_field("b", "title", "C")
    assert "# one" in document.to_text()
    check(document)


def test_json() -> None:
    document = DocumentText(json.dumps({"windlass": 1, "tasks": {"a": {"command": ["x"]}}}, indent=4))
    document.set_field("a", "title", "ä")
    document.rename_task("a", "b")
    assert '            "title": "ä"' in document.to_text()
    assert list(json.loads(document.to_text())["tasks"]) == ["b"]
    check(document)


IDS = ["split", "encode", "report", "new", "other-one"]
VALUES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=12),
    st.sampled_from(
        ["a\nb\n", "x: y", "# no", "- a", "'q'", "yes", "1.0", "", " lead", "trail ", "a\n  b", "${{ item }}"]
    ),
    st.integers(-5, 5),
    st.booleans(),
    st.lists(st.sampled_from(["a", "b c", "1", "#x", "-"]), max_size=4),
    st.dictionaries(st.sampled_from(["A", "B"]), st.sampled_from(["1", "x y", ""]), max_size=2),
    st.lists(st.floats(-10, 10), min_size=2, max_size=2),
)
STEPS = st.one_of(
    st.tuples(
        st.just("set_field"), st.sampled_from(IDS), st.sampled_from(["title", "env", "command", "position"]), VALUES
    ),
    st.tuples(st.just("remove_field"), st.sampled_from(IDS), st.sampled_from(["title", "env", "command", "needs"])),
    st.tuples(st.just("add_task"), st.sampled_from(IDS), st.just({"command": "x", "title": "T"})),
    st.tuples(st.just("remove_task"), st.sampled_from(IDS)),
    st.tuples(st.just("rename_task"), st.sampled_from(IDS), st.sampled_from(IDS)),
    st.tuples(st.just("add_need"), st.sampled_from(IDS), st.sampled_from(IDS)),
    st.tuples(st.just("remove_need"), st.sampled_from(IDS), st.sampled_from(IDS)),
    st.tuples(st.just("set_top"), st.sampled_from(["name", "params", "description"]), VALUES),
)


@settings(max_examples=examples(60), deadline=None)
@given(st.sampled_from([TEXT, "windlass: 1\ntasks: {}\n", TEXT.replace("\n\n", "\n")]), st.lists(STEPS, max_size=8))
def test_any_edits_leave_text_and_data_equal(text: str, steps: list[tuple[Any, ...]]) -> None:
    document = DocumentText(text)
    for name, *arguments in steps:
        before = document.to_text()
        try:
            getattr(document, name)(*arguments)
        except ValueError:
            assert document.to_text() == before
        again = DocumentText(document.to_text())
        assert again.data == document.data
        assert again.task_ids == document.task_ids


def test_a_field_of_many_tasks_is_set_as_one_by_one() -> None:
    text = (
        "windlass: 1\nname: x\ntasks:\n"
        "  plain:\n    command: a\n    resources: {cpus: 1}   # few\n"
        "  block:\n    command: b\n    resources:\n      cpus: 1   # why\n    retries: 2\n"
        "  # the last\n  other: {command: c}\n"
    )
    for field, value in (
        ("retries", 3), ("retries", None), ("resources", {"cpus": 4, "memory": "1 GiB"}), ("where", ["os == linux"]),
        ("title", "a: 'b'"), ("script", "one\ntwo\n"), ("position", [10, -20]),
    ):  # fmt: skip
        together, single = DocumentText(text), DocumentText(text)
        together.set_each(field, dict.fromkeys(together.task_ids, value))
        for task in single.task_ids:
            single.set_field(task, field, value)
        assert together.data == single.data == DocumentText(together.to_text()).data
        assert re.sub(" +#", " #", together.to_text()) == re.sub(" +#", " #", single.to_text())
        for kept in ("# why", "# few", "# the last"):
            assert kept in together.to_text() or field == "resources"
