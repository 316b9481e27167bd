"""What backup, restore and prune refuse before they ask anybody."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from windlass.cli.main import app


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ([], "--older-than AGE, --keep N"),
        (["--keep", "1", "--state", "lost"], "the states are succeeded, failed, cancelled, not 'lost'"),
        (["--older-than", "soon"], "30d"),
        (["--keep", "-1"], "--keep"),
    ],
)
def test_prune_says_what_it_needs(arguments: list[str], words: str) -> None:
    told = CliRunner().invoke(app, ["prune", *arguments])
    assert told.exit_code == 2
    assert words in told.stderr


def test_a_file_that_is_no_copy(tmp_path: Path) -> None:
    (tmp_path / "copy.tar").write_text("a text")
    told = CliRunner().invoke(app, ["restore", str(tmp_path / "copy.tar"), "--data", str(tmp_path / "data")])
    assert told.exit_code == 1
    assert "no copy that `windlass backup` made" in told.stderr
    assert not (tmp_path / "data").exists()
