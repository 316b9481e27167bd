"""Graphs built in code: ids, needs, payloads and errors."""

from __future__ import annotations

import functools
import pickle
from pathlib import Path

import msgspec
import pytest

from windlass import Graph, task
from windlass.client.errors import SubmitError
from windlass.model import graph as model
from windlass.wire.results import ResultRef


def test_calls_bring_their_function_once_and_their_arguments() -> None:
    graph = Graph("sums")
    graph.call(max, 1, 2)
    graph.call(max, 3, default=4)
    made = graph.build()
    assert [each.id for each in made.graph.tasks] == ["max", "max-2"]
    assert len(made.sources) == 1
    assert pickle.loads(made.payloads[1][0]) == ((3,), {"default": 4})


def test_a_node_as_an_argument_becomes_a_need_and_a_reference_at_any_depth() -> None:
    graph = Graph()
    one = graph.call(max, 1, 2)
    both = graph.call(sum, [one, {"deep": (one,)}])
    made = graph.build()
    assert made.graph.tasks[both.position].needs == [model.Need("max")]
    args, _ = pickle.loads(made.payloads[both.position][0])
    assert args == ([ResultRef("max"), {"deep": (ResultRef("max"),)}],)


def test_map_makes_an_array_and_pairs_arrays_item_by_item() -> None:
    graph = Graph()
    first = graph.map(abs, range(-3, 0))
    second = graph.map(pow, first, [1, 2, 3])
    total = graph.call(sum, second)
    made = graph.build()
    assert made.graph.tasks[0].foreach == model.Foreach(opaque=3)
    assert made.graph.tasks[1].needs == [model.Need("abs", each=True)]
    assert made.graph.tasks[total.position].needs == [model.Need("pow")]
    assert pickle.loads(made.payloads[1][2]) == ((ResultRef("abs"), 3), {})
    with pytest.raises(ValueError, match="equal lengths"):
        graph.map(pow, first, [1, 2])
    with pytest.raises(TypeError, match="no array"):
        graph.map(abs, total)


def test_a_task_function_is_called_as_usual_and_brings_its_options() -> None:
    @task(retries=2, resources={"cpus": 0.5, "memory": "256 MiB", "licence": 1}, timeout="2 min", where="gpu == 'a'")
    def double(x: int) -> int:
        return 2 * x

    assert double(4) == 8
    graph = Graph()
    graph.call(double.with_options(id="twice"), 4)
    made = graph.build().graph.tasks[0]
    assert made.id == "twice"
    assert made.retries.max == 2
    assert made.resources == model.Resources(cpus=0.5, memory=256 * 2**20, named={"licence": 1.0})
    assert (made.timeout, made.where) == (120.0, ["gpu == 'a'"])


def test_names_are_made_unique_in_linear_time() -> None:
    graph = Graph()
    graph.call(abs, 1)
    graph.command("true", id="abs-3")
    nodes = [graph.call(abs, number) for number in range(3)]
    assert [node.id for node in nodes] == ["abs-2", "abs-4", "abs-5"]
    with pytest.raises(SubmitError, match="not in the graph"):
        graph.command("true", id="later", needs="later")
    assert graph.command("true", id="later").id == "later"
    for number in range(20_000):
        graph.call(abs, number)
    assert len(set(graph)) == 20_006


def test_a_function_is_pickled_once_a_graph(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[object] = []

    def pickled(function: object) -> tuple[str, bytes]:
        seen.append(function)
        return f"{len(seen):064d}", b""

    monkeypatch.setattr("windlass.client.build.pickle_function", pickled)
    graph = Graph()
    partial = functools.partial(max, 3)
    for function in (abs, abs, partial, partial):
        graph.call(function, 1)
    assert seen == [abs, partial, partial]  # a partial may have been changed
    assert len(graph.build().sources) == 3


def test_wrong_options_and_strange_nodes_are_refused() -> None:
    with pytest.raises(TypeError, match="no option retrys"):
        task(abs, retrys=2)
    one, other = Graph("one"), Graph("other")
    node = one.call(abs, 1)
    with pytest.raises(SubmitError, match="another graph"):
        other.call(abs, node)
    with pytest.raises(SubmitError, match="already"):
        one.command("true", id="abs")
    with pytest.raises(SubmitError, match="not in the graph"):
        one.command("true", needs="nothing")
    with pytest.raises(TypeError, match="not be pickled"):
        pickle.dumps(node)


def test_commands_take_files_from_the_graphs_folder(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.txt").write_text("a")
    graph = Graph("files", folder=tmp_path)
    step = graph.command(["wc", "-c", "data/a.txt"], inputs="data/*.txt", outputs=["n"])
    graph.script("echo done", needs=step)
    made = graph.build()
    assert [file.path for file in made.files] == ["data/a.txt"]
    assert [each.id for each in made.graph.tasks] == ["wc", "script"]
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(made.graph), type=model.Graph) == made.graph


def test_a_lambda_has_a_name_that_a_task_may_have() -> None:
    graph = Graph()
    node = graph.call(lambda: 1)
    assert node.id == "lambda"
