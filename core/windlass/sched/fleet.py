"""Virtual agents for a simulation: what they have, and how people write a fleet of them in a line."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, field

from windlass.model.graph import Gpu, Resources
from windlass.model.units import MAX_SIZE, UnitError, parse_size

MOST = 100_000
"""Agents of one simulation."""

_GROUP = re.compile(r"(?:(\d+)\s*[x×*]\s*)?(.+)\Z", re.DOTALL)
_COUNTED = re.compile(r"(\d+(?:\.\d+)?|\.\d+)\s*(cpus?|cores?|gpus?)\Z", re.IGNORECASE)
_NAMED = re.compile(r"([^\W\d][\w.-]*)\s*=\s*(.+)\Z")
_LABEL = re.compile(r"([^\W\d][\w.-]*)\s*:\s*(.+)\Z")
ALLOWED = (
    "groups such as 10x8cpu, 2x8cpu+1gpu, 4x16cpu+64GiB, 2x8cpu+2gpu+gpu_memory=24GiB, "
    "1x4cpu+disk=1TB+licence=2+gpu_model:A100, joined by commas"
)


class FleetError(ValueError):
    """A fleet that cannot be read."""


@dataclass(frozen=True, slots=True)
class VirtualAgent:
    name: str
    resources: Resources
    labels: dict[str, str] = field(default_factory=dict)
    unlimited: frozenset[str] = frozenset()
    """Kinds of which nothing was said, so that they are no limit: "memory", "disk"."""
    gpus: tuple[Gpu, ...] = ()


def parse_fleet(text: str) -> list[VirtualAgent]:
    """Agents from `10x8cpu,2x8cpu+1gpu`. Memory and disk that are not said are no limit. Raises `FleetError`.

    >>> [agent.name for agent in parse_fleet("2x8cpu,1x4cpu+1gpu")]
    ['agent1', 'agent2', 'agent3']
    """
    agents: list[VirtualAgent] = []
    for group in text.split(","):
        if not group.strip():
            raise FleetError(f"an empty group of agents; write {ALLOWED}")
        match = _GROUP.match(group.strip())
        assert match is not None
        count = 1 if match[1] is None else int(match[1][:9])
        if not 1 <= count <= MOST - len(agents):
            raise FleetError(f"'{group.strip()}': a fleet has 1 to {MOST} agents")
        resources, labels, unlimited, gpus = _machine(match[2], group.strip())
        agents += [
            VirtualAgent(f"agent{len(agents) + n}", resources, labels, unlimited, gpus) for n in range(1, count + 1)
        ]
    return agents


def _machine(text: str, group: str) -> tuple[Resources, dict[str, str], frozenset[str], tuple[Gpu, ...]]:
    cpus: float = 0.0
    gpus = 0
    sizes: dict[str, int] = {}
    named: dict[str, float] = {}
    labels: dict[str, str] = {}
    for part in (part.strip() for part in text.split("+")):
        if match := _COUNTED.match(part):
            amount = float(match[1])
            if match[2].lower().startswith("gpu"):
                if amount != int(amount):
                    raise FleetError(f"'{group}': GPUs are whole, found '{part}'")
                gpus += int(amount)
            else:
                cpus += amount
        elif match := _NAMED.match(part):
            if match[1] in ("disk", "memory", "gpu_memory"):
                sizes[match[1]] = _size(match[2], group)
            else:
                named[match[1]] = _number(match[2], part, group)
        elif match := _LABEL.match(part):
            labels[match[1]] = match[2]
        else:
            sizes["memory"] = _size(part, group)
    unlimited = frozenset({"memory", "disk"} - set(sizes))
    resources = Resources(cpus, sizes.get("memory", MAX_SIZE), sizes.get("disk", MAX_SIZE), gpus, named)
    devices = tuple(Gpu(index, labels.get("gpu_model", ""), sizes.get("gpu_memory", 0)) for index in range(gpus))
    return resources, labels, unlimited, devices


def _size(text: str, group: str) -> int:
    try:
        if not text or text.strip().isdigit():
            raise UnitError("has no unit", "")
        return parse_size(text)
    except UnitError as error:
        raise FleetError(f"'{group}': '{text}' {error}; write {ALLOWED}") from None


def _number(text: str, part: str, group: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise FleetError(f"'{group}': '{part}' needs a positive number")
    return value
