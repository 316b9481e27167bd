"""Commands through the executor and a real warden."""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

import pytest
from agent_bench import Bench

from windlass.model.graph import Command, Resources, Script, Task
from windlass.wire import messages as m
from windlass.wire.codec import encode
from windlass.wire.logs import ERR, OUT, read, to_bytes, to_text
from windlass_agent import procs
from windlass_agent.wardenwire import clock


def alive(mark: str) -> list[int]:
    return procs.with_environ(mark.encode())


def pid_in(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def test_output_exit_code_and_times_come_home(bench: Bench) -> None:
    exit = bench.end_of(bench.command("echo out; echo err >&2; exit 3"))
    assert (exit.outcome, exit.code, exit.error) == ("nonzero", 3, "exit status 3")
    assert {record.stream: record.data for record in read(exit.log)} == {OUT: b"out\n", ERR: b"err\n"}
    assert exit.started <= read(exit.log)[0].time <= exit.ended
    assert exit.usage.memory > 0


def test_a_list_is_executed_as_it_is(bench: Bench) -> None:
    exit = bench.end_of(bench.command(["printf", "%s|", "a b", "; rm -rf /", "$HOME", ""]))
    assert to_text(exit.log) == "a b|; rm -rf /|$HOME||"


def test_values_are_put_in_on_the_agent(bench: Bench) -> None:
    key = bench.command(
        ["echo", "${{ params.greeting }}", "${{ index }}", "${{ tasks.up.result }}"],
        params={"greeting": "a;b"}, results={"up": b"j[1,2]"},
    )  # fmt: skip
    assert to_text(bench.end_of(key).log) == "a;b 0 1 2\n"


def test_a_bad_template_fails_the_attempt_and_names_the_field(bench: Bench) -> None:
    exit = bench.end_of(bench.command(["echo", "${{ params.nope }}"]))
    assert exit.outcome == "failed"
    assert "command" in exit.error
    assert "nope" in exit.error


def test_the_attempt_knows_its_place(bench: Bench) -> None:
    exit = bench.end_of(bench.command("echo $WINDLASS_RUN $WINDLASS_TASK $WINDLASS_INDEX $WINDLASS_ATTEMPT $OWN"
                                      , env={"OWN": "x y"}))  # fmt: skip
    assert to_text(exit.log) == "1 t 0 1 x y\n"


@pytest.mark.parametrize("shell", ["sh -e", "bash", f"{sys.executable} -u"])
def test_a_script_is_run_by_its_shell(bench: Bench, shell: str) -> None:
    text = "print('hi')" if "python" in shell else "echo hi"
    exit = bench.end_of(bench.give(Task("s", Script(text, shell)))[0])
    assert (exit.outcome, to_text(exit.log)) == ("ok", "hi\n")


def test_a_program_that_is_not_there(bench: Bench) -> None:
    exit = bench.end_of(bench.command(["no-such-program-here"]))
    assert exit.outcome == "spawn_error"
    assert "no-such-program-here" in exit.error


def test_an_end_by_signal(bench: Bench) -> None:
    exit = bench.end_of(bench.command("kill -SEGV $$"))
    assert (exit.outcome, exit.code, exit.error) == ("signal", signal.SIGSEGV, "killed by SIGSEGV")


def test_binary_output_is_kept_byte_by_byte(bench: Bench) -> None:
    exit = bench.end_of(bench.command(["printf", r"\000\377\001"]))
    assert to_bytes(exit.log) == b"\x00\xff\x01"


def test_a_timeout_ends_it(bench: Bench) -> None:
    exit = bench.end_of(bench.command(["sleep", "100"], timeout=0.1))
    assert exit.outcome == "timeout"
    assert exit.ended - exit.started < 5


def test_one_that_ignores_term_is_killed_after_the_grace(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "ready"
    key = bench.command(f"trap '' TERM; touch {mark}; while :; do sleep 1; done")
    bench.until(mark.exists)
    bench.executor.stop(m.Stop([key], grace=0.2))
    exit = bench.end_of(key)
    assert (exit.outcome, exit.code) == ("stopped", signal.SIGKILL)


def test_term_lets_it_clean_up(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "ready"
    key = bench.command(f"trap 'echo cleaned; exit 0' TERM; touch {mark}; while :; do sleep 0.01; done")
    bench.until(mark.exists)
    bench.executor.stop(m.Stop([key], grace=10))
    exit = bench.end_of(key)
    assert exit.outcome == "stopped"
    assert "cleaned" in to_text(exit.log)


DAEMON = """
import os, sys, time
if os.fork():
    while not os.path.exists(sys.argv[1]): time.sleep(0.01)
    os._exit(0)
os.setsid()
if os.fork(): os._exit(0)
open(sys.argv[1] + ".new", "w").write(str(os.getpid()))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(1000)
"""


@pytest.mark.parametrize("env", [{}, {"clear": "1"}], ids=["marked", "without environment"])
def test_what_daemonised_itself_does_not_survive(bench: Bench, tmp_path: Path, env: dict[str, str]) -> None:
    pid_file = tmp_path / "pid"
    argv = [sys.executable, "-c", DAEMON, str(pid_file)]
    if env:
        argv = ["env", "-i", *argv]
    exit = bench.end_of(bench.command(argv))
    assert exit.outcome == "ok"
    pid = pid_in(pid_file)
    assert pid is not None
    assert not os.path.exists(f"/proc/{pid}")


def test_a_daemon_of_one_attempt_does_not_end_with_another(bench: Bench, tmp_path: Path) -> None:
    pid_file, go = tmp_path / "pid", tmp_path / "go"
    first = bench.command(f"{sys.executable} -c '{DAEMON}' {pid_file}; while [ ! -e {go} ]; do sleep 0.01; done")
    bench.until(pid_file.exists)
    bench.end_of(bench.command(["true"]))
    pid = pid_in(pid_file)
    assert os.path.exists(f"/proc/{pid}")
    go.touch()
    bench.end_of(first)
    assert not os.path.exists(f"/proc/{pid}")


def test_a_loud_one_is_capped_visibly_with_both_ends(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Resources(cpus=1), log_cap=1 << 20)
    try:
        key = bench.command("echo first; head -c 30000000 /dev/zero | tr '\\0' 'x'; echo; echo last")
        exit = bench.end_of(key)
        assert exit.outcome == "ok"
        assert exit.log_ref is not None
        whole = bench.core.store.read(exit.log_ref.hash)
        text = to_text(whole)
        assert len(whole) < 1.3 * (1 << 20)  # half of the cap, and three quarters of it as parts are dropped
        assert text.startswith("first\n")
        assert text.endswith("last\n")
        assert exit.log_shed > 28_000_000
        assert f"{exit.log_shed} bytes of log were left out here" in text
        assert to_text(exit.log).endswith("last\n")
    finally:
        bench.executor.close()


def test_a_log_can_be_read_while_it_grows(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    key = bench.command(f"echo one; while [ ! -e {go} ]; do sleep 0.01; done; echo two")
    got: list[bytes] = []

    def asked() -> bool:
        bench.executor.log_want(m.LogWant(key, 0, 65536))
        bench.step()
        got.extend(data for _, data in bench.core.logs if data)
        return bool(got)

    bench.until(asked)
    assert to_text(got[0]) == "one\n"
    go.touch()
    assert to_text(bench.end_of(key).log) == "one\ntwo\n"


def test_outputs_appear_only_on_success(bench: Bench) -> None:
    key = bench.command("mkdir d; echo a > d/a.txt; echo b > b.bin; chmod +x b.bin", outputs=["d/*.txt", "b.bin"])
    exit = bench.end_of(key)
    assert {ref.path: bench.core.store.read(ref.hash) for ref in exit.outputs} == {"b.bin": b"b\n", "d/a.txt": b"a\n"}
    assert {ref.path: ref.mode & 0o100 for ref in exit.outputs} == {"b.bin": 0o100, "d/a.txt": 0}
    exit = bench.end_of(bench.command("echo a > a; exit 1", outputs=["a"]))
    assert (exit.outcome, exit.outputs) == ("nonzero", [])


def test_a_missing_output_fails_the_attempt_and_is_named(bench: Bench) -> None:
    exit = bench.end_of(bench.command("echo a > a", outputs=["a", "b-*.txt"]))
    assert (exit.outcome, exit.outputs) == ("failed", [])
    assert "b-*.txt" in exit.error


def test_an_input_edited_in_place_leaves_the_blob_as_it_was(bench: Bench) -> None:
    ref = bench.file("in/data.txt", b"original")
    exit = bench.end_of(bench.command("printf X | dd of=in/data.txt conv=notrunc status=none; cat in/data.txt",
                                      files=[ref], outputs=["in/data.txt"]))  # fmt: skip
    assert to_text(exit.log) == "Xriginal"
    assert bench.store.read(ref.hash) == b"original"
    assert bench.core.store.read(exit.outputs[0].hash) == b"Xriginal"


def test_an_input_that_the_core_lacks_fails_the_attempt(bench: Bench) -> None:
    ref = m.FileRef("a", "0" * 64, 5)
    exit = bench.end_of(bench.command(["true"], files=[ref]))
    assert exit.outcome == "failed"
    assert "could not be brought here" in exit.error


@pytest.mark.parametrize("path", ["../escape", "/etc/passwd", "a/../../b"])
def test_an_input_cannot_leave_the_work_directory(bench: Bench, path: str) -> None:
    exit = bench.end_of(bench.command(["true"], files=[bench.file(path, b"x")]))
    assert exit.outcome == "failed"


def test_resources_are_never_over_committed(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "n").mkdir()
    script = f"touch {tmp_path}/n/$$; ls {tmp_path}/n | wc -l; sleep 0.05; rm {tmp_path}/n/$$"
    keys = bench.give(Task("t", Command(script)), 8)
    counts = [int(to_text(bench.end_of(key).log)) for key in keys]
    assert max(counts) == 2


def test_more_memory_than_declared_ends_it(bench: Bench) -> None:
    code = "import time; x = bytearray(200_000_000); time.sleep(60)"
    key = bench.command([sys.executable, "-c", code], resources=Resources(cpus=1, memory=64 << 20))
    exit = bench.end_of(key)
    assert exit.outcome == "oom"
    assert "64 MiB" in exit.error
    assert exit.usage.memory > 64 << 20


def test_a_task_that_can_never_fit_is_given_back(bench: Bench) -> None:
    key = bench.command(["true"], resources=Resources(cpus=64))
    assert [k for k, _ in bench.core.refused] == [key]


def test_waiting_ones_are_given_back_and_running_ones_are_not(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "go"
    keys = bench.give(Task("t", Command(f"while [ ! -e {mark} ]; do sleep 0.01; done")), 5)
    bench.until(lambda: len(bench.core.running) == 2)
    bench.executor.stop(m.Stop(keys, if_waiting=True))
    assert [key for key, _ in bench.core.refused] == keys[2:]
    mark.touch()
    assert [bench.end_of(key).outcome for key in keys[:2]] == ["ok", "ok"]


def test_a_repeated_assignment_is_harmless(bench: Bench, tmp_path: Path) -> None:
    log = tmp_path / "ran"
    task = Task("t", Command(f"echo x >> {log}"))
    key = m.Key(1, 50, 0, 1, 7)
    message = m.Assign([m.Bundle(1, 50, 1, "r", task, {})], [m.AssignItem(key, 1)])
    bench.executor.assign(message, [b""])
    bench.executor.assign(message, [b""])
    bench.end_of(key)
    bench.executor.assign(message, [b""])
    bench.end_of(bench.command(["true"]))
    assert log.read_text() == "x\n"


def test_without_descriptors_for_its_output_an_attempt_is_given_back(bench: Bench) -> None:
    bench.end_of(bench.command(["true"]))
    warden = bench.executor._shop.wardens.first.process.pid
    before = resource.prlimit(warden, resource.RLIMIT_NOFILE)
    resource.prlimit(warden, resource.RLIMIT_NOFILE, (len(os.listdir(f"/proc/{warden}/fd")), before[1]))
    key = bench.command(["true"])
    bench.until(lambda: bench.core.refused)
    assert [one for one, _ in bench.core.refused] == [key]
    resource.prlimit(warden, resource.RLIMIT_NOFILE, before)
    assert bench.end_of(bench.command(["true"])).outcome == "ok"


def test_without_a_work_directory_an_attempt_is_given_back(bench: Bench, tmp_path: Path) -> None:
    (tmp_path / "work").rmdir()
    (tmp_path / "work").touch()
    key = bench.command(["true"])
    bench.until(lambda: bench.core.refused)
    assert [one for one, _ in bench.core.refused] == [key]
    assert not bench.core.exits


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("windlass_agent.transfers.OFFER_AGAIN", (0.01,))


def offers(bench: Bench) -> int:
    return sum(isinstance(message, m.BlobOffer) for message in bench.core.sent)


@pytest.mark.usefixtures("at_once")
def test_outputs_wait_for_a_core_whose_disk_is_full(bench: Bench) -> None:
    bench.core.full = True
    key = bench.command("echo x > out.txt", outputs=["out.txt"])
    bench.until(lambda: offers(bench) >= 3)
    assert not bench.core.exits
    bench.core.full = False
    exit = bench.end_of(key)
    assert exit.outcome == "ok"
    assert bench.core.store.has(exit.outputs[0].hash)


@pytest.mark.usefixtures("at_once")
def test_a_damaged_output_is_not_offered_for_ever(bench: Bench) -> None:
    bench.core.full = True
    key = bench.command("echo x > out.txt", outputs=["out.txt"])
    bench.until(lambda: offers(bench))
    (blob,) = bench.store.hashes()
    bench.store.remove(blob)
    exit = bench.end_of(key)
    assert exit.outcome == "failed"
    assert "damaged" in exit.error


@pytest.mark.usefixtures("at_once")
def test_outputs_on_their_way_do_not_hold_up_a_cancel(bench: Bench) -> None:
    bench.core.full = True
    key = bench.command("echo x > out.txt", outputs=["out.txt"])
    bench.until(lambda: offers(bench))
    bench.executor.stop(m.Stop([key], reason="cancelled"))
    exit = bench.end_of(key)
    assert (exit.outcome, exit.outputs) == ("stopped", [])


def test_an_output_whose_name_is_not_utf8_fails_only_its_attempt(bench: Bench) -> None:
    code = r"open(b'bad\xff.txt', 'w').close()"
    exit = bench.end_of(bench.command([sys.executable, "-c", code], outputs=["*.txt"]))
    assert exit.outcome == "failed"
    assert encode(m.Exited([exit]))


def test_a_killed_warden_takes_its_attempts_along_and_another_goes_on(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    key = bench.command(f"echo $$ > {mark}; sleep 1000")
    bench.until(lambda: pid_in(mark))
    bench.executor._shop.wardens.first.process.kill()
    exit = bench.end_of(key)
    assert exit.outcome == "crashed"  # what others did to it is no failure of its own
    assert not procs.runs(pid_in(mark) or 0)
    assert bench.end_of(bench.command(["true"])).outcome == "ok"


def test_the_warden_stops_everything_when_the_lease_runs_out(bench: Bench, tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    key = bench.command(f"echo $$ > {mark}; exec sleep 1000")
    bench.until(lambda: pid_in(mark))
    bench.executor.renew_lease(clock() + 0.1)
    exit = bench.end_of(key)
    assert exit.outcome == "stopped"
    assert "link" in exit.error


def test_a_lease_that_was_renewed_while_nothing_ran_counts_for_what_begins_next(bench: Bench) -> None:
    for seconds in (0.5, 2.0, 8.0):  # a busy machine may need more even for this
        first = clock() + seconds
        key = bench.command(["true"])
        bench.executor.renew_lease(first)
        if bench.end_of(key).outcome == "ok":
            break
    else:
        pytest.fail("the command did not end within its lease")
    bench.until(lambda: clock() > first)
    bench.executor.renew_lease(clock() + 60)
    assert bench.end_of(bench.command(["sleep", "0.1"])).outcome == "ok"


def test_many_at_once(bench: Bench) -> None:
    keys = bench.give(Task("t", Command(["true"])), 200)
    assert {bench.end_of(key).outcome for key in keys} == {"ok"}
