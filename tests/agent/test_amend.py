"""A task that is mended while the agent holds attempts of it: each attempt does what it was given for."""

from __future__ import annotations

from pathlib import Path

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Call, Command, PythonCall, Resources, Task
from windlass.wire import messages as m
from windlass.wire.logs import to_text
from windlass.wire.results import decode_result

pytestmark = pytest.mark.slow


def _arguments(count: int) -> list[bytes]:
    return [cloudpickle.dumps(((n,), {})) for n in range(count)]


def test_runners_of_the_old_function_are_not_given_the_new_one(bench: Bench) -> None:
    old = bench.give(Task("f", bench.function(lambda n: ("old", n))), _arguments(40))
    bench.end_of(old[0])
    new = bench.amend(old[0], Task("f", bench.function(lambda n: ("new", n))), _arguments(40))
    assert [decode_result(bench.result_of(key)) for key in new] == [("new", n) for n in range(40)]
    assert [decode_result(bench.result_of(key)) for key in old] == [("old", n) for n in range(40)]


def test_a_mended_module_is_imported_anew(bench: Bench) -> None:
    task = Task("p", PythonCall("tool:value"))
    old = bench.give(task, 3, files=[bench.file("tool.py", b"def value(): return 'old'")])
    assert [decode_result(bench.result_of(key)) for key in old] == ["old"] * 3
    new = bench.amend(old[0], task, [b""] * 3, files=[bench.file("tool.py", b"def value(): return 'new'")])
    assert [decode_result(bench.result_of(key)) for key in new] == ["new"] * 3


def test_a_command_may_become_a_function_while_attempts_wait(bench: Bench, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    wait = Task("t", Command(f"while ! test -e {gate}; do sleep 0.02; done; echo old"))
    old = bench.give(wait, 6)
    bench.until(lambda: len(bench.core.running) == 2)
    new = bench.amend(old[0], Task("t", PythonCall("math:factorial", [4])), [b""] * 2)
    last = bench.amend(old[0], Task("t", Command("echo newest"), resources=Resources(cpus=2)), [b""] * 2, version=3)
    gate.touch()
    assert [to_text(bench.end_of(key).log) for key in old] == ["old\n"] * 6
    assert [decode_result(bench.result_of(key)) for key in new] == [24, 24]
    assert [to_text(bench.end_of(key).log) for key in last] == ["newest\n"] * 2


def test_an_assignment_by_what_was_before_is_given_back(bench: Bench) -> None:
    (old,) = bench.give(Task("t", Command("echo old")))
    bench.amend(old, Task("t", Command("echo new")), [b""])
    late = m.Key(old.run, old.task, 5, 1, 7)
    bench.executor.assign(m.Assign([], [m.AssignItem(late, 1)]), [b""])
    assert bench.core.refused == [(late, "unknown bundle")]
    bench.end_of(old)


def test_a_retry_upstream_alone_keeps_the_runners(bench: Bench) -> None:
    function: Call = bench.function(lambda n: __import__("os").getpid())
    old = bench.give(Task("f", function), _arguments(1))
    pid = decode_result(bench.result_of(old[0]))
    (new,) = bench.amend(old[0], Task("f", function), _arguments(1))
    assert decode_result(bench.result_of(new)) == pid
