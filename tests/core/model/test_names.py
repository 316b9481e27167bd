"""Names behave as the dictionary that they stand for."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.model.names import Names


@given(st.lists(st.text(max_size=12), unique=True, max_size=60), st.text(max_size=3))
def test_names_are_a_dictionary(ids: list[str], other: str) -> None:
    names = Names(ids)
    assert dict(names) == {name: place for place, name in enumerate(ids)}
    assert [names.name(place) for place in range(len(names))] == ids
    assert names.get(other) == (ids.index(other) if other in ids else None)


def test_a_name_that_begins_as_another_is_not_it() -> None:
    names = Names(["ab", "a"])
    assert (names["a"], names["ab"]) == (1, 0)
    with pytest.raises(KeyError):
        names["b"]


def test_there_is_no_name_before_the_first_or_after_the_last() -> None:
    for position in (-1, 1):
        with pytest.raises(IndexError):
            Names(["only"]).name(position)
