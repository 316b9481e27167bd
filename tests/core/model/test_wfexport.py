"""A finished run as WfFormat 1.5: it validates, comes back the same, and stays small for large arrays."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from windlass.model.graph import Command, Foreach, Need, PythonCall, Resources, Script, Task
from windlass.model.wfexport import Execution, FinishedRun, Machine, OutputFile, export_wfformat
from windlass.model.wfformat import import_wfformat


def array(count: int) -> Foreach:
    return Foreach(range=(0, count, 1))


def finished(tasks: list[Task], counts: dict[str, int] | None = None, **more: Any) -> FinishedRun:
    executions = [
        Execution(place, index, f"box {index % 2}", 100.0 + place, 101.5 + place, 0.75, 1 << 20, 10, 20)
        for place, task in enumerate(tasks)
        for index in range((counts or {}).get(task.id, 1))
    ]
    return FinishedRun("a run", tasks, executions, 100.0, 110.0, "0.1.0", **more)


def by_id(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {task["id"]: task for task in document["workflow"]["specification"]["tasks"]}


def example() -> dict[str, Any]:
    tasks = [
        Task("split", Command(["split", "", "-n", "3"]), resources=Resources(cpus=2)),
        Task("größe", Script("echo x", "bash -e"), needs=[Need("split")], foreach=array(3)),
        Task("check", PythonCall("m:f"), needs=[Need("größe", each=True)], foreach=array(3), priority=3),
        Task("gone", Command("x"), needs=[Need("check")]),
        Task("end", Command("cat *"), needs=[Need("gone")], title="The end", resources=Resources(cpus=0.5)),
    ]
    counts = {"größe": 3, "check": 3, "gone": 0}
    machines = [Machine("box 0", 8.0, 1 << 34, "Linux", "x86_64", "Some CPU"), Machine("box 1")]
    files = [OutputFile(1, 0, "out dir/ä.txt", 5), OutputFile(1, 0, "out dir/ö.txt", 6), OutputFile(3, 0, "no", 1)]
    return export_wfformat(finished(tasks, counts, machines=machines, outputs=files, labels={"run": "7"}))


def test_items_links_and_facts() -> None:
    document = example()
    tasks = by_id(document)
    assert list(tasks) == ["split", "gr-e.0", "gr-e.1", "gr-e.2", "check.0", "check.1", "check.2", "end"]
    assert tasks["split"]["children"] == ["gr-e.0", "gr-e.1", "gr-e.2"]
    assert tasks["check.1"]["parents"] == ["gr-e.1"]
    assert tasks["end"]["parents"] == ["check.0", "check.1", "check.2"], "past the task that did not run"
    assert tasks["end"]["name"] == "The end"
    execution = document["workflow"]["execution"]
    first = execution["tasks"][0]
    assert first["command"] == {"program": "split", "arguments": ["-n", "3"]}
    assert (first["runtimeInSeconds"], first["avgCPU"], first["coreCount"]) == (1.5, 50.0, 2)
    assert first["machines"] == [execution["machines"][0]["nodeName"]] == ["box-0"]
    assert "coreCount" not in execution["tasks"][-1], "the format knows no part of a core"
    assert execution["makespanInSeconds"] == 10.0
    assert tasks["gr-e.0"]["outputFiles"] == ["gr-e.0/out-dir/-.txt", "gr-e.0/out-dir/-.txt-2"]
    assert len(document["workflow"]["specification"]["files"]) == 2


def test_what_is_exported_can_be_imported() -> None:
    imported = import_wfformat(json.loads(json.dumps(example())))
    assert len(imported.graph.tasks) == 8
    assert set(imported.durations.values()) == {1.5}
    assert imported.fleet == "1x8cpu+16GiB"


def test_large_arrays_meet_at_a_barrier() -> None:
    tasks = [
        Task("a", Command("x"), foreach=array(200)),
        Task("b", Command("x"), needs=[Need("a")], foreach=array(200)),
    ]
    document = export_wfformat(finished(tasks, {"a": 200, "b": 200}))
    specs = by_id(document)
    assert specs["b.7"]["parents"] == ["a.barrier.b"]
    assert len(specs["a.barrier.b"]["parents"]) == len(specs["a.barrier.b"]["children"]) == 200
    assert len(document["workflow"]["execution"]["tasks"]) == 401


def test_a_run_in_which_nothing_ran() -> None:
    with pytest.raises(ValueError, match="nothing ran"):
        export_wfformat(finished([Task("a", Command("x"))], {"a": 0}))


def schemas() -> list[Path]:
    """The schema of version 1.5, where this machine has it: it is not ours to ship."""
    named = os.environ.get("WFFORMAT_SCHEMA")
    return [Path(named)] if named else sorted(Path.home().glob(".cache/wfcommons/wfformat-v1.5-*.json"))


@pytest.mark.skipif(not schemas(), reason="WFFORMAT_SCHEMA=FILE names the WfFormat 1.5 schema")
def test_it_validates() -> None:
    schema = json.loads(schemas()[0].read_text())
    jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker()).validate(example())
