"""Sizes and durations as people write them: `512 MiB`, `2GB`, `10 min`, `1h30m`; and back again.

Sizes become whole bytes, durations become seconds. A bare number is bytes or seconds. Binary prefixes (KiB) count
by 1024 and decimal ones (kB) by 1000; a single letter (`512M`) is read as binary, as in most tools that run jobs.
"""

from __future__ import annotations

import math
import re

MAX_SIZE = 2**60
"""An exbibyte: more than any machine has, so that a slip of the keyboard is noticed."""
MAX_DURATION = 10 * 365 * 86400.0
"""Ten years, for the same reason."""

_BINARY = ("", "k", "m", "g", "t", "p", "e")
SIZE_UNITS: dict[str, int] = {"b": 1, "byte": 1, "bytes": 1}
for _power, _prefix in enumerate(_BINARY[1:], 1):
    SIZE_UNITS[_prefix] = SIZE_UNITS[_prefix + "i"] = SIZE_UNITS[_prefix + "ib"] = 1024**_power
    SIZE_UNITS[_prefix + "b"] = 1000**_power

DURATION_UNITS: dict[str, float] = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1.0),
    **dict.fromkeys(("m", "min", "mins", "minute", "minutes"), 60.0),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600.0),
    **dict.fromkeys(("d", "day", "days"), 86400.0),
    **dict.fromkeys(("w", "week", "weeks"), 604800.0),
}

_PART = re.compile(r"\s*(\d+(?:\.\d*)?(?:[eE][+-]?\d+(?![A-Za-z]))?|\.\d+)\s*([A-Za-zµ]*)")
_LONGEST = 100
SIZE_HINT = "bytes as a whole number, or a size such as 512 MiB, 2 GB, 1.5 GiB"
DURATION_HINT = "seconds as a number, or a duration such as 30 s, 10 min, 1h30m, 2 days"


class UnitError(ValueError):
    """A value that is no size or duration. `allowed` says what would be, `suggestion` what may be meant."""

    def __init__(self, message: str, allowed: str, suggestion: str = "") -> None:
        super().__init__(message)
        self.allowed = allowed
        self.suggestion = suggestion


def check_number(value: float, what: str, allowed: str) -> None:
    """Refuse what arithmetic on resources and times could not stand: NaN, infinities, negative numbers."""
    if isinstance(value, float) and math.isnan(value):
        raise UnitError(f"{what} is not a number (NaN)", allowed)
    if isinstance(value, float) and math.isinf(value):
        raise UnitError(f"{what} is infinite", allowed)
    if value < 0:
        raise UnitError(f"{what} is negative", allowed)


def _unit_error(unit: str, units: dict[str, int] | dict[str, float], allowed: str, spell: dict[str, str]) -> UnitError:
    from difflib import get_close_matches  # here, because an agent reads sizes and hardly ever a wrong one

    close = get_close_matches(unit.lower(), list(units), n=1, cutoff=0.5)
    return UnitError(f"unknown unit '{unit}'", allowed, spell.get(close[0], close[0]) if close else "")


_SIZE_SPELLING = {"kib": "KiB", "kb": "kB", "k": "KiB", "ki": "KiB", "b": "B"} | {
    f"{prefix}{suffix}": f"{prefix.upper()}{'B' if suffix == 'b' else 'iB'}"
    for prefix in _BINARY[2:]
    for suffix in ("ib", "b", "", "i")
}


def parse_size(value: object) -> int:
    """Bytes. Raises `UnitError`.

    >>> parse_size("512 MiB"), parse_size("2GB"), parse_size(100)
    (536870912, 2000000000, 100)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError("is not a size", SIZE_HINT)
    if isinstance(value, str):
        number, unit = _one_part(value, SIZE_HINT, "size")
        if unit and unit.lower() not in SIZE_UNITS:
            raise _unit_error(unit, SIZE_UNITS, SIZE_HINT, _SIZE_SPELLING)
        scaled: float = number * SIZE_UNITS[unit.lower() or "b"]
    else:
        scaled = value
    check_number(scaled, "the size", SIZE_HINT)
    if scaled > MAX_SIZE:
        raise UnitError("the size is larger than 1 EiB", SIZE_HINT)
    if isinstance(scaled, float) and scaled != int(scaled) and not isinstance(value, str):
        raise UnitError("a size in bytes is a whole number", SIZE_HINT)
    return int(scaled)


def _one_part(text: str, allowed: str, what: str) -> tuple[float, str]:
    stripped = text.strip()
    if len(stripped) > _LONGEST:
        raise UnitError(f"is too long for a {what}", allowed)
    sign = stripped.startswith("-")
    if stripped.lower().lstrip("+-.").strip() in ("nan", "inf", "infinity"):
        check_number(float(stripped.replace(".", "")), f"the {what}", allowed)
    match = _PART.fullmatch(stripped.lstrip("+-"))
    if match is None or len(stripped) - len(stripped.lstrip("+-")) > 1:
        raise UnitError(f"is not a {what}", allowed)
    digits = match[1]
    number = float(digits) if not digits.isdigit() else int(digits)
    return (-number if sign else number), match[2]


def parse_duration(value: object) -> float:
    """Seconds. Raises `UnitError`.

    >>> parse_duration("10 min"), parse_duration("1h30m"), parse_duration(2.5)
    (600.0, 5400.0, 2.5)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise UnitError("is not a duration", DURATION_HINT)
    total = _duration_text(value) if isinstance(value, str) else value
    check_number(total, "the duration", DURATION_HINT)
    if total > MAX_DURATION:
        raise UnitError("the duration is longer than ten years", DURATION_HINT)
    return float(total)


def _duration_text(text: str) -> float:
    stripped = text.strip()
    parts = list(_PART.finditer(stripped)) if len(stripped) <= _LONGEST else []
    if len(parts) < 2 or "".join(part[0] for part in parts) != stripped:
        number, unit = _one_part(text, DURATION_HINT, "duration")
        return number * _duration_unit(unit or "s")
    if not all(part[2] for part in parts):
        raise UnitError("is not a duration: each number needs a unit", DURATION_HINT)
    factors = [_duration_unit(part[2]) for part in parts]
    if factors != sorted(set(factors), reverse=True):
        raise UnitError("is not a duration: units go from long to short, each once", DURATION_HINT)
    return sum(float(part[1]) * factor for part, factor in zip(parts, factors, strict=True))


def _duration_unit(unit: str) -> float:
    try:
        return DURATION_UNITS[unit.lower()]
    except KeyError:
        raise _unit_error(unit, DURATION_UNITS, DURATION_HINT, {}) from None


def format_size(size: int) -> str:
    """The shortest exact text with a binary prefix, else bytes, so that parsing gives the same number back.

    >>> format_size(536870912), format_size(1000)
    ('512 MiB', '1000 B')
    """
    for power in range(len(_BINARY) - 1, 0, -1):
        if size >= 1024**power and size % 1024**power == 0:
            return f"{size // 1024**power} {_BINARY[power].upper()}iB"
    return f"{size} B"


def human_size(size: float) -> str:
    """About three digits, for people.

    >>> [human_size(n) for n in (0, 812, 4096, 123456789, 16_700_000_000, 5 << 40)]
    ['0 B', '812 B', '4.0 KiB', '118 MiB', '15.6 GiB', '5.0 TiB']
    """
    if size < 1024:
        return f"{size:.0f} B"
    power = min(int(math.log(size, 1024)), len(_BINARY) - 1)
    scaled = size / 1024**power
    return f"{scaled:.{0 if scaled >= 100 else 1}f} {_BINARY[power].upper()}iB"


def format_duration(seconds: float) -> str:
    """Text that `parse_duration` reads back exactly.

    >>> format_duration(5400.0), format_duration(600), format_duration(0.25)
    ('1h30m', '10 min', '0.25 s')
    """
    if seconds != int(seconds):
        return f"{seconds!r} s"
    left = int(seconds)
    parts = []
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        if left >= length:
            parts.append((left // length, unit))
            left %= length
    if len(parts) > 1:
        return "".join(f"{count}{unit}" for count, unit in parts)
    count, unit = parts[0] if parts else (0, "s")
    return f"{count} {'min' if unit == 'm' else unit}"
