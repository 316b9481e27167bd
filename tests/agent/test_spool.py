"""Ends on disk: what is not acknowledged is there again after a kill."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from windlass.wire.messages import Exit, Key
from windlass_agent import spool as spool_module
from windlass_agent.attempts import id_of
from windlass_agent.spool import Spool


def end(n: int, payload: bytes = b"j1") -> tuple[Exit, bytes]:
    return Exit(Key(1, 0, n, 1, 1), "ok", 0, 1.0, 2.0), payload


def test_a_killed_agent_still_tells(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.add([end(0), end(1)])
    spool.add([end(2, b"x" * 100_000)])
    spool.ack([end(1)[0].key])
    again = Spool(tmp_path)  # the first one was never closed
    assert {exit.key.index for exit, _ in again.ends()} >= {0, 2}
    assert {exit.key.index: payload for exit, payload in again.ends()}[2] == b"x" * 100_000


def test_acknowledged_files_go(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    ends = [end(n, bytes(1000)) for n in range(2000)]
    spool.add(ends)
    spool.ack([exit.key for exit, _ in ends])
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == 0
    assert len(spool) == 0
    spool.close()
    assert list(tmp_path.iterdir()) == []


@given(st.binary(max_size=200), st.integers(0, 400))
def test_a_torn_or_damaged_file_loses_only_its_end(tail: bytes, cut: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        spool = Spool(root)
        spool.add([end(0)])
        size = next(root.glob("*.ends")).stat().st_size
        spool.add([end(1), end(2)])
        spool.close()
        path = next(root.glob("*.ends"))
        data = path.read_bytes()
        path.write_bytes(data[: max(size, len(data) - cut)] + tail)
        assert Spool(root).holds(id_of(end(0)[0].key))


def test_segments_roll_over(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    big = [end(n, bytes(spool_module.SEGMENT // 2)) for n in range(4)]
    for one in big:
        spool.add([one])
    assert len(list(tmp_path.glob("*.ends"))) > 1
    spool.ack([exit.key for exit, _ in big[:3]])
    again = Spool(tmp_path)
    assert again.holds(id_of(big[3][0].key))
