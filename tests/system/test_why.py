"""`windlass why` against a real core: words, JSON and exit statuses."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from windlass.cli.main import app
from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GRAPH = """\
windlass: 1
name: waits
tasks:
  many: {foreach: {range: 3}, command: ["true"], resources: {gpus: 1}}
  last: {needs: [many], command: ["true"]}
"""


def test_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("COLUMNS", "200")
    (tmp_path / "graph.yaml").write_text(GRAPH)

    def why(*arguments: str, status: int = 0) -> str:
        done = CliRunner().invoke(app, ["why", *arguments])
        assert done.exit_code == status, done.output
        return done.stdout if status == 0 else done.stderr

    with EmbeddedCore(home=tmp_path / "home", agents=0), Client() as client:
        run = client.submit(str(tmp_path / "graph.yaml"))
        assert why(str(run.id), "many[2]") == "many[2]: no agent is up\n"
        assert run.why("many")["cause"] == "nowhere"
        assert why("last", "last") == "last: waits for many (3 of 3 items left); many no agent is up\n"
        found = json.loads(why("last", "last", "--json"))
        assert (found["cause"], found["needs"][0]["id"], found["because"]["cause"]) == ("needs", "many", "nowhere")
        run.pause()
        assert why("last", "many") == f"many: run {run.id} is paused\n"
        assert "no item 3" in why("last", "many[3]", status=2)
        assert "no task 'mani'" in why("last", "mani", status=2)
        assert "no run 99" in why("99", "many", status=2)
    assert why("1", "many", status=3)
