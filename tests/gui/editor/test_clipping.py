"""Tasks as a piece of YAML, without a window."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from windlass.model.document import check_text
from windlass_gui.editor.document.clipping import Clipping, clip, fitted, read_clipping
from windlass_gui.editor.document.document import Document
from windlass_gui.editor.parts.dropped_files import data_task, script_task, sort_files, task_id

DOCUMENT = """\
windlass: 1
tasks:
  split: {command: [split, a], outputs: ["*.part"], position: [0, 10]}
  work:
    needs: [split]
    foreach: split.outputs
    script: |
      echo ${{ tasks.split.result }}
      echo two
    position: [200, 10]
  rest: {command: x, needs: [work]}
canvas:
  frames:
    both: {title: Both, tasks: [split, work], color: blue}
    all: {tasks: [rest]}
"""


def test_a_piece_is_readable_yaml_with_the_frames_that_hold_nothing_else() -> None:
    text = clip(Document(DOCUMENT), ["work", "split"])
    assert text.startswith("tasks:\n  split:\n    command: [split, a]\n")
    assert "    script: |\n      echo ${{ tasks.split.result }}\n      echo two\n" in text
    assert "both" in text
    assert "all" not in text
    assert clip(Document(DOCUMENT), []) == ""


def test_copies_refer_to_each_other_under_their_new_names() -> None:
    document = Document(DOCUMENT)
    fresh = fitted(read_clipping(clip(document, ["split", "work"])), document.facts, document.frames, (5, 7))
    assert list(fresh.tasks) == ["split-2", "work-2"]
    assert fresh.tasks["work-2"]["needs"] == ["split-2"]
    assert fresh.tasks["work-2"]["foreach"] == "split-2.outputs"
    assert "tasks.split-2.result" in fresh.tasks["work-2"]["script"] or "split-2" in fresh.tasks["work-2"]["script"]
    assert fresh.tasks["split-2"]["position"] == [5, 17]
    assert fresh.frames == {"both-2": {"title": "Both", "tasks": ["split-2", "work-2"], "color": "blue"}}


def test_a_copy_without_what_it_needs_needs_it_no_more() -> None:
    document = Document(DOCUMENT)
    fresh = fitted(read_clipping(clip(document, ["rest"])), document.facts, document.frames, (0, 0))
    assert fresh.tasks == {"rest-2": {"command": "x"}}


def test_names_that_were_made_do_not_meet_names_that_are_there() -> None:
    piece = read_clipping("tasks:\n  a: {command: x}\n  a-2: {command: x, needs: a}\n")
    fresh = fitted(piece, {"a"}, (), (0, 0))
    assert list(fresh.tasks) == ["a-3", "a-2"]
    assert fresh.tasks["a-2"]["needs"] == ["a-3"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("hello", "other text"), ("a: [", "other text"), (" ", "holds no text"), ("tasks: []", "nothing in it is a task"),
     ("x: 1", "nothing in it is a task"), ("tasks: {a: 1}", "“a” says nothing that a task could run"),
     ("tasks: {1 2: {command: x}}", "“1 2” is no id"), ("tasks:\n\ta: 1", "line 2: a tab cannot be used"),
     ("\0\x7fELF", "other text"), ("a: &a [1]\nb: " + "*a" * 9, "other text"), ("[" * 9000, "other text"),
     ("lorem ipsum " * 9000, "other text")],
)  # fmt: skip
def test_what_is_no_piece_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_clipping(text)


def test_dropped_files_become_tasks_that_a_graph_takes(tmp_path: object) -> None:
    from windlass_gui.editor.document.clipping import piece_text

    made = dict([script_task("bin/make it.py"), script_task("run"), data_task(["a.csv"]), data_task(["b c.txt", "d"])])
    assert list(made) == ["make-it", "run", "a", "each-file"]
    text = "windlass: 1\n" + piece_text({"tasks": made})
    result = check_text(text)
    assert [problem for problem in result.problems if problem.severity == "error"] == []
    assert made["make-it"] == {"command": ["python3", "bin/make it.py"], "inputs": ["bin/make it.py"]}


def test_files_are_sorted_by_what_they_are(tmp_path: object) -> None:
    from pathlib import Path

    folder = Path(str(tmp_path))
    (folder / "graph.yaml").write_text("# mine\nwindlass: 1\ntasks: {}\n")
    (folder / "graph.json").write_text('{"windlass": 1}')
    (folder / "data.yaml").write_text("a: 1\n")
    (folder / "run.PY").write_text("")
    (folder / "tool").write_text("")
    (folder / "tool").chmod(0o755)
    found = sort_files([*sorted(folder.iterdir()), folder / "gone.yaml"])
    assert [path.name for path in found.graphs] == ["graph.json", "graph.yaml"]
    assert [path.name for path in found.scripts] == ["run.PY", "tool"]
    assert [path.name for path in found.data] == ["data.yaml", "gone.yaml"]
    assert [task_id(name) for name in ("9 lives.csv", "…", "Ünits.txt", "ok_1.x")] == [
        "task-9-lives",
        "task",
        "nits",
        "ok_1",
    ]


class Watched(dict[str, object]):
    """Notes what is looked up."""

    def __init__(self, content: Mapping[str, object], looked: list[str]) -> None:
        super().__init__(content)
        self.looked = looked

    def __contains__(self, key: object) -> bool:
        self.looked.append(str(key))
        return super().__contains__(key)


def test_the_lines_of_a_task_alone_can_be_pasted() -> None:
    piece = read_clipping("encode:\n  command: echo hi\ncut: {script: ls}\n")
    assert list(piece.tasks) == ["encode", "cut"]


def test_thousands_of_copies_refer_to_each_other_and_no_pair_is_looked_at() -> None:
    count = 3000
    chain: dict[str, dict[str, Any]] = {f"t{at}": {"command": "echo ${{ tasks.t0.result }}"} for at in range(count)}
    for at in range(1, count):
        chain[f"t{at}"] |= {"needs": [f"t{at - 1}"], "inputs": [f"t{at - 1}.outputs"]}
    looked: list[str] = []
    made = fitted(Clipping(chain), Watched(chain, looked), (), (0, 0))
    assert made.tasks["t2999-2"]["needs"] == ["t2998-2"]
    assert made.tasks["t2999-2"]["inputs"] == ["t2998-2.outputs"]
    assert made.tasks["t2999-2"]["command"] == "echo ${{ tasks.t0-2.result }}"
    assert len(looked) <= 2 * count
