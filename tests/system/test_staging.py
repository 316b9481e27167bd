"""Staging with a real core and a real agent: measured, told, kept, and absent where there is none."""

from __future__ import annotations

import json
import os
from array import array
from pathlib import Path

import pytest

from windlass.cli.summary import attempt_document
from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore
from windlass.wire import messages as m

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

GRAPH = """\
windlass: 1
name: staging
tasks:
  bare: {command: ["true"]}
  make:
    inputs: [large.bin]
    command: cat large.bin large.bin > twice.bin
    outputs: [twice.bin]
  use:
    inputs: [make.outputs]
    command: test -s twice.bin
"""
SIZE = 24 << 20


def test_staging_is_measured_and_survives_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_HOME", str(tmp_path / "home"))
    (tmp_path / "graph.yaml").write_text(GRAPH)
    (tmp_path / "large.bin").write_bytes(os.urandom(SIZE))
    with EmbeddedCore(home=tmp_path / "home", agents=1, cpus=2), Client() as client:
        run = client.submit(str(tmp_path / "graph.yaml"))
        assert run.wait(90) == "succeeded"
    with EmbeddedCore(home=tmp_path / "home", agents=0), Client() as client:
        run = client.run(run.id)
        names = {task.index: task.id for task in run.tasks()}
        rows = {names[row.task]: row for row in run.attempts()}
        bare, make, use = (rows[name] for name in ("bare", "make", "use"))
        assert (bare.staged_in, bare.staged_out) == (0.0, 0.0)
        assert 0 < make.staged_in < 60
        assert 0 < make.staged_out < 60
        assert 0 < use.staged_in < 60
        assert use.staged_out == 0.0
        assert make.started is not None
        assert make.ended is not None
        assert use.started is not None
        assert use.started > make.ended + make.staged_out - 0.1  # its input was with the core by then
        columns = run._link.ask(m.GetColumns(0, run.id)).data
        told = dict(zip(array("I", columns["task"]), array("f", columns["staged_out"]), strict=True))
        assert told[make.task] == pytest.approx(make.staged_out)
        document = json.loads(json.dumps(attempt_document(make, names)))  # as `--json` prints it
        assert (document["staged_in"], document["staged_out"]) == (make.staged_in, make.staged_out)
