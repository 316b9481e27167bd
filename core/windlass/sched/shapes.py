"""Shapes: what attempts ask of an agent. Ready work queues by shape, so placing looks at shapes x agents.

Amounts are whole numbers (thousandths of CPUs and of named things, bytes, GPUs), so that adding and subtracting
them a million times is exact.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping

from windlass.model.graph import Resources

Amounts = dict[str, int]
"""kind -> amount; named resources have the kind `named:NAME`."""

SCARCE = ("gpus", "named:")
"""Kinds that are kept for those who ask for them."""


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
    }
    for name, value in resources.named.items():
        result[f"named:{name}"] = _whole(value, 1000)
    return {kind: amount for kind, amount in result.items() if amount}


class Shape:
    """A resource request with its constraints. Equal requests share one object."""

    __slots__ = ("_match", "blocked_since", "key", "need", "tasks", "where")

    def __init__(self, need: tuple[tuple[str, int], ...], where: tuple[str, ...]) -> None:
        self.need = need
        self.where = where
        self.key = (need, where)
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

    def __repr__(self) -> str:
        asks = " ".join(f"{kind}={amount}" for kind, amount in self.need) or "nothing"
        return f"<Shape {asks}{' where ' + ', '.join(self.where) if self.where else ''}>"


def shape_key(resources: Resources, where: tuple[str, ...]) -> tuple[tuple[tuple[str, int], ...], tuple[str, ...]]:
    return tuple(sorted(amounts(resources).items())), tuple(sorted(set(where)))
