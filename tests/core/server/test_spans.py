"""What changed, as stretches: nothing that changed is missing, and memory is bounded."""

from __future__ import annotations

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.server import spans
from windlass.server.spans import Spans

SIZE = 300
stretches = st.lists(
    st.tuples(st.integers(0, SIZE), st.integers(1, 40)).map(lambda pair: (pair[0], pair[0] + pair[1])), max_size=60
)


def written(told: tuple[bytes, bytes, bytes], size: int) -> tuple[bytearray, set[int]]:
    """Into zeros; and which items were told."""
    states, items, at = bytearray(size), set[int](), 0
    for first, length in zip(array("I", told[0]), array("I", told[1]), strict=True):
        states[first : first + length] = told[2][at : at + length]
        items |= set(range(first, first + length))
        at += length
    assert at == len(told[2]) == len(items), "no item twice"
    return states, items


@given(stretches, st.binary(min_size=SIZE, max_size=SIZE), st.sampled_from([4, 8192]))
def test_all_that_changed_is_told_as_it_is_now(changed: list[tuple[int, int]], states: bytes, most: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(spans, "MOST", most)
        gathered = Spans()
        for each in changed:
            gathered.add([each])
        told = gathered.told(states)
    shown, items = written(told, SIZE)
    assert items >= {item for first, last in changed for item in range(first, min(last, SIZE))}
    assert all(shown[item] == states[item] for item in items)
    assert len(shown) == SIZE


def test_scattered_changes_of_a_million_items_stay_few_stretches() -> None:
    gathered = Spans()
    for turn in range(40):
        gathered.add([(item, item + 1) for item in range(turn * 13, 1_000_000, 997)])
    assert len(gathered._spans) <= spans.MOST
    firsts, _, states = gathered.told(bytes(1_000_000))
    assert len(firsts) <= 4 * spans.MOST
    assert len(states) <= 1_000_000
