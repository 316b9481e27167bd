"""Sizes and durations: what is read, what is refused, and that what is written reads back the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.model.units import (
    MAX_DURATION,
    MAX_SIZE,
    UnitError,
    format_duration,
    format_size,
    human_size,
    parse_duration,
    parse_size,
)


@pytest.mark.parametrize(
    ("text", "size"),
    [(0, 0), ("0", 0), ("512 MiB", 512 * 2**20), ("2GB", 2_000_000_000), ("1.5 GiB", 3 * 2**29), ("4k", 4096), ("7", 7),
     ("1e3 B", 1000), (" 3 KB ", 3000), ("10 bytes", 10)],
)  # fmt: skip
def test_sizes(text: object, size: int) -> None:
    assert parse_size(text) == size


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(5, 5), (0.5, 0.5), ("10 min", 600), ("1h30m", 5400), ("1h 30m", 5400), ("2 days", 172_800), ("250ms", 0.25),
     ("90", 90), ("1d2h3m4s", 93_784)],
)  # fmt: skip
def test_durations(text: object, seconds: float) -> None:
    assert parse_duration(text) == seconds


@pytest.mark.parametrize("value", [True, None, [], "", "x", "-", "1 2", "nan", "inf", "-5", "1e400", math.nan, math.inf,
                                   -1, "9" * 200, "5 MiB 3", "--5"])  # fmt: skip
def test_what_is_neither(value: object) -> None:
    with pytest.raises(UnitError):
        parse_size(value)
    with pytest.raises(UnitError):
        parse_duration(value)


def test_errors_say_what_is_allowed_and_may_be_meant() -> None:
    with pytest.raises(UnitError) as size:
        parse_size("5 MBi")
    assert (size.value.suggestion, "512 MiB" in size.value.allowed) == ("MiB", True)
    with pytest.raises(UnitError) as duration:
        parse_duration("10 minuets")
    assert duration.value.suggestion == "minutes"


@pytest.mark.parametrize("text", ["30m1h", "1h30", "1h1h", "1h-30m"])
def test_durations_in_disorder(text: str) -> None:
    with pytest.raises(UnitError):
        parse_duration(text)


@given(st.integers(0, MAX_SIZE))
def test_sizes_read_back(size: int) -> None:
    assert parse_size(format_size(size)) == size
    assert human_size(size)


@given(st.one_of(st.integers(0, int(MAX_DURATION)), st.floats(0, MAX_DURATION)))
def test_durations_read_back(seconds: float) -> None:
    assert parse_duration(format_duration(seconds)) == seconds


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    for parse in (parse_size, parse_duration):
        try:
            assert parse(text) >= 0
        except UnitError:
            pass
