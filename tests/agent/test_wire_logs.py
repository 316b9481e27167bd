"""The form of logs, under any cut."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from windlass.wire.logs import (
    ERR,
    HEADER,
    NOTE,
    OUT,
    RECORD_LIMIT,
    LogReader,
    encode_record,
    last_records,
    read,
    records_at,
    to_text,
    whole_records,
)

records = st.lists(
    st.tuples(st.integers(0, 2**40).map(lambda n: n / 64), st.sampled_from([OUT, ERR, NOTE]), st.binary(max_size=40))
)


@given(records, st.lists(st.integers(1, 30)))
def test_a_log_read_in_pieces_is_the_log(items: list[tuple[float, int, bytes]], cuts: list[int]) -> None:
    log = b"".join(encode_record(*item) for item in items)
    reader, got, at = LogReader(), [], 0
    for cut in [*cuts, len(log)]:
        got += reader.feed(log[at : at + cut])
        at += cut
    assert [(r.stream, r.data) for r in got] == [(stream, data) for _, stream, data in items]
    assert reader.pending == 0
    assert all(abs(r.time - item[0]) < 1e-5 for r, item in zip(got, items, strict=True))


@given(records, st.integers(0, 200), st.integers(14, 200))
def test_parts_hold_whole_records(items: list[tuple[float, int, bytes]], cut: int, limit: int) -> None:
    log = b"".join(encode_record(*item) for item in items)
    assert log.startswith(b"".join(encode_record(r.time, r.stream, r.data) for r in read(log[:cut])))
    head, tail = whole_records(log, 0, limit), last_records(log, limit)
    assert log.startswith(head)
    assert len(tail) <= limit
    assert bool(head) == bool(log)
    if len(log) > limit and items and len(items[-1][2]) + HEADER.size <= limit:
        assert log.endswith(tail)


@given(st.binary(max_size=300))
def test_garbage_never_raises(data: bytes) -> None:
    reader = LogReader()
    reader.feed(data)
    reader.feed(data)
    to_text(data)


def test_the_end_of_a_record_that_is_too_long() -> None:
    assert read(last_records(encode_record(1.0, OUT, b"x" * 100 + b"end"), 20))[0].data == b"xxxxend"


def test_notes_stand_on_their_own_lines() -> None:
    log = encode_record(1.0, OUT, b"half a line") + encode_record(2.0, NOTE, b"killed") + encode_record(3.0, ERR, b"x")
    assert to_text(log) == "half a line\n[windlass] killed\nx"


@given(st.lists(st.tuples(st.integers(1, 3), st.binary(max_size=60)), min_size=1, max_size=40), st.data())
def test_a_log_is_read_from_any_byte_of_it(parts: list[tuple[int, bytes]], data: st.DataObject) -> None:
    pieces = [encode_record(1_700_000_000.0 + n, stream, text) for n, (stream, text) in enumerate(parts)]
    log, starts = b"".join(pieces), [0]
    for piece in pieces:
        starts.append(starts[-1] + len(piece))
    asked: list[int] = []

    def at(offset: int, length: int) -> bytes:
        asked.append(length)
        return log[offset : offset + length]

    offset = data.draw(st.integers(-len(log), len(log)))
    limit = data.draw(st.integers(14, 300))
    found, got = records_at(at, len(log), offset, limit)
    assert log[found : found + len(got)] == got or offset < 0
    assert all(length <= RECORD_LIMIT + 64 + limit for length in asked), "never the whole of a large log"
    if offset >= 0:
        following = next((start for start in starts if start >= offset), len(log))
        assert found == following or got == log[offset : offset + limit] or not got
        if got and found == following:
            assert found + len(got) in starts
    else:
        assert found + len(got) == len(log)
        assert len(got) <= max(min(-offset, limit), HEADER.size)


def test_a_record_that_is_longer_than_the_end_asked_for() -> None:
    log = encode_record(1_700_000_000.0, OUT, b"first\n") + encode_record(1_700_000_001.0, OUT, b"x" * 500_000 + b"end")
    found, got = records_at(lambda at, length: log[at : at + length], len(log), -1000, 4096)
    assert read(got)[0].data.endswith(b"xend")
    assert len(got) <= 1000
    assert found == len(log) - len(got)
