"""Blobs: kept by their hash, whole or not at all; and how they move."""

from __future__ import annotations

import hashlib
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.blobs import transfer
from windlass.blobs.store import BlobError, BlobStore
from windlass.blobs.transfer import PATIENCE, Pull, Receiver, serve
from windlass.wire.messages import BlobChunk, BlobMissing, BlobWant

NO = "0" * 64


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs")


def test_bytes_and_files_are_kept_by_content(store: BlobStore, tmp_path: Path) -> None:
    hash, size = store.add_bytes(b"hello")
    assert (hash, size) == (hashlib.sha256(b"hello").hexdigest(), 5)
    file = tmp_path / "file"
    file.write_bytes(b"hello")
    assert store.add_file(file) == (hash, 5)
    assert file.exists()
    file.write_bytes(b"other")
    other, _ = store.add_file(file, move=True)
    assert not file.exists()
    assert store.read(other) == b"other"
    assert store.read(hash, 1, 3) == b"ell"
    assert sorted(store.hashes()) == sorted([hash, other])
    assert list((store.root / "tmp").iterdir()) == []


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "A" * 64, "0" * 63, "0" * 64 + "\n", "/" + "0" * 63])
def test_only_hashes_are_names(store: BlobStore, name: str) -> None:
    assert not store.has(name)
    with pytest.raises(BlobError):
        store.read(name)
    with pytest.raises(BlobError):
        store.writer(name, 1)


def test_a_blob_with_the_wrong_content_never_appears(store: BlobStore) -> None:
    with store.writer(NO, 3) as writer:
        writer.write(0, b"abc")
        with pytest.raises(BlobError):
            writer.commit()
    assert not store.has(NO)
    assert list((store.root / "tmp").iterdir()) == []


@settings(max_examples=examples(40), deadline=None)
@given(st.lists(st.integers(0, 4), min_size=5, max_size=15))
def test_the_hash_is_right_in_any_order_of_pieces(tmp_path_factory: pytest.TempPathFactory, order: list[int]) -> None:
    """Pieces may come twice, and with other content before the right one."""
    store = BlobStore(tmp_path_factory.mktemp("blobs"))
    data = bytes(range(50))
    with store.writer(hashlib.sha256(data).hexdigest(), 50) as writer:
        for piece in order:
            writer.write(10 * piece, b"wrong data")
            writer.write(10 * piece, data[10 * piece : 10 * piece + 10])
        for piece in set(range(5)) - set(order):
            writer.write(10 * piece, data[10 * piece : 10 * piece + 10])
        writer.commit()
    assert store.read(writer.hash) == data


def test_pieces_outside_the_blob_are_refused(store: BlobStore) -> None:
    with store.writer(NO, 3) as writer:
        for offset, data in ((-1, b"a"), (3, b"a"), (0, b"abcd")):
            with pytest.raises(BlobError):
                writer.write(offset, data)


def test_damage_is_noticed(store: BlobStore) -> None:
    hash, _ = store.add_bytes(b"precious")
    assert store.verify(hash)
    os.chmod(store.path(hash), 0o600)
    store.path(hash).write_bytes(b"precioux")
    assert not store.verify(hash)
    store.remove(hash)
    store.remove(hash)
    assert not store.verify(hash)


def test_what_a_crash_left_is_swept(store: BlobStore) -> None:
    (store.root / "tmp" / "left").write_bytes(b"abc")
    assert BlobStore(store.root).sweep() == 1


@settings(max_examples=examples(60), deadline=None)
@given(st.integers(0, 4000), st.integers(1, 700), st.integers(1, 6), st.randoms(use_true_random=False))
def test_a_pull_ends_whatever_gets_lost_doubled_or_mixed(
    size: int, chunk: int, window: int, chance: random.Random
) -> None:
    data = chance.randbytes(size)
    pull = Pull(NO, size, chunk=chunk, window=window)
    got = bytearray(size)
    flight: list[BlobWant] = []
    now = 0.0
    losses = 30
    for _ in range(20_000):
        if pull.done:
            break
        wants = pull.wants(now)
        flight += wants
        assert len(pull._asked) <= window
        if not flight:
            deadline = pull.next_deadline()
            assert deadline is not None
            now = deadline
            continue
        want = flight.pop(chance.randrange(len(flight)))
        # A pull rightly gives up when nothing at all arrives for long: that is not this test.
        if losses and pull._stalls < PATIENCE and chance.random() < 0.1:
            losses -= 1
            if chance.random() < 0.3:
                pull.restart()
            continue
        for _ in range(chance.choice((1, 1, 2))):
            piece = data[want.offset : want.offset + want.length]
            if pull.accept(BlobChunk(NO, want.offset, size), piece):
                got[want.offset : want.offset + len(piece)] = piece
    assert pull.done
    assert not pull.failed
    assert got == data


def test_a_pull_gives_up_on_a_silent_sender() -> None:
    pull = Pull(NO, 10)
    now = 0.0
    for _ in range(transfer.PATIENCE + 2):
        pull.wants(now)
        now += transfer.TIMEOUT
    assert "no data" in pull.failed
    assert pull.next_deadline() is None


@pytest.mark.parametrize("piece", [BlobChunk(NO, 0, 11), BlobChunk(NO, 0, 10)])
def test_a_sender_that_contradicts_itself_fails_the_pull(piece: BlobChunk) -> None:
    pull = Pull(NO, 10)
    pull.wants(0.0)
    assert not pull.accept(piece, b"short")
    assert pull.failed


def test_a_receiver_fills_the_store(tmp_path: Path) -> None:
    source, target = BlobStore(tmp_path / "a"), BlobStore(tmp_path / "b")
    data = random.Random(1).randbytes(1_000_003)
    hash, size = source.add_bytes(data)
    receiver = Receiver(target, hash, size)
    while not receiver.done:
        for want in receiver.wants(0.0):
            answer, payload = serve(source, want)
            assert isinstance(answer, BlobChunk)
            receiver.chunk(answer, payload[0])
    assert target.read(hash) == data
    assert Receiver(target, hash, size).done
    empty, _ = source.add_bytes(b"")
    assert Receiver(target, empty, 0).done


def test_a_receiver_notices_a_damaged_copy(tmp_path: Path) -> None:
    source, target = BlobStore(tmp_path / "a"), BlobStore(tmp_path / "b")
    hash, size = source.add_bytes(b"x" * 100)
    os.chmod(source.path(hash), 0o600)
    source.path(hash).write_bytes(b"y" * 100)
    receiver = Receiver(target, hash, size)
    (want,) = receiver.wants(0.0)
    answer, payload = serve(source, want)
    assert isinstance(answer, BlobChunk)
    receiver.chunk(answer, payload[0])
    assert not receiver.done
    assert "hash" in receiver.failed
    assert not target.has(hash)


def test_serving_what_is_not_there_or_too_much(store: BlobStore) -> None:
    hash, _ = store.add_bytes(b"abc")
    for want in (BlobWant(NO, 0, 10), BlobWant(hash, 0, 10**9), BlobWant(hash, -1, 5), BlobWant("../x", 0, 1)):
        assert isinstance(serve(store, want)[0], BlobMissing)
    assert serve(store, BlobWant(hash, 2, 10)) == (BlobChunk(hash, 2, 3), [b"c"])
