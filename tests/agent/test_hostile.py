"""Attempts that mean harm, or are merely broken: each ends in a defined way, in bounded time, and leaves no process."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cloudpickle
import pytest
from agent_bench import Bench

from windlass.model.graph import Command, Resources, Task
from windlass.wire import messages as m
from windlass.wire.logs import to_text
from windlass.wire.results import decode_error, decode_result
from windlass_agent import procs

pytestmark = pytest.mark.slow

cloudpickle.register_pickle_by_value(sys.modules[__name__])  # the runner cannot import it


@pytest.fixture(autouse=True)
def nothing_is_left(bench: Bench) -> Iterator[None]:
    yield
    mine = f"WINDLASS_AGENT={bench.executor.settings.agent}".encode()
    helpers = {link.process.pid for link in bench.executor._shop.wardens.links}
    bench.until(lambda: all(lane.pid for lane in bench.executor.functions.lanes.values()))
    runners = {lane.pid for lane in bench.executor.functions.lanes.values()}
    assert set(procs.with_environ(mine)) <= helpers | runners


def python(code: str, *args: object) -> list[str]:
    return [sys.executable, "-c", code, *map(str, args)]


# --- processes -----------------------------------------------------------------------------------------------


def test_a_child_that_keeps_the_output_open(bench: Bench) -> None:
    exit = bench.end_of(bench.command("sleep 1000 & setsid sleep 1000 & echo done"))
    assert (exit.outcome, to_text(exit.log)) == ("ok", "done\n")


def test_one_that_closes_its_output_is_waited_for(bench: Bench, tmp_path: Path) -> None:
    exit = bench.end_of(bench.command(f"echo early; exec >&- 2>&-; sleep 0.2; touch {tmp_path}/late; exit 4"))
    assert (exit.outcome, exit.code, to_text(exit.log)) == ("nonzero", 4, "early\n")
    assert (tmp_path / "late").exists()


def test_it_gets_no_descriptors_of_ours(bench: Bench) -> None:
    for limits in (Resources(), Resources(cpus=1, memory=1 << 30)):
        exit = bench.end_of(bench.command(python("import os; print(os.listdir('/proc/self/fd'))"), resources=limits))
        assert to_text(exit.log) == "['0', '1', '2', '3']\n"  # 3 is the listing's own


def test_one_that_stops_itself_times_out(bench: Bench) -> None:
    exit = bench.end_of(bench.command("kill -STOP $$", timeout=0.2))
    assert exit.outcome == "timeout"


def test_signals_to_all_of_its_group_end_only_itself(bench: Bench) -> None:
    other = bench.command("sleep 0.3; echo unharmed")
    exit = bench.end_of(bench.command("kill -KILL 0"))
    assert (exit.outcome, exit.code) == ("signal", signal.SIGKILL)
    assert to_text(bench.end_of(other).log) == "unharmed\n"


def test_signals_to_its_parent_do_nothing(bench: Bench) -> None:
    code = """
import os, signal
for number in set(signal.valid_signals()) - {signal.SIGKILL, signal.SIGSTOP, signal.SIGCONT, signal.SIGCHLD}:
    if number not in (signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE, signal.SIGABRT, signal.SIGSYS,
                      signal.SIGTRAP):
        os.kill(os.getppid(), number)
        assert signal.getsignal(number) in (signal.SIG_DFL, signal.default_int_handler) or number in (
            signal.SIGPIPE, signal.SIGXFSZ), number
"""
    warden = bench.executor._shop.wardens.first.process
    assert bench.end_of(bench.command(python(code))).outcome == "ok"
    assert bench.end_of(bench.command("echo on")).outcome == "ok"
    assert warden.poll() is None


def test_one_that_kills_its_parent_goes_down_with_it(bench: Bench) -> None:
    assert bench.end_of(bench.command("kill -KILL $PPID; sleep 1000")).outcome == "crashed"
    assert bench.end_of(bench.command("echo on")).outcome == "ok"


def test_one_that_stops_its_parent_is_undone(bench: Bench) -> None:
    key = bench.command("kill -STOP $PPID; exit 5")
    warden = bench.executor._shop.wardens.first.process.pid

    def stopped() -> bool:
        return b") T " in Path(f"/proc/{warden}/stat").read_bytes()

    bench.until(stopped)
    bench.executor.sample()  # as with every heartbeat
    assert bench.end_of(key).code == 5


BOMB = """
import os, time
for _ in range(8):
    os.fork()
time.sleep(1000)
"""


def test_hundreds_of_processes_end_with_their_timeout(bench: Bench) -> None:
    exit = bench.end_of(bench.command(python(BOMB), timeout=0.8))
    assert exit.outcome == "timeout"


WANDERERS = """
import os, sys, time
count = os.open(sys.argv[1], os.O_RDWR | os.O_CREAT | os.O_APPEND)
while os.fstat(count).st_size < 1200:  # or the machine would be out of order if this test fails
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(count, b"x")
            continue
        os._exit(0)
    os.wait()
    time.sleep(0.005)
time.sleep(30)
"""


@pytest.mark.slow
def test_processes_that_breed_in_sessions_of_their_own_are_ended(bench: Bench, tmp_path: Path) -> None:
    """Doubles every few milliseconds; not let go on until its timeout and a grace after it."""
    exit = bench.end_of(bench.command(python(WANDERERS, tmp_path / "count"), timeout=60))
    assert (exit.outcome, exit.error) == ("failed", "it started processes without end, so it was ended")


# --- output --------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_gigabyte_of_output_costs_neither_memory_nor_much_time(bench: Bench) -> None:
    exit = bench.end_of(bench.command("head -c 1073741824 /dev/zero; echo end"))
    assert exit.outcome == "ok"
    assert exit.log_shed > 900 << 20
    assert to_text(exit.log).endswith("end\n")
    warden = bench.executor._shop.wardens.first.process.pid
    status = Path(f"/proc/{warden}/status").read_text()
    peak = next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))
    assert peak < 60 << 10  # KiB


# --- files ---------------------------------------------------------------------------------------------------


def test_one_that_removes_its_directory(bench: Bench) -> None:
    exit = bench.end_of(bench.command("rm -rf $PWD; echo gone"))
    assert (exit.outcome, to_text(exit.log)) == ("ok", "gone\n")
    exit = bench.end_of(bench.command("rm -rf $PWD", outputs=["a"]))
    assert exit.outcome == "failed"
    assert "no file matches" in exit.error


def test_one_that_removes_the_directories_of_all(bench: Bench) -> None:
    """Which a task of the same user can. Those to come are not its victims."""
    bench.end_of(bench.command(["true"]))  # its directory is kept for the next one
    bench.end_of(bench.command("cd /; rm -rf $OLDPWD/.."))
    for key in (bench.command("echo on"), bench.command("echo on")):
        bench.until(lambda each=key: (each.run, each.task, 0, 1) in bench.core.exits or bench.core.refused)
    keys = [bench.command("pwd") for _ in range(3)]
    assert [bench.end_of(key).outcome for key in keys] == ["ok"] * 3
    assert all(reason == "trouble" for _, reason in bench.core.refused)


def test_one_that_leaves_its_directory(bench: Bench, tmp_path: Path) -> None:
    exit = bench.end_of(bench.command(f"cd {tmp_path}; echo x > out.txt", outputs=["out.txt"]))
    assert exit.outcome == "failed"  # outputs are taken from where it began


AWKWARD = r"""
import os, socket
os.mkfifo("fifo"); socket.socket(socket.AF_UNIX).bind("sock")
try: os.mknod("null", 0o20666, os.makedev(1, 3))
except PermissionError: os.mkfifo("null")
os.symlink("loop", "loop"); os.symlink("..", "up"); os.symlink("/etc/passwd", "passwd")
open("new\nline", "w"); open(b"\xff\xfe", "w")
os.mkdir("closed"); open("closed/f", "w"); os.chmod("closed", 0)
open("fine.txt", "w").write("fine")
with open("holes", "wb") as file: file.truncate(1 << 42)
"""


def test_awkward_things_are_left_behind(bench: Bench) -> None:
    exit = bench.end_of(bench.command(python(AWKWARD), outputs=["*.txt"]))
    assert [ref.path for ref in exit.outputs] == ["fine.txt"]
    told = {}
    for name in ("fifo", "sock", "null", "loop", "up", "passwd", "holes", "*"):
        exit = bench.end_of(bench.command(python(AWKWARD), outputs=[name]))
        assert (exit.outcome, exit.outputs) == ("failed", [])
        told[name] = exit.error
    assert all("it is not a regular file" in told[name] for name in ("fifo", "sock", "null"))
    assert all("leads nowhere, or out of" in told[name] for name in ("loop", "up", "passwd"))
    assert "the disk has room for" in told["holes"]
    assert "line break" in told["*"] or "not UTF-8" in told["*"]


# --- functions -----------------------------------------------------------------------------------------------


def test_a_function_that_never_returns(bench: Bench) -> None:
    def spin() -> None:
        while True:
            pass

    assert bench.end_of(bench.call(spin, timeout=0.2)).outcome == "timeout"


class Nasty:
    """Pickled or printed, it does what it was made for."""

    def __init__(self, action: Callable[[], Any]) -> None:
        self.action = action

    def __reduce__(self) -> Any:
        return self.action()


def raiser(kind: type[BaseException]) -> Callable[[], Any]:
    def action() -> Any:
        raise kind("nasty")

    return action


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, GeneratorExit, BaseException, MemoryError])
def test_whatever_is_raised_fails_the_item_and_not_the_runner(bench: Bench, kind: type[BaseException]) -> None:
    pid = decode_result(bench.result_of(bench.call(os.getpid)))
    for function in (raiser(kind), lambda: Nasty(raiser(kind))):
        exit = bench.end_of(bench.call(function))
        assert exit.outcome == "failed"
        assert kind.__name__ in exit.error
    assert decode_result(bench.result_of(bench.call(os.getpid))) == pid


@pytest.mark.parametrize("kind", [ValueError, SystemExit])
def test_exceptions_that_cannot_be_told(bench: Bench, kind: type[BaseException]) -> None:
    class Silent(Exception):
        def __str__(self) -> str:
            raise kind

        def __reduce__(self) -> Any:
            raise kind

    def fail() -> None:
        raise Silent

    key = bench.call(fail)
    exit = bench.end_of(key)
    assert exit.outcome == "failed"
    assert "Silent" in exit.error
    assert "Silent" in str(decode_error(bench.result_of(key)))


@pytest.mark.parametrize("text", ["\udcff half a character", "x" * 10_000_000, "\0\n\r\x1b[2J"])
def test_exceptions_with_awkward_words(bench: Bench, text: str) -> None:
    def fail() -> None:
        raise ValueError(text[:1] * len(text) if len(text) > 1000 else text)

    exit = bench.end_of(bench.call(fail))
    assert exit.outcome == "failed"
    assert len(exit.error) < 200_000
    exit.error.encode()


def ruin_streams() -> None:
    sys.stdout.close()
    sys.stderr = None  # type: ignore[assignment]
    time.sleep(0.001)


def ruin_descriptors() -> None:
    os.close(1)
    os.dup2(os.open("/dev/null", os.O_WRONLY), 2)
    time.sleep(0.001)


def replace_quickly() -> None:
    sys.stdout = open(os.devnull, "w")  # noqa: SIM115


@pytest.mark.parametrize("ruin", [ruin_streams, ruin_descriptors, replace_quickly])
def test_what_a_function_does_to_its_output_ends_with_it(bench: Bench, ruin: Callable[[], None]) -> None:
    def speak(_: int) -> int:
        print("out")
        print("err", file=sys.stderr)
        os.write(1, b"raw\n")
        return os.getpid()

    function = bench.function(lambda n: speak(n) if n else ruin())
    keys = bench.give(Task("f", function, resources=Resources(cpus=2)),
                      [cloudpickle.dumps(((n,), {})) for n in range(2)])  # fmt: skip
    assert bench.end_of(keys[0]).outcome == "ok"
    exit = bench.end_of(keys[1])
    assert exit.outcome == "ok"
    assert sorted(to_text(exit.log).split()) == ["err", "out", "raw"]


def test_a_thread_that_never_ends_does_not_keep_its_runner(bench: Bench) -> None:
    def leave() -> int:
        import threading

        threading.Thread(target=time.sleep, args=(1000,)).start()
        return os.getpid()

    pid = decode_result(bench.result_of(bench.call(leave)))
    bench.executor.forget([1])
    bench.until(lambda: not procs.runs(pid))


def test_a_function_may_print_a_lot(tmp_path: Path, bench: Bench) -> None:
    def flood() -> None:
        for _ in range(90):
            os.write(1, b"x" * (1 << 20))
        print("end")

    exit = bench.end_of(bench.call(flood))
    assert exit.outcome == "ok"
    assert to_text(exit.log).endswith("end\n")
    assert exit.log_shed > 15 << 20


def test_a_function_that_kills_its_parent_crashes_alone(bench: Bench) -> None:
    exit = bench.end_of(bench.call(lambda: os.kill(os.getppid(), signal.SIGKILL) or time.sleep(1000)))
    assert exit.outcome == "crashed"
    assert bench.end_of(bench.call(lambda: 7)).outcome == "ok"


def test_a_function_that_stops_itself_times_out(bench: Bench) -> None:
    exit = bench.end_of(bench.call(lambda: os.kill(os.getpid(), signal.SIGSTOP), timeout=0.2))
    assert exit.outcome == "timeout"


def test_a_stop_reaches_what_ignores_everything(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    code = "import signal, sys, time\nfor n in (1, 2, 3, 15): signal.signal(n, signal.SIG_IGN)\n" \
           "open(sys.argv[1], 'w').close()\nwhile True: time.sleep(1)"  # fmt: skip
    [key] = bench.give(Task("t", Command(python(code, mark))))
    bench.until(mark.exists)
    bench.executor.stop(m.Stop([key], grace=0.1))
    assert bench.end_of(key).outcome == "stopped"
