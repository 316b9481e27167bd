"""What documents mean: every form of every field, defaults, and needs that are understood."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from windlass.model.document import DocumentError, check_text, load_document, read_graph
from windlass.model.edit import DocumentText
from windlass.model.export import dump, to_document
from windlass.model.graph import (
    Command,
    Foreach,
    Graph,
    Limits,
    Need,
    PythonCall,
    Resources,
    RetryPolicy,
    Script,
    Task,
)

FULL = """\
windlass: 1
name: everything
description: All fields at once.
params: {source: sample.mp4, crf: 28, sizes: [1, 2]}
limits: {running: 20, groups: {database: 4, net: 2}}
defaults:
  retries: 2
  resources: {cpus: 2, memory: 256 MiB}
  env: {LEVEL: low, PLACE: here}
  where: os == linux
  shell: bash
tasks:
  split:
    command: ffmpeg -i ${{ params.source }}
    inputs: ["${{ params.source }}"]
    outputs: ["part-*.mkv"]
    env: {LEVEL: high}
  encode:
    needs: {task: split}
    foreach: split.outputs/part-*.mkv
    command: [ffmpeg, -crf, "${{ params.crf }}", 7, true]
    resources: {memory: 1 GiB, disk: 2 GB, gpus: 1, gpu-memory: 8 GiB, named: {matlab: 1}}
    retries: {max: 3, backoff: 10 s, factor: 3, max-backoff: 1 min, only-on: [1, 2], never-on: 3}
    timeout: 1h30m
    deadline: 2 days
    placement: spread
    apart: [split, encode]
    exclusive: true
    pin: true
    limit: 3
    groups: [database, net]
    priority: -5
    where: {arch: x86_64, site: "north side"}
    continue-on-error: true
    workdir: work
    title: Encode
    position: [1, 2.5]
  check:
    script: |
      echo
    needs: [{task: encode, each: true}]
    matrix: {size: [1, 2], mode: [a, b]}
    when: ${{ params.crf > 3 }}
  report:
    python: work.report:main
    args: [1, {a: "${{ tasks.check.status }}"}]
    kwargs: {x: null}
    foreach: ${{ params.sizes }}
"""


def test_every_field() -> None:
    text = FULL.replace(", each: true", "")
    loaded = load_document(text)
    assert loaded.problems == []
    linux = ["os == linux"]
    resources = Resources(cpus=2, memory=256 * 2**20)
    low = {"LEVEL": "low", "PLACE": "here"}
    common = {"resources": resources, "retries": RetryPolicy(max=2), "where": linux, "env": low}
    assert loaded.graph == Graph(
        name="everything",
        description="All fields at once.",
        params={"source": "sample.mp4", "crf": 28, "sizes": [1, 2]},
        limits=Limits(20, {"database": 4, "net": 2}),
        tasks=[
            Task(
                "split",
                Command("ffmpeg -i ${{ params.source }}"),
                inputs=["${{ params.source }}"],
                outputs=["part-*.mkv"],
                **{**common, "env": {"LEVEL": "high", "PLACE": "here"}},
            ),
            Task(
                "encode",
                Command(["ffmpeg", "-crf", "${{ params.crf }}", "7", "true"]),
                needs=[Need("split")],
                foreach=Foreach(outputs_of="split", pattern="part-*.mkv"),
                env=low,
                resources=Resources(2, 2**30, 2 * 10**9, gpus=1, named={"matlab": 1}, gpu_memory=8 << 30),
                retries=RetryPolicy(3, 10, 3, 60, (1, 2), (3,)),
                timeout=5400,
                deadline=172_800,
                placement="spread",
                apart=["split", "encode"],
                exclusive=True,
                pin=True,
                limit=3,
                groups=["database", "net"],
                priority=-5,
                where=["arch == x86_64", "site == 'north side'"],
                continue_on_error=True,
                workdir="work",
                title="Encode",
                position=(1, 2.5),
            ),
            Task(
                "check",
                Script("echo\n", "bash"),
                needs=[Need("encode")],
                matrix={"size": [1, 2], "mode": ["a", "b"]},
                when="params.crf > 3",
                **common,
            ),
            Task(
                "report",
                PythonCall("work.report:main", [1, {"a": "${{ tasks.check.status }}"}], {"x": None}),
                needs=[Need("check")],
                foreach=Foreach(expr="params.sizes"),
                **common,
            ),
        ],
    )


def test_each_is_judged_at_the_run_when_a_count_is_not_known() -> None:
    assert load_document(FULL).problems == []


def test_a_graph_written_out_is_the_same_graph() -> None:
    graph = read_graph(FULL)
    assert read_graph(dump(graph)) == graph
    assert read_graph(json.dumps(to_document(graph)), "graph.json") == graph


def test_json_and_yaml_say_the_same() -> None:
    graph = read_graph(FULL)
    document = to_document(graph)
    assert read_graph(json.dumps(document)) == read_graph(json.dumps(document, indent=1), "x.yaml") == graph


@pytest.mark.parametrize(
    ("line", "needs"),
    [
        ("foreach: a.outputs", [Need("a")]), ("foreach: b.result", [Need("b")]), ("inputs: [a.outputs/x]", [Need("a")]),
        ("env: {X: '${{ tasks.b.result }}'}", [Need("b")]), ("when: tasks.a.status == 'failed'", [Need("a")]),
        ("needs: [b]\n    inputs: a.outputs", [Need("b"), Need("a")]), ("needs: b", [Need("b")]),
    ],
)  # fmt: skip
def test_needs_are_understood(line: str, needs: list[Need]) -> None:
    graph = read_graph(
        "windlass: 1\ntasks:\n  a: {command: x, outputs: [x]}\n  b: {python: m:f}\n"
        f"  c:\n    command: x\n    {line}\n"
    )
    assert graph.tasks[2].needs == needs


@pytest.mark.parametrize(
    ("raw", "foreach"),
    [
        ("[1, b]", Foreach(values=[1, "b"])), ("5", Foreach(range=(0, 5, 1))), ("{range: 5}", Foreach(range=(0, 5, 1))),
        ("{range: [1, 5]}", Foreach(range=(1, 5, 1))), ("{range: [5, 1, -2]}", Foreach(range=(5, 1, -2))),
        ("{values: [a]}", Foreach(values=["a"])), ("${{ range(3) }}", Foreach(expr="range(3)")),
    ],
)  # fmt: skip
def test_forms_of_foreach(raw: str, foreach: Foreach) -> None:
    graph = read_graph(f"windlass: 1\ntasks:\n  a: {{command: x, foreach: {raw}}}\n" if "$" not in raw else
                       f"windlass: 1\ntasks:\n  a:\n    command: x\n    foreach: {raw}\n")  # fmt: skip
    assert graph.tasks[0].foreach == foreach


def test_yaml_is_read_as_version_1_2() -> None:
    graph = read_graph(
        "windlass: 1\nparams: {a: yes, b: 0o17, c: 0x1f, d: 012, e: 2024-01-01, f: 1e3, g: ~, h: 'null', i: !!str 5}\n"
        "tasks: {on: {command: x}}\n"
    )
    assert graph.params == {
        "a": "yes", "b": 15, "c": 31, "d": 12, "e": "2024-01-01", "f": 1000.0, "g": None, "h": "null", "i": "5",
    }  # fmt: skip
    assert graph.tasks[0].id == "on"


def test_anchors_and_merges() -> None:
    graph = read_graph(
        "windlass: 1\ntasks:\n  a: &base {command: x, title: A}\n  b: {<<: *base, title: B}\n  c: {<<: [*base]}\n"
    )
    assert [(task.id, task.title) for task in graph.tasks] == [("a", "A"), ("b", "B"), ("c", "A")]


def test_names(tmp_path: Path) -> None:
    text = "windlass: 1\ntasks: {a: {command: x}}\n"
    assert read_graph(text, "night-run.yaml").name == "night-run"
    path = tmp_path / "morning.yaml"
    path.write_text(text)
    assert read_graph(path).name == "morning"
    with pytest.raises(OSError):
        load_document(tmp_path / "nothing.yaml")


def test_an_expected_graph_that_is_none() -> None:
    with pytest.raises(DocumentError, match="1:1: error: the version is missing") as error:
        read_graph("tasks: {a: {command: x}}", "x.yaml")
    assert len(error.value.problems) == 1


def test_checking_costs_in_step_with_the_tasks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Twice the tasks: twice the looks at a value, however the tasks hang together."""
    from windlass.model import build

    looks = 0
    original = build.shown

    def counted(value: object, limit: int = 60) -> str:
        nonlocal looks
        looks += 1
        return original(value, limit)

    monkeypatch.setattr(build, "shown", counted)
    tasks = {f"t{n}": {"command": ["x"], "needs": [f"t{n - 1}"] if n else []} for n in range(2000)}
    graph, problems = load_document(json.dumps({"windlass": 1, "tasks": tasks}))
    assert graph is not None
    assert (len(graph.tasks), problems, looks) == (2000, [], 0)


def test_the_reference_names_every_field_and_function() -> None:
    from windlass.model import fields, syntax

    text = (Path(__file__).parents[3] / "docs" / "graph.md").read_text(encoding="utf-8")
    for table in (
        fields.GRAPH,
        fields.TASK,
        fields.RESOURCES,
        fields.RETRIES,
        fields.LIMITS,
        fields.CANVAS,
        fields.FRAME,
        fields.NOTE,
    ):
        for name in table:
            assert name in text or name == "$schema", name
    for function in syntax.FUNCTIONS:
        assert function in text, function
    example = text.split("```yaml\n")[1].split("```")[0]
    assert load_document(example).problems == []


def test_what_is_wrong_with_a_frame_keeps_no_graph_from_running() -> None:
    text = ONE_FRAME.format(tasks="[a, gone]", within="two")
    result = check_text(text)
    assert result.graph is not None
    assert [(problem.severity, problem.code) for problem in result.problems] == [
        ("warning", "unknown-task"),
        ("warning", "cycle"),
        ("warning", "duplicate"),
        ("warning", "cycle"),
    ]


def test_frames_follow_their_tasks_and_a_graph_gives_them_back() -> None:
    source = DocumentText(ONE_FRAME.format(tasks="[a]", within="two"))
    source.rename_task("a", "first")
    assert source.data["canvas"]["frames"]["one"]["tasks"] == ["first"]
    graph = load_document(source.to_text()).graph
    assert graph is not None
    again = load_document(dump(graph)).graph
    assert again is not None
    assert again.canvas == graph.canvas
    source.remove_task("first")
    assert source.data["canvas"]["frames"]["one"]["tasks"] == []
    assert source.to_text().count("# kept") == 1


def test_frames_and_notes_that_are_new_stand_one_below_the_other() -> None:
    source = DocumentText("windlass: 1\ntasks:\n  a: {command: x}\n")
    source.set_top("canvas", {"frames": {"one": {"tasks": ["a"]}, "two": {"tasks": []}}})
    source.set_top("canvas", {**source.data["canvas"], "notes": [{"text": "hello", "position": [1, 2]}]})
    assert source.to_text().endswith(
        "canvas:\n  frames:\n    one: {tasks: [a]}\n    two: {tasks: []}\n"
        "  notes:\n    - {text: hello, position: [1, 2]}\n"
    )


ONE_FRAME = """\
windlass: 1
tasks:
  a: {{command: x}}
  b: {{command: y}}
canvas:
  frames:
    one: {{title: First, tasks: {tasks}, within: {within}}}  # kept
    two: {{tasks: [a], within: one}}
  notes:
    - {{text: hello, position: [10, 20], color: yellow}}
"""
