"""Whether a machine could ever run what a task asks for: what the scheduler says of an agent where nothing runs.

For whoever edits a task beside the agents that are there. `windlass why` says the same with what is free now
(`sched/explain.py`); a test holds both to one verdict.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from windlass.model.constraints import ConstraintError, parse
from windlass.model.graph import Resources
from windlass.model.words import amount_words, counted


@dataclass(frozen=True, slots=True)
class Machine:
    """What an agent has."""

    name: str
    resources: Resources
    labels: dict[str, str] = field(default_factory=dict)
    gpu_memory: tuple[int, ...] = ()
    """Bytes of each of its GPUs; 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Which of some machines could run it."""

    machines: int
    able: int
    reasons: tuple[tuple[str, str, int], ...] = ()
    """Why the others cannot, in short for one and for several, and how many; the most first."""
    unknown: tuple[str, ...] = ()
    """Counted things that no machine has: licences of the core, if they are anything."""

    @property
    def never(self) -> bool:
        """There are machines, and none of them can."""
        return self.machines > 0 and not self.able

    def words(self) -> str:
        """
        >>> Fit(8, 3, (("lacks a GPU", "lack a GPU", 5),)).words()
        'fits 3 of 8 agents (5 lack a GPU)'
        """
        if not self.machines:
            return "no agent is known"
        why = ", ".join(f"{many:,} {several if many > 1 else one}" for one, several, many in self.reasons[:4])
        rest = sum(many for _, _, many in self.reasons[4:])
        why += f", {rest:,} otherwise" if rest else ""
        able = "none" if not self.able else "all" if self.able == self.machines else f"{self.able:,}"
        said = f"fits {able} of {counted(self.machines, 'agent')}" + (f" ({why})" if why else "")
        return said + "".join(f"; {name} must be a licence of the core" for name in self.unknown)


def lack(asked: Resources, where: Sequence[str], machine: Machine) -> tuple[str, str] | None:
    """Why a machine can never run it, in short for one such machine and for several; None when it can."""
    for source in where:
        try:
            holds = parse(source).test(machine.labels)
        except ConstraintError:
            continue  # the checker says so
        if not holds:
            return f"is not '{source}'", f"are not '{source}'"
    have = machine.resources
    for kind, want, there in (
        ("cpus", asked.cpus, have.cpus),
        ("disk", asked.disk, have.disk),
        ("gpus", asked.gpus, have.gpus),
        ("memory", asked.memory, have.memory),
        *((name, want, have.named.get(name, 0.0)) for name, want in sorted(asked.named.items())),
    ):
        if _whole(want) > _whole(there):
            words = amount_words(kind, want)
            return f"lacks {words}", f"lack {words}"
    if asked.gpu_memory or asked.gpus:
        large = sum(size >= asked.gpu_memory for size in machine.gpu_memory)
        if large < max(asked.gpus, 1):
            words = _gpu_words(asked)
            return f"lacks {words}", f"lack {words}"
    return None


def _whole(amount: float) -> int:
    """In thousandths, as the scheduler compares; nonsense is nothing."""
    return round(amount * 1000) if math.isfinite(amount) and amount > 0 else 0


def _gpu_words(asked: Resources) -> str:
    size = amount_words("memory", asked.gpu_memory)
    if not asked.gpus:
        return f"{size} of one GPU"
    whole = amount_words("gpus", asked.gpus)
    return f"{whole} with {size}" if asked.gpu_memory else whole


def fit(asked: Resources, where: Sequence[str], machines: Iterable[Machine]) -> Fit:
    """Which machines could run it. What none of them has by name may be a licence of the core, so it is let pass."""
    machines = list(machines)
    known = {name for machine in machines for name in machine.resources.named}
    unknown = tuple(sorted(name for name, amount in asked.named.items() if name not in known and amount))
    named = {name: amount for name, amount in asked.named.items() if name in known}
    asked = Resources(asked.cpus, asked.memory, asked.disk, asked.gpus, named, asked.gpu_memory)
    reasons: Counter[tuple[str, str]] = Counter()
    able = 0
    for machine in machines:
        reason = lack(asked, where, machine)
        if reason is None:
            able += 1
        else:
            reasons[reason] += 1
    told = tuple((one, several, many) for (one, several), many in reasons.most_common())
    return Fit(len(machines), able, told, unknown)
