"""Control groups: what is written, on a plain directory; and what the kernel makes of it, where it lets us."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_bench import Bench

from windlass.model.graph import Resources
from windlass.wire.logs import to_text
from windlass_agent import cgroup, delegation
from windlass_agent.cgroup import ControlGroup
from windlass_agent.delegation import Groups, delegated
from windlass_agent.outcome import judge

pytestmark = pytest.mark.slow

MIB = 1 << 20
FILES = {
    "cgroup.procs": "", "cgroup.kill": "", "cgroup.events": "populated 0\nfrozen 0\n", "cgroup.subtree_control": "",
    "memory.max": "max", "memory.swap.max": "max", "memory.oom.group": "0", "memory.peak": "123\n", "pids.max": "max",
    "memory.events": "low 0\noom 1\noom_kill 2\noom_group_kill 1\n", "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
}  # fmt: skip


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlGroup]:
    """A group in a directory in which new directories get their files as the kernel's would."""
    mkdir, rmdir = os.mkdir, os.rmdir

    def fill(path: Path, *rest: int) -> None:
        mkdir(path, *rest)
        for name, text in FILES.items():
            (Path(path) / name).write_text(text)

    def empty(path: Path) -> None:
        for name in FILES:
            (Path(path) / name).unlink(missing_ok=True)
        rmdir(path)

    monkeypatch.setattr(cgroup.os, "mkdir", fill)
    monkeypatch.setattr(cgroup.os, "rmdir", empty)
    yield ControlGroup(tmp_path / "g")
    monkeypatch.undo()


def test_limits_are_written_before_anything_runs(made: ControlGroup) -> None:
    made.make(memory=2 << 30, cpus=1.5)
    written = {name: (Path(made.path) / name).read_text() for name in FILES}
    assert written["memory.max"][:10] == str(2 << 30)
    assert written["memory.swap.max"][0] == "0"
    assert written["memory.oom.group"] == "1"
    assert written["pids.max"].startswith(str(cgroup.PIDS))
    assert not (Path(made.path) / "cpu.weight").exists()  # that controller is not in use there: nothing to be said


def test_what_the_kernel_counted_is_read(made: ControlGroup) -> None:
    made.make()
    assert (made.cpu(), made.peak(), made.out_of_memory(), made.populated()) == (2.5, 123, True, False)
    (Path(made.path) / "memory.events").write_text("oom 0\noom_kill 0\n")
    (Path(made.path) / "cgroup.events").write_text("populated 1\n")
    assert (made.out_of_memory(), made.populated()) == (False, True)
    (Path(made.path) / "cgroup.procs").write_text("12\n34\n")
    assert made.members() == [12, 34]
    assert made.remove()
    assert made.remove()  # twice is harmless


def test_a_group_that_is_not_there_has_used_nothing(tmp_path: Path) -> None:
    gone = ControlGroup(tmp_path / "none")
    assert (gone.cpu(), gone.peak(), gone.out_of_memory(), gone.populated(), gone.members()) == (0, 0, False, False, [])
    gone.kill()
    assert gone.end(0)


def test_a_plain_directory_is_no_place_for_groups(tmp_path: Path) -> None:
    groups, problem = delegated("x", tmp_path)
    assert groups is None
    assert "cannot be moved" in problem
    assert not list(tmp_path.iterdir())
    assert delegated("x", tmp_path / "none")[1].endswith("No such file or directory")


def test_the_peak_is_told_in_words() -> None:
    end = judge(9, "oom", timeout=None, memory=int(2.1 * (1 << 30)), declared=2 << 30, killed_by_kernel=False)
    assert (end.outcome, end.error) == ("oom", "out of memory: it used 2.1 GiB of the 2 GiB it asked for")


# --- with the kernel -----------------------------------------------------------------------------------------


@pytest.fixture
def groups() -> Iterator[Groups]:
    found, problem = delegated(f"test{os.getpid()}")
    if found is None:
        pytest.skip(f"no control groups for us here: {problem}")
    yield found
    found.close()
    assert not found.top.exists()


@pytest.fixture
def grouped(tmp_path: Path, groups: Groups) -> Iterator[Bench]:
    made = Bench(tmp_path, Resources(cpus=2, memory=8 << 30), groups=groups)
    yield made
    made.executor.close()


@pytest.fixture
def kept(grouped: Bench) -> Bench:
    """Only where the kernel keeps memory within limits."""
    if not grouped.executor._shop.kernel_limits:
        pytest.skip("the memory controller is not ours to use here")
    return grouped


def left(bench: Bench) -> list[str]:
    groups = bench.executor.settings.groups
    assert groups is not None
    return [os.path.basename(group.path) for group in ControlGroup(groups.top).below()]


NOMAD = """
import os, sys, time
end = time.monotonic() + 200  # longer than anybody waits here
open(sys.argv[1], "w").close()
while time.monotonic() < end:
    if os.fork(): os._exit(0)
    os.setsid()
"""


def test_what_forks_away_for_ever_is_caught_by_its_group(grouped: Bench, tmp_path: Path) -> None:
    """Each process lives for a moment only, in a session of its own, without environment: nothing to get hold of."""
    mark = tmp_path / "mark"
    key = grouped.command(
        f"env -i {sys.executable} -c '{NOMAD}' {mark}; while [ ! -e {mark} ]; do sleep 0.01; done; exit 3",
        resources=Resources(cpus=1, memory=1 << 30),
    )
    exit = grouped.end_of(key)
    assert (exit.outcome, exit.code) == ("nonzero", 3)
    grouped.until(lambda: not left(grouped))


def test_a_program_that_is_not_there_leaves_no_group(grouped: Bench) -> None:
    exit = grouped.end_of(grouped.command(["no-such-program"], resources=Resources(cpus=1, memory=1 << 30)))
    assert exit.outcome == "spawn_error"
    exit = grouped.end_of(grouped.command(["/etc/passwd"], resources=Resources(cpus=1, memory=1 << 30)))
    assert exit.outcome == "spawn_error"
    assert "Permission denied" in exit.error
    assert not left(grouped)


def test_a_function_runs_in_its_group_and_the_group_goes_with_the_runner(grouped: Bench) -> None:
    key = grouped.call(lambda: Path("/proc/self/cgroup").read_text(), resources=Resources(cpus=1, memory=1 << 30))
    assert grouped.end_of(key).outcome == "ok"
    groups = grouped.executor.settings.groups
    assert groups is not None
    if groups.memory:
        assert groups.top.name.encode() in grouped.result_of(key)
    grouped.executor.forget([1])
    grouped.until(lambda: not left(grouped))


def test_the_wardens_death_leaves_nothing_in_a_group(grouped: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    key = grouped.command(f"touch {mark}; sleep 1000", resources=Resources(cpus=1, memory=1 << 30))
    grouped.until(mark.exists)
    assert left(grouped)
    grouped.executor._shop.wardens.first.process.kill()
    assert grouped.end_of(key).outcome == "crashed"
    grouped.until(lambda: not left(grouped))


def test_an_earlier_lifes_groups_are_ended(groups: Groups) -> None:
    old = ControlGroup(groups.path(7))
    old.make()
    pid = os.posix_spawn("/bin/sleep", ["sleep", "1000"], {})
    try:
        old._set("cgroup.procs", str(pid))
        found, problem = delegated(groups.top.name.removeprefix(delegation.PREFIX), groups.top.parent)
        assert (found is not None, problem) == (True, "")
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL
    except BaseException:
        os.kill(pid, signal.SIGKILL)
        raise
    assert not os.path.exists(old.path)


def test_empty_groups_of_the_dead_are_swept_and_young_ones_are_not(groups: Groups) -> None:
    base = groups.top.parent
    dead, young = (ControlGroup(base / f"{delegation.PREFIX}{word}{os.getpid()}") for word in ("dead", "young"))
    try:
        for group in (dead, young):
            group.make()
        for path in (dead.path, groups.top):
            os.utime(path, (0, time.time() - 1000))
        delegation._sweep(base)
        assert (os.path.exists(dead.path), os.path.exists(young.path)) == (False, True)
        assert groups.top.exists(), "that of an agent that lives is its own, however long it has nothing to run"
    finally:
        dead.remove()
        young.remove()


HOG = "import time; x = [bytearray([1]) * 1048576 for _ in range({count})]; time.sleep(1000)"


def test_the_kernel_ends_what_uses_more_than_it_asked_for(kept: Bench) -> None:
    key = kept.command([sys.executable, "-c", HOG.format(count=300)], resources=Resources(cpus=1, memory=64 * MIB))
    exit = kept.end_of(key)
    assert exit.outcome == "oom"
    assert exit.error.startswith("out of memory: it used 6")
    assert exit.error.endswith(" MiB of the 64 MiB it asked for")
    assert 64 * MIB <= exit.usage.memory < 80 * MIB  # with pages of files that it shares with others
    assert not left(kept)


def test_all_of_an_attempt_counts_and_all_of_it_ends(kept: Bench) -> None:
    """Three processes of 30 MiB each; the shell that waits for them ends with them, and is not heard any more."""
    one = f"{sys.executable} -c '{HOG.format(count=20)}' &"
    key = kept.command(f"{one} {one} {one} wait; echo survived", resources=Resources(cpus=1, memory=64 * MIB))
    exit = kept.end_of(key)
    assert exit.outcome == "oom"
    assert "survived" not in to_text(exit.log)


def test_what_stays_within_its_memory_is_left_alone(kept: Bench) -> None:
    key = kept.command([sys.executable, "-c", "x = bytearray([1]) * (50 << 20)"],
                       resources=Resources(cpus=1, memory=128 * MIB))  # fmt: skip
    exit = kept.end_of(key)
    assert exit.outcome == "ok"
    assert exit.usage.cpu > 0
    assert exit.usage.memory > 50 * MIB


def test_a_function_over_its_memory_ends_alone(kept: Bench) -> None:
    big = kept.call(lambda: len([bytearray(b"x" * MIB) for _ in range(300)]), resources=Resources(memory=128 * MIB))
    small = kept.call(lambda: 7, resources=Resources(cpus=1, memory=128 * MIB))
    exit = kept.end_of(big)
    assert exit.outcome == "oom"
    assert "MiB of the 128 MiB it asked for" in exit.error
    assert kept.end_of(small).outcome == "ok"


def test_forking_thousands_stops_at_the_limit(kept: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    groups = kept.executor.settings.groups
    assert groups is not None
    if "pids" not in groups.controllers:
        pytest.skip("the pids controller is not ours to use here")
    code = "import os, time\nfor _ in range(100):\n    if not os.fork(): time.sleep(1000)\n"
    key = kept.command(f"while [ ! -e go ]; do sleep 0.01; done; exec {sys.executable} -c '{code}'",
                       resources=Resources(memory=1 << 30))  # fmt: skip
    kept.until(lambda: left(kept))
    [name] = left(kept)
    (groups.top / name / "pids.max").write_text("20")
    attempt = next(iter(kept.executor._shop.attempts.values()))
    assert attempt.cwd is not None
    (attempt.cwd / "go").touch()
    exit = kept.end_of(key)
    assert exit.outcome == "nonzero"
    assert "BlockingIOError" in to_text(exit.log)
    assert not left(kept)
