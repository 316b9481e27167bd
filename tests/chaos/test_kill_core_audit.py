"""The audit of `kill_core.py` itself: each broken promise must be seen."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.chaos.kill_core import Ledger, audit

COUNT = 3


def row(index: int, **changed: Any) -> dict[str, Any]:
    good = {
        "seq": index + 1,
        "index": index,
        "attempt": 1,
        "agent": "a",
        "state": "exited",
        "outcome": "ok",
        "code": 0,
        "started": 1.0,
        "ended": 2.0,
    }
    return {**good, **changed}


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    lines = [f"{kind} {item} {100 + item}" for item in range(COUNT) for kind in ("start", "end")]
    (tmp_path / "ledger").write_text("\n".join(lines) + "\n")
    return Ledger(tmp_path / "ledger").read()


def good_rows() -> list[dict[str, Any]]:
    return [row(index) for index in range(COUNT)]


def test_all_well(ledger: Ledger) -> None:
    rows = good_rows()
    assert audit(COUNT, rows, ledger, {entry["seq"]: dict(entry) for entry in rows}) == []


def test_a_rejected_attempt_counts_for_nothing(ledger: Ledger) -> None:
    assert audit(COUNT, [*good_rows(), row(1, seq=9, state="rejected", outcome="")], ledger, {}) == []


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (good_rows()[:2], "without exactly one accepted end"),
        ([*good_rows(), row(1, seq=9, attempt=2)], "without exactly one accepted end"),
        ([*good_rows(), row(1, seq=9, attempt=2, outcome="signal")], "ended badly"),
        ([*good_rows(), row(1, seq=9, state="lost", outcome="")], "lost though no agent died"),
    ],
)
def test_a_wrong_record_is_seen(ledger: Ledger, rows: list[dict[str, Any]], said: str) -> None:
    assert [problem for problem in audit(COUNT, rows, ledger, {}) if said in problem]


@pytest.mark.parametrize("changed", [{"attempt": 2}, {"ended": 3.0}, {"seq": 77}])
def test_a_forgotten_end_is_seen(ledger: Ledger, changed: dict[str, Any]) -> None:
    seen = {entry["seq"]: dict(entry) for entry in good_rows()}
    problems = audit(COUNT, [row(0, **changed), *good_rows()[1:]], ledger, seen)
    assert any("changed or vanished" in problem for problem in problems)


@pytest.mark.parametrize(
    ("starts", "ends", "said"),
    [
        ([(2, 777)], [], "began and did not end"),
        ([(2, 777)], [(2, 777)], "begun more than once"),
    ],
)
def test_a_disturbed_command_is_seen(
    ledger: Ledger, starts: list[tuple[int, int]], ends: list[tuple[int, int]], said: str
) -> None:
    ledger.starts += starts
    ledger.ends += ends
    assert any(said in problem for problem in audit(COUNT, good_rows(), ledger, {}))


def test_a_command_that_never_began_is_seen(ledger: Ledger) -> None:
    ledger.starts.pop()
    assert any("never begun" in problem for problem in audit(COUNT, good_rows(), ledger, {}))
