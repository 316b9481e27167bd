"""The link's decisions, with a fake clock and no socket."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from windlass.client import link_state as s
from windlass.client.errors import CoreRefused, LinkBusy, LinkClosed, RequestFailed, TransferFailed
from windlass.wire import limits
from windlass.wire import messages as m

WELCOME = m.ClientWelcome("core-1", "admin", "0.1")
HASH = hashlib.sha256(b"x").hexdigest()


def up(state: s.LinkState | None = None, now: float = 0.0) -> s.LinkState:
    state = state or s.LinkState("test")
    state.dialling(now)
    state.received(WELCOME, [], now)
    return state


def sent(effects: list[s.Effect]) -> list[m.Message]:
    return [effect.message for effect in effects if isinstance(effect, s.Send)]


def finished(effects: list[s.Effect]) -> dict[int, Any]:
    return {effect.ticket: effect.result for effect in effects if isinstance(effect, s.Finish)}


def test_it_says_hello_and_is_up_once_welcomed() -> None:
    state = s.LinkState("test")
    assert sent(state.dialling(0.0)) == [m.ClientHello("test", tells=True)]
    assert state.received(WELCOME, [], 0.1) == [s.Phase("up")]
    assert state.phase == "up"
    assert state.deadline() is None


def test_a_token_enrols_first_and_only_until_it_was_taken() -> None:
    state = s.LinkState("test")
    state.join("secret")
    assert sent(state.dialling(0.0)) == [m.Enrol("secret", "test")]
    state.lost(1.0, 0.5, "gone")
    assert sent(state.dialling(2.0)) == [m.Enrol("secret", "test")]
    assert sent(state.received(m.Enrolled("operator"), [], 2.1)) == [m.ClientHello("test", tells=True)]
    state.lost(3.0, 0.5, "gone")
    assert sent(state.dialling(4.0)) == [m.ClientHello("test", tells=True)]


def test_a_request_is_stamped_and_answered_once() -> None:
    state = up()
    assert sent(state.request(7, m.GetAgents(0))) == [m.GetAgents(7)]
    answer = finished(state.received(m.Reply(7, {"agents": []}), [b"x"], 1.0))
    assert answer == {7: s.Answer({"agents": []}, [b"x"])}
    assert state.received(m.Reply(7, {}), [], 1.0) == []


def test_a_refused_request_fails_with_the_cores_words() -> None:
    state = up()
    state.request(1, m.GetRun(0, 9))
    result = finished(state.received(m.Failure(1, "not-found", "there is no run 9"), [], 0.0))[1]
    assert isinstance(result, RequestFailed)
    assert (result.code, str(result)) == ("not-found", "there is no run 9")


def test_requests_wait_for_the_connection_and_are_repeated_after_it_was_lost() -> None:
    state = s.LinkState("test")
    assert state.request(1, m.GetAgents(0)) == []
    state.dialling(0.0)
    assert m.GetAgents(1) in sent(state.received(WELCOME, [], 0.0))
    append = m.AppendItems(0, 3, 0, 0, 1)
    state.request(2, append, [b"payload"])
    state.request(3, amend := m.Amend(0, 3, b"graph", "text", []))
    assert finished(state.lost(1.0, 0.0, "gone")) == {}
    state.dialling(1.1)
    again = [effect for effect in state.received(WELCOME, [], 1.2) if isinstance(effect, s.Send)]
    assert again == [
        s.Send(m.GetAgents(1)), s.Send(m.AppendItems(2, 3, 0, 0, 1), [b"payload"]),
        s.Send(msgspec.structs.replace(amend, req=3)),
    ]  # fmt: skip


@pytest.mark.parametrize("request_", [m.StopCore(0), m.Control(0, "retry-downstream", 1, 0)])
def test_what_must_not_happen_twice_fails_when_the_connection_was_lost(request_: m.Message) -> None:
    state = up()
    state.request(1, request_)
    result = finished(state.lost(1.0, 0.0, "gone"))[1]
    assert isinstance(result, RequestFailed)
    assert result.code == "unknown"


def test_what_was_not_sent_yet_may_wait_even_if_it_must_not_happen_twice() -> None:
    state = s.LinkState("test")
    state.request(1, m.StopCore(0))
    assert finished(state.lost(1.0, 0.0, "gone")) == {}
    state.dialling(2.0)
    assert m.StopCore(1) in sent(state.received(WELCOME, [], 2.0))


def test_backoff_grows_to_a_limit_and_a_welcome_resets_it() -> None:
    state = s.LinkState("test")
    waits = []
    for _ in range(10):
        state.lost(100.0, 0.5, "no answer")
        waits.append(state.retry_at - 100.0)
    assert waits == pytest.approx([*s.BACKOFF, 4.0, 4.0, 4.0])
    up(state)
    state.lost(200.0, 1.0, "gone")
    assert state.retry_at - 200.0 == pytest.approx(s.BACKOFF[0] * 1.5)


def test_a_core_that_never_welcomes_is_dialled_again() -> None:
    state = s.LinkState("test")
    state.dialling(5.0)
    assert state.deadline() == 5.0 + s.HELLO_TIMEOUT
    assert state.tick(5.0 + s.HELLO_TIMEOUT - 0.1) == []
    assert state.tick(5.0 + s.HELLO_TIMEOUT) == [s.Redial()]


def test_who_are_you_means_hello_again_and_everything_again() -> None:
    state = up()
    state.follow(["runs"])
    state.request(1, m.GetAgents(0))
    assert sent(state.received(m.WhoAreYou(), [], 1.0)) == [m.ClientHello("test", tells=True)]
    assert state.received(m.WhoAreYou(), [], 1.0) == []
    assert sent(state.received(WELCOME, [], 1.1)) == [m.Subscribe(["runs"]), m.GetAgents(1)]


def test_deltas_pass_in_order_and_a_gap_asks_for_a_snapshot() -> None:
    state = up()
    assert sent(state.follow(["runs"])) == [m.Subscribe(["runs"])]
    assert state.received(m.Delta("runs", 4, {}), [], 0.0) == []
    snapshot, five, six = m.Snapshot("runs", 4, {}), m.Delta("runs", 5, {}), m.Delta("runs", 6, {})
    assert state.received(snapshot, [], 0.0) == [s.Publish(snapshot)]
    assert state.received(five, [], 0.0) == [s.Publish(five)]
    assert state.received(five, [], 0.0) == []
    assert state.received(m.Delta("runs", 7, {}), [], 0.0) == [s.Send(m.Subscribe(["runs"]))]
    assert state.received(m.Delta("runs", 8, {}), [], 0.0) == []
    assert state.received(six, [], 0.0) == []
    later = m.Snapshot("runs", 8, {})
    assert state.received(later, [], 0.0) == [s.Publish(later)]


def test_a_topic_that_nobody_follows_any_more_is_silent() -> None:
    state = up()
    state.follow(["runs", "agents"])
    state.received(m.Snapshot("runs", 1, {}), [], 0.0)
    assert sent(state.follow(["agents"])) == [m.Subscribe(["agents"], ["agents"])]
    assert state.received(m.Delta("runs", 2, {}), [], 0.0) == []


def test_what_was_followed_before_goes_on_without_a_snapshot() -> None:
    state = up()
    state.follow(["runs", "run:1"])
    state.received(m.Snapshot("runs", 7, {}), [], 0.0)
    later = sent(state.follow(["runs", "run:2"], fresh=["run:2"]))
    assert later == [m.Subscribe(["runs", "run:2"], ["runs"])]
    eight = m.Delta("runs", 8, {})
    assert state.received(eight, [], 0.0) == [s.Publish(eight)]
    # The snapshot of run 2 is on its way and need not be asked for again.
    assert sent(state.follow(["run:2"])) == [m.Subscribe(["run:2"], ["run:2"])]
    state.follow(["runs", "run:2"], fresh=["runs"])
    state.received(m.Snapshot("runs", 9, {}), [], 0.0)
    state.received(m.Snapshot("run:2", 1, {}), [], 0.0)
    gap = state.received(m.Delta("run:2", 3, {}), [], 0.0)
    assert gap == [s.Send(m.Subscribe(["runs", "run:2"], ["runs"]))]
    state.received(m.WhoAreYou(), [], 1.0)
    assert m.Subscribe(["runs", "run:2"]) in sent(state.received(WELCOME, [], 1.1)), "another core keeps nothing"


def test_a_second_subscriber_gets_a_snapshot_too() -> None:
    state = up()
    state.follow(["runs"])
    state.received(m.Snapshot("runs", 1, {}), [], 0.0)
    assert state.follow(["runs"]) == []
    assert sent(state.follow(["runs"], fresh=["runs"])) == [m.Subscribe(["runs"])]


def test_an_upload_is_offered_served_and_done() -> None:
    state = up()
    assert sent(state.upload(1, HASH, 10)) == [m.BlobOffer(HASH, 10)]
    assert state.upload(2, HASH, 10) == []
    want = m.BlobWant(HASH, 0, 10)
    assert state.received(want, [], 0.0) == [s.ReadChunk(1, want, 10)]
    assert finished(state.received(m.BlobDone(HASH), [], 0.0)) == {1: None, 2: None}
    assert sent(state.received(want, [], 0.0)) == [m.BlobMissing(HASH, "not on offer")]


def test_uploads_are_limited_and_offered_again_after_a_lost_connection() -> None:
    state = up()
    hashes = [hashlib.sha256(bytes([number])).hexdigest() for number in range(s.OFFERS + 2)]
    offers = [sent(state.upload(number, hash, 1)) for number, hash in enumerate(hashes)]
    assert sum(map(len, offers)) == s.OFFERS
    assert sent(state.received(m.BlobDone(hashes[0]), [], 0.0)) == [m.BlobOffer(hashes[s.OFFERS], 1)]
    state.lost(1.0, 0.0, "gone")
    state.dialling(2.0)
    again = sent(state.received(WELCOME, [], 2.0))
    assert again == [m.BlobOffer(hash, 1) for hash in hashes[1 : s.OFFERS + 1]]


def test_a_download_arrives_in_pieces_and_goes_on_after_a_lost_connection() -> None:
    state = up()
    size = limits.CHUNK + 10
    wants = sent(state.download(1, HASH, size, 0.0))
    assert wants == [m.BlobWant(HASH, 0, limits.CHUNK), m.BlobWant(HASH, limits.CHUNK, 10)]
    tail = m.BlobChunk(HASH, limits.CHUNK, size)
    assert state.received(tail, [b"t" * 10], 0.1) == [s.WriteChunk(1, limits.CHUNK, b"t" * 10, last=False)]
    state.lost(1.0, 0.0, "gone")
    state.dialling(2.0)
    assert sent(state.received(WELCOME, [], 2.0)) == [m.BlobWant(HASH, 0, limits.CHUNK)]
    head = b"h" * limits.CHUNK
    assert state.received(m.BlobChunk(HASH, 0, size), [head], 2.1) == [s.WriteChunk(1, 0, head, last=True)]
    assert state.received(m.BlobChunk(HASH, 0, size), [head], 2.2) == []


def test_a_download_that_the_core_lacks_fails() -> None:
    state = up()
    state.download(1, HASH, 5, 0.0)
    result = finished(state.received(m.BlobMissing(HASH, "deleted"), [], 0.0))[1]
    assert isinstance(result, TransferFailed)
    assert str(result) == "deleted"
    assert state.download(2, HASH, 0, 0.0) == [s.WriteChunk(2, 0, b"", last=True)]


def test_downloads_wait_their_turn() -> None:
    state = up()
    hashes = [hashlib.sha256(bytes([number])).hexdigest() for number in range(s.PULLS + 1)]
    for number, hash in enumerate(hashes[:-1]):
        assert len(sent(state.download(number, hash, 5, 0.0))) == 1
    assert sent(state.download(99, hashes[-1], 5, 0.0)) == []
    effects = state.received(m.BlobChunk(hashes[0], 0, 5), [b"12345"], 0.0)
    assert m.BlobWant(hashes[-1], 0, 5) in sent(effects)


def test_a_file_that_cannot_be_read_fails_its_transfer() -> None:
    state = up()
    state.upload(1, HASH, 5)
    effects = state.transfer_failed(1, "permission denied", 0.0)
    assert isinstance(finished(effects)[1], TransferFailed)
    assert isinstance(sent(effects)[0], m.BlobMissing)


def test_refusal_ends_everything_now_and_later() -> None:
    state = up()
    state.request(1, m.GetAgents(0))
    state.upload(2, HASH, 5)
    effects = state.received(m.Refused("protocol", "too old"), [], 0.0)
    assert {type(result) for result in finished(effects).values()} == {CoreRefused}
    assert set(finished(effects)) == {1, 2}
    assert isinstance(finished(state.request(3, m.GetAgents(0)))[3], CoreRefused)
    assert state.lost(1.0, 0.0, "gone") == []


def test_a_busy_core_is_tried_again_later() -> None:
    state = s.LinkState("test")
    state.dialling(0.0)
    assert state.received(m.Refused("busy", "later"), [], 0.0) == [s.Redial()]


def test_closing_fails_what_waits() -> None:
    state = up()
    state.request(1, m.GetAgents(0))
    assert isinstance(finished(state.close())[1], LinkClosed)
    assert isinstance(finished(state.request(2, m.GetAgents(0)))[2], LinkClosed)


def test_the_number_and_size_of_waiting_requests_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s, "MAX_REQUESTS", 2)
    state = s.LinkState("test")
    state.request(1, m.GetAgents(0))
    state.request(2, m.GetAgents(0))
    assert isinstance(finished(state.request(3, m.GetAgents(0)))[3], LinkBusy)
    state.forget(1)
    assert state.request(4, m.GetAgents(0)) == []
    monkeypatch.setattr(s, "MAX_REQUESTS", 100)
    monkeypatch.setattr(s, "MAX_BYTES", 10)
    append = m.AppendItems(0, 1, 0, 0, 1)
    assert state.request(5, append, [b"12345"]) == []
    assert isinstance(finished(state.request(6, append, [b"123456"]))[6], LinkBusy)


def test_a_request_too_large_for_the_wire_fails_alone() -> None:
    state = up()
    state.request(1, m.GetAgents(0))
    assert isinstance(finished(state.refuse(1, "too large"))[1], RequestFailed)
    assert state.refuse(1, "too large") == []


def test_what_was_read_of_the_news_is_told_now_and_then() -> None:
    state = up()
    assert state.read(s.TELL - 1) == []
    assert sent(state.read(10)) == [m.Seen(s.TELL + 9)]
    assert state.read(10) == []
    state.lost(3.0, 0.5, "gone")
    state.dialling(4.0)
    assert state.read(s.TELL - 1) == []  # of another connection


def test_a_request_that_stands_is_asked_again_from_where_it_stood() -> None:
    state = up()
    state.request(7, m.GetResults(0, 1, 0, credits=9))
    part = state.received(m.Reply(7, {"results": [], "more": 5}), [b"x"], 1.0)
    assert part == [s.Part(7, s.Answer({"results": [], "more": 5}, [b"x"]))]
    state.lost(2.0, 0.5, "gone")
    assert sent(up(state, 3.0).received(WELCOME, [], 3.0))[-1] == m.GetResults(7, 1, 5, credits=9)
    assert finished(state.received(m.Reply(7, {"results": []}), [], 4.0)) == {7: s.Answer({"results": []}, [])}
    assert state.received(m.Reply(7, {"results": [], "more": 6}), [], 5.0) == []


def test_only_what_was_asked_to_stand_does() -> None:
    state = up()
    for ticket, request in ((7, m.GetResults(0, 1, 0)), (8, m.GetAgents(0))):
        state.request(ticket, request)
        assert list(finished(state.received(m.Reply(ticket, {"more": 5}), [], 1.0))) == [ticket]
