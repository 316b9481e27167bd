"""`windlass.Executor` against what the standard library promises of a `concurrent.futures.Executor`."""

from __future__ import annotations

import concurrent.futures
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ALL_COMPLETED, FIRST_COMPLETED, FIRST_EXCEPTION, BrokenExecutor, CancelledError, Future
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE

from windlass import Client, Executor
from windlass.client.errors import RemoteTraceback
from windlass.client.executor import PROMOTE, BrokenWorkers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

WAIT = PATIENCE


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    with Client.embedded(agents=1, cpus=2) as made:
        yield made


@pytest.fixture
def executor(client: Client) -> Iterator[Executor]:
    with Executor(core=client) as made:
        yield made


def gate(path: Path) -> Callable[[], str]:
    """A function that runs until the file appears: how these tests hold a worker."""

    def hold() -> str:
        end = time.monotonic() + PATIENCE
        while not path.exists() and time.monotonic() < end:
            time.sleep(0.005)
        return "released"

    return hold


# --- calls -----------------------------------------------------------------------------------------------------


def test_it_is_an_executor() -> None:
    assert issubclass(Executor, concurrent.futures.Executor)


def test_submit_passes_arguments_of_all_kinds(executor: Executor) -> None:
    assert executor.submit(pow, 2, 8).result(WAIT) == 256
    assert executor.submit(lambda *a, **k: (a, k), 1, "x", self=3, fn=4).result(WAIT) == (
        (1, "x"),
        {"self": 3, "fn": 4},
    )


def test_closures_lambdas_and_local_classes_travel(executor: Executor) -> None:
    offset = 10

    class Point:
        def __init__(self, x: int) -> None:
            self.x = x

        def moved(self, by: int) -> Point:
            return Point(self.x + by + offset)

    assert executor.submit(lambda x: x + offset, 1).result(WAIT) == 11
    assert executor.submit(Point(1).moved, 2).result(WAIT).x == 13
    makers = [lambda value=value: value for value in range(3)]
    assert [executor.submit(maker).result(WAIT) for maker in makers] == [0, 1, 2]


@pytest.mark.parametrize("value", [None, (1, 2), {1: 2}, {1, 2}, b"x", float("inf"), 2**70, "ü", [1, [2.5, None]], 1j])
def test_results_come_back_equal_and_of_the_same_type(executor: Executor, value: Any) -> None:
    result = executor.submit(lambda: value).result(WAIT)
    assert result == value
    assert type(result) is type(value)


def test_large_arguments_and_results(executor: Executor) -> None:
    data = os.urandom(3_000_000)
    assert executor.submit(lambda x: x[::-1], data).result(WAIT) == data[::-1]


def test_exceptions_come_back_with_the_remote_traceback(executor: Executor) -> None:
    def fail_over_there() -> None:
        raise KeyError("missing")

    future = executor.submit(fail_over_there)
    error = future.exception(WAIT)
    assert isinstance(error, KeyError)
    assert error.args == ("missing",)
    assert isinstance(error.__cause__, RemoteTraceback)
    assert "fail_over_there" in str(error.__cause__)
    with pytest.raises(KeyError):
        future.result()


def test_an_exception_of_ones_own_class(executor: Executor) -> None:
    class OddError(Exception):
        def __init__(self, a: int, b: int) -> None:
            super().__init__(f"{a}/{b}")
            self.pair = (a, b)

        def __reduce__(self) -> Any:
            return OddError, self.pair

    def fail() -> None:
        raise OddError(1, 2)

    error = executor.submit(fail).exception(WAIT)
    assert isinstance(error, OddError)
    assert error.pair == (1, 2)


def test_system_exit_is_an_exception_not_a_death(executor: Executor) -> None:
    assert isinstance(executor.submit(sys.exit, 3).exception(WAIT), SystemExit)
    assert executor.submit(abs, -1).result(WAIT) == 1


def test_what_cannot_be_pickled_fails_by_its_future(executor: Executor) -> None:
    lock = threading.Lock()
    assert isinstance(executor.submit(abs, lock).exception(WAIT), TypeError)  # type: ignore[arg-type]
    assert isinstance(executor.submit(lambda: threading.Lock()).exception(WAIT), TypeError)
    assert executor.submit(abs, -1).result(WAIT) == 1


def test_a_function_that_is_used_often_gets_a_task_of_its_own(executor: Executor) -> None:
    def double(x: int) -> int:
        return 2 * x

    futures = [executor.submit(double, number) for number in range(3 * PROMOTE)]
    assert [future.result(WAIT) for future in futures] == [2 * number for number in range(3 * PROMOTE)]
    assert len(executor._dispatcher._channels) == 2


# --- map -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("chunksize", [1, 3, 100])
def test_map_keeps_the_order_and_stops_at_the_shortest(executor: Executor, chunksize: int) -> None:
    result = executor.map(pow, range(10), itertools.repeat(2, 7), chunksize=chunksize)
    assert list(result) == [number**2 for number in range(7)]
    assert list(executor.map(abs, [], chunksize=chunksize)) == []


def test_map_raises_where_the_failed_result_stands(executor: Executor) -> None:
    results = executor.map(divmod, [1, 1, 1], [1, 1, 0])
    assert next(results) == (1, 0)
    assert next(results) == (1, 0)
    with pytest.raises(ZeroDivisionError):
        next(results)


def test_map_times_out(executor: Executor, tmp_path: Path) -> None:
    hold = gate(tmp_path / "go")
    results: list[Any] = []
    with pytest.raises(TimeoutError):
        results.extend(executor.map(lambda f: f(), [lambda: 1, hold], timeout=1.0))
    assert results in ([], [1])
    (tmp_path / "go").touch()


def test_map_consumes_its_iterables_at_once_or_as_far_as_the_buffer_goes(executor: Executor) -> None:
    taken: list[int] = []

    def source() -> Iterator[int]:
        for number in range(10):
            taken.append(number)
            yield number

    everything = executor.map(abs, source())
    assert len(taken) == 10
    assert list(everything) == list(range(10))
    taken.clear()
    some = executor.map(abs, source(), buffersize=3)
    assert len(taken) == 3
    assert next(some) == 0
    assert len(taken) == 4
    assert list(some) == list(range(1, 10))


@pytest.mark.parametrize("wrong", [{"chunksize": 0}, {"chunksize": -1}, {"buffersize": 0}])
def test_map_checks_its_options(executor: Executor, wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError):
        executor.map(abs, [1], **wrong)  # type: ignore[arg-type]


# --- futures ---------------------------------------------------------------------------------------------------


def test_callbacks_run_once_done_and_may_submit(executor: Executor) -> None:
    done = threading.Event()
    seen: list[Any] = []

    def again(future: Future[int]) -> None:
        seen.append(future.result())
        executor.submit(abs, -8).add_done_callback(lambda later: (seen.append(later.result()), done.set()))

    executor.submit(abs, -7).add_done_callback(again)
    assert done.wait(WAIT)
    assert seen == [7, 8]


def test_a_callback_that_raises_harms_nobody(executor: Executor, caplog: pytest.LogCaptureFixture) -> None:
    future = executor.submit(abs, -1)
    future.add_done_callback(lambda _: 1 / 0)
    assert future.result(WAIT) == 1
    assert executor.submit(abs, -2).result(WAIT) == 2


def test_waiting_futures_can_be_cancelled_running_ones_cannot(client: Client, tmp_path: Path) -> None:
    with Executor(max_workers=1, core=client) as executor:
        hold = gate(tmp_path / "go")
        first = executor.submit(hold)
        while not first.running():
            assert not first.done()
        waiting = [executor.submit(abs, number) for number in range(5)]
        assert not first.cancel()
        assert waiting[2].cancel()
        assert waiting[2].cancelled()
        with pytest.raises(CancelledError):
            waiting[2].result()
        (tmp_path / "go").touch()
        assert first.result(WAIT) == "released"
        assert [future.result(WAIT) for future in waiting if not future.cancelled()] == [0, 1, 3, 4]


def test_wait_and_as_completed(executor: Executor, tmp_path: Path) -> None:
    held, quick, failing = (
        executor.submit(gate(tmp_path / "go")),
        executor.submit(abs, -1),
        executor.submit(divmod, 1, 0),
    )
    done, not_done = concurrent.futures.wait([held, quick], WAIT, return_when=FIRST_COMPLETED)
    assert (done, not_done) == ({quick}, {held})
    done, _ = concurrent.futures.wait([held, failing], WAIT, return_when=FIRST_EXCEPTION)
    assert failing in done
    with pytest.raises(TimeoutError):
        held.result(0.01)
    (tmp_path / "go").touch()
    done, not_done = concurrent.futures.wait([held, quick, failing], WAIT, return_when=ALL_COMPLETED)
    assert not not_done
    assert set(concurrent.futures.as_completed([held, quick, failing], WAIT)) == {held, quick, failing}


# --- the end ---------------------------------------------------------------------------------------------------


def test_shutdown_waits_for_what_was_submitted(client: Client) -> None:
    executor = Executor(core=client)
    futures = [executor.submit(abs, number) for number in range(100)]
    executor.shutdown()
    assert all(future.done() for future in futures)
    with pytest.raises(RuntimeError, match="after shutdown"):
        executor.submit(abs, 1)
    with pytest.raises(RuntimeError):
        executor.map(abs, [1])
    executor.shutdown()


def test_shutdown_without_waiting_still_runs_everything(client: Client, tmp_path: Path) -> None:
    executor = Executor(max_workers=1, core=client)
    futures = [executor.submit(gate(tmp_path / "go")), *(executor.submit(abs, number) for number in range(5))]
    executor.shutdown(wait=False)
    assert not futures[0].done()
    (tmp_path / "go").touch()
    assert [future.result(WAIT) for future in futures] == ["released", 0, 1, 2, 3, 4]


def test_shutdown_can_cancel_what_has_not_begun(client: Client, tmp_path: Path) -> None:
    executor = Executor(max_workers=1, core=client)
    first = executor.submit(gate(tmp_path / "go"))
    while not first.running():
        assert not first.done()
    rest = [executor.submit(abs, number) for number in range(20)]
    executor.shutdown(wait=False, cancel_futures=True)
    assert all(future.cancelled() for future in rest)
    assert set(concurrent.futures.as_completed(rest, WAIT)) == set(rest)
    (tmp_path / "go").touch()
    assert first.result(WAIT) == "released"


def test_an_executor_that_is_dropped_finishes_its_calls(client: Client) -> None:
    executor = Executor(core=client)
    futures = [executor.submit(abs, -number) for number in range(10)]
    dispatcher = executor._dispatcher
    del executor
    assert [future.result(WAIT) for future in futures] == list(range(10))
    dispatcher.join()


def test_shutdown_of_one_that_was_never_used() -> None:
    Executor(max_workers=3).shutdown()


def test_a_shared_core_lists_no_executors_and_forgets_them(client: Client) -> None:
    with Executor(core=client) as executor:
        assert executor.submit(abs, -1).result(WAIT) == 1
        assert "executor" not in [row.name for row in client.runs()]
        mine = {channel.run for channel in executor._dispatcher._channels.values()}
    assert mine.isdisjoint(row.id for row in client.runs(hidden=True))


@pytest.mark.parametrize("workers", [0, -1])
def test_max_workers_must_be_positive(workers: int) -> None:
    with pytest.raises(ValueError, match="greater than 0"):
        Executor(max_workers=workers)


def test_the_initializer_must_be_callable() -> None:
    with pytest.raises(TypeError):
        Executor(initializer="x")  # type: ignore[arg-type]


# --- workers ---------------------------------------------------------------------------------------------------


def prepared(value: str) -> None:
    import sys as system

    system.windlass_test_value = [*getattr(system, "windlass_test_value", []), value]  # type: ignore[attr-defined]


def look(_: int) -> tuple[int, list[str]]:
    import os as system
    import sys

    return system.getpid(), sys.windlass_test_value  # type: ignore[attr-defined, no-any-return]


def test_the_initializer_runs_once_in_each_worker(client: Client) -> None:
    with Executor(core=client, initializer=prepared, initargs=("ready",)) as executor:
        seen = list(executor.map(look, range(50)))
        seen += list(executor.map(lambda x: look(x), range(3 * PROMOTE)))
        seen += list(executor.map(look, range(10), chunksize=5))
    for process in {pid for pid, _ in seen}:
        assert {tuple(values) for pid, values in seen if pid == process} == {("ready",)}


def test_an_initializer_that_fails_breaks_the_executor(client: Client) -> None:
    def fail() -> None:
        raise ValueError("no licence")

    with Executor(core=client, initializer=fail) as executor:
        future = executor.submit(abs, 1)
        with pytest.raises(BrokenExecutor, match="no licence"):
            future.result(WAIT)
        with pytest.raises(BrokenExecutor):
            executor.submit(abs, 1)


@pytest.mark.parametrize("death", [lambda: os._exit(3), lambda: os.kill(os.getpid(), signal.SIGKILL)])
def test_a_worker_that_dies_breaks_the_executor(client: Client, death: Callable[[], None]) -> None:
    with Executor(core=client) as executor:
        assert executor.submit(abs, -1).result(WAIT) == 1
        future = executor.submit(death)
        with pytest.raises(BrokenWorkers):
            future.result(WAIT)
        with pytest.raises(BrokenExecutor):
            executor.submit(abs, 1)
        with pytest.raises(BrokenExecutor):
            executor.map(abs, [1])
    with Executor(core=client) as another:
        assert another.submit(abs, -2).result(WAIT) == 2


def test_all_that_waits_fails_when_a_worker_dies(client: Client, tmp_path: Path) -> None:
    with Executor(max_workers=1, core=client) as executor:
        hold = gate(tmp_path / "go")

        def die_later() -> None:
            hold()
            os._exit(1)

        futures: list[Future[Any]] = [executor.submit(die_later), *(executor.submit(abs, n) for n in range(10))]
        (tmp_path / "go").touch()
        assert all(isinstance(future.exception(WAIT), BrokenWorkers) for future in futures)


def test_its_own_core_starts_with_the_first_call_and_ends_with_it() -> None:
    executor = Executor(max_workers=2)
    assert executor._dispatcher._client is None
    pids = set(executor.map(lambda _: os.getpid(), range(20)))
    assert os.getpid() not in pids
    client = executor._dispatcher._client
    assert client is not None
    core = client.core
    assert core is not None
    home = core.home
    assert home.exists()
    executor.shutdown()
    assert not home.exists()
    assert core.core_process is not None
    assert core.core_process.poll() is not None


def test_two_workers_work_at_once(tmp_path: Path) -> None:
    def meet(name: str, other: str) -> bool:
        (tmp_path / name).touch()
        end = time.monotonic() + PATIENCE
        while not (tmp_path / other).exists() and time.monotonic() < end:
            time.sleep(0.005)
        return (tmp_path / other).exists()

    with Executor(max_workers=2) as executor:
        assert all(executor.map(meet, "ab", "ba"))


def test_a_core_that_dies_breaks_its_executor() -> None:
    executor = Executor(max_workers=1)
    assert executor.submit(abs, -1).result(WAIT) == 1
    client = executor._dispatcher._client
    assert client is not None
    assert client.core is not None
    assert client.core.core_process is not None
    client.core.core_process.kill()
    with pytest.raises(BrokenExecutor):
        executor.submit(abs, -1).result(WAIT)
    executor.shutdown()


def test_the_interpreters_exit_waits_for_what_was_submitted(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text(
        "import pathlib, time\n"
        "from windlass import Executor\n"
        "executor = Executor(max_workers=2)\n"
        "def work(n):\n"
        "    time.sleep(0.2)\n"
        "    return n\n"
        f"mark = pathlib.Path({str(tmp_path / 'mark')!r})\n"
        "for n in range(4):\n"
        "    executor.submit(work, n).add_done_callback(lambda f: mark.open('a').write(str(f.result())))\n"
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=PATIENCE)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted((tmp_path / "mark").read_text()) == ["0", "1", "2", "3"]


def test_twenty_thousand_calls(executor: Executor) -> None:
    assert sum(executor.map(abs, range(-20_000, 0))) == 20_000 * 20_001 // 2
