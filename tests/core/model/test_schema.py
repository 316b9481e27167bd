"""The schema is current, agrees with the checker, and the samples and the starter pass both; so does the command."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

import windlass_resources
from windlass.cli.check import check_command, new_command, schema_command
from windlass.model.document import load_document, read_graph
from windlass.model.problems import Report
from windlass.model.programs import needed_programs
from windlass.model.schema import FILE, make_schema, schema_text, starter
from windlass.model.source import Source

SAMPLES = sorted(Path(windlass_resources.__file__).parent.glob("samples/*/*.yaml"))
VALIDATOR = Draft202012Validator(make_schema())


def data(text: str) -> Any:
    return Source(text, "yaml", Report()).read()


def test_the_shipped_schema_is_current() -> None:
    assert FILE.read_text(encoding="utf-8") == schema_text(), "run: python -m windlass.model.schema"
    Draft202012Validator.check_schema(make_schema())


@pytest.mark.parametrize("text", [*(path.read_text() for path in SAMPLES), starter()],
                         ids=[*(path.parent.name for path in SAMPLES), "starter"])  # fmt: skip
def test_samples_pass_the_checker_and_the_schema(text: str) -> None:
    assert load_document(text).problems == []
    VALIDATOR.validate(data(text))


def test_there_are_samples() -> None:
    assert len(SAMPLES) >= 4


@pytest.mark.parametrize(
    "body",
    [
        "{}", "{comand: x}", "{command: x, script: y}", "{command: []}", "{command: x, timeout: soon}", "{script: ''}",
        "{command: x, resources: {memory: 5 MBi}}", "{command: x, resources: {cpu: 1}}", "{command: x, args: [1]}",
        "{command: x, foreach: []}", "{command: x, matrix: {a: []}}", "{command: x, retries: -1}", "{python: nocolon}",
        "{command: x, position: [1]}", "{command: x, needs: [1]}", "{command: x, matrix: {a: [1]}, foreach: 3}",
    ],
)  # fmt: skip
def test_the_schema_refuses_what_the_checker_refuses(body: str) -> None:
    text = f"windlass: 1\ntasks: {{a: {body}}}\n"
    assert load_document(text).graph is None
    assert list(VALIDATOR.iter_errors(data(text)))


@pytest.mark.parametrize(
    ("task", "programs"),
    [
        ("command: [ffmpeg, -i, x]", ["ffmpeg"]), ("command: [./own, x]", []),
        ("command: ['${{ params.cc }}', x]", ["gcc"]),
        ("command: A=1 sox x | lame - && cd y && time flac z; echo done", ["sox", "lame", "flac"]),
        ("command: ${{ params.cc }} -o x", []),
        ("script: |\n      for x in *; do\n        convert $x\n      done\n      own x",
                                                ["convert"]),
        ("script: import os\n    shell: python3", ["python3"]), ("python: m:f", []),
        ("command: echo 'it''s", ["s"][:0]),
    ],
)  # fmt: skip
def test_programs_that_are_needed(task: str, programs: list[str]) -> None:
    graph = read_graph(f"windlass: 1\nparams: {{cc: gcc}}\ntasks:\n  a:\n    {task}\n")
    assert [program.name for program in needed_programs(graph)] == programs


def test_a_program_knows_its_package() -> None:
    graph = read_graph("windlass: 1\ntasks: {a: {command: ffprobe x}, b: {command: [ffprobe]}}")
    (program,) = needed_programs(graph)
    assert (program.name, program.package, program.tasks) == ("ffprobe", "ffmpeg", ("a", "b"))


@pytest.fixture
def app() -> typer.Typer:
    made = typer.Typer()
    made.command("check")(check_command)
    made.command("schema")(schema_command)
    made.command("new")(new_command)
    return made


def test_check_shows_the_line_and_exits_2(app: typer.Typer, tmp_path: Path) -> None:
    bad = tmp_path / "bad.yaml"
    bad.write_text("windlass: 1\ntasks:\n  a:\n    comand: echo\n    needs: ['\x1b[31m']\n".replace("\x1b", "\\e"))
    result = CliRunner().invoke(app, ["check", str(bad), str(tmp_path / "none.yaml")])
    assert result.exit_code == 2
    assert f"{bad}:4:5: error: unknown field of a task 'comand'" in result.output
    assert "    4 |     comand: echo\n      |     ^\n" in result.output
    assert "did you mean: command" in result.output
    assert "none.yaml: error: cannot be read: No such file or directory" in result.output
    assert "\x1b" not in result.output
    assert "Traceback" not in result.output


def test_check_as_json(app: typer.Typer, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text("windlass: 1\ntasks: {a: {command: no-such-program, inputs: [gone.txt]}}\n")
    result = CliRunner().invoke(app, ["check", "--json", str(tmp_path / "graph.yaml")])
    told = json.loads(result.stdout)
    assert (result.exit_code, told["ok"], told["files"][0]["tasks"]) == (0, True, 1)
    assert [(p["severity"], p["code"]) for p in told["files"][0]["problems"]] == [
        ("warning", "missing-input"),
        ("warning", "missing-program"),
    ]


def test_new_writes_a_graph_that_passes(app: typer.Typer, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "first.yaml"
    run = CliRunner().invoke
    assert run(app, ["new", str(path)]).exit_code == 0
    assert read_graph(path).name == "first"
    assert (path.parent / "graph.schema.json").read_text() == schema_text()
    assert run(app, ["check", str(path)]).exit_code == 0
    again = run(app, ["new", str(path)])
    assert (again.exit_code, "is there already" in again.output) == (2, True)
    assert run(app, ["new", str(tmp_path / "x.json")]).exit_code == 2


def test_schema_is_printed(app: typer.Typer) -> None:
    assert json.loads(CliRunner().invoke(app, ["schema"]).stdout) == make_schema()
