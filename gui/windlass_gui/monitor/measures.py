"""What the heat map can colour agents by: each measure as a share of the whole, 0..1, and in words. No Qt."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log10

from windlass.model.units import human_size
from windlass.wire.rows import AgentRow
from windlass_gui.mirror.curves import AT, Floats

NET_TOP = 125e6
"""Bytes a second that count as a full network: one gigabit."""
DISK_TOP = 500e6
"""The same for a disk."""
FLOOR = 1e3
"""Bytes a second below which a network or disk counts as idle."""


@dataclass(frozen=True, slots=True)
class Reading:
    """None: not known."""

    share: float | None
    text: str = "–"


Read = Callable[[AgentRow, Floats | None], Reading]


def _cpu(_row: AgentRow, last: Floats | None) -> Reading:
    return Reading(None) if last is None else Reading(float(last[AT["cpu"]]), f"{last[AT['cpu']]:.0%}")


def _memory(_row: AgentRow, last: Floats | None) -> Reading:
    if last is None or last[AT["memory_total"]] <= 0:
        return Reading(None)
    used, total = float(last[AT["memory"]]), float(last[AT["memory_total"]])
    return Reading(used / total, f"{human_size(used)} of {human_size(total)}")


def _gpu(_row: AgentRow, last: Floats | None) -> Reading:
    if last is None or last[AT["gpu"]] < 0:
        return Reading(None, "no GPU")
    return Reading(float(last[AT["gpu"]]), f"{last[AT['gpu']]:.0%}")


def _disk(row: AgentRow, last: Floats | None) -> Reading:
    free = float(last[AT["disk_free"]]) if last is not None else float(row.disk_free)
    total = float(last[AT["disk_total"]]) if last is not None else float(row.disk_total)
    if total <= 0:
        return Reading(None)
    return Reading(1 - free / total, f"{human_size(free)} free of {human_size(total)}")


def _network(_row: AgentRow, last: Floats | None) -> Reading:
    if last is None:
        return Reading(None)
    inward, out = float(last[AT["net_in"]]), float(last[AT["net_out"]])
    return Reading(logarithmic(inward + out, NET_TOP), f"in {rate(inward)}, out {rate(out)}")


def _disk_moves(_row: AgentRow, last: Floats | None) -> Reading:
    if last is None:
        return Reading(None)
    read, written = float(last[AT["disk_read"]]), float(last[AT["disk_written"]])
    return Reading(logarithmic(read + written, DISK_TOP), f"reads {rate(read)}, writes {rate(written)}")


def _slots(row: AgentRow, _last: Floats | None) -> Reading:
    have = float(row.resources.get("cpus") or 0)
    used = float(row.used.get("cpus") or 0)
    if have <= 0:
        return Reading(None)
    return Reading(used / have, f"{used:g} of {have:g} CPUs given, {row.running:,} running")


@dataclass(frozen=True, slots=True)
class Measure:
    name: str
    title: str
    read: Read
    low: str = "0 %"
    """What the ends of its scale say."""
    high: str = "100 %"


MEASURES = (
    Measure("cpu", "CPU load", _cpu),
    Measure("memory", "Memory", _memory),
    Measure("gpu", "GPU load", _gpu),
    Measure("disk", "Disk used", _disk),
    Measure("network", "Network", _network, "idle", "1 Gbit/s"),
    Measure("moves", "Disk traffic", _disk_moves, "idle", "500 MB/s"),
    Measure("slots", "CPUs given out", _slots),
)


def measure(name: str) -> Measure:
    """By its name; the first one when there is none of that name (an old setting)."""
    return next((each for each in MEASURES if each.name == name), MEASURES[0])


def readings(row: AgentRow, last: Floats | None) -> list[tuple[str, str]]:
    """(title, words) of all that is known of an agent; one that is away has only what it has."""
    if row.state == "down":
        last = None
    found = [(each.title, each.read(row, last)) for each in MEASURES]
    return [(title, reading.text) for title, reading in found if reading.share is not None]


def logarithmic(amount: float, top: float) -> float:
    """A rate on a scale from idle to `top`, by its order of magnitude: 0..1.

    >>> [round(logarithmic(amount, 1e9), 2) for amount in (0, 1e3, 1e6, 1e9, 1e10)]
    [0.0, 0.0, 0.5, 1.0, 1.0]
    """
    if amount <= FLOOR:
        return 0.0
    return min(1.0, log10(amount / FLOOR) / log10(top / FLOOR))


def rate(amount: float) -> str:
    """Bytes a second, in words."""
    return f"{human_size(amount)}/s"
