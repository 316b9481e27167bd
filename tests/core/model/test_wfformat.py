"""WfFormat documents of every version become graphs; what is wrong is told with its place."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from windlass.model.document import load_document
from windlass.model.export import dump, to_document
from windlass.model.graph import Graph
from windlass.model.wfformat import Imported, WfFormatError, import_wfformat, is_wfformat


def old(version: str, tasks: list[dict[str, Any]], key: str = "tasks", **workflow: Any) -> dict[str, Any]:
    return {"name": "w", "schemaVersion": version, "workflow": {key: tasks, **workflow}}


def new(tasks: list[dict[str, Any]], executed: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    workflow: dict[str, Any] = {"specification": {"tasks": tasks}}
    if executed is not None:
        workflow["execution"] = {"makespanInSeconds": 1, "executedAt": "x", "tasks": executed, **more}
    return {"name": "w", "schemaVersion": "1.5", "workflow": workflow}


def needs(graph: Graph) -> dict[str, list[str]]:
    return {task.id: [need.task for need in task.needs] for task in graph.tasks}


def same_when_loaded(imported: Imported) -> None:
    """What is written is what the checker reads, as YAML and as JSON."""
    for text, fmt in ((dump(imported.graph), "yaml"), (msgspec.json.encode(to_document(imported.graph)), "json")):
        loaded = load_document(text, fmt=fmt)
        assert not loaded.problems
        assert loaded.graph == imported.graph


def test_1_0_jobs_with_parents_by_name_and_sizes_in_kb() -> None:
    jobs = [
        {"name": "split_1", "type": "compute", "runtime": 2.5, "parents": [], "cores": 2, "memory": 2_000_000},
        {"name": "blast_2", "type": "compute", "runtime": 10, "parents": ["split_1"]},
    ]
    imported = import_wfformat(old("1.0", jobs, "jobs", machines=[{"nodeName": "n", "cpu": {"count": 8}}]))
    split, blast = imported.graph.tasks
    assert imported.durations == {"split_1": 2.5, "blast_2": 10.0}
    assert needs(imported.graph) == {"split_1": [], "blast_2": ["split_1"]}
    assert split.resources.cpus == 2
    assert 2_000_000_000 <= split.resources.memory <= 2_500_000_000
    assert split.env == {"WINDLASS_RUNTIME": "2.5"}
    assert blast.resources.cpus == 1
    assert imported.fleet == "1x8cpu"
    same_when_loaded(imported)


def test_1_2_names_win_over_ids() -> None:
    """An id may be the name of another task: the old versions mean the name."""
    jobs = [
        {"name": "a", "id": "ID1", "runtime": 1},
        {"name": "ID1", "id": "ID2", "runtime": 1},
        {"name": "c", "id": "ID3", "runtime": 1, "parents": ["ID1"]},
    ]
    assert needs(import_wfformat(old("1.2", jobs, "jobs")).graph)["ID3"] == ["ID2"]


def test_1_3_parents_by_id_are_understood_too() -> None:
    tasks = [{"name": "a", "id": "ID1", "runtime": 1}, {"name": "b", "id": "ID2", "runtime": 1, "parents": ["a_ID1"]}]
    assert needs(import_wfformat(old("1.3", tasks)).graph) == {"ID1": [], "ID2": ["ID1"]}


def test_a_repeated_name_means_all_of_that_name() -> None:
    tasks = [
        {"name": "map", "id": "1", "runtime": 1},
        {"name": "map", "id": "2", "runtime": 1},
        {"name": "reduce", "id": "3", "runtime": 1, "parents": ["map"]},
    ]
    imported = import_wfformat(old("1.3", tasks))
    assert needs(imported.graph)["t3"] == ["t1", "t2"]
    assert "several tasks" in imported.notes[0]


@pytest.mark.parametrize("reference", ["ID1", "map"])
def test_1_4_takes_ids_and_names(reference: str) -> None:
    tasks = [
        {"name": "map", "id": "ID1", "runtimeInSeconds": 1, "memoryInBytes": 5},
        {"name": "reduce", "id": "ID2", "runtimeInSeconds": 1, "parents": [reference]},
    ]
    imported = import_wfformat(old("1.4", tasks))
    assert needs(imported.graph) == {"ID1": [], "ID2": ["ID1"]}
    assert imported.graph.tasks[0].resources.memory == 1 << 20


def test_1_5_many_tasks_of_one_name_and_the_execution_apart() -> None:
    tasks = [
        {"name": "map", "id": "map_1", "parents": [], "children": ["red"]},
        {"name": "map", "id": "map_2", "parents": [], "children": ["red"]},
        {"name": "red", "id": "red", "parents": ["map_1"], "children": []},
    ]
    executed = [
        {"id": "map_1", "runtimeInSeconds": 3.25, "coreCount": 4.0, "memoryInBytes": 1 << 31, "priority": 7},
        {"id": "red", "runtimeInSeconds": 0},
    ]
    machine = {"nodeName": "n", "memoryInBytes": 64 << 30, "cpu": {"coreCount": 16}}
    imported = import_wfformat(new(tasks, executed, machines=[machine, machine]))
    assert needs(imported.graph)["red"] == ["map_1", "map_2"], "one of them is only among the children"
    first, second, red = imported.graph.tasks
    assert (first.resources.cpus, first.resources.memory, first.priority) == (4, 1 << 31, 7)
    assert red.env == {"WINDLASS_RUNTIME": "0"}, "a runtime of zero is a runtime"
    assert second.env == {}, "nothing was recorded"
    assert imported.durations == {"map_1": 3.25, "red": 0.0}
    assert "1 tasks have no recorded runtime" in imported.notes
    assert imported.fleet == "2x16cpu+64GiB"
    same_when_loaded(imported)


def test_a_specification_without_execution() -> None:
    imported = import_wfformat(new([{"name": "a", "id": "a", "parents": [], "children": []}]))
    assert imported.durations == {}
    same_when_loaded(imported)


def test_ids_are_made_valid_and_unique_and_titles_keep_them() -> None:
    long = "x" * 300
    originals = ["1 a", "1.a", "t1_a", "ü", long + "1", long + "2", "a#b/c:d", "${{ x }}", "-"]
    imported = import_wfformat(new([{"name": "n", "id": id, "parents": [], "children": []} for id in originals]))
    ids = [task.id for task in imported.graph.tasks]
    assert len(set(ids)) == len(ids)
    assert all(len(id) <= 100 for id in ids)
    assert ids[:4] == ["t1_a", "t1_a-2", "t1_a-3", "ü"]
    for task, original in zip(imported.graph.tasks, originals, strict=True):
        if task.id != original:
            assert task.title == original[:200]
            assert len(original) <= 200 or task.description == original
    same_when_loaded(imported)


def test_odd_texts_become_one_line() -> None:
    data = new([{"name": "a", "id": "a", "parents": [], "children": []}])
    data |= {"name": "two\nlines\x00\x85 of: text" + "x" * 300, "description": "# \ud800 {{"}
    imported = import_wfformat(data)
    assert imported.graph.name.startswith("two lines of: text")
    same_when_loaded(imported)


def test_requests_for_memory_are_rounded_up_to_few_kinds() -> None:
    executed = [{"id": str(n), "runtimeInSeconds": 1, "memoryInBytes": (1 << 30) + n * 999_983} for n in range(1000)]
    tasks = [{"name": "a", "id": str(n), "parents": [], "children": []} for n in range(1000)]
    imported = import_wfformat(new(tasks, executed))
    sizes = [task.resources.memory for task in imported.graph.tasks]
    assert all(
        fact["memoryInBytes"] <= size <= 1.26 * fact["memoryInBytes"]
        for fact, size in zip(executed, sizes, strict=True)
    )
    assert len(set(sizes)) <= 6


def problems(data: object) -> str:
    with pytest.raises(WfFormatError) as caught:
        import_wfformat(data)
    return str(caught.value)


def test_a_circle_is_named_with_its_place() -> None:
    tasks = [
        {"name": "start", "id": "s", "parents": [], "children": []},
        {"name": "a", "id": "a", "parents": ["s", "c"], "children": []},
        {"name": "b", "id": "b", "parents": ["a"], "children": []},
        {"name": "c", "id": "c", "parents": ["b"], "children": []},
        {"name": "d", "id": "d", "parents": ["c"], "children": []},
    ]
    text = problems(new(tasks))
    assert "workflow.specification.tasks[" in text
    assert "circle" in text
    assert any(ring in text for ring in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c"))


def test_a_task_that_needs_itself_is_a_circle() -> None:
    assert "a -> a" in problems(new([{"name": "a", "id": "a", "parents": ["a"], "children": []}]))


def test_unknown_parents_and_children_are_all_named() -> None:
    text = problems(new([{"name": "a", "id": "a", "parents": ["x", "a2"], "children": ["y"]}]))
    assert "workflow.specification.tasks[0].parents[0]: there is no task with the id 'x'" in text
    assert "workflow.specification.tasks[0].parents[1]" in text
    assert "workflow.specification.tasks[0].children[0]" in text
    assert "name 'x'" in problems(old("1.1", [{"name": "a", "parents": ["x"]}], "jobs"))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ([], "the document: not an object"),
        ({"schemaVersion": "2.0", "workflow": {}}, "schemaVersion: found '2.0'; known: 1.0 to 1.6"),
        ({"workflow": {}}, "schemaVersion: found nothing"),
        ({"schemaVersion": "1.5", "workflow": []}, "workflow: not an object"),
        (old("1.4", []), "there are no tasks"),
        (old("1.4", ["x"]), "workflow.tasks[0]: not an object, found 'x'"),
        (old("1.4", [{"runtime": 1}]), "workflow.tasks[0]: has no name"),
        (old("1.4", [{"name": 3}]), "workflow.tasks[0].name: not a text"),
        (old("1.4", [{"name": "a", "parents": "b"}]), "workflow.tasks[0].parents: not a list"),
        (old("1.4", [{"name": "a", "parents": [1]}]), "workflow.tasks[0].parents[0]: not a text"),
        (old("1.4", [{"name": "a", "runtimeInSeconds": -1}]), "workflow.tasks[0] runtimeInSeconds: not a number"),
        (old("1.4", [{"name": "a", "runtimeInSeconds": float("nan")}]), "runtimeInSeconds: not a number"),
        (old("1.4", [{"name": "a", "cores": "four"}]), "workflow.tasks[0] cores: not a number"),
        (old("1.4", [{"name": "a", "memoryInBytes": 1e30}]), "workflow.tasks[0] memory: not a number of bytes"),
        (new([{"name": "a", "id": "a"}, {"name": "b", "id": "a"}]), "tasks[1].id: 'a' is also the id of"),
        (new([{"name": "a", "id": ""}]), "workflow.specification.tasks[0]: has no id"),
        (new([{"name": "a", "id": "a"}], [{"id": "a"}, {"id": "a"}]), "execution.tasks[1].id: the task 'a' was"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_place(data: object, words: str) -> None:
    assert words in problems(data)


def test_executions_of_nothing_are_left_out_and_told() -> None:
    imported = import_wfformat(new([{"name": "a", "id": "a"}], [{"id": "z", "runtimeInSeconds": 1}]))
    assert "executions belong to no task" in imported.notes[0]


def test_many_problems_are_cut() -> None:
    assert "and 80 more problems" in problems(old("1.4", [{"name": 1}] * 50))


def test_recognising() -> None:
    assert is_wfformat(old("1.4", []))
    assert not is_wfformat({"windlass": 1, "tasks": {}})
    assert not is_wfformat([])
