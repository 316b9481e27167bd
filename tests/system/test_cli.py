"""The command line with real cores and agents: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.patience import PATIENCE
from typer.testing import CliRunner

from windlass.cli.main import app

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

COMMAND = [sys.executable, "-m", "windlass.cli.main"]

SMALL = """\
windlass: 1
name: small
params: {word: hello, times: 3}
tasks:
  write:
    command: [sh, -c, 'echo "$1" > word.txt; echo wrote "$1"', sh, "${{ params.word }}"]
    outputs: [word.txt]
  each:
    needs: [write]
    foreach: {range: 3}
    inputs: [write.outputs, "extra file.txt"]
    command: cat word.txt "extra file.txt" > ${{ item }}.out
    outputs: ["${{ item }}.out"]
"""

FAILING = """\
windlass: 1
name: failing
tasks:
  good: {command: ["true"]}
  bad:
    foreach: [a, b]
    script: |
      echo "about to fail on ${{ item }}"
      test -e {flag} || exit 7
  after: {needs: [bad], command: ["true"]}
"""

HOLDING = """\
windlass: 1
name: holding
tasks:
  hold:
    foreach: {range: 4}
    script: |
      echo "pid $$ of ${{ item }}"
      touch {folder}/began-${{ item }}
      while ! test -e {folder}/go; do sleep 0.05; done
      echo done ${{ item }} > out.txt
    outputs: [out.txt]
    retries: 1
"""


def until(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The condition's value once it is true. Polls other processes' effects, which nothing announces."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.02)
    return value


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    clean = {key: value for key, value in os.environ.items() if not key.startswith("WINDLASS")}
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    return {
        **clean,
        "WINDLASS_HOME": str(tmp_path / "home"),
        "TMPDIR": str(temporary),
        "COLUMNS": "200",
        "NO_COLOR": "1",
    }


@pytest.fixture
def windlass(environment: dict[str, str], tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)], env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=90
        )
        assert done.returncode == status, done.stdout + done.stderr
        assert "Traceback" not in done.stderr
        return done

    return run


Windlass = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def small(tmp_path: Path) -> Path:
    folder = tmp_path / "my graph"
    folder.mkdir()
    (folder / "extra file.txt").write_text("extra\n")
    (folder / "graph.yaml").write_text(SMALL)
    return folder / "graph.yaml"


# --- run -------------------------------------------------------------------------------------------------------


def test_run_lays_outputs_and_prints_a_summary(windlass: Windlass, small: Path, tmp_path: Path) -> None:
    done = windlass("run", small, "--param", "word=hi; exit 1", "--out", "out dir")
    out = tmp_path / "out dir"
    assert (out / "write" / "word.txt").read_text() == "hi; exit 1\n"
    assert (out / "each" / "2" / "2.out").read_text() == "hi; exit 1\nextra\n"
    assert "succeeded" in done.stderr
    assert "4 output files" in done.stderr
    assert done.stdout == ""
    assert list((tmp_path / "tmp").iterdir()) == [], "nothing is left in the temporary folder"
    assert not (tmp_path / "home" / "data" / "core").exists(), "the user's own core is not touched"


def test_results_of_functions_are_shown(windlass: Windlass, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(
        "def total(numbers): return {'total': sum(numbers)}\ndef pair(): return 1, 2\n"
        "def long(): return 'x' * 3_000_000\n"
    )
    (tmp_path / "graph.yaml").write_text(
        "windlass: 1\ntasks:\n  add: {python: 'work:total', args: [[1, 2, 3]]}\n  pair: {python: 'work:pair'}\n"
        "  long: {python: 'work:long'}\n  array: {foreach: 2, python: 'work:pair'}\n"
    )
    lines = windlass("run", "graph.yaml").stdout.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["add", "pair", "long"]
    assert lines[0] == 'add: {"total": 6}'
    assert "Python object" in lines[1]
    assert len(lines[2]) < 250
    document = json.loads(windlass("run", "graph.yaml", "--json").stdout)
    assert document["results"] == {"add": {"total": 6}, "long": "x" * 3_000_000}


def test_run_json_is_one_document_with_every_attempt(windlass: Windlass, small: Path) -> None:
    document = json.loads(windlass("run", small, "--agents", "2", "--json").stdout)
    assert document["state"] == "succeeded"
    assert [(item["task"], item["index"]) for item in document["items"]] == [
        ("write", None), ("each", 0), ("each", 1), ("each", 2)
    ]  # fmt: skip
    for item in document["items"]:
        (attempt,) = item["attempts"]
        assert item["state"] == "succeeded"
        assert attempt["outcome"] == "ok"
        assert attempt["code"] == 0
        assert attempt["agent_name"].startswith("local-")
        assert document["submitted"] <= attempt["started"] + 1 <= attempt["ended"] + 1


def test_a_failed_run_is_status_1_and_shows_the_last_lines(windlass: Windlass, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text(FAILING.replace("{flag}", "/nonexistent"))
    done = windlass("run", "graph.yaml", status=1)
    assert "bad[0] failed" in done.stderr
    assert "| about to fail on b" in done.stderr
    assert "1 skipped" in done.stderr
    document = json.loads(windlass("run", "graph.yaml", "--json", status=1).stdout)
    states = {(item["task"], item["index"]): item["state"] for item in document["items"]}
    assert states == {
        ("good", None): "succeeded",
        ("bad", 0): "failed",
        ("bad", 1): "failed",
        ("after", None): "skipped",
    }
    codes = [attempt["code"] for item in document["items"] if item["task"] == "bad" for attempt in item["attempts"]]
    assert codes == [7, 7]


def test_bad_documents_and_arguments_are_status_2(windlass: Windlass, small: Path, tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(SMALL.replace("needs: [write]", "needs: [wirte]"))
    done = windlass("run", "bad.yaml", status=2)
    assert "bad.yaml:9:" in done.stderr
    assert "did you mean: write" in done.stderr
    assert "such as 3" in windlass("run", small, "-p", "times=many", status=2).stderr
    (small.parent / "extra file.txt").unlink()
    assert "no file matches the input 'extra file.txt'" in windlass("run", small, status=2).stderr


def test_a_kept_run_can_be_looked_at(windlass: Windlass, small: Path, environment: dict[str, str]) -> None:
    done = windlass("run", small, "--keep")
    home = Path(done.stderr.split("kept in ")[1].split(" (")[0])
    assert (home / "data" / "core" / "windlass.db").is_file()


@contextmanager
def started(arguments: list[str], environment: dict[str, str], folder: Path) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], env=environment, cwd=folder, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_ctrl_c_stops_everything_and_leaves_nothing(
    number: signal.Signals, environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "graph.yaml").write_text(HOLDING.replace("{folder}", str(tmp_path)))
    with started(["run", "graph.yaml"], environment, tmp_path) as process:
        until(lambda: (tmp_path / "began-0").exists())
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3
        process.send_signal(number)
        _, err = process.communicate(timeout=PATIENCE)
        assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    _, alive = psutil.wait_procs(family, timeout=PATIENCE)
    assert alive == []
    assert list((tmp_path / "tmp").iterdir()) == []


def test_a_killed_agent_costs_nothing_but_time(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text(HOLDING.replace("{folder}", str(tmp_path)))
    with started(["run", "graph.yaml", "--agents", "2", "--out", "out", "--json"], environment, tmp_path) as process:
        until(lambda: len(list(tmp_path.glob("began-*"))) >= 2)
        agents = [
            child for child in psutil.Process(process.pid).children()
            if "windlass_agent" in child.cmdline() and "--name" in child.cmdline()
        ]  # fmt: skip
        assert len(agents) == 2
        agents[1].kill()
        (tmp_path / "go").touch()
        out, err = process.communicate(timeout=90)
        assert process.returncode == 0, err
    assert "agent 2 ended" in err
    document = json.loads(out)
    assert document["state"] == "succeeded"
    lost = [each for item in document["items"] for each in item["attempts"] if each["state"] == "lost"]
    assert {each["agent_name"] for each in lost} == {"local-2"}
    assert sorted(path.read_text() for path in (tmp_path / "out").rglob("out.txt")) == [f"done {n}\n" for n in range(4)]


# --- a running core --------------------------------------------------------------------------------------------


@pytest.fixture
def session(environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Windlass]:
    """A core and an agent, started by their commands; other commands run in this process, which is faster."""
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str | Path, status: int = 0) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, list(map(str, arguments)))
        assert done.exit_code == status, done.output
        return subprocess.CompletedProcess(list(arguments), status, done.stdout, done.stderr)

    with started(["core"], environment, tmp_path) as core:
        until(lambda: (tmp_path / "home" / "data" / "core" / "core.json").exists())
        with started(["agent", "--name", "here", "--cpus", "2", "--label", "room=a"], environment, tmp_path) as agent:
            until(lambda: '"up"' in run("agents", "--json").stdout)
            yield run
            agent.send_signal(signal.SIGTERM)
            agent.communicate(timeout=PATIENCE)
        core.send_signal(signal.SIGINT)
        core.communicate(timeout=PATIENCE)
        assert core.returncode == 0


def test_a_session_with_a_core_of_ones_own(session: Windlass, small: Path, tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    assert "no runs yet" in session("status").stderr
    assert session("submit", small, "--wait", "-p", "word=one").returncode == 0

    (tmp_path / "failing.yaml").write_text(FAILING.replace("{flag}", str(flag)))
    run = str(json.loads(session("submit", "failing.yaml", "--json").stdout)["run"])
    until(lambda: json.loads(session("status", run, "--json").stdout)["run"]["state"] == "failed")
    shown = session("status", run).stdout
    assert "bad[0]" in shown
    assert f"windlass logs {run} 'bad[0]'" in shown
    assert session("logs", run, "bad[1]").stdout == "about to fail on b\n"
    assert session("logs", run, "bad[1]", "-f").stdout == "about to fail on b\n"
    records = json.loads(session("logs", "last", "bad[0]", "--json").stdout)["records"]
    assert [(each["stream"], each["text"]) for each in records] == [("out", "about to fail on a\n")]
    flag.touch()
    assert "3 items would run again" in session("retry", run, "--dry-run").stderr
    assert "3 items will run again" in session("retry", run).stderr
    until(lambda: json.loads(session("status", run, "--json").stdout)["run"]["state"] == "succeeded")

    listed = session("status").stdout
    assert "failing" in listed
    assert "small" in listed
    assert session("get", "1", "each", "--out", "got").returncode == 0
    assert (tmp_path / "got" / "each" / "0" / "0.out").read_text() == "one\nextra\n"
    assert not (tmp_path / "got" / "write").exists()
    assert json.loads(session("get", "1", "--out", "all", "--json").stdout)["bytes"] > 0


MENDED = """\
windlass: 1
name: mended
params: {name: x}
tasks:
  good: {command: ["true"]}
  bad:
    needs: [good]
    inputs: ["${{ params.name }}.txt"]
    command: {command}
  after: {needs: [bad], command: ["true"]}
"""


def test_a_failed_task_is_mended_in_its_file_and_retried_in_the_same_run(session: Windlass, tmp_path: Path) -> None:
    graph = tmp_path / "graph.yaml"
    (tmp_path / "a.txt").write_text("wrong\n")
    graph.write_text(MENDED.replace("{command}", "no-such-program a.txt"))
    assert session("submit", graph, "--wait", "-p", "name=a", status=1).returncode == 1
    graph.write_text(MENDED.replace("{command}", "cat a.txt").replace("needs: [good]", "needs: []"))
    refused = session("retry", "1", "--with", graph, status=2).stderr
    assert "task 'bad' needs other tasks than before" in refused
    assert "submit" in refused
    graph.write_text(MENDED.replace("{command}", "cat a.txt") + "    comand: x\n")
    assert "comand" in session("retry", "1", "--with", graph, status=2).stderr
    assert "--dry-run" in session("retry", "1", "--with", graph, "--dry-run", status=2).stderr
    graph.write_text(MENDED.replace("{command}", "cat a.txt"))
    (tmp_path / "a.txt").write_text("right\n")
    told = session("retry", "1", "bad", "--with", graph).stderr
    assert "changed in run 1: bad" in told
    assert "2 items will run again" in told
    until(lambda: json.loads(session("status", "1", "--json").stdout)["run"]["state"] == "succeeded")
    assert session("logs", "1", "bad").stdout == "right\n"
    attempts = json.loads(session("status", "1", "--json").stdout)["tasks"]
    assert [task["counts"]["succeeded"] for task in attempts] == [1, 1, 1]
    assert "has this graph already" in session("retry", "1", "--with", graph).stderr


def test_cancel_pause_resume_and_drain(session: Windlass, tmp_path: Path) -> None:
    (tmp_path / "graph.yaml").write_text(HOLDING.replace("{folder}", str(tmp_path)))
    run = str(json.loads(session("submit", "graph.yaml", "--json").stdout)["run"])
    until(lambda: (tmp_path / "began-0").exists())
    session("pause", run)
    assert json.loads(session("status", run, "--json").stdout)["run"]["state"] == "paused"
    session("resume", run)
    assert "1 item cancelled" in session("cancel", run, "hold[0]").stderr
    session("agents", "drain", "here")
    assert "up, draining" in session("agents").stdout
    session("agents", "undrain", "here")
    assert "room=a" in session("agents").stdout
    session("cancel", run)
    until(lambda: json.loads(session("status", run, "--json").stdout)["run"]["state"] == "cancelled")
    assert session("pause", run).stderr == "nothing to pause: the run was cancelled\n"

    assert "no run 99" in session("status", "99", status=2).stderr
    assert "did you mean 'hold'?" in session("logs", run, "hodl", status=2).stderr
    assert "no agent is called" in session("agents", "drain", "nobody", status=2).stderr
    assert "running already" in session("core", status=1).stderr
    token = session("token", "--role", "viewer").stdout.strip()
    assert token.startswith("wl1.")


def test_a_reader_that_goes_away_is_no_error(session: Windlass, environment: dict[str, str], tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "status", "--json"], env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        err = process.stderr.read()
        process.wait(PATIENCE)
    assert err == b""
