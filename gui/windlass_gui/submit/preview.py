"""What a graph would do: how many items, what they need, which agents could take them, how long it took before.

Pure. Whether an agent could take an item is judged by what the agent declares, not by what is free now: the core
places, and its `Explain` says why something waits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from windlass.model import constraints, expand
from windlass.model.expr import ExprError
from windlass.model.graph import Graph, Resources, Task
from windlass.model.units import human_size
from windlass.wire.rows import AgentRow


@dataclass(frozen=True, slots=True)
class TaskPreview:
    """One task. `count` None: known when what it fans out over has ended."""

    id: str
    count: int | None
    needs: str
    agents: tuple[str, ...]
    """Names of agents that could take it."""
    reason: str
    """Why none can; empty where one can."""


def preview(graph: Graph, params: Mapping[str, Any], agents: Sequence[AgentRow]) -> list[TaskPreview]:
    """In the order of the graph. Raises `ValueError` where the parameters make an array impossible."""
    usable = [agent for agent in agents if agent.state != "down"]
    known: dict[tuple[Any, ...], tuple[tuple[str, ...], str]] = {}
    found: list[TaskPreview] = []
    for task in graph.tasks:
        try:
            count = expand.count(task, params) if expand.source(task) is None else None
        except (ExprError, ValueError, TypeError) as error:
            raise ValueError(f"{task.id}: {error}") from None
        asked = task.resources
        shape = (asked.cpus, asked.memory, asked.disk, asked.gpus, asked.gpu_memory, tuple(asked.named.items()),
                 tuple(task.where))  # fmt: skip
        if shape not in known:
            known[shape] = _who(task, usable)
        able, reason = known[shape]
        found.append(TaskPreview(task.id, count, needs_words(task.resources, task.where), able, reason))
    return found


def _who(task: Task, agents: Sequence[AgentRow]) -> tuple[tuple[str, ...], str]:
    able: list[str] = []
    reasons: dict[str, int] = {}
    for agent in agents:
        reason = unfit(task, agent)
        if reason:
            reasons[reason] = reasons.get(reason, 0) + 1
        else:
            able.append(agent.name)
    if able:
        return tuple(able), ""
    if not agents:
        return (), "no agent is connected yet"
    reason, count = max(reasons.items(), key=lambda entry: entry[1])
    return (), reason if count == len(agents) else f"{reason} ({count} of {len(agents)} agents; the others likewise)"


def unfit(task: Task, agent: AgentRow) -> str:
    """Why an agent can never take an item of a task, in words; empty when it can."""
    for constraint in task.where:
        try:
            if not constraints.holds(constraint, agent.labels):
                return f"`{constraint}` does not hold"
        except ValueError:
            return f"`{constraint}` cannot be read"
    asked, has = task.resources, agent.resources
    plain = (("CPUs", asked.cpus, "cpus"), ("GPUs", asked.gpus, "gpus"))
    for word, amount, key in plain:
        if amount > float(has.get(key, 0) or 0):
            return f"it asks for {amount:g} {word}, there are {float(has.get(key, 0) or 0):g}"
    for word, size, key in (("memory", asked.memory, "memory"), ("disk space", asked.disk, "disk")):
        if size and has.get(key) and size > int(has[key]):
            return f"it asks for {human_size(size)} of {word}, there are {human_size(int(has[key]))}"
    named = has.get("named") or {}
    for name, amount in asked.named.items():
        # What no agent declares may be a licence of the whole cluster, which the core counts.
        if name in named and amount > float(named[name]):
            return f"it asks for {amount:g} {name}, there are {float(named[name]):g}"
    if asked.gpu_memory and not has.get("gpus"):
        return "it asks for GPU memory, and there is no GPU"
    return ""


def needs_words(asked: Resources, where: Sequence[str]) -> str:
    """`2 CPUs, 4 GiB memory, os == linux`."""
    parts = [f"{asked.cpus:g} CPU{'' if asked.cpus == 1 else 's'}"]
    if asked.memory:
        parts.append(f"{human_size(asked.memory)} memory")
    if asked.disk:
        parts.append(f"{human_size(asked.disk)} disk")
    if asked.gpus:
        parts.append(f"{asked.gpus} GPU{'' if asked.gpus == 1 else 's'}")
    if asked.gpu_memory:
        parts.append(f"{human_size(asked.gpu_memory)} GPU memory")
    parts += [f"{amount:g} {name}" for name, amount in asked.named.items()]
    return ", ".join([*parts, *where])


@dataclass(slots=True)
class Recorded:
    """How long items of tasks ran, by task id, in earlier runs."""

    runs: list[int] = field(default_factory=list)
    count: dict[str, int] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    items: dict[str, int] = field(default_factory=dict)
    """How many items a task had in the newest of the runs."""

    def mean(self, task: str) -> float | None:
        return self.seconds[task] / self.count[task] if self.count.get(task) else None


@dataclass(frozen=True, slots=True)
class Estimate:
    """`seconds` is no less than the longest chain, and no less than the work over the CPUs."""

    seconds: float
    work: float
    """CPU seconds."""
    chain: float
    unknown: int
    """Tasks of which nothing is recorded."""


def estimate(graph: Graph, counts: Mapping[str, int | None], recorded: Recorded, cpus: float) -> Estimate | None:
    """How long it may take, from recorded durations; None when nothing is known or no agent is there."""
    if not recorded.count or cpus <= 0:
        return None
    work, unknown, known = 0.0, 0, 0
    chain: dict[str, float] = {}
    order = {task.id: task for task in graph.tasks}
    for task in _sorted(order):
        mean = recorded.mean(task.id)
        before = max((chain.get(need.task, 0.0) for need in task.needs), default=0.0)
        if mean is None:
            unknown += 1
            chain[task.id] = before
            continue
        known += 1
        count = counts.get(task.id)
        number = recorded.items.get(task.id, 1) if count is None else count
        work += mean * number * max(task.resources.cpus, 0.0)
        chain[task.id] = before + (mean if number else 0.0)
    if not known:
        return None
    longest = max(chain.values(), default=0.0)
    return Estimate(max(longest, work / cpus), work, longest, unknown)


def _sorted(tasks: Mapping[str, Task]) -> list[Task]:
    """Each after what it needs."""
    waits = {id: {need.task for need in task.needs if need.task in tasks} for id, task in tasks.items()}
    after: dict[str, list[str]] = {}
    for id, needs in waits.items():
        for need in needs:
            after.setdefault(need, []).append(id)
    ready = [id for id, needs in waits.items() if not needs]
    found: list[Task] = []
    while ready:
        id = ready.pop()
        found.append(tasks[id])
        for other in after.get(id, ()):
            waits[other].discard(id)
            if not waits[other]:
                ready.append(other)
    return found
