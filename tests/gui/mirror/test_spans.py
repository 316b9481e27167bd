"""Stretches of changed items: written one by one or all at once, merged or not, the states are the same."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass_gui.mirror import spans
from windlass_gui.mirror.spans import Spans

Stretch = tuple[int, bytes]
stretches = st.lists(
    st.lists(st.tuples(st.integers(0, 99), st.binary(min_size=1, max_size=20)), max_size=6), max_size=12
)


def apart(parts: list[Stretch]) -> list[Stretch]:
    """Without those that overlap one before them: of one message none do."""
    kept: list[Stretch] = []
    for first, states in parts:
        if all(first + len(states) <= other or other + len(known) <= first for other, known in kept):
            kept.append((first, states))
    return kept


def packed(parts: list[Stretch]) -> Spans:
    firsts = struct.pack(f"<{len(parts)}I", *(first for first, _ in parts))
    lengths = struct.pack(f"<{len(parts)}I", *(len(states) for _, states in parts))
    return Spans.read(firsts, lengths, b"".join(states for _, states in parts))


@given(stretches, st.sampled_from([0, 100]), st.sampled_from([1, 100_000]))
def test_merged_or_not_the_same_states(messages: list[list[Stretch]], few: int, fold: int) -> None:
    one, other, plain = bytearray(40), bytearray(40), bytearray(40)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "FEW", few)
        patch.setattr(spans, "FOLD", fold)
        merged = Spans.read(b"", b"", b"")
        for message in map(apart, messages):
            for first, states in message:
                plain.extend(bytes(max(0, first + len(states) - len(plain))))
                plain[first : first + len(states)] = states
            packed(message).write(one)
            merged = merged.then(packed(message))
        merged.write(other)
    assert one == other == plain


def test_while_nobody_takes_them_they_take_no_more_than_the_items_there_are() -> None:
    merged = Spans.read(b"", b"", b"")
    for turn in range(60):
        merged = merged.then(packed([(item, b"\4") for item in range(turn % 7, 10_000, 7)]))
    assert len(merged.firsts) <= spans.FOLD
    assert len(merged.states) <= 20_000
    states = bytearray(10_000)
    merged.write(states)
    assert states == b"\4" * 10_000


@pytest.mark.parametrize("columns", [(b"\0\0\0\0", b"", b""), (b"\0\0\0\0", b"\2\0\0\0", b"\4"), (b"\0", b"", b"")])
def test_columns_that_do_not_fit_are_refused(columns: tuple[bytes, bytes, bytes]) -> None:
    with pytest.raises(ValueError, match=r"length|buffer"):
        Spans.read(*columns)
