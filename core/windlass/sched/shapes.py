"""Shapes: what attempts ask of an agent. Ready work queues by shape, so placing looks at shapes x agents.

Amounts are whole numbers (thousandths of CPUs and of named things, bytes, GPUs), so that adding and subtracting
them a million times is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import NamedTuple

from windlass.model.graph import Resources
from windlass.sched.devices import NOTHING, Ask
from windlass.sched.events import PLAIN, Rules

Amounts = dict[str, int]
"""kind -> amount; named resources have the kind `named:NAME`."""

SCARCE = ("gpus", "named:")
"""Kinds that are kept for those who ask for them."""


def in_units(kind: str, amount: float) -> float:
    """An amount of a kind as people say it: CPUs and named things are counted in thousandths."""
    return amount / 1000 if kind == "cpus" or kind.startswith("named:") else amount


def _whole(value: float, scale: int = 1) -> int:
    """Nonsense from a peer (NaN, infinite, negative) counts as nothing."""
    if not math.isfinite(value) or value <= 0:
        return 0
    return round(value * scale)


def amounts(resources: Resources) -> Amounts:
    """The non-zero amounts of a request or of a machine."""
    result = {
        "cpus": _whole(resources.cpus, 1000),
        "memory": _whole(resources.memory),
        "disk": _whole(resources.disk),
        "gpus": _whole(resources.gpus),
        "gpu_memory": 0 if resources.gpus else _whole(resources.gpu_memory),
    }
    for name, value in resources.named.items():
        result[f"named:{name}"] = _whole(value, 1000)
    return {kind: amount for kind, amount in result.items() if amount}


ON_DEVICES = frozenset({"gpus", "gpu_memory"})
"""Kinds that are counted by the single GPU (`devices.py`), by attempt instead of by lane."""


class Traits(NamedTuple):
    """What a shape asks beside amounts and labels. Nearly all shapes have the same, empty ones."""

    gpu: Ask = NOTHING
    exclusive: bool = False
    spread: bool = False
    mark: tuple[int, int] | None = None
    """(run, task position) where somebody is kept apart from it or it from somebody."""
    apart: frozenset[tuple[int, int]] = frozenset()
    """The marks that it does not share an agent with."""
    learned: bool = False
    """Its memory was not declared but learned: no agent is told of it."""


NONE = Traits()
Need = tuple[tuple[str, int], ...]
ShapeKey = tuple[Need, tuple[str, ...], Traits]


class Shape:
    """A resource request with its constraints. Equal requests share one object."""

    __slots__ = (
        "_match", "apart", "blocked_since", "exclusive", "gpu", "key", "learned", "mark", "need", "on_lanes", "spread",
        "strict", "tasks", "where",
    )  # fmt: skip

    def __init__(self, need: Need, where: tuple[str, ...], traits: Traits = NONE) -> None:
        self.need = need
        self.where = where
        self.key = (need, where, traits)
        self.gpu, self.exclusive, self.spread, self.mark, self.apart, self.learned = traits
        self.on_lanes = need
        """What a lane of it holds; GPUs are held by the attempt."""
        if self.gpu != NOTHING:
            self.on_lanes = tuple(entry for entry in need if entry[0] not in ON_DEVICES)
        self.strict = bool(self.gpu != NOTHING or self.exclusive or self.apart)
        """Room is more than what is free, and an attempt is given only where it can begin."""
        self._match: Callable[[Mapping[str, str]], bool] | None = None
        if where:
            from windlass.model.constraints import compile_where

            self._match = compile_where(where)
        self.tasks = 0
        """Tasks of living runs that have this shape."""
        self.blocked_since: float | None = None
        """Since when ready work of this shape finds no room at all."""

    def matches(self, labels: Mapping[str, str]) -> bool:
        return self._match is None or self._match(labels)

    def lanes(self, free: Mapping[str, int], at_most: int) -> int:
        """How many of these fit into `free` at once."""
        room = at_most
        for kind, amount in self.need:
            fit = free.get(kind, 0) // amount
            if fit < room:
                room = fit
        return max(room, 0)

    def lanes_held(self, free: Mapping[str, int], at_most: int) -> int:
        """The same for attempts that have their GPUs."""
        room = at_most
        for kind, amount in self.on_lanes:
            room = min(room, free.get(kind, 0) // amount)
        return max(room, 0)

    def __repr__(self) -> str:
        asks = " ".join(f"{kind}={amount}" for kind, amount in self.need) or "nothing"
        return f"<Shape {asks}{' where ' + ', '.join(self.where) if self.where else ''}>"


def shape_key(resources: Resources, where: tuple[str, ...], traits: Traits = NONE) -> ShapeKey:
    return tuple(sorted(amounts(resources).items())), tuple(sorted(set(where))), traits


def traits(resources: Resources, rules: Rules, run: int) -> Traits:
    gpu = NOTHING
    if resources.gpus or resources.gpu_memory:
        gpu = Ask(_whole(resources.gpus), _whole(resources.gpu_memory))
    if rules is PLAIN and gpu is NOTHING:
        return NONE
    mark = (run, rules.place) if rules.apart else None
    return Traits(gpu, rules.exclusive, rules.spread, mark, frozenset((run, other) for other in rules.apart))
