"""Numbers for people: short, of constant width where they change, never more exact than is useful."""

from __future__ import annotations

import time


def duration(seconds: float | None) -> str:
    """`0.42 s`, `7.1 s`, `3:05`, `2:07:41`, `3 d 04:10`."""
    if seconds is None or seconds < 0:
        return ""
    if seconds < 1:
        return f"{seconds:.2f} s"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, second = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}:{second:02}"
    hours, minute = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}:{minute:02}:{second:02}"
    days, hour = divmod(hours, 24)
    return f"{days} d {hour:02}:{minute:02}"


def number(value: float) -> str:
    """A count of something divisible: `4`, `0.5`, `2.25`."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def clock(stamp: float, now: float) -> str:
    """Local time; with the date when it is not today's."""
    then = time.localtime(stamp)
    same_day = time.strftime("%Y%j", then) == time.strftime("%Y%j", time.localtime(now))
    return time.strftime("%H:%M:%S" if same_day else "%Y-%m-%d %H:%M", then)


def count(value: int) -> str:
    """`1,234,567`."""
    return f"{value:,}"
