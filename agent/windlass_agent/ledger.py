"""What the machine has, what is taken, and whether a request fits: nothing is ever over-committed."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from windlass.model.graph import Resources
from windlass_agent.pinning import Pins

_SLACK = 1e-9
"""Fractions of CPUs add up with rounding errors."""

Shape = tuple[float, int, int, int, tuple[tuple[str, float], ...]]


def shape_of(request: Resources) -> Shape:
    """The request as something that can be compared and hashed."""
    named = tuple(sorted(request.named.items())) if request.named else ()
    return request.cpus, request.memory, request.disk, request.gpus, named


class Grant(msgspec.Struct, frozen=True):
    """A taken request; `gpus` are the indices of its devices (shared ones if it asks for no whole one), `pins` CPUs of
    its own."""

    request: Resources
    gpus: tuple[int, ...] = ()
    pins: tuple[int, ...] = ()


class Ledger:
    def __init__(self, total: Resources, pins: Pins | None = None) -> None:
        self.total = total
        self._pins = pins if pins is not None else Pins(range(max(1, int(total.cpus))))
        self._cpus = total.cpus
        self._memory = total.memory
        self._disk = total.disk
        self._gpus = list(range(total.gpus))
        self._named = dict(total.named)

    def __repr__(self) -> str:
        return f"<Ledger {self._cpus:g}/{self.total.cpus:g} CPUs, {self._memory}/{self.total.memory} bytes free>"

    def fits(self, request: Resources) -> bool:
        return _within(request, self._cpus, self._memory, self._disk, len(self._gpus), self._named)

    def would_fit(self, request: Resources, grant: Grant) -> bool:
        """Whether it would fit if that were given back. (Not asked for devices and CPUs of its own.)"""
        held = grant.request
        named = {name: self._named.get(name, 0.0) + held.named.get(name, 0.0) for name in request.named}
        cpus, memory, disk = self._cpus + held.cpus, self._memory + held.memory, self._disk + held.disk
        return _within(request, cpus, memory, disk, request.gpus, named)

    def possible(self, request: Resources) -> bool:
        """Whether it would fit on this machine if nothing else ran."""
        total = self.total
        return _within(request, total.cpus, total.memory, total.disk, total.gpus, total.named)

    def times(self, request: Resources, limit: int, pin: bool = False) -> int:
        """How many more of these fit now, at most `limit`."""
        most = limit
        if pin:
            most = min(most, self._pins.times(request.cpus))
        if request.cpus > 0:
            most = min(most, int((self._cpus + _SLACK) / request.cpus))
        if request.memory > 0:
            most = min(most, self._memory // request.memory)
        if request.disk > 0:
            most = min(most, self._disk // request.disk)
        if request.gpus > 0:
            most = min(most, len(self._gpus) // request.gpus)
        if request.named:
            for name, amount in request.named.items():
                if amount > 0:
                    most = min(most, int((self._named.get(name, 0.0) + _SLACK) / amount))
        return max(0, most)

    def has(self, request: Resources, gpus: tuple[int, ...]) -> bool:
        """Whether these devices, which the core chose, are free for it. Those that it shares always are."""
        return not request.gpus or set(self._gpus).issuperset(gpus)

    def take(self, request: Resources, pin: bool = False, gpus: tuple[int, ...] = ()) -> Grant:
        """Only after `times` or `fits`, and `has`. With `pin` it gets whole CPUs of its own."""
        self._cpus -= request.cpus
        self._memory -= request.memory
        self._disk -= request.disk
        own: tuple[int, ...] = ()
        if request.gpus:
            own = gpus or tuple(self._gpus[: request.gpus])
            self._gpus = [gpu for gpu in self._gpus if gpu not in own]
        if request.named:
            for name, amount in request.named.items():
                self._named[name] -= amount
        return Grant(request, gpus or own, self._pins.take(request.cpus) if pin else ())

    def give(self, grant: Grant) -> None:
        request = grant.request
        self._cpus += request.cpus
        self._memory += request.memory
        self._disk += request.disk
        if request.gpus:
            self._gpus = sorted([*self._gpus, *grant.gpus])
        if grant.pins:
            self._pins.give(grant.pins)
        if request.named:
            for name, amount in request.named.items():
                self._named[name] += amount


def _within(request: Resources, cpus: float, memory: int, disk: int, gpus: int, named: Mapping[str, float]) -> bool:
    """Whether so much is enough for it."""
    return (
        request.cpus <= cpus + _SLACK
        and request.memory <= memory
        and request.disk <= disk
        and request.gpus <= gpus
        and all(amount <= named.get(name, 0.0) + _SLACK for name, amount in request.named.items())
    )
