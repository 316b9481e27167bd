"""Files and logs on their way through the core."""

from __future__ import annotations

import hashlib
import os
import time
from typing import Any

import pytest

from windlass.model.graph import FileRef, Foreach, Need
from windlass.wire import limits, logs, results
from windlass.wire import messages as m


def offer(peer: Any, data: bytes, damage: bool = False) -> Any:
    """Offer a blob and send the pieces asked for; what came of it."""
    hash = hashlib.sha256(data).hexdigest()
    peer.send(m.BlobOffer(hash, len(data)))
    while True:
        msg, _ = peer.receive()
        if isinstance(msg, m.BlobDone | m.BlobMissing):
            assert msg.hash == hash
            return msg
        if isinstance(msg, m.BlobWant):
            piece = data[msg.offset : msg.offset + msg.length]
            peer.send(m.BlobChunk(hash, msg.offset, len(data)), [b"\0" * len(piece) if damage else piece])


def fetch(peer: Any, hash: str, size: int) -> bytes:
    data = b""
    while len(data) < size:
        peer.send(m.BlobWant(hash, len(data), limits.CHUNK))
        chunk, frames = peer.receive()
        assert isinstance(chunk, m.BlobChunk), chunk
        data += frames[0]
    return data


def ref(path: str, data: bytes) -> FileRef:
    return FileRef(path, hashlib.sha256(data).hexdigest(), len(data))


def test_a_file_goes_in_and_out_again(core: Any) -> None:
    client = core.client()
    data = bytes(range(256)) * 5000
    assert isinstance(offer(client, data), m.BlobDone)
    assert isinstance(offer(client, data), m.BlobDone)
    assert isinstance(offer(client, b""), m.BlobDone)
    assert fetch(client, hashlib.sha256(data).hexdigest(), len(data)) == data


def test_a_damaged_file_is_refused(core: Any) -> None:
    client = core.client()
    answer = offer(client, b"x" * 1000, damage=True)
    assert isinstance(answer, m.BlobMissing)
    assert "hash" in answer.reason
    client.send(m.BlobWant(answer.hash, 0, 10))
    assert isinstance(client.receive()[0], m.BlobMissing)
    client.send(m.BlobOffer("../../x", 10))
    assert isinstance(client.receive()[0], m.BlobMissing)


def test_a_submit_needs_its_files(core: Any, kit: Any) -> None:
    client = core.client()
    failure = kit.submit(client, kit.task("one"), files=[ref("a.txt", b"a")])
    assert "not uploaded" in failure.reason
    offer(client, b"a")
    assert isinstance(kit.submit(client, kit.task("one"), files=[ref("../a.txt", b"a")], token="t2"), m.Failure)
    assert isinstance(kit.submit(client, kit.task("one"), files=[ref("a.txt", b"a")], token="t3"), int)


def test_inputs_reach_the_items_that_name_them(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    files = [ref(path, path.encode()) for path in ("a.txt", "b.txt", "lib/c.txt")]
    for file in files:
        offer(client, file.path.encode())
    run = kit.submit(
        client,
        kit.task("whole", inputs=["lib", "${{ params.name }}"]),
        kit.task("each", foreach=Foreach(values=["a", "b"]), inputs=["${{ item }}.txt"]),
        graph_params={"name": "a.txt"},
        files=files,
    )
    items = agent.assigned(3)
    assert {file.path for file in agent.bundles[run, 0].files} == {"lib/c.txt", "a.txt"}
    assert agent.bundles[run, 1].files == []
    assert {i.key.index: [f.path for f in i.files] for i in items if i.key.task == 1} == {0: ["a.txt"], 1: ["b.txt"]}


def test_outputs_fan_out_and_join(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello(cpus=8)
    run = kit.submit(
        client,
        kit.task("split", outputs=["part-*"]),
        kit.task("work", "split", foreach=Foreach(outputs_of="split", pattern="part-*"), outputs=["out"]),
        kit.task("pair", Need("work", each=True), foreach=Foreach(range=(0, 2, 1)), inputs=["work.outputs"]),
        kit.task("join", "work", inputs=["work.outputs/*/out"]),
    )
    parts = [ref(f"part-{n}", b"%d" % n) for n in range(2)]
    agent.finish(agent.assigned(1), outputs=[*parts, ref("other", b"o")])
    items = agent.assigned(2)
    assert sorted(item.files[0].path for item in items) == ["part-0", "part-1"]
    for item in items:
        agent.ends([item], outputs=[ref("out", b"out%d" % item.key.index)])
    last = {(i.key.task, i.key.index): i for i in agent.assigned(3)}
    assert last[2, 1].files == [ref("out", b"out1")]
    assert [file.path for file in agent.bundles[run, 3].files] == ["0/out", "1/out"]
    agent.finish(list(last.values()))
    assert kit.wait_run(client, run) == "succeeded"
    found = client.ask(m.GetOutputs, run)
    assert [(task, index, file[0]) for task, index, file in found["files"]] == [
        ("split", -1, "other"), ("split", -1, "part-0"), ("split", -1, "part-1"),
        ("work", 0, "out"), ("work", 1, "out"),
    ]  # fmt: skip
    assert found["next"] is None


def test_a_retry_replaces_outputs_and_renews_what_follows(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one", outputs=["*"]), kit.task("two", "one", inputs=["one.outputs"]))
    agent.finish(agent.assigned(1), outputs=[ref("a", b"1"), ref("b", b"1")])
    agent.finish(agent.assigned(1))
    first = agent.bundles[run, 1]
    assert kit.wait_run(client, run) == "succeeded"
    assert client.ask(m.Control, "retry-downstream", run, 0)["items"] == 2
    agent.finish(agent.assigned(1), outputs=[ref("a", b"2")])
    agent.finish(agent.assigned(1))
    second = agent.bundles[run, 1]
    assert second.version > first.version
    assert second.files == [ref("a", b"2")]
    assert kit.wait_run(client, run) == "succeeded"
    assert [file for _, _, file in client.ask(m.GetOutputs, run)["files"]] == [list(_entry(ref("a", b"2")))]


def _entry(file: FileRef) -> tuple[str, str, int, int]:
    return file.path, file.hash, file.size, file.mode


def test_an_input_that_cannot_be_computed_fails_the_item(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one", foreach=Foreach(values=["a"]), inputs=["${{ item.nope }}"]))
    ((_, _, _, state, error, _, _),) = kit.results(client, run, 1)
    assert state == "failed"
    assert "nope" in error
    assert kit.wait_run(client, run) == "failed"


def test_a_deleted_runs_files_go_when_nobody_else_needs_them(core: Any, kit: Any) -> None:
    client, blobs = core.client(), core.server.blobs
    both, one = ref("both", b"both"), ref("one", b"one")
    offer(client, b"both")
    offer(client, b"one")
    first = kit.submit(client, kit.task("t"), files=[both, one], token="t1")
    second = kit.submit(client, kit.task("t"), files=[both], token="t2")
    for file in (both, one):
        os.utime(blobs.path(file.hash), (1, 1))
    client.ask(m.Control, "cancel", first)
    kit.wait_run(client, first)
    client.ask(m.Control, "delete", first)
    client.ask(m.GetRuns)
    assert blobs.has(both.hash)
    assert not blobs.has(one.hash)
    client.ask(m.Control, "cancel", second)
    kit.wait_run(client, second)
    offer(client, b"both")  # offered again a moment ago: perhaps for the next submit
    client.ask(m.Control, "delete", second)
    client.ask(m.GetRuns)
    assert blobs.has(both.hash)
    tidy = core.server.core.tidy
    assert tidy.sweep() == 0
    assert tidy.sweep(time.time() + 8 * 86400) == 1


@pytest.mark.parametrize("jump", [86400.0, -86400.0])
def test_a_fresh_blob_outlives_a_clock_that_is_set(core: Any, jump: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two clocks a file's times are of is not known: it is as young as either says."""
    tidy, real = core.server.core.tidy, time.time
    tidy.now = real() if jump > 0 else real() - jump
    hash, _ = core.server.blobs.add_bytes(b"offered just now")
    monkeypatch.setattr(time, "time", lambda: real() + max(jump, 0.0))
    assert tidy.forget([hash]) == 0
    assert core.server.blobs.has(hash)


def test_what_is_too_large_to_be_sent_fails_in_words(core: Any, kit: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("small"), kit.task("large", "small", env={"X": "x" * 5000}))
    items = agent.assigned(1)
    monkeypatch.setattr(limits, "HEADER", 4000)
    agent.finish(items)
    rows = kit.results(client, run, 2)
    assert rows[1][3] == "failed"
    assert "too large" in rows[1][4]


def test_a_result_whose_blob_is_lost_fails_what_needs_it(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(
        client, kit.task("list"), kit.task("each", "list", foreach=Foreach(result_of="list")), kit.task("other")
    )
    items = {item.key.task: item for item in agent.assigned(2)}
    agent.finish([items[0]], result=results.encode_ref(ref("result", b"j[1, 2]")))
    agent.finish([items[2]])
    rows = kit.results(client, run, 3)
    assert sorted((row[1], row[3]) for row in rows) == [(0, "succeeded"), (1, "failed"), (2, "succeeded")]
    assert "no blob" in client.ask(m.GetRun, run)["tasks"][1]["note"] + "".join(row[4] for row in rows)


RECORDS = [logs.encode_record(float(n + 1), logs.OUT, b"line %d\n" % n) for n in range(10)]
LOG = b"".join(RECORDS)


@pytest.mark.parametrize("large", [False, True])
def test_the_log_of_what_has_ended(core: Any, kit: Any, large: bool) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    items = agent.assigned(1)
    if large:
        offer(agent, LOG)
        agent.finish(items, log_ref=ref("log", LOG), log=RECORDS[-1], log_shed=7)
    else:
        agent.finish(items, log=LOG, log_shed=7)
    kit.wait_run(client, run)
    data, (log,) = client.ask_with_payload(m.GetLog, run, 0, 0)
    assert log == LOG
    assert data == {"attempt": 1, "offset": 0, "size": len(LOG), "shed": 7, "ended": True, "state": "exited"}
    data, (log,) = client.ask_with_payload(m.GetLog, run, 0, 0, 1, len(RECORDS[0]), len(RECORDS[1]) + 3)
    assert log == RECORDS[1]
    data, (log,) = client.ask_with_payload(m.GetLog, run, 0, 0, 0, -len(RECORDS[0]) * 2)
    assert log == b"".join(RECORDS[-2:])
    assert data["offset"] == len(LOG) - len(log)
    assert client.ask(m.GetLog, run, 0, 0, 5).code == "not-found"


def test_the_log_of_what_runs_comes_from_its_agent(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    (item,) = agent.assigned(1)
    data = client.ask(m.GetLog, run, 0, 0)
    assert (data["state"], data["ended"]) == ("assigned", False)
    agent.send(m.Started([m.StartedItem(item.key, time.time())]))
    client.send(m.GetLog(50, run, 0, 0, wait=10.0))
    want = agent.expect(m.LogWant)
    assert (want.key, want.offset) == (item.key, 0)
    agent.send(m.LogData(item.key, 0, 0, False), [b""])
    want = agent.expect(m.LogWant)  # nothing yet, and the client waits: asked again
    agent.send(m.LogData(item.key, 0, len(RECORDS[0]), False), [RECORDS[0]])
    reply, frames = client.receive()
    assert (reply.req, frames) == (50, [RECORDS[0]])
    client.send(m.GetLog(51, run, 0, 0, offset=len(RECORDS[0]), wait=10.0))
    agent.expect(m.LogWant)
    agent.finish([item], log=LOG)
    reply, frames = client.receive()
    assert (reply.req, reply.data["ended"]) == (51, True)
    assert RECORDS[0] + frames[0] == LOG


def test_the_end_of_a_running_log_is_asked_of_its_agent(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"))
    (item,) = agent.assigned(1)
    agent.send(m.Started([m.StartedItem(item.key, time.time())]))
    client.send(m.GetLog(60, run, 0, 0, offset=-2 * len(RECORDS[0]), wait=10.0))
    assert agent.expect(m.LogWant).offset == -2 * len(RECORDS[0])
    last = b"".join(RECORDS[-2:])
    agent.send(m.LogData(item.key, len(LOG) - len(last), len(LOG), False), [last])
    reply, frames = client.receive()
    assert frames == [last]
    assert reply.data["offset"] == len(LOG) - len(last)
