"""What the up and down keys make of an amount in a line: the next size, count or time that people use."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from windlass.model.units import UnitError, format_duration, format_size, parse_duration, parse_size

_MIB = 1 << 20
_TIMES = (1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21600, 43200, 86400, 172800, 604800)
_CPUS = (0.1, 0.25, 0.5, 1.0)


def stepped(text: str, up: bool, kind: str) -> str | None:
    """The next value; None where the text is none that can be stepped.

    >>> stepped("512 MiB", True, "size"), stepped("1", False, "cpus"), stepped("", True, "count")
    ('1 GiB', '0.5', '1')
    """
    text = text.strip()
    try:
        match kind:
            case "size":
                return _size(parse_size(text) if text else 0, up)
            case "duration":
                return _duration(parse_duration(text) if text else 0.0, up)
            case "cpus":
                return _cpus(float(text or 1) if text or not up else 0.99, up)
            case "count":
                return str(max(0, int(text or 0) + (1 if up else -1)))
            case _:
                return str(int(text or 0) + (1 if up else -1))
    except (ValueError, UnitError):
        return None


def _size(size: int, up: bool) -> str:
    """Powers of two from 64 MiB."""
    if up:
        return format_size(max(64 * _MIB, 1 << size.bit_length()))
    return format_size(max(64 * _MIB, 1 << max(0, (size - 1).bit_length() - 1)))


def _duration(seconds: float, up: bool) -> str:
    at = bisect_right(_TIMES, seconds) if up else bisect_left(_TIMES, seconds) - 1
    return format_duration(_TIMES[min(max(at, 0), len(_TIMES) - 1)])


def _cpus(cpus: float, up: bool) -> str:
    if (up and cpus >= 1) or (not up and cpus > 1):
        return f"{int(cpus) + (1 if up else -1 if cpus == int(cpus) else 0):g}"
    at = bisect_right(_CPUS, cpus) if up else bisect_left(_CPUS, cpus) - 1
    return f"{_CPUS[min(max(at, 0), len(_CPUS) - 1)]:g}"
