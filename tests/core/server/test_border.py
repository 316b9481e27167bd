"""Who gets in, and what a hostile or broken peer can do: nothing but be counted."""

from __future__ import annotations

import contextlib
import random
import time
from typing import Any

import msgspec
import pytest
import zmq

from windlass.model.graph import FileRef, Foreach, Resources, RetryPolicy
from windlass.server.links import Links
from windlass.wire import keys, tokens
from windlass.wire import messages as m
from windlass.wire.messages import MESSAGES


def counters(client: Any) -> dict[str, int]:
    found: dict[str, int] = client.ask(m.GetInfo)["counters"]
    return found


def test_an_unknown_key_is_refused_whatever_it_sends(core: Any) -> None:
    stranger = core.peer()
    for msg in (m.ClientHello("x"), m.GetRuns(1), m.Heartbeat(1.0), m.StopCore(1)):
        stranger.send(msg)
        answer, _ = stranger.receive()
        assert isinstance(answer, m.Refused)
        assert answer.code == "unknown-key"
    assert counters(core.client())["unknown-key"] == 4


def test_nothing_large_from_an_unknown_key_is_even_decoded(core: Any) -> None:
    stranger = core.peer()
    stranger.raw(b"\x01", b"\xc1" * 100_000)  # never valid: decoding it would be counted as malformed
    answer, _ = stranger.receive()
    assert answer.code == "unknown-key"
    found = counters(core.client())
    assert (found["unknown-key"], found.get("malformed", 0)) == (1, 0)


def test_a_token_lets_one_key_in(core: Any) -> None:
    admin = core.client()
    token = tokens.parse_token(admin.ask(m.MakeToken, "agent")["token"])
    assert token.core == core.found.public
    first, second = core.peer(), core.peer()
    first.send(m.Enrol(token.secret, "first"))
    assert first.expect(m.Enrolled).role == "agent"
    first.send(m.Enrol(token.secret, "first"))
    assert first.expect(m.Enrolled).role == "agent"
    second.send(m.Enrol(token.secret, "second"))
    refused, _ = second.receive()
    assert refused.code == "bad-secret"
    assert "already used" in refused.reason


def test_a_token_that_expired_or_never_was(core: Any) -> None:
    admin = core.client()
    token = tokens.parse_token(admin.ask(m.MakeToken, "viewer", ttl=1e-9)["token"])
    for secret in (token.secret, "guess"):
        peer = core.peer()
        peer.send(m.Enrol(secret, "late"))
        refused, _ = peer.receive()
        assert refused.code == "bad-secret"
    assert counters(admin)["bad-secret"] == 2


def test_tokens_that_expired_are_not_kept_in_memory(core: Any) -> None:
    admin = core.client()
    for _ in range(5):
        admin.ask(m.MakeToken, "viewer", ttl=1e-9)
    admin.ask(m.MakeToken, "viewer")
    assert len(core.server.access._fresh) <= 2


def test_an_enrolled_peer_is_known_after_a_restart(start_core: Any) -> None:
    core = start_core()
    token = tokens.parse_token(core.client().ask(m.MakeToken, "viewer")["token"])
    pair = keys.new_pair()
    peer = core.peer(pair)
    peer.send(m.Enrol(token.secret, "v"))
    peer.expect(m.Enrolled)
    core.stop()
    peer = start_core().peer(pair)
    peer.send(m.ClientHello("v"))
    assert peer.expect(m.ClientWelcome).role == "viewer"


def test_roles_are_checked_for_each_message(core: Any) -> None:
    admin = core.client()
    peers = {}
    for role in ("viewer", "operator"):
        token = tokens.parse_token(admin.ask(m.MakeToken, role)["token"])
        peer = peers[role] = core.peer()
        peer.send(m.Enrol(token.secret, role))
        peer.expect(m.Enrolled)
        peer.send(m.ClientHello(role))
        peer.expect(m.ClientWelcome)
    viewer, operator = peers["viewer"], peers["operator"]
    assert viewer.ask(m.GetRuns) == {"runs": []}
    for kind, args in ((m.Control, ("cancel", 1)), (m.MakeToken, ("admin",)), (m.StopCore, ())):
        assert viewer.ask(kind, *args).code == "forbidden"
    assert operator.ask(m.Control, "cancel", 1).code == "not-found"
    assert operator.ask(m.MakeToken, "admin").code == "forbidden"
    operator.send(m.Heartbeat(1.0))
    refused, _ = operator.receive()
    assert refused.code == "role"


def test_a_connection_without_hello_is_asked_who_it_is(core: Any) -> None:
    pair = keys.load(core.home / "config" / keys.CLIENT_KEY)
    peer = core.peer(pair)
    peer.send(m.GetRuns(1))
    assert isinstance(peer.receive()[0], m.WhoAreYou)
    agent = core.agent()
    agent.send(m.Heartbeat(1.0))
    assert isinstance(agent.receive()[0], m.WhoAreYou)


def test_an_agents_id_belongs_to_its_key(core: Any) -> None:
    core.agent().hello("mine")
    token = tokens.parse_token(core.client().ask(m.MakeToken, "agent")["token"])
    thief = core.peer(kind=type(core.agent()))
    thief.send(m.Enrol(token.secret, "thief"))
    thief.expect(m.Enrolled)
    with pytest.raises(AssertionError, match="another key"):
        thief.hello("mine")


def test_garbage_is_counted_and_harms_nobody(core: Any) -> None:
    client = core.client()
    noise = random.Random(7)
    peer = core.peer(keys.load(core.home / "config" / keys.AGENT_KEY))
    for _ in range(300):
        kind = bytes((noise.randrange(256),))
        peer.raw(kind, noise.randbytes(noise.randrange(40)))
    peer.raw(b"")
    peer.raw(b"\x01")
    peer.raw(b"\x01\x02", b"")
    peer.raw(b"\x05", b"\xdd\xff\xff\xff\xff")
    peer.raw(b"\x05", b"\x91" * 100_000)
    peer.raw(b"\x05", b"\x90", *[b""] * 20_001)
    peer.raw(b"\x08", b"\x00" * (9 * 1024 * 1024))
    peer.send(m.Heartbeat(time.time()))
    peer.expect(m.WhoAreYou)
    found = counters(client)
    assert found["malformed"] + found["unknown-type"] > 250
    assert found["oversize"] == 2


def test_a_frame_beyond_every_limit_ends_its_connection_only(core: Any) -> None:
    client = core.client()
    peer = core.peer(keys.load(core.home / "config" / keys.AGENT_KEY))
    peer.raw(b"\x08", bytes(17 * 1024 * 1024))
    assert client.ask(m.GetRuns) == {"runs": []}


def test_mutated_messages_of_every_kind(core: Any) -> None:
    """Headers of the right shape with wrong values inside: dropped or refused, never a crash."""
    client = core.client()
    noise = random.Random(11)
    agent = core.agent()
    agent.hello()
    wild: list[Any] = [None, -1, 2**63, "", "x" * 300, [], {}, 1e308, float("nan"), b"\xff", [[1, 2, 3, 4, 5]], True]
    for kind in range(1, len(MESSAGES) + 1):
        if MESSAGES[kind - 1] is m.StopCore:
            continue
        for _ in range(30):
            size = len(MESSAGES[kind - 1].__struct_fields__)
            body = msgspec.msgpack.encode([noise.choice(wild) for _ in range(size)])
            (agent if noise.random() < 0.5 else client).raw(bytes((kind,)), body)
    fresh = core.client()
    assert isinstance(fresh.ask(m.GetRuns)["runs"], list)
    assert "internal" not in counters(fresh)


def test_stale_and_foreign_ends_are_acknowledged_and_change_nothing(core: Any, kit: Any) -> None:
    client, agent, other = core.client(), core.agent(), core.agent()
    agent.hello("a1")
    run = kit.submit(client, kit.task("one"))
    (item,) = agent.assigned(1)
    other.hello("a2")
    assert other.finish([item], result=b"jfalse").keys == [item.key]
    agent.finish([item], result=b"jtrue")
    agent.finish([item], result=b"jfalse")
    assert [row[-1] for row in kit.results(client, run, 1)] == [b"jtrue"]
    assert len(client.ask(m.GetAttempts, run)["attempts"]) == 1


def test_numbers_that_no_store_can_keep(core: Any, kit: Any) -> None:
    client, agent = core.client(), core.agent()
    agent.hello()
    run = kit.submit(client, kit.task("one"), kit.task("two"))
    first, second = agent.assigned(2)
    huge = 2**64 - 1
    usage = m.Usage(float("nan"), huge, huge, huge)
    agent.send(m.Exited([m.Exit(first.key, "ok", huge, float("inf"), float("nan"), usage, log_shed=huge)]))
    agent.expect(m.Ack)
    bad = [FileRef("a", "0" * 64, huge)]
    agent.send(m.Exited([m.Exit(second.key, "ok", 0, 1.0, 2.0, outputs=bad)]))
    agent.expect(m.Ack)
    assert kit.wait_run(client, run) == "failed"
    rows = client.ask(m.GetAttempts, run)["attempts"]
    assert [(row["outcome"], row["memory"]) for row in rows] == [("ok", 0), ("failed", 0)]
    for kind, args in (
        (m.Control, ("priority", run, None, None, huge)),
        (m.Control, ("retry", run, 0, -1)),
        (m.Control, ("retry", run, 0, huge)),
        (m.Control, ("retry", run, None, 0)),
        (m.GetAttempts, (run, None, None, huge)),
        (m.GetItems, (run, 0, huge, huge)),
        (m.GetLog, (run, 0, huge)),
        (m.GetOutputs, (run, None, huge)),
        (m.AppendItems, (run, 0, huge, huge)),
    ):
        answer = client.ask(kind, *args)
        assert isinstance(answer, m.Failure) or kind is m.GetItems, kind
    client.send(m.GetResults(999, run, huge))
    assert client.ask(m.GetRuns)["runs"]
    assert "internal" not in counters(client)


def test_a_lease_that_no_store_can_keep_ends_no_core(core: Any) -> None:
    agent = core.agent()
    facts = m.AgentFacts("a1", Resources(cpus=2), {})
    agent.send(m.AgentHello("a1", facts, 2**64 - 2, [], time.time()))
    refused, _ = agent.receive()
    assert isinstance(refused, m.Refused)
    assert agent.hello().epoch == 1


def test_who_waits_for_no_number_at_all_gets_an_answer_at_once(core: Any, kit: Any) -> None:
    """Else the loop, which has no time to sleep until, would turn without end."""
    client = core.client()
    run = kit.submit(client, kit.task("one"))
    assert client.ask(m.GetResults, run, 0, wait=float("nan"))["results"] == []
    assert client.ask(m.WaitRun, run, float("nan"))["run"]["state"] == "running"


@pytest.mark.parametrize(
    "fields",
    [
        {"where": ["os =="]},
        {"timeout": float("nan")},
        {"deadline": -1.0},
        {"resources": Resources(cpus=float("inf"))},
        {"resources": Resources(memory=-1)},
        {"retries": RetryPolicy(backoff=float("nan"))},
        {"foreach": Foreach(range=(0, 5, 0))},
        {"foreach": Foreach(range=(0, 2**62, 1))},
        {"foreach": Foreach(opaque=-3)},
        {"foreach": Foreach(values=[1], outputs_of="nobody")},
        {"priority": 2**63},
    ],
    ids=str,
)
def test_graphs_that_no_honest_client_sends(core: Any, kit: Any, fields: dict[str, Any]) -> None:
    client = core.client()
    failure = kit.submit(client, kit.task("bad", **fields))
    assert isinstance(failure, m.Failure)
    assert failure.code == "bad-request"
    assert client.ask(m.GetRuns)["runs"] == []
    assert "internal" not in counters(client)


def test_a_run_the_scheduler_cannot_take_leaves_nothing(start_core: Any, kit: Any, monkeypatch: Any) -> None:
    core = start_core()
    client = core.client()
    with monkeypatch.context() as patch:
        patch.setattr("windlass.sched.machine.Table", None)
        failure = kit.submit(client, kit.task("a"))
    assert failure.code == "internal"
    core.stop()
    core = start_core()
    assert core.client().ask(m.GetRuns)["runs"] == []
    assert isinstance(kit.submit(core.client(), kit.task("one")), int)


def test_without_curve_nobody_gets_in(core: Any) -> None:
    context: zmq.Context[Any] = zmq.Context()
    plain = context.socket(zmq.DEALER)
    plain.linger = 0
    plain.connect(core.found.endpoint)
    with contextlib.suppress(zmq.Again):  # it was turned away already
        plain.send_multipart([b"\x17", b"\x92\xa1x\x01"], zmq.DONTWAIT)
    assert not plain.poll(200)
    plain.close()
    context.term()
    assert core.client().ask(m.GetRuns) == {"runs": []}


def test_a_client_that_does_not_read_is_forgotten_and_starts_anew(core: Any, monkeypatch: Any) -> None:
    monkeypatch.setattr("windlass.server.links.QUEUE_BYTES", 1000)
    client = core.client()
    connection = next(c for c in core.server.links.connections.values() if c.kind == "client")
    core.server.links._overflow(connection)
    core.server.wake()
    assert isinstance(client.receive()[0], m.WhoAreYou)
    client.send(m.GetRuns(1))
    assert isinstance(client.receive()[0], m.WhoAreYou)


def test_what_was_meant_for_one_who_is_gone_reaches_nobody_else(monkeypatch: Any) -> None:
    """A peer chooses its identity, and may choose that of another whose answer is still to come."""
    sent: list[list[bytes]] = []
    monkeypatch.setattr("windlass.wire.multipart.send", lambda socket, frames: sent.append(frames))
    links = Links(keys.new_pair())
    admin = links._new(b"name", "the admin's key", 0.0)
    viewer = links._new(b"name", "a viewer's key", 1.0)
    links.send(admin, m.Reply(1, {"token": "secret"}))
    assert not sent
    assert not admin.queue
    links.send(viewer, m.Reply(1, {}))
    assert len(sent) == 1
    links.close()


def test_what_waits_for_all_peers_together_is_bounded_and_agents_go_last(monkeypatch: Any) -> None:
    monkeypatch.setattr("windlass.server.links.QUEUES_BYTES", 10_000)
    links = Links(keys.new_pair())
    monkeypatch.setattr(links, "_try", lambda connection, frames: False)  # nobody reads
    agent, little, much = (links._new(name, "key", 0.0) for name in (b"agent", b"little", b"much"))
    agent.kind, little.kind, much.kind = "agent", "client", "client"
    for connection, size in ((agent, 6000), (little, 1000), (much, 2500)):
        links.send_frames(connection, [b"x" * size])
    assert not much.overflowed
    links.send_frames(little, [b"x" * 1000])
    assert [one.overflowed for one in (agent, little, much)] == [False, False, True]
    assert sum(one.queued for one in (agent, little, much)) == 8000
    for connection in (agent, little, much):
        links.drop(connection)
    links.close()
