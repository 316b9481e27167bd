"""Results: plain data stays readable without unpickling, everything else comes back as it was."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.model.graph import FileRef
from windlass.wire.results import (
    NotPlainData,
    RemoteError,
    blob_ref,
    decode_error,
    decode_result,
    encode_error,
    encode_ref,
    encode_result,
    to_json,
)

scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary()
values = st.recursive(
    scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.integers(), inner) | st.tuples(inner)
)


def same(a: Any, b: Any) -> bool:
    return repr(a) == repr(b) and type(a) is type(b)


@given(values)
def test_every_value_comes_back_as_it_was(value: Any) -> None:
    data = encode_result(value)
    assert same(decode_result(data), value)
    if data[:1] == b"j":
        assert same(to_json(data), value)
    else:
        with pytest.raises(NotPlainData):
            to_json(data)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 2**64, "\ud800", (1,), {1: 2}, b"x"])
def test_what_json_would_change_is_pickled(value: Any) -> None:
    data = encode_result(value)
    assert data[:1] == b"p"
    assert repr(decode_result(data)) == repr(value)


def test_cycles_and_depth_do_not_break() -> None:
    loop: list[Any] = []
    loop.append(loop)
    assert decode_result(encode_result(loop))[0][0] is not None
    deep: Any = 1
    for _ in range(150):
        deep = [deep]
    assert decode_result(encode_result(deep)) == deep


@given(st.binary(max_size=100))
def test_to_json_of_garbage_says_so(data: bytes) -> None:
    try:
        to_json(data)
    except NotPlainData:
        pass


class Awkward(Exception):
    """Pickles, but does not come back: its arguments are not those of its constructor."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__(f"{a} and {b}")


class Silent(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no text")


def test_exceptions_come_back_or_at_least_their_text() -> None:
    error = decode_error(encode_error(ValueError("no", 3)))
    assert isinstance(error, ValueError)
    assert error.args == ("no", 3)
    error = decode_error(encode_error(Awkward(1, 2)))
    assert isinstance(error, RemoteError)
    assert str(error) == "Awkward: 1 and 2"
    assert decode_error(encode_error(Silent())) is not None
    assert isinstance(decode_error(b"x garbage"), RemoteError)


def test_a_reference_to_a_blob() -> None:
    ref = FileRef("result", "0" * 64, 12)
    assert blob_ref(encode_ref(ref)) == ref
    assert blob_ref(b"j1") is None
    with pytest.raises(ValueError, match="damaged"):
        blob_ref(b"b\xff")
