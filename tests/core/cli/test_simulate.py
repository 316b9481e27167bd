"""`windlass simulate`, `import` and `export` as people use them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from windlass.cli.main import app
from windlass.model.document import load_file

GRAPH = """\
windlass: 1
name: example
params: {n: 4}
tasks:
  split: {command: split, outputs: ["*.part"]}
  part: {command: work, needs: [split], foreach: split.outputs}
  many: {command: work, needs: [split], foreach: "${{ params.n }}"}
  join: {command: join, needs: [part, many], resources: {cpus: 2}}
"""
RECORDED = {
    "name": "recorded",
    "schemaVersion": "1.5",
    "workflow": {
        "specification": {
            "tasks": [
                {"name": "a", "id": "a.1", "parents": [], "children": ["b.1"]},
                {"name": "b", "id": "b.1", "parents": ["a.1"], "children": []},
            ]
        },
        "execution": {
            "makespanInSeconds": 5,
            "executedAt": "2024-01-01T00:00:00Z",
            "tasks": [{"id": "a.1", "runtimeInSeconds": 2}, {"id": "b.1", "runtimeInSeconds": 3}],
            "machines": [{"nodeName": "n1", "cpu": {"coreCount": 4}}],
        },
    },
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WINDLASS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.delenv("WINDLASS_CORE", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "graph.yaml").write_text(GRAPH)
    (tmp_path / "recorded.json").write_text(json.dumps(RECORDED))
    return tmp_path


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


def facts(*arguments: str) -> dict[str, Any]:
    status, out, err = run("simulate", *arguments, "--json")
    assert status == 0, err
    found: dict[str, Any] = json.loads(out)
    return found


def test_a_table_for_people() -> None:
    status, out, _ = run("simulate", "graph.yaml", "--agents", "2x2cpu", "--duration", "split=10s")
    assert status == 0
    assert "example: 4 tasks, 7 items on 2 agents (4 CPUs)" in out
    assert "critical path: split ->" in out
    assert "1 declared, 3 default" in out


def test_facts_for_programs() -> None:
    found = facts("graph.yaml", "--agents", "1x2cpu", "--items", "part=3", "-p", "n=5", "--duration", "*=2s")
    assert (found["state"], found["items"], found["makespan"]) == ("succeeded", 10, 2 + 8 + 2)
    assert found["critical_path"]["length"] == 6
    assert len(found["attempts"]) == 10
    assert found["attempts"][0]["agent_name"] == "agent1"
    assert found["utilisation"]["cpus"] == pytest.approx(22 / 24)


def test_a_trace_for_the_browser(folder: Path) -> None:
    assert run("simulate", "graph.yaml", "--agents", "2x2cpu", "--trace", "trace.json")[0] == 0
    events = json.loads((folder / "trace.json").read_text())["traceEvents"]
    bars = [event for event in events if event["ph"] == "X"]
    assert len(bars) == 7
    assert {"split", "many[3]", "join"} <= {bar["name"] for bar in bars}
    assert all(bar["dur"] == 1e6 for bar in bars)
    assert {event["args"]["name"] for event in events if event["name"] == "process_name"} <= {"agent1", "agent2"}


def test_a_recorded_workflow_needs_no_import_and_brings_its_machines() -> None:
    found = facts("recorded.json")
    assert (found["makespan"], found["capacity"]["cpus"], found["durations"]["recorded"]) == (5, 4, 2)


def test_what_can_never_start_is_status_1() -> None:
    status, out, _ = run("simulate", "graph.yaml", "--agents", "9x1cpu")
    assert status == 1
    assert "can never start: join (1 item): needs 2 cpus, the largest agent has 1" in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--agents 10x8cpu"),
        (["--agents", "8"], "--agents '8'"),
        (["--agents", "1x1cpu", "--duration", "splt=1s"], "did you mean 'split'"),
        (["--agents", "1x1cpu", "--duration", "split"], "TASK=VALUE"),
        (["--agents", "1x1cpu", "--duration", "split=soon"], "is not a duration"),
        (["--agents", "1x1cpu", "--items", "part=-1"], "a whole number"),
        (["--agents", "1x1cpu", "--param", "m=1"], "no parameter 'm'"),
        (["--agents", "1x1cpu", "--default", "x"], "--default x"),
    ],
)
def test_what_is_wrong_is_said(arguments: list[str], words: str) -> None:
    status, _, err = run("simulate", "graph.yaml", *arguments)
    assert status == 2
    assert words in err


def test_like_a_run_without_a_core_is_status_3(monkeypatch: pytest.MonkeyPatch) -> None:
    from windlass.client import api

    original = api.Client.__init__
    monkeypatch.setattr(api.Client, "__init__", lambda self, *a, **k: original(self, *a, **{**k, "timeout": 0.3}))
    assert run("simulate", "graph.yaml", "--agents", "1x2cpu", "--like", "3")[0] == 3
    assert run("export", "3")[0] == 3


@pytest.mark.parametrize("name", ["out.yaml", "out.json"])
def test_import_writes_a_graph_that_simulates_alike(folder: Path, name: str) -> None:
    status, _, err = run("import", "recorded.json", "-o", name)
    assert status == 0
    assert "2 tasks, 2 with recorded runtimes" in err
    assert f"windlass simulate {name} --agents 1x4cpu" in err
    assert facts(name, "--agents", "1x1cpu")["makespan"] == 5
    assert run("import", "recorded.json", "-o", name)[0] == 2, "it is there already"
    assert run("import", "recorded.json", "-o", name, "--force")[0] == 0


def test_import_prints_without_a_name() -> None:
    status, out, err = run("import", "recorded.json")
    assert status == 0
    assert out.startswith("windlass: 1\nname: recorded\n")
    assert "made valid" in err


def test_large_imports_are_read_back_the_same(folder: Path) -> None:
    names = [f"t{number}" for number in range(600)]
    names[7] = "no"
    tasks = [
        {"name": f'"{id}": # {{', "id": id, "parents": names[:place][-2:], "children": []}
        for place, id in enumerate(names)
    ]
    data = {"name": "yes: no", "schemaVersion": "1.6", "workflow": {"specification": {"tasks": tasks}}}
    (folder / "large.json").write_text(json.dumps(data))
    for name in ("g.yaml", "g.json"):
        assert run("import", "large.json", "-o", name)[0] == 0
    one, other = load_file(folder / "g.yaml"), load_file(folder / "g.json")
    assert not one.problems
    assert one.graph == other.graph
    assert one.graph is not None
    assert one.graph.tasks[7].id == "no"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("{", "is no JSON"),
        ("[1]", "no WfFormat document"),
        ('{"schemaVersion": "9", "workflow": {}}', "known: 1.0 to 1.6"),
        ('{"schemaVersion": "1.4", "workflow": {"tasks": [{"name": "a", "parents": ["b"]}]}}', "tasks[0].parents[0]"),
    ],
)
def test_what_cannot_be_imported_is_said(folder: Path, text: str, words: str) -> None:
    (folder / "bad.json").write_text(text)
    status, _, err = run("import", "bad.json")
    assert status == 2
    assert words in err
    assert run("import", "nowhere.json")[0] == 1
    assert run("import", "recorded.json", "-o", "graph.txt")[0] == 2
