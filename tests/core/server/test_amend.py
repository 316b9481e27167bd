"""Mending a run's graph: what changes, from when on, and what may not."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from windlass.model.graph import Call, Command, FileRef, Foreach, Graph, Need, PythonCall, Resources, Task
from windlass.wire import messages as m


def ref(path: str, data: bytes) -> FileRef:
    return FileRef(path, hashlib.sha256(data).hexdigest(), len(data))


def upload(client: Any, data: bytes) -> None:
    """A file of one piece."""
    hash = ref("", data).hash
    client.send(m.BlobOffer(hash, len(data)))
    want = client.expect(m.BlobWant)
    client.send(m.BlobChunk(hash, want.offset, len(data)), [data])
    client.expect(m.BlobDone)


WRONG, RIGHT = Command(["false"]), Command(["true", "now"])


def amend(client: Any, run: int, *tasks: Task, files: list[FileRef] | None = None, **params: Any) -> Any:
    graph = Graph("g", list(tasks), params=params)
    return client.ask(m.Amend, run, msgspec.msgpack.encode(graph), "mended", files or [])


def test_a_failed_task_is_mended_and_retried_in_the_same_run(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"), kit.task("two", "one", action=WRONG), kit.task("three", "two"))
    agent.finish(agent.assigned(1))
    agent.finish(agent.assigned(1), "nonzero")
    assert kit.wait_run(client, run) == "failed"
    old = agent.bundles[run, 1].version
    mended = (kit.task("one"), kit.task("two", "one", action=RIGHT, env={"A": "b"}), kit.task("three", "two"))
    assert amend(client, run, *mended) == {"tasks": ["two"], "files": []}
    assert amend(client, run, *mended) == {"tasks": [], "files": []}
    assert client.ask(m.GetRun, run)["document"] == "mended"
    assert client.ask(m.Control, "retry", run)["items"] == 2
    (item,) = agent.assigned(1)
    bundle = agent.bundles[run, 1]
    assert (item.key.task, item.key.attempt) == (1, 2)
    assert (bundle.spec.action, bundle.spec.env, bundle.version) == (RIGHT, {"A": "b"}, item.version)
    assert bundle.version > old
    agent.finish([item])
    agent.finish(agent.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"


def test_what_runs_goes_on_and_what_waits_is_given_anew(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=1)
    run = kit.submit(client, kit.array("many", 3, action=WRONG))
    (first,) = agent.assigned(1)
    assert amend(client, run, kit.array("many", 3, action=RIGHT, resources=Resources(cpus=0.25))) == {
        "tasks": ["many"], "files": [],
    }  # fmt: skip
    assert agent.bundles[run, 0].spec.action == WRONG
    agent.finish([first])
    rest = agent.assigned(2)
    assert agent.bundles[run, 0].spec.action == RIGHT
    agent.finish(rest)
    assert kit.wait_run(client, run) == "succeeded"


def test_places_and_titles_change_without_touching_any_work(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    items = agent.assigned(1)
    assert amend(client, run, kit.task("one", title="The one", position=(1.0, 2.0)))["tasks"] == []
    assert client.ask(m.GetRun, run)["tasks"][0]["title"] == "The one"
    agent.finish(items)


def test_another_structure_is_refused_and_named(core: Any, kit: Any) -> None:
    client = core.client()
    run = kit.submit(client, kit.task("one"), kit.task("two", "one"), kit.array("many", 3), graph_params={"size": 1})
    one, two, many = kit.task("one"), kit.task("two", "one"), kit.array("many", 3)
    for tasks, params, words in [
        ((one, two), {"size": 1}, "task 'many' is gone"),
        ((one, two, many, kit.task("four")), {"size": 1}, "task 'four' is new"),
        ((two, one, many), {"size": 1}, "another order"),
        ((one, two, many, one), {"size": 1}, "there twice"),
        ((one, kit.task("two"), many), {"size": 1}, "task 'two' needs other tasks"),
        ((one, kit.task("two", Need("one", each=True)), many), {"size": 1}, "task 'two' needs other tasks"),
        ((one, two, kit.array("many", 4)), {"size": 1}, "task 'many' fans out"),
        ((one, kit.task("two", "one", when="failure()"), many), {"size": 1}, "another condition"),
        ((one, two, kit.task("many", matrix={"a": [1]})), {"size": 1}, "another matrix"),
        ((one, two, many), {"size": 2}, "the parameter 'size' has another default"),
        ((one, two, many), {}, "the parameter 'size' is gone"),
        ((one, two, many), {"size": 1, "x": 2}, "the parameter 'x' is new"),
    ]:
        failure = amend(client, run, *tasks, **params)
        assert isinstance(failure, m.Failure)
        assert failure.code == "bad-request"
        assert words in failure.reason
        assert "submit" in failure.reason
    assert client.ask(m.GetRun, run)["document"] == "document"


def test_nonsense_is_refused_and_changes_nothing(core: Any, kit: Any) -> None:
    client = core.client()
    run = kit.submit(client, kit.task("one"), kit.array("calls", 2))
    one, calls = kit.task("one"), kit.array("calls", 2)
    bad: list[Any] = [
        amend(client, run, kit.task("one", where=["((("]), calls),
        amend(client, run, kit.task("one", resources=Resources(cpus=-1)), calls),
        amend(client, run, kit.task("one", action=Call("0" * 64)), calls),
        amend(client, run, one, calls, files=[ref("a.txt", b"never sent")]),
        amend(client, run, one, calls, files=[FileRef("../a", "0" * 64, 1)]),
        client.ask(m.Amend, run, b"\xff", "", []),
    ]
    assert all(isinstance(answer, m.Failure) and answer.code == "bad-request" for answer in bad)
    missing = amend(client, 99, one)
    assert isinstance(missing, m.Failure)
    assert missing.code == "not-found"
    assert client.ask(m.GetRun, run)["document"] == "document"


def test_a_changed_file_reaches_the_tasks_that_take_it(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=4)
    old, new, same = ref("tool.py", b"wrong"), ref("tool.py", b"right"), ref("data/a", b"a")
    for data in (b"wrong", b"right", b"a"):
        upload(client, data)
    tasks = (
        kit.task("named", inputs=["tool.py"]),
        kit.task("module", action=PythonCall("tool:main")),
        kit.task("other", inputs=["data/*"]),
    )
    run = kit.submit(client, *tasks, files=[old, same])
    items = agent.assigned(3)
    agent.finish([items[2]])
    agent.finish(items[:2], "nonzero")
    assert kit.wait_run(client, run) == "failed"
    answer = amend(client, run, *tasks, files=[new, same])
    assert answer == {"tasks": ["named", "module"], "files": ["tool.py"]}
    kept = client.ask(m.Amend, run, msgspec.msgpack.encode(Graph("g", list(tasks))), "mended")
    assert kept == {"tasks": [], "files": []}
    client.ask(m.Control, "retry", run)
    agent.assigned(2)
    assert [agent.bundles[run, place].files for place in range(3)] == [[new], [new], [same]]


def test_items_of_functions_keep_their_arguments(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    old, new = ref("f", b"old function"), ref("f", b"new function")
    upload(client, b"new function")

    def calls(function: FileRef, count: int) -> Task:
        task: Task = kit.task("calls", action=Call(function.hash), foreach=Foreach(opaque=count))
        return task

    run = kit.submit(client, calls(old, 2), payload=[msgspec.msgpack.encode([b"x", b"y"])])
    agent.finish(agent.assigned(2), "failed")
    assert kit.wait_run(client, run) == "failed"
    assert amend(client, run, calls(new, 0))["tasks"] == ["calls"]
    assert client.ask(m.Control, "retry", run)["items"] == 2
    agent.assigned(2)
    spec = agent.bundles[run, 0].spec
    assert (spec.action, spec.foreach) == (Call(new.hash), Foreach(opaque=2))


@pytest.mark.parametrize("ended", [False, True])
def test_a_mended_graph_survives_a_restart(start_core: Any, kit: Any, ended: bool) -> None:
    core = start_core()
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one", action=WRONG), kit.task("two", "one"))
    items = agent.assigned(1)
    if ended:
        agent.finish(items, "nonzero")
        assert kit.wait_run(client, run) == "failed"
    upload(client, b"data")
    amend(client, run, kit.task("one", action=RIGHT, inputs=["a"]), kit.task("two", "one"), files=[ref("a", b"data")])
    core.stop()
    core = start_core()
    client, agent2 = core.client(), core.agent()
    agent2.epoch = agent.epoch
    agent2.hello(held=() if ended else (m.Held(items[0].key, "running"),))
    if not ended:
        agent2.finish(items, "nonzero")
    assert kit.wait_run(client, run) == "failed"
    assert client.ask(m.GetRun, run)["document"] == "mended"
    client.ask(m.Control, "retry", run)
    (item,) = agent2.assigned(1)
    assert agent2.bundles[run, 0].spec.action == RIGHT
    assert agent2.bundles[run, 0].files == [ref("a", b"data")]
    agent2.finish([item])
    agent2.finish(agent2.assigned(1))
    assert kit.wait_run(client, run) == "succeeded"


def test_functions_of_one_kind_are_given_with_the_mended_bundle(core: Any, kit: Any) -> None:
    """What all of a kind share is sent once, and again when the graph was mended."""
    client, agent = core.client(), core.agent()
    agent.hello(cpus=2)
    old, new = Call("f" * 64), Call(ref("", b"mended").hash)
    upload(client, b"mended")
    tasks = [kit.task(f"t{n}", *([f"t{n - 2}"] if n > 1 else []), action=old) for n in range(6)]
    run = kit.submit(client, *tasks)

    def given() -> tuple[list[int], list[Any], list[Any]]:
        message = agent.expect(m.Assign)
        bundles = [bundle.spec.action for bundle in message.bundles]
        return [item.key.task for item in message.items], bundles, message.items

    positions, actions, items = given()
    assert (positions, actions) == ([0, 1], [old])
    agent.finish(items)
    positions, actions, items = given()
    assert (positions, actions) == ([2, 3], [])
    mended = [msgspec.structs.replace(task, action=new) for task in tasks]
    amend(client, run, *mended)
    agent.finish(items)
    positions, actions, items = given()
    assert (positions, actions) == ([4, 5], [new])
    agent.finish(items)
    assert kit.wait_run(client, run) == "succeeded"
