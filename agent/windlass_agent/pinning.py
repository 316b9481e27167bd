"""CPUs for attempts that ask for their own, and how many threads a program had better start."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from functools import lru_cache

THREADS = ("OMP_NUM_THREADS", "RAYON_NUM_THREADS")
"""What tells libraries how many threads to start. OpenBLAS, MKL and NumExpr look at the first one too, unless their
own variable is set; so that one is left to the user."""


class Pins:
    """CPUs by number, each given to one attempt at a time."""

    def __init__(self, cpus: Sequence[int]) -> None:
        self.all = tuple(sorted(cpus))
        self._free = list(self.all)

    def __repr__(self) -> str:
        return f"<Pins {self._free} of {self.all} free>"

    def needs(self, cpus: float) -> int:
        """How many whole CPUs that request pins: what is more than there are becomes all of them."""
        return max(1, min(len(self.all), math.ceil(cpus - 1e-9)))

    def times(self, cpus: float) -> int:
        """How many more of these can be served now."""
        return len(self._free) // self.needs(cpus)

    def take(self, cpus: float) -> tuple[int, ...]:
        """Only after `times`."""
        count = self.needs(cpus)
        assert count <= len(self._free)
        taken, self._free = tuple(self._free[:count]), self._free[count:]
        return taken

    def give(self, cpus: tuple[int, ...]) -> None:
        self._free = sorted([*self._free, *cpus])


def own_cpus(offered: float) -> list[int]:
    """Those that this agent may pin: of the ones that it may run on, as many as it offers."""
    allowed = sorted(os.sched_getaffinity(0))
    return allowed[: max(1, int(offered))]


@lru_cache(maxsize=64)
def _threads(count: int) -> Mapping[str, str]:
    return {name: str(count) for name in THREADS if name not in os.environ}


def threads_env(cpus: float) -> Mapping[str, str]:
    """So that a program does not start a thread for every CPU of the machine; what the user has set stands."""
    return _threads(max(1, int(cpus + 1e-9)))
