"""The GPUs of one agent, given out by their index: whole to one attempt, or in parts of their memory to several.

A device that is shared is never given whole, and the other way round. Of those that fit the smallest is taken, and
parts go where there are parts already, so that whole and large ones stay for who asks for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from windlass.model.graph import Gpu
from windlass.sched.events import AttemptId


class Ask(NamedTuple):
    """What one attempt asks for: `gpus` whole ones that have `memory` bytes each, or with 0 that part of one."""

    gpus: int = 0
    memory: int = 0


NOTHING = Ask()


class Held(NamedTuple):
    """What one attempt has."""

    indices: tuple[int, ...]
    part: int
    """Bytes of the one that is shared; 0: they are its own."""


class _Device:
    __slots__ = ("gpu", "holders", "used", "whole")

    def __init__(self, gpu: Gpu) -> None:
        self.gpu = gpu
        self.whole = False
        self.used = 0
        """Bytes given in parts."""
        self.holders = 0

    @property
    def idle(self) -> bool:
        return not self.holders

    @property
    def left(self) -> int:
        """Bytes that can still be given in parts."""
        return 0 if self.whole else self.gpu.memory - self.used


class Devices:
    """All GPUs of an agent, and which attempt has which."""

    def __init__(self, gpus: Iterable[Gpu] = ()) -> None:
        self._devices = {gpu.index: _Device(gpu) for gpu in gpus}
        self.held: dict[AttemptId, Held] = {}

    def __len__(self) -> int:
        return len(self._devices)

    @property
    def idle(self) -> int:
        """Devices that nobody uses."""
        return sum(device.idle for device in self._devices.values())

    @property
    def memory_left(self) -> int:
        return sum(device.left for device in self._devices.values())

    @property
    def memory(self) -> int:
        return sum(device.gpu.memory for device in self._devices.values())

    def able(self, ask: Ask) -> bool:
        """Whether it would fit if nothing else ran."""
        return sum(device.gpu.memory >= ask.memory for device in self._devices.values()) >= max(ask.gpus, 1)

    def largest_left(self) -> int:
        """The largest part that can be given now, in bytes."""
        return max((device.left for device in self._devices.values()), default=0)

    def room(self, ask: Ask, keep: int = 0) -> int:
        """How many of these fit now, with `keep` idle devices left alone."""
        if ask.gpus:
            fit = sum(device.idle and device.gpu.memory >= ask.memory for device in self._devices.values())
            return max(min(fit, self.idle - keep), 0) // ask.gpus
        shared = sum(device.left // ask.memory for device in self._devices.values() if not device.idle)
        idle = sorted((device.left // ask.memory for device in self._devices.values() if device.idle), reverse=True)
        return shared + sum(idle[: max(len(idle) - keep, 0)])

    def take(self, id: AttemptId, ask: Ask) -> tuple[int, ...]:
        """The devices for an attempt; only when there is `room`."""
        if ask.gpus:
            fit = [device for device in self._devices.values() if device.idle and device.gpu.memory >= ask.memory]
            chosen = sorted(fit, key=lambda device: (device.gpu.memory, device.gpu.index))[: ask.gpus]
            assert len(chosen) == ask.gpus, f"{id} asks {ask}, {len(chosen)} are there"
        else:
            fit = [device for device in self._devices.values() if device.left >= ask.memory]
            assert fit, f"{id} asks {ask}, nobody has that"
            chosen = [min(fit, key=lambda device: (device.idle, device.left, device.gpu.index))]
        indices = tuple(sorted(device.gpu.index for device in chosen))
        self._hold(id, Held(indices, 0 if ask.gpus else ask.memory))
        return indices

    def _hold(self, id: AttemptId, held: Held) -> None:
        for index in held.indices:
            device = self._devices[index]
            device.holders += 1
            device.used += held.part
            device.whole = not held.part
        self.held[id] = held

    def give(self, id: AttemptId) -> bool:
        """The attempt is live no more; True if it had any."""
        held = self.held.pop(id, None)
        if held is None:
            return False
        for index in held.indices:
            device = self._devices[index]
            device.holders -= 1
            device.used -= held.part
            device.whole = False
        return True

    def renewed(
        self, gpus: Sequence[Gpu], asks: Mapping[AttemptId, Ask], told: Mapping[AttemptId, tuple[int, ...]]
    ) -> Devices:
        """New facts. The attempts keep what the agent says that they have (`told`), else what we gave them.

        One of which neither is possible any more gets others that fit, or none: the agent minds its own.
        """
        new = Devices(gpus)
        rest: list[AttemptId] = []
        for id, ask in asks.items():
            before = self.held.get(id)
            indices = told.get(id) or (before.indices if before is not None else ())
            if indices and new._free_for(indices, ask):
                new._hold(id, Held(tuple(sorted(set(indices))), 0 if ask.gpus else ask.memory))
            else:
                rest.append(id)
        for id in rest:
            if new.room(asks[id]):
                new.take(id, asks[id])
        return new

    def _free_for(self, indices: tuple[int, ...], ask: Ask) -> bool:
        devices = [self._devices.get(index) for index in set(indices)]
        if len(devices) != max(ask.gpus, 1):
            return False
        if ask.gpus:
            return all(device is not None and device.idle for device in devices)
        return all(device is not None and device.left >= ask.memory for device in devices)

    def check(self) -> None:
        """Asserts that no device is given twice and that all counts are right. Slow; for tests."""
        for index, device in self._devices.items():
            holders = [held for held in self.held.values() if index in held.indices]
            parts = sum(held.part for held in holders)
            assert device.holders == len(holders), f"GPU {index} miscounts who holds it"
            assert device.used == parts <= device.gpu.memory, f"GPU {index} is over-committed: {parts} bytes"
            whole = [held for held in holders if not held.part]
            assert device.whole == bool(whole), f"GPU {index} does not know whether it is shared"
            assert not whole or len(holders) == 1, f"GPU {index} is given twice"


def offered(gpus: Sequence[Gpu], count: int) -> list[Gpu]:
    """As many as the agent offers: the first of those it names, then ones of which nothing is known."""
    found = {gpu.index: gpu for gpu in gpus if gpu.index >= 0}
    named = list(found.values())[:count]
    unknown = (index for index in range(count + len(found)) if index not in found)
    return named + [Gpu(next(unknown)) for _ in range(count - len(named))]
