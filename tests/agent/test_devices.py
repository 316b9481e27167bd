"""GPUs and CPUs of an attempt's own: what is found, what is given, and what the processes see of it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Command, Gpu, Resources, Task
from windlass.wire import messages as m
from windlass.wire.logs import to_text
from windlass.wire.results import decode_result
from windlass_agent import facts
from windlass_agent.gpus import Gpus, visible
from windlass_agent.ledger import Ledger
from windlass_agent.pinning import Pins, threads_env

GIB = 1 << 30
SHOW = "echo $CUDA_DEVICE_ORDER:$CUDA_VISIBLE_DEVICES:$NVIDIA_VISIBLE_DEVICES:$HIP_VISIBLE_DEVICES"


class FakeNvml(ModuleType):
    """NVIDIA's library as far as it is used; two devices, of which the second can be lost."""

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.lost = False

    def nvmlInit(self) -> None:
        pass

    def nvmlDeviceGetCount(self) -> int:
        return 2

    def nvmlDeviceGetHandleByIndex(self, index: int) -> int:
        return index

    def nvmlDeviceGetName(self, handle: int) -> str | bytes:
        return ["NVIDIA A100", b"NVIDIA T4"][handle]  # bytes from its older versions

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> SimpleNamespace:
        return SimpleNamespace(total=[80 * GIB, 16 * GIB][handle])

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> SimpleNamespace:
        if self.lost and handle:
            raise RuntimeError("GPU is lost")
        return SimpleNamespace(gpu=[50, 100][handle])


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> FakeNvml:
    fake = FakeNvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    exists = os.path.exists
    monkeypatch.setattr(os.path, "exists", lambda path: path == "/dev/nvidiactl" or exists(path))
    return fake


def test_what_the_driver_shows_is_told(nvml: FakeNvml) -> None:
    gpus = Gpus()
    assert gpus.devices(2) == [Gpu(0, "NVIDIA A100", 80 * GIB), Gpu(1, "NVIDIA T4", 16 * GIB)]
    assert gpus.load() == 0.75
    nvml.lost = True
    assert gpus.load() == -1


@pytest.mark.usefixtures("nvml")
def test_fewer_or_more_can_be_offered() -> None:
    gpus = Gpus()
    assert gpus.devices(1) == [Gpu(0, "NVIDIA A100", 80 * GIB)]
    assert gpus.devices(3)[2] == Gpu(2)
    told = facts.facts("a", Resources(gpus=1), {}, gpus)
    assert (told.gpus, told.devices, told.labels["gpu"]) == (["NVIDIA A100"], gpus.devices(1), "NVIDIA A100, NVIDIA T4")
    assert told.labels["limits"] == "sampling"


def test_a_machine_without_any() -> None:
    gpus = Gpus()
    if gpus.names:
        pytest.skip("this machine has GPUs")
    assert (gpus.devices(0), gpus.load()) == ([], -1)
    assert "gpu" not in facts.facts("a", Resources(), {}, gpus, True).labels


def test_the_variables_agree_with_each_other() -> None:
    assert visible((1, 3))["CUDA_VISIBLE_DEVICES"] == visible((1, 3))["HIP_VISIBLE_DEVICES"] == "1,3"
    assert "ROCR_VISIBLE_DEVICES" not in visible((1, 3))  # would renumber what HIP then counts
    assert visible(())["CUDA_VISIBLE_DEVICES"] == ""


@pytest.fixture
def gpu_bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, Resources(cpus=4, memory=8 * GIB, gpus=4), has_gpus=True)
    yield made
    made.executor.close()


def give(bench: Bench, task: Task, gpus: list[tuple[int, ...]], payload: bytes = b"") -> list[m.Key]:
    """As the core does, which chooses the devices."""
    bench._tasks += 1
    keys = [m.Key(1, bench._tasks, index, 1, 7) for index in range(len(gpus))]
    items = [m.AssignItem(key, 1, gpus=own) for key, own in zip(keys, gpus, strict=True)]
    made = m.Bundle(1, bench._tasks, 1, "test", task, {})
    bench.executor.assign(m.Assign([made], items), [payload] * len(items))
    return keys


def test_a_command_sees_the_devices_that_the_core_chose(gpu_bench: Bench) -> None:
    own = [(3,), (1,), (3,), (2,), (1,)]
    keys = give(gpu_bench, Task("t", Command(SHOW), resources=Resources(cpus=0.5, gpus=1)), own)
    seen = [to_text(gpu_bench.end_of(key).log) for key in keys]
    assert seen == [f"PCI_BUS_ID:{n}:{n}:{n}\n" for (n,) in own]
    held = gpu_bench.executor.held()
    assert held == []


def test_one_that_asked_for_none_sees_none(gpu_bench: Bench) -> None:
    assert to_text(gpu_bench.end_of(gpu_bench.command(SHOW)).log) == "::void:-1\n"


def test_a_part_of_a_device_is_shared(gpu_bench: Bench, tmp_path: Path) -> None:
    script = f"{SHOW}; touch {tmp_path}/$WINDLASS_INDEX; while [ ! -e {tmp_path}/1 -o ! -e {tmp_path}/0 ]; do :; done"
    keys = give(gpu_bench, Task("t", Command(script), resources=Resources(gpu_memory=GIB)), [(2,), (2,)])
    assert [to_text(gpu_bench.end_of(key).log) for key in keys] == ["PCI_BUS_ID:2:2:2\n"] * 2


def test_functions_see_theirs_and_no_runner_serves_two_devices(gpu_bench: Bench) -> None:
    function = gpu_bench.function(lambda: os.environ["CUDA_VISIBLE_DEVICES"])
    own = [(0,), (2,), (0,), (1,), (2,), (0,)]
    task = Task("f", function, resources=Resources(cpus=0.5, gpus=1))
    keys = give(gpu_bench, task, own, cloudpickle.dumps(((), {})))
    assert [decode_result(gpu_bench.result_of(key)) for key in keys] == [str(n) for (n,) in own]


def test_what_waits_holds_what_it_was_given(gpu_bench: Bench) -> None:
    keys = give(gpu_bench, Task("t", Command("sleep 1000"), resources=Resources(gpus=1)), [(1,), (1,)])
    gpu_bench.until(lambda: gpu_bench.core.running)
    assert [(held.state, held.gpus) for held in gpu_bench.executor.held()] == [("running", (1,)), ("waiting", (1,))]
    gpu_bench.executor.stop(m.Stop(keys, grace=0))
    gpu_bench.end_of(keys[0])


# --- CPUs ----------------------------------------------------------------------------------------------------


def test_pins_are_whole_and_never_shared() -> None:
    pins = Pins([3, 1, 2])
    assert (pins.needs(0.5), pins.needs(2), pins.needs(1.2), pins.needs(64)) == (1, 2, 2, 3)
    first = pins.take(2)
    assert (first, pins.times(1), pins.times(2)) == ((1, 2), 1, 0)
    second = pins.take(0.5)
    assert not set(first) & set(second)
    pins.give(first)
    assert pins.take(2) == first


def test_fractions_that_fit_by_count_wait_for_a_cpu_of_their_own() -> None:
    ledger = Ledger(Resources(cpus=2), Pins([0, 1]))
    request = Resources(cpus=0.5)
    assert ledger.times(request, 10) == 4
    assert ledger.times(request, 10, pin=True) == 2
    grants = [ledger.take(request, pin=True) for _ in range(2)]
    assert sorted(cpu for grant in grants for cpu in grant.pins) == [0, 1]
    assert ledger.times(request, 10, pin=True) == 0
    ledger.give(grants[0])
    assert ledger.times(request, 10, pin=True) == 1


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="needs two CPUs")
def test_attempts_run_on_their_own_cpus_only(bench: Bench, tmp_path: Path) -> None:
    code = "import os; print(*os.sched_getaffinity(0))"
    wait = f"touch {tmp_path}/p$WINDLASS_INDEX; while [ ! -e {tmp_path}/p0 -o ! -e {tmp_path}/p1 ]; do sleep 0.01; done"
    task = Task("t", Command(f"{sys.executable} -c '{code}'; {wait}"), pin=True)
    keys = bench.give(task, 2)
    seen = [to_text(bench.end_of(key).log).split() for key in keys]
    assert [len(cpus) for cpus in seen] == [1, 1]
    assert seen[0] != seen[1]
    key = bench.call(lambda: sorted(os.sched_getaffinity(0)), pin=True)
    assert len(decode_result(bench.result_of(key))) == 1
    loose = to_text(bench.end_of(bench.command([sys.executable, "-c", code])).log).split()
    assert loose == [str(cpu) for cpu in sorted(os.sched_getaffinity(0))]


def test_threads_follow_the_request_unless_the_user_said_otherwise(bench: Bench) -> None:
    show = "echo $OMP_NUM_THREADS $RAYON_NUM_THREADS"
    assert to_text(bench.end_of(bench.command(show, resources=Resources(cpus=2))).log) == "2 2\n"
    assert to_text(bench.end_of(bench.command(show, resources=Resources(cpus=0.5))).log) == "1 1\n"
    own = bench.command(show, resources=Resources(cpus=2), env={"OMP_NUM_THREADS": "7"})
    assert to_text(bench.end_of(own).log) == "7 2\n"
    key = bench.call(lambda: os.environ["OMP_NUM_THREADS"], resources=Resources(cpus=2))
    assert decode_result(bench.result_of(key)) == "2"


def test_what_the_agents_own_environment_says_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    threads_env.__globals__["_threads"].cache_clear()
    try:
        assert dict(threads_env(2)) == {"RAYON_NUM_THREADS": "2"}
    finally:
        threads_env.__globals__["_threads"].cache_clear()
