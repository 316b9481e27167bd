"""A real run, exported as WfFormat and simulated by its own durations."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from windlass.cli.main import app
from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore
from windlass.client.submit import package
from windlass.model.document import read_graph
from windlass.model.wfformat import import_wfformat

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GRAPH = """\
windlass: 1
name: measured
tasks:
  make: {command: "echo x > a.part; echo y > b.part", outputs: ["*.part"]}
  use: {command: "sleep 0.3", needs: [make], foreach: make.outputs}
  bad: {command: "sleep 0.2; false", needs: [use], continue-on-error: true}
  never: {command: "true", needs: [bad], when: "false"}
"""


def test_a_run_is_exported_and_simulated_by_what_it_took(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "graph.yaml"
    path.write_text(GRAPH)
    monkeypatch.setenv("COLUMNS", "200")
    with EmbeddedCore(agents=2, cpus=1, home=tmp_path / "home"):
        monkeypatch.setenv("WINDLASS_HOME", str(tmp_path / "home"))
        with Client() as client:
            run = client.submit(package(read_graph(GRAPH), GRAPH, tmp_path))
            assert run.wait(60) == "succeeded"
        exported = CliRunner().invoke(app, ["export", "last"])
        simulated = CliRunner().invoke(app, ["simulate", str(path), "--agents", "2x1cpu", "--like", "last", "--json"])
    assert exported.exit_code == 0, exported.stderr
    document = json.loads(exported.stdout)
    tasks = {task["id"]: task for task in document["workflow"]["specification"]["tasks"]}
    assert set(tasks) == {"make", "use.0", "use.1", "bad"}
    assert tasks["bad"]["parents"] == ["use.0", "use.1"]
    assert tasks["make"]["outputFiles"] == ["make/a.part", "make/b.part"]
    assert import_wfformat(document).durations["use_1"] >= 0.3
    assert simulated.exit_code == 0, simulated.stderr
    facts = json.loads(simulated.stdout)
    assert facts["durations"]["learned"] == 3
    assert facts["items"] == 5, "as many parts as the run had"
    assert facts["critical_path"]["tasks"][0] == "make"
    assert facts["makespan"] >= facts["bound"] >= 0.5
