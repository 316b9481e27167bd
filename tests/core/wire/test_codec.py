"""The codec: everything sent comes back equal; everything else is a WireError."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples

from windlass.model.graph import FileRef
from windlass.wire import codec, limits
from windlass.wire import messages as m

numbers = st.integers(min_value=0, max_value=2**40)
keys = st.builds(m.Key, numbers, numbers, numbers, numbers, numbers)
texts = st.text(max_size=20)
floats = st.floats(allow_nan=False)
files = st.builds(FileRef, texts, texts, numbers, numbers)
usage = st.builds(m.Usage, floats, numbers, numbers, numbers)
exits = st.builds(
    m.Exit, keys, texts, st.integers(-300, 300), floats, floats, usage, texts, st.lists(files, max_size=2),
    st.binary(max_size=20), st.none() | files, numbers,
)  # fmt: skip
samples = st.builds(m.Sample, floats, floats, numbers, numbers, numbers)
messages = st.one_of(
    st.builds(m.Exited, st.lists(exits, max_size=3)),
    st.builds(m.Heartbeat, floats, st.lists(samples, max_size=2)),
    st.builds(m.Stop, st.lists(keys, max_size=3), floats, st.booleans(), texts),
    st.builds(m.Enrol, texts, texts),
    st.builds(m.BlobWant, texts, numbers, numbers),
    st.builds(
        m.Submit, numbers, texts, st.binary(max_size=30), texts, st.dictionaries(texts, texts | numbers), st.just([])
    ),
    st.builds(m.Delta, texts, numbers, st.dictionaries(texts, st.lists(numbers, max_size=3))),
    st.builds(m.Amend, numbers, numbers, st.binary(max_size=30), texts, st.none() | st.lists(files, max_size=2)),
    st.builds(m.Explain, numbers, numbers, numbers, st.none() | numbers),
    st.builds(m.Control, numbers, texts, numbers, st.none() | numbers, st.none() | numbers),
)


@given(messages, st.lists(st.binary(max_size=50), max_size=12))
def test_what_is_sent_comes_back(message: Any, payload: list[bytes]) -> None:
    assert codec.decode(codec.encode(message, payload)) == (message, payload)


def test_many_small_parts_travel_as_one_frame() -> None:
    parts = [bytes([place % 256]) * (place % 7) for place in range(1000)]
    frames = codec.encode(m.Stop([]), parts)
    assert len(frames) == 3
    assert codec.decode(frames) == (m.Stop([]), parts)
    large = [b"x" * limits.INLINE_RESULT] * 30
    assert codec.encode(m.Stop([]), large)[2:] == large


def test_a_packed_payload_is_held_to_the_limits() -> None:
    kind, header, body = codec.encode(m.Stop([]), [b"x"] * 10)
    many = msgspec.msgpack.encode([b""] * (limits.PAYLOAD_FRAMES + 1))
    heavy = msgspec.msgpack.encode([b"x" * limits.PACKED_FRAME])
    for frames, code in (
        ([kind, header], "malformed"),
        ([kind, header, body, body], "malformed"),
        ([kind, header, b"\x91\x01"], "malformed"),
        ([kind, header, many], "oversize"),
        ([kind, header, heavy], "oversize"),
        ([b"\xff", header, body], "unknown-type"),
    ):
        with pytest.raises(codec.WireError) as caught:
            codec.decode(frames)
        assert caught.value.code == code


@settings(max_examples=examples(500))
@given(st.lists(st.binary(max_size=60), max_size=4))
def test_garbage_is_a_wire_error_and_nothing_else(frames: list[bytes]) -> None:
    code = ""
    try:
        codec.decode(frames)
    except codec.WireError as error:
        code = error.code
    assert code in ("", "malformed", "oversize", "unknown-type")


@pytest.mark.slow
@settings(max_examples=examples(500))
@given(messages, st.data())
def test_a_damaged_message_is_a_message_or_a_wire_error(message: Any, data: st.DataObject) -> None:
    frames = codec.encode(message)
    header = bytearray(frames[1])
    for _ in range(data.draw(st.integers(1, 3))):
        header[data.draw(st.integers(0, len(header) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(header)))
    try:
        codec.decode([frames[0], bytes(header[:cut])])
    except codec.WireError:
        pass


@pytest.mark.parametrize(
    "sizes",
    [
        [1, limits.HEADER + 1],
        [1, 0, limits.PAYLOAD_FRAME + 1],
        [1, 0, *[0] * (limits.PAYLOAD_FRAMES + 1)],
        [1, 0, *[limits.PAYLOAD_FRAME] * 5],
    ],
)
def test_sizes_are_checked_before_decoding(sizes: list[int]) -> None:
    with pytest.raises(codec.WireError) as caught:
        codec.check_sizes(sizes)
    assert caught.value.code == "oversize"


@pytest.mark.parametrize("sizes", [[], [1], [0, 3], [2, 3]])
def test_a_message_has_a_type_and_a_header(sizes: list[int]) -> None:
    with pytest.raises(codec.WireError):
        codec.check_sizes(sizes)


@pytest.mark.parametrize(
    "header",
    [b"\xdd\xff\xff\xff\xff", b"\x91\xdd\xff\xff\xff\xff", b"\x91" * 500_000, b"\xc6\xff\xff\xff\xff", b"\x81"],
)
def test_lies_about_sizes_and_deep_nesting(header: bytes) -> None:
    for kind in range(1, len(m.MESSAGES) + 1):
        with pytest.raises(codec.WireError):
            codec.decode([bytes((kind,)), header])


def test_an_oversize_message_is_refused_where_it_is_made() -> None:
    with pytest.raises(codec.WireError):
        codec.encode(m.Ack([]), [bytes(limits.PAYLOAD_FRAME + 1)])


def test_older_and_newer_peers_understand_each_other() -> None:
    """Fields may be added at the end: an older peer ignores them, a newer one takes the default."""
    raw = msgspec.msgpack.encode([1.5])
    assert codec.decode([bytes((m.MESSAGES.index(m.Heartbeat) + 1,)), raw])[0] == m.Heartbeat(1.5)
    raw = msgspec.msgpack.encode([1.5, [], [], "from the future"])
    assert codec.decode([bytes((m.MESSAGES.index(m.Heartbeat) + 1,)), raw])[0] == m.Heartbeat(1.5)


def test_the_types_never_change_their_place() -> None:
    assert [m.MESSAGES.index(kind) for kind in (m.Enrol, m.AgentHello, m.Assign, m.Submit, m.LogData, m.Amend)] == [
        0, 4, 12, 24, 46, 47,
    ]  # fmt: skip
