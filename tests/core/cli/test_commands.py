"""What the command line says and how it ends when there is nothing to talk to."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from windlass import __version__
from windlass.cli import programs
from windlass.cli.main import COMMANDS, GROUPS, app
from windlass.client import connect
from windlass.model.graph import Command, Graph, Script, Task


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WINDLASS_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("WINDLASS_CORE", raising=False)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path / "home"


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, list(arguments))
    return result.exit_code, result.stdout, result.stderr


OWN = {name for name, entry in COMMANDS.items() if entry.settings.get("help_option_names") != []} | {*GROUPS}
"""The commands whose help is ours; of the others it is another program's."""


@pytest.mark.parametrize("command", [[], *([name] for name in sorted(OWN)), ["agents", "drain"]], ids=" ".join)
def test_help(command: list[str]) -> None:
    status, out, _ = run(*command, "--help")
    assert status == 0
    assert "Usage" in out


def test_version() -> None:
    assert run("--version") == (0, f"windlass {__version__}\n", "")


@pytest.mark.parametrize("arguments", [["nothing"], ["status", "--no-such-option"], ["run"]])
def test_a_wrong_command_line_is_status_2(arguments: list[str]) -> None:
    assert run(*arguments)[0] == 2


def test_an_unknown_graph_names_the_samples() -> None:
    status, _, err = run("run", "encode-vide")
    assert status == 2
    assert "encode-video" in err


def test_a_bad_document_lists_its_problems_with_lines(tmp_path: Path) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text("windlass: 1\nname: bad\ntasks:\n  one: {command: [echo], needs: [tow]}\n  two: {comand: [echo]}\n")
    status, _, err = run("run", str(path))
    assert status == 2
    assert f"{path}:4:" in err
    assert f"{path}:5:" in err
    assert "Traceback" not in err


def test_an_unknown_parameter_is_status_2() -> None:
    status, _, err = run("run", "monte-carlo", "--param", "dart=3")
    assert status == 2
    assert "did you mean 'darts'" in err


@pytest.mark.parametrize(
    "arguments", [["status"], ["shares"], ["logs", "1", "a"], ["agents"], ["agents", "drain", "x"], ["token"]]
)
def test_no_core_is_status_3(arguments: list[str], home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from windlass.client import api

    original = api.Client.__init__
    monkeypatch.setattr(api.Client, "__init__", lambda self, *a, **k: original(self, *a, **{**k, "timeout": 0.3}))
    status, _, err = run(*arguments)
    assert status == 3
    assert "windlass core" in err


def test_an_address_without_a_key_says_how_to_get_one() -> None:
    status, _, err = run("status", "--core", "example.org:7077")
    assert status == 3
    assert "windlass token" in err


def test_a_broken_token_is_explained() -> None:
    status, _, err = run("status", "--core", "wl1.zzz")
    assert status == 3
    assert "token" in err


def test_items_and_runs_are_checked() -> None:
    status, _, err = run("logs", "1", "a[b]")
    assert status == 2
    assert "encode[7]" in err
    assert run("retry", "1", "--downstream")[0] == 2


def test_samples_as_json() -> None:
    status, out, _ = run("samples", "--json")
    assert status == 0
    assert "monte-carlo" in [sample["name"] for sample in json.loads(out)["samples"]]


def test_missing_programs_name_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs.shutil, "which", lambda name: None)
    graph = Graph(
        "g",
        [
            Task("a", Command(["ffprobe", "x"])),
            Task("b", Command("LANG=C ffprobe y | jq . || fallback")),
            Task("c", Command("cd x && y")),
            Task("d", Command(["${{ params.cc }}"])),
            Task("e", Script("x", "python3 -u")),
            Task("f", Command("./made -x")),
        ],
    )
    found = programs.missing_programs(graph)
    assert found[0] == "task 'a' needs the program 'ffprobe', which is not installed (Debian: apt install ffmpeg)"
    assert [line.split("'")[3] for line in found] == ["ffprobe", "jq", "python3"]


def test_the_app_without_its_libraries_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    from windlass.cli import start

    monkeypatch.setattr(start.importlib.util, "find_spec", lambda name: None)
    status, _, err = run()
    assert status == 2
    assert "pip install 'windlass[gui]'" in err


def test_the_app_replaces_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    from windlass.cli import start

    became: list[list[str]] = []
    monkeypatch.setattr(start.os, "execv", lambda program, arguments: became.append(arguments))
    run()
    run("app", "graph.yaml", "--connect", "desk:7077")
    run("agent", "--join", "wl1.x", "--help")
    run("core", "--bind", "tcp://0.0.0.0:7077", "--lease", "20")
    assert [arguments[2:] for arguments in became] == [
        ["windlass_gui"],
        ["windlass_gui", "graph.yaml", "--connect", "desk:7077"],
        ["windlass_agent", "--join", "wl1.x", "--help"],
        ["windlass.server", "--bind", "tcp://0.0.0.0:7077", "--lease", "20"],
    ]


def test_an_unknown_address_names_the_known_ones(home: Path) -> None:
    connect.remember("tcp://192.0.2.7:7077", "k" * 40)
    status, _, err = run("status", "--core", "desk:7077")
    assert status == 3
    assert "known: tcp://192.0.2.7:7077" in err
    assert "windlass token" in err
