"""Ends on disk: what is not acknowledged is there again after a kill."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from windlass.wire.codec import encode
from windlass.wire.messages import Exit, Exited, Key, Succeeded
from windlass_agent import spool as spool_module
from windlass_agent.attempts import id_of
from windlass_agent.spool import Spool, ids_of


def end(n: int, payload: bytes = b"j1") -> tuple[Exit, bytes]:
    return Exit(Key(1, 0, n, 1, 1), "ok", 0, 1.0, 2.0), payload


def put(spool: Spool, *ends: tuple[Exit, bytes]) -> None:
    message, payload = Exited([exit for exit, _ in ends]), [payload for _, payload in ends]
    spool.add(message, payload, encode(message, payload))


def put_plain(spool: Spool, indexes: list[int]) -> int:
    floats = [float(n) for n in indexes]
    ones = [1] * len(indexes)
    message = Succeeded(spool.new_batch(), 1, 0, 7, indexes, ones, floats, floats, floats, indexes)
    payload = [b"j%d" % n for n in indexes]
    spool.add(message, payload, encode(message, payload))
    return message.batch


def test_successes_of_several_tasks_are_told_again_as_what_they_were(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    ones, floats = [1, 1, 1], [0.0, 1.0, 2.0]
    message = Succeeded(spool.new_batch(), 1, 4, 7, [0, 0, 2], ones, floats, floats, floats, ones, [4, 5, 5])
    spool.add(message, [b"j0", b"j1", b"j2"], encode(message, [b"j0", b"j1", b"j2"]))
    spool.ack([(1, 5, 0, 1)])
    [(again, payload)] = spool.messages()
    assert (ids_of(again), payload) == ([(1, 4, 0, 1), (1, 5, 2, 1)], [b"j0", b"j2"])
    assert isinstance(again, Succeeded)
    assert (again.tasks, again.ended) == ([4, 5], [0.0, 2.0])
    spool.ack_batches([message.batch])
    assert len(spool) == 0


def told(spool: Spool) -> dict[int, bytes]:
    """Index -> payload of all that would be told again."""
    found = {}
    for message, payload in spool.messages():
        found.update(zip([id[2] for id in ids_of(message)], payload, strict=True))
    return found


def test_a_killed_agent_still_tells(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    put(spool, end(0), end(1))
    put(spool, end(2, b"x" * 100_000))
    spool.ack([id_of(end(1)[0].key)])
    again = Spool(tmp_path)  # the first one was never closed
    assert set(told(again)) >= {0, 2}
    assert told(again)[2] == b"x" * 100_000


def test_successes_in_columns_are_told_again_until_their_number_is_acknowledged(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    first, second = put_plain(spool, [3, 4, 5]), put_plain(spool, [6, 7])
    spool.ack([(1, 0, 4, 1)])  # the core does not want this one
    assert told(spool) == {3: b"j3", 5: b"j5", 6: b"j6", 7: b"j7"}
    assert [(key.epoch, outcome) for key, outcome in spool.held()] == [(7, "ok")] * 4
    again = Spool(tmp_path)
    assert set(told(again)) == {3, 4, 5, 6, 7}
    assert again.new_batch() > second  # so that what is acknowledged late is what was meant
    again.ack_batches([first, 12345])
    assert set(told(again)) == {6, 7}
    assert not again.holds((1, 0, 3, 1))
    again.ack_batches([first, second])
    assert len(again) == 0
    spool.ack_batches([second])
    assert told(spool) == {3: b"j3", 5: b"j5"}
    spool.ack_batches([first])
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_acknowledged_files_go(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    ends = [end(n, bytes(1000)) for n in range(2000)]
    put(spool, *ends)
    spool.ack([id_of(exit.key) for exit, _ in ends])
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0
    assert len(spool) == 0
    spool.close()
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_torn_or_damaged_file_loses_only_its_end(tail: bytes, cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        spool = Spool(root)
        put(spool, end(0))
        size = next(root.glob("*.ends")).stat().st_size
        put(spool, end(1), end(2))
        spool.close()
        path = next(root.glob("*.ends"))
        data = path.read_bytes()
        path.write_bytes(data[: max(size, len(data) - cut)] + tail)
        assert Spool(root).holds(id_of(end(0)[0].key))


def test_segments_roll_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    big = [end(n, bytes(spool_module.SEGMENT // 2)) for n in range(4)]
    for one in big:
        put(spool, one)
    assert len(list(tmp_path.glob("*.ends"))) > 1
    spool.ack([id_of(exit.key) for exit, _ in big[:3]])
    again = Spool(tmp_path)
    assert again.holds(id_of(big[3][0].key))
