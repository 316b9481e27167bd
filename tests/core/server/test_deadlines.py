"""What is wrong with a deadline stands in the rows of the task and its run, and in the core's log."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from windlass.wire import messages as m


def test_a_missed_deadline_is_told_and_logged(core: Any, kit: Any, caplog: pytest.LogCaptureFixture) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    with caplog.at_level(logging.WARNING, "windlass.core"):
        run = kit.submit(client, kit.task("calm"), kit.task("late", deadline=1e-3))
        rows = _until(client, run, "missed")
    assert [task["note"] for task in rows["tasks"]] == ["", "has missed its deadline"]
    assert rows["run"]["note"] == "late has missed its deadline"
    assert [record.getMessage() for record in caplog.records] == [f"run {run}: late has missed its deadline"]
    agent.finish(agent.assigned(2))
    assert kit.wait_run(client, run) == "succeeded"
    rows = client.ask(m.GetRun, run)
    assert rows["run"]["note"] == ""
    submitted = rows["run"]["submitted"]
    assert [task["due"] for task in rows["tasks"]] == [0.0, submitted + 1e-3], (
        "it stays known by when it should have been"
    )


def test_the_runs_deadline_is_each_tasks_that_has_no_earlier_one(core: Any, kit: Any) -> None:
    client = core.client()
    run = kit.submit(client, kit.task("a"), kit.task("b", deadline=50), kit.task("c", deadline=500), deadline=100.0)
    rows = client.ask(m.GetRun, run)
    submitted = rows["run"]["submitted"]
    assert [round(task["due"] - submitted) for task in rows["tasks"]] == [100, 50, 100]


def _until(client: Any, run: int, state: str) -> Any:
    """Each question is a turn of the core."""
    for _ in range(1000):
        rows = client.ask(m.GetRun, run)
        if state in [task["deadline"] for task in rows["tasks"]]:
            return rows
    raise AssertionError(f"never {state}: {rows}")
