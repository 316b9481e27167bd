"""What a run in progress shows, in a terminal and elsewhere."""

from __future__ import annotations

import contextlib
import io
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from rich.console import Console

from windlass.cli import progress
from windlass.cli.run import follow
from windlass.client.run import RunView
from windlass.wire.rows import Counts, RunRow, TaskRow


def view(**counts: int) -> RunView:
    row = TaskRow(0, "encode", "Encode [a] part", True, 4, Counts(**counts))
    return RunView(RunRow(1, "r", "", "running", 0, 0.0, None, row.counts), {0: row})


def test_lines_tell_what_changed_once(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Lines() as shown:
        shown.upload(1, 2048)
        shown.upload(2048, 2048)
        shown.update(view(ready=4))
        shown.update(view(active=2, ready=2))
        shown.update(view(active=2, ready=2))
        shown.update(view(active=1, succeeded=2, backoff=1))
        shown.update(view(succeeded=3, failed=1))
        shown.note("agent 2 ended")
    assert capsys.readouterr().err.splitlines() == [
        "input files: 2.0 KiB",
        "Encode [a] part: 0/4 (2 running)",
        "Encode [a] part: 4/4 (1 failed)",
        "agent 2 ended",
    ]


def test_quiet_lines_only_tell_notes(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.display(quiet=True) as shown:
        shown.upload(5, 5)
        shown.update(view(succeeded=4))
        shown.note("something")
    assert capsys.readouterr().err == "something\n"


def test_bars_show_names_as_they_are() -> None:
    bars = progress.Bars()
    out = io.StringIO()
    bars._progress.live.console = Console(file=out, width=120)
    with bars:
        bars.upload(10, 10)
        bars.update(view(active=1, succeeded=2, failed=1))
        bars.update(view(succeeded=3, failed=1))
    text = out.getvalue()
    assert "Encode [a] part" in text
    assert "4/4" in text
    assert "1 failed" in text
    assert "input files" in text


def test_what_holds_a_run_up_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    waiting, ended = view(ready=4), view(succeeded=4)
    waiting.run = msgspec.structs.replace(waiting.run, note="no agent is up")
    ended.run = msgspec.structs.replace(ended.run, state="succeeded")
    changes = [None, waiting, None, None, ended]
    run: Any = SimpleNamespace(watch=lambda: contextlib.nullcontext(SimpleNamespace(changes=lambda: iter(changes))))
    words = iter(["", "agent 2 ended", "agent 2 ended"])
    with progress.display(quiet=True) as shown:
        assert follow(run, lambda: next(words), shown) == "succeeded"
    assert capsys.readouterr().err.splitlines() == ["agent 2 ended", "no agent is up"]
