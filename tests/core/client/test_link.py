"""The link with a real core: requests, topics and files, through a core that is killed and comes back."""

from __future__ import annotations

import hashlib
import os
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.patience import PATIENCE

from windlass.client.api import Client
from windlass.client.connect import locate
from windlass.client.embedded import EmbeddedCore, running_core
from windlass.client.errors import CoreRefused, CoreUnreachable, LinkClosed, RequestFailed, StartFailed, TransferFailed
from windlass.client.link import Link
from windlass.model.graph import FileRef
from windlass.wire import keys
from windlass.wire import messages as m

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]


@pytest.fixture
def core() -> Iterator[EmbeddedCore]:
    with EmbeddedCore(agents=0) as embedded:
        yield embedded


@pytest.fixture
def link(core: EmbeddedCore) -> Iterator[Link]:
    with Link(locate(home=core.home), name="test") as made:
        made.wait_up(PATIENCE)
        yield made


def ref(data: bytes) -> FileRef:
    return FileRef("file", hashlib.sha256(data).hexdigest(), len(data))


def kill_and_restart(core: EmbeddedCore) -> None:
    assert core.core_process is not None
    core.core_process.send_signal(signal.SIGKILL)
    core.core_process.wait()
    core.start_core()


def test_requests_are_answered_through_a_killed_core(core: EmbeddedCore, link: Link) -> None:
    assert link.ask(m.GetRuns(0)).data == {"runs": []}
    with pytest.raises(RequestFailed, match="no run 7"):
        link.ask(m.GetRun(0, 7))
    assert link.welcome is not None
    first = link.welcome.core
    assert core.core_process is not None
    core.core_process.send_signal(signal.SIGKILL)
    core.core_process.wait()
    waiting = [link.request(m.GetAgents(0)) for _ in range(3)]
    core.start_core()
    assert [each.result(PATIENCE).data for each in waiting] == [{"agents": []}] * 3
    assert link.welcome.core != first


def test_a_topic_goes_on_with_a_snapshot_after_the_core_came_back(core: EmbeddedCore, link: Link) -> None:
    heard: queue.Queue[m.Snapshot | m.Delta] = queue.Queue()
    with link.subscribe(["runs", "agents"], heard.put):
        topics = {heard.get(timeout=PATIENCE).topic for _ in range(2)}
        assert topics == {"runs", "agents"}
        kill_and_restart(core)
        again = [heard.get(timeout=PATIENCE) for _ in range(2)]
        assert all(isinstance(message, m.Snapshot) for message in again)


def test_files_go_up_and_come_down(link: Link, tmp_path: Path) -> None:
    data = os.urandom(3_000_000)
    path = tmp_path / "in"
    path.write_bytes(data)
    sent: list[int] = []
    link.upload(path, ref(data).hash, len(data), sent.append).result(PATIENCE)
    assert sum(sent) == len(data)
    link.upload(path, ref(data).hash, len(data), sent.append).result(PATIENCE)
    assert sum(sent) == len(data), "a blob that the core holds is not sent again"
    target = tmp_path / "deep" / "out"
    assert link.download(ref(data), target).result(PATIENCE) == b""
    assert target.read_bytes() == data
    assert link.download(ref(data)).result(PATIENCE) == data
    assert link.download(ref(b"")).result(PATIENCE) == b""


def test_a_file_that_changed_since_it_was_hashed_is_refused(link: Link, tmp_path: Path) -> None:
    path = tmp_path / "in"
    path.write_bytes(b"after!")
    with pytest.raises(TransferFailed):
        link.upload(path, ref(b"before").hash, 6).result(PATIENCE)
    path.unlink()
    with pytest.raises(TransferFailed):
        link.upload(path, ref(b"gone").hash, 4).result(PATIENCE)
    with pytest.raises(TransferFailed):
        link.download(ref(b"never uploaded"), tmp_path / "out").result(PATIENCE)
    assert not (tmp_path / "out").exists()


def test_an_upload_survives_a_killed_core(core: EmbeddedCore, link: Link) -> None:
    assert core.core_process is not None
    core.core_process.send_signal(signal.SIGKILL)
    core.core_process.wait()
    data = os.urandom(1_000_000)
    upload = link.upload(data, ref(data).hash, len(data))
    core.start_core()
    upload.result(PATIENCE)
    assert link.download(ref(data)).result(PATIENCE) == data


def test_closing_fails_what_waits(core: EmbeddedCore) -> None:
    link = Link(locate(home=core.home))
    link.wait_up(PATIENCE)
    assert core.core_process is not None
    core.core_process.send_signal(signal.SIGSTOP)
    waiting = link.request(m.GetRuns(0))
    link.close()
    core.core_process.send_signal(signal.SIGCONT)
    with pytest.raises(LinkClosed):
        waiting.result(PATIENCE)
    with pytest.raises(LinkClosed):
        link.request(m.GetRuns(0)).result(PATIENCE)


def test_an_unknown_key_does_not_get_in_and_a_token_lets_it_in_once(
    core: EmbeddedCore, link: Link, tmp_path: Path
) -> None:
    stranger = tmp_path / "stranger"
    with (
        Link(locate(core.endpoint, core.public, home=stranger), home=stranger) as refused,
        pytest.raises((CoreRefused, CoreUnreachable)),
    ):
        refused.wait_up(5)
    token = link.ask(m.MakeToken(0, "viewer")).data["token"]
    with Link(locate(token, home=stranger), home=stranger) as joined:
        joined.wait_up(PATIENCE)
        assert joined.welcome is not None
        assert joined.welcome.role == "viewer"
        with pytest.raises(RequestFailed):
            joined.ask(m.Control(0, "cancel", 1))
    # From now on the address is enough.
    with Link(locate(joined.endpoint, home=stranger), home=stranger) as again:
        again.wait_up(PATIENCE)
    thief = tmp_path / "thief"
    with Link(locate(token, home=thief), home=thief) as late, pytest.raises(CoreRefused):
        late.wait_up(PATIENCE)


def test_nobody_listens(tmp_path: Path) -> None:
    with (
        Link(locate("127.0.0.1:9", keys.new_pair().public, home=tmp_path)) as link,
        pytest.raises(CoreUnreachable, match=r"127\.0\.0\.1:9"),
    ):
        link.wait_up(0.3)


def test_a_core_that_cannot_start_says_why() -> None:
    core = EmbeddedCore(agents=0, core_options=("--bind", "tcp://192.0.2.1:1"))
    with pytest.raises(StartFailed, match=r"192\.0\.2\.1"):
        core.start()
    assert not core.home.exists()


def test_the_core_ends_with_its_parent_however_that_ends(tmp_path: Path) -> None:
    script = (
        "import pathlib, sys, time\n"
        "from windlass.client.embedded import EmbeddedCore\n"
        f"core = EmbeddedCore(agents=0, home=pathlib.Path({str(tmp_path)!r})).start()\n"
        "print(core.core_process.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        watch = os.pidfd_open(pid)
        parent.kill()
    import select

    assert select.select([watch], [], [], 15)[0], "the core outlived its parent"
    os.close(watch)
    assert running_core(tmp_path) is None


def test_a_temporary_home_goes_away_and_a_given_one_stays(tmp_path: Path) -> None:
    with EmbeddedCore(agents=0) as core:
        home = core.home
        assert running_core(home) is not None
    assert not home.exists()
    with EmbeddedCore(agents=0, home=tmp_path / "kept"):
        pass
    assert (tmp_path / "kept" / "data" / "core").is_dir()


@pytest.mark.slow
def test_an_agent_that_cannot_start_is_told_with_its_words() -> None:
    before = threading.active_count()
    with pytest.raises(StartFailed, match="cpus"):
        Client.embedded(agents=1, agent_options=("--cpus=many",))
    assert threading.active_count() == before, "the link of the client that never was is closed"


@pytest.mark.slow
def test_a_run_whose_agents_have_all_died_is_not_waited_for() -> None:
    with Client.embedded(agents=1) as client:
        assert client.core is not None
        (agent,) = client.core.agent_processes
        agent.kill()
        with pytest.raises(StartFailed, match="no agent is left"):
            client.map(abs, [1])
