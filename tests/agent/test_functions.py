"""Python functions through the executor and real runners."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Call, PythonCall, Resources, Task
from windlass.wire import limits
from windlass.wire import messages as m
from windlass.wire.logs import to_text
from windlass.wire.results import ResultRef, blob_ref, decode_error, decode_result, encode_ref, encode_result
from windlass_agent import procs
from windlass_agent.attempts import id_of

pytestmark = pytest.mark.slow


def test_a_result_comes_home(bench: Bench) -> None:
    factor = 7
    assert bench.result_of(bench.call(lambda x: {"y": x * factor}, 6)) == b'j{"y":42}'
    assert decode_result(bench.result_of(bench.call(lambda: (1, {2})))) == (1, {2})


def test_a_functions_code_is_asked_for_once_though_its_size_is_not_known(bench: Bench) -> None:
    large = bytes(range(256)) * 2000  # two pieces
    assert bench.result_of(bench.call(lambda: len(large))) == b"j512000"
    wants = [(want.offset, want.length) for want in bench.core.sent if isinstance(want, m.BlobWant)]
    assert [offset for offset, _ in wants] == [0, limits.CHUNK]


def test_an_exception_comes_home_with_its_traceback(bench: Bench) -> None:
    def fail() -> None:
        raise LookupError("not there")

    key = bench.call(fail)
    exit = bench.end_of(key)
    assert exit.outcome == "failed"
    assert exit.error.startswith("LookupError: not there\nTraceback")
    assert "in fail" in exit.error
    assert "runner.py" not in exit.error
    error = decode_error(bench.result_of(key))
    assert isinstance(error, LookupError)
    assert str(error) == "not there"


def test_what_it_prints_is_its_log_and_of_no_other(bench: Bench) -> None:
    def talk(n: int) -> None:
        print("from python", n)
        os.system(f"echo from below {n}; echo err {n} >&2")

    task = Task("f", bench.function(talk))
    keys = bench.give(task, [cloudpickle.dumps(((n,), {})) for n in range(20)])
    for n, key in enumerate(keys):
        text = to_text(bench.end_of(key).log)
        assert sorted(text.splitlines()) == sorted([f"from python {n}", f"from below {n}", f"err {n}"])


def test_what_very_many_small_ones_print_is_not_mixed(bench: Bench) -> None:
    def talk(n: int) -> None:
        sys.setswitchinterval(1e-6)  # the runner's threads meet everywhere
        for _ in range(n % 3):
            os.write(1, b"%d\n" % n)

    keys = bench.give(Task("f", bench.function(talk)), [cloudpickle.dumps(((n,), {})) for n in range(1000)])
    logs = [to_text(bench.end_of(key).log) for key in keys]
    assert logs == [f"{n}\n" * (n % 3) for n in range(1000)]


def test_the_log_of_a_hung_function_is_there_when_it_is_killed(bench: Bench) -> None:
    def hang() -> None:
        print("before")
        time.sleep(1000)

    exit = bench.end_of(bench.call(hang, timeout=0.3))
    assert exit.outcome == "timeout"
    assert to_text(exit.log) == "before\n"


@pytest.mark.parametrize(("how", "outcome", "code"), [("exit", "nonzero", 3), ("signal", "signal", 9)])
def test_a_function_that_kills_its_runner_fails_alone(bench: Bench, how: str, outcome: str, code: int) -> None:
    def work(n: int) -> int:
        if n == 5:
            print("last words", flush=True)
            os._exit(3) if how == "exit" else os.kill(os.getpid(), signal.SIGKILL)
        return n

    keys = bench.give(Task("f", bench.function(work)), [cloudpickle.dumps(((n,), {})) for n in range(50)])
    exits = [bench.end_of(key) for key in keys]
    assert (exits[5].outcome, exits[5].code) == (outcome, code)
    assert to_text(exits[5].log) == "last words\n"
    assert [exit.outcome for exit in exits if exit is not exits[5]] == ["ok"] * 49


def test_a_cancelled_function_ends_and_the_ones_behind_it_go_on(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "pid"

    def work(n: int) -> int:
        if n == 10:
            (Path(str(mark) + ".new")).write_text(str(os.getpid()))
            os.rename(str(mark) + ".new", mark)
            time.sleep(1000)
        return n

    keys = bench.give(Task("f", bench.function(work)), [cloudpickle.dumps(((n,), {})) for n in range(100)])
    bench.until(mark.exists)
    bench.until(lambda: len(bench.core.exits) == 99)  # those behind it were moved to the other runner
    bench.executor.stop(m.Stop([keys[10]], grace=0.1))
    assert bench.end_of(keys[10]).outcome == "stopped"
    assert not procs.runs(int(mark.read_text()))


def test_children_of_a_function_do_not_survive_it(bench: Bench) -> None:
    def leave() -> int:
        import subprocess

        return subprocess.Popen(["sleep", "1000"], start_new_session=True).pid

    pid = decode_result(bench.result_of(bench.call(leave)))
    assert not procs.runs(pid)


def test_an_initializer_runs_once_a_runner_and_its_failure_is_told(bench: Bench) -> None:
    def setup(value: int) -> None:
        os.environ["SETUP"] = os.environ.get("SETUP", "") + str(value)

    function = {"function": lambda: os.environ["SETUP"], "initializer": setup, "initargs": (5,)}
    task = Task("f", bench.function(function))
    keys = bench.give(task, [cloudpickle.dumps(((), {}))] * 10)
    assert {bench.result_of(key) for key in keys} == {b'j"5"'}

    def broken() -> None:
        raise ValueError("no")

    exit = bench.end_of(bench.call({"function": print, "initializer": broken}))
    assert exit.outcome == "failed"
    assert exit.error.startswith("the initializer failed: ValueError: no")


def test_results_of_other_tasks_are_put_into_arguments(bench: Bench) -> None:
    big = encode_result("x" * 200_000)
    ref = bench.file("result", big)
    results: dict[str, Any] = {"one": encode_result((1, 2)), "many": [b"j1", b"j2"], "big": encode_ref(ref)}
    args = ([ResultRef("one"), {"k": ResultRef("many")}], ResultRef("big"))
    task = Task("f", bench.function(lambda a, big: [list(a[0]), a[1]["k"], len(big)]))
    key = bench.give(task, [cloudpickle.dumps((args, {}))], results=results)[0]
    assert bench.result_of(key) == b"j[[1,2],[1,2],200000]"


def test_a_large_result_is_a_blob_that_the_core_holds(bench: Bench) -> None:
    for size in (100_000, 3_000_000):
        ref = blob_ref(bench.result_of(bench.call(lambda size=size: b"x" * size)))
        assert ref is not None
        assert decode_result(bench.core.store.read(ref.hash)) == b"x" * size


def test_a_result_that_cannot_be_pickled(bench: Bench) -> None:
    exit = bench.end_of(bench.call(lambda: (x for x in "ab")))
    assert exit.outcome == "failed"
    assert "cannot be sent" in exit.error


def test_a_function_that_cannot_be_loaded(bench: Bench) -> None:
    digest = bench.core.store.add_bytes(b"no pickle")[0]
    exit = bench.end_of(bench.give(Task("f", Call(digest)), [cloudpickle.dumps(((), {}))])[0])
    assert exit.outcome == "failed"
    assert exit.error.startswith("the function could not be loaded")


def test_functions_of_the_graphs_folder_are_fresh_in_each_run(bench: Bench) -> None:
    for run, word in enumerate(("old", "new"), 1):
        files = [bench.file("mod.py", f"import helper\ndef f(n): return '{word}', n, helper.X\n".encode()),
                 bench.file("helper.py", f"X = '{word}'\n".encode())]  # fmt: skip
        key = bench.python("mod:f", ["${{ params.n }}"], files, run=run, params={"n": run})
        assert decode_result(bench.result_of(key)) == (word, run, word)


def test_a_named_function_works_in_its_own_directory(bench: Bench) -> None:
    code = (
        b"import os\ndef f():\n    open('out.txt', 'w').write(open('in.txt').read() + os.environ['WINDLASS_INDEX'])\n"
    )
    files = [bench.file("mod.py", code), bench.file("in.txt", b"in")]
    task = Task("p", PythonCall("mod:f"), inputs=["in.txt"], outputs=["out.txt"])
    exit = bench.end_of(bench.give(task, files=files)[0])
    assert [bench.core.store.read(ref.hash) for ref in exit.outputs] == [b"in0"]


def test_a_module_that_is_not_there(bench: Bench) -> None:
    exit = bench.end_of(bench.python("nowhere_to_be_found:f", [], []))
    assert exit.outcome == "failed"
    assert exit.error.startswith("ModuleNotFoundError")


def test_memory_over_what_was_declared_ends_only_the_function(bench: Bench) -> None:
    def greedy() -> None:
        held = bytearray(300_000_000)
        time.sleep(1000 + len(held))

    exit = bench.end_of(bench.call(greedy, resources=Resources(cpus=1, memory=150 << 20)))
    assert exit.outcome == "oom"


def test_a_runner_that_is_killed_while_idle_hurts_nobody(bench: Bench) -> None:
    pid = decode_result(bench.result_of(bench.call(os.getpid)))
    os.kill(pid, signal.SIGKILL)
    assert decode_result(bench.result_of(bench.call(lambda: 5))) == 5


def test_thousands_of_small_ones_all_end_once(bench: Bench) -> None:
    task = Task("f", bench.function(lambda n: n * 2))
    keys = bench.give(task, [cloudpickle.dumps(((n,), {})) for n in range(5000)])
    bench.until(lambda: len(bench.core.exits) == 5000)
    assert [bench.result_of(key) for key in keys[:100]] == [b"j%d" % (n * 2) for n in range(100)]


def holder(gate: Path) -> Callable[[], None]:
    """How these tests hold a function: it runs until they make the file."""

    def hold() -> None:
        while not gate.exists():
            time.sleep(0.005)

    return hold


def test_uneven_ones_do_not_wait_behind_a_long_one(bench: Bench, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    hold = holder(gate)

    def work(n: int) -> None:
        if n == 300:
            hold()

    task = Task("f", bench.function(work))
    keys = bench.give(task, [cloudpickle.dumps(((n,), {})) for n in range(600)])
    for key in keys[:300] + keys[301:]:
        bench.end_of(key)
    assert id_of(keys[300]) not in bench.core.exits
    gate.touch()
    assert bench.end_of(keys[300]).outcome == "ok"


def test_a_short_one_beside_a_long_queue_gets_its_place_soon_and_nothing_runs_twice(
    bench: Bench, tmp_path: Path
) -> None:
    ledger = str(tmp_path / "ledger")

    def work(n: int) -> int:
        with open(ledger, "ab", buffering=0) as file:
            file.write(b"%d\n" % n)
        return n

    count = 20_000
    many = bench.give(Task("f", bench.function(work)), [cloudpickle.dumps(((n,), {})) for n in range(count)])
    bench.until(lambda: len(bench.core.exits) > 500)  # it is known how short they are, and they are fed ahead
    ends = []
    for n in range(5):
        key = bench.give(Task("g", bench.function(abs)), [cloudpickle.dumps(((-n,), {}))], run=2)[0]
        assert decode_result(bench.result_of(key)) == n
        ends.append(len(bench.core.exits))
    assert ends[-1] < count // 2, ends
    bench.until(lambda: all(bench.core.holds(id_of(key)) for key in many))
    assert Counter(Path(ledger).read_text().split()) == Counter(str(n) for n in range(count))


def test_single_functions_of_a_run_share_runners_and_none_waits_behind_a_long_one(bench: Bench, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    hold = holder(gate)

    def work(waits: bool) -> int:
        if waits:
            hold()
        return os.getpid()

    where, negate = bench.function(work), bench.function(lambda n: -n)
    for n in range(50):  # how long they take is seen
        bench.call(abs, n)
    bench.until(lambda: len(bench.core.exits) == 50)
    first = bench.give(Task("long", where), [cloudpickle.dumps(((True,), {}))])[0]
    keys = [bench.give(Task(f"t{n}", negate), [cloudpickle.dumps(((n,), {}))])[0] for n in range(60)]
    last = bench.give(Task("last", where), [cloudpickle.dumps(((False,), {}))])[0]
    assert [bench.result_of(key) for key in keys] == [b"j%d" % -n for n in range(60)]
    bench.end_of(last)
    assert id_of(first) not in bench.core.exits
    gate.touch()
    other = bench.give(Task("other", where), [cloudpickle.dumps(((False,), {}))], run=2)[0]
    pids = [decode_result(bench.result_of(key)) for key in (first, last, other)]
    assert pids[2] not in pids[:2]  # no runner serves two runs


def test_what_two_runs_need_stays_until_both_have_ended(bench: Bench) -> None:
    task = Task("f", bench.function(abs))
    digest = task.action.function
    for run in (1, 2):
        (key,) = bench.give(task, [cloudpickle.dumps(((-3,), {}))], run=run)
        assert bench.result_of(key) == b"j3"
    bench.executor.forget([1])
    assert bench.executor.transfers.has(digest)
    bench.executor.forget([2])
    assert not bench.executor.transfers.has(digest)


def test_a_peak_is_of_the_function_that_needed_it(bench: Bench) -> None:
    """Though one runner serves both, one after the other."""

    def large() -> int:
        kept = bytearray(200 << 20)
        return len(kept) and os.getpid()

    def small() -> int:
        return os.getpid()

    first = bench.call(large)
    assert bench.end_of(first).usage.memory > 200 << 20
    second = bench.call(small)
    assert bench.end_of(second).usage.memory < 150 << 20
    assert bench.result_of(first) == bench.result_of(second)


def test_tasks_of_a_kind_come_with_the_results_that_they_need(bench: Bench) -> None:
    ref = bench.file("result", encode_result("x" * 200_000))
    bundle = m.Bundle(
        1, -3, 1, "test", Task("first", bench.function(lambda a, b: [a, len(b) if isinstance(b, str) else b])), {}
    )
    args = cloudpickle.dumps(((ResultRef("a"),), {"b": ResultRef("b")}))
    lengths = cloudpickle.dumps(((1, 2), {}))
    results: list[Any] = [{"a": b"j1", "b": [b"j2", b"j3"]}, {}, {"a": b"j1", "b": encode_ref(ref)}, {"a": b"j1"}]
    message = m.AssignTasks([bundle], 1, -3, 1, 7, [5, 6, 8, 9], [1, 1, 2, 1], results)
    bench.executor.assign_tasks(message, [args, lengths, args, args])
    keys = message.attempt_keys()
    assert keys[2] == m.Key(1, 8, 0, 2, 7)
    assert [bench.result_of(key) for key in keys[:3]] == [b"j[1,[2,3]]", b"j[1,2]", b"j[1,200000]"]
    assert "KeyError" in bench.end_of(keys[3]).error
    bench.executor.assign_tasks(message, [args, lengths, args, args])  # sent again: nothing of it runs twice
    bench.step()
    assert bench.executor.idle
    unknown = m.AssignTasks([], 1, -4, 1, 7, [10], [1], [])
    bench.executor.assign_tasks(unknown, [])
    assert bench.core.refused == [(m.Key(1, 10, 0, 1, 7), "unknown bundle")]
