"""Why something waits, as records and in words. The one wording that `windlass why`, a run's note and the app show.

Amounts are in their units (CPUs, bytes, GPUs, named things), times in epoch seconds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from windlass.model.words import counted, span

AGENTS_SHOWN = 500
"""Agents that `to_plain` lists one by one; its groups count all."""

ABLE = frozenset({"free", "busy", "kept", "avoided", "aside"})
"""Kinds of reasons of agents that can run it, if not now."""


@dataclass(frozen=True, slots=True)
class Amount:
    """What is asked for of one kind, and what is there."""

    kind: str
    """cpus, memory, disk, gpus, gpu_memory, or a named resource's name."""
    asked: float
    free: float
    capacity: float


@dataclass(frozen=True, slots=True)
class AgentReason:
    """What keeps one agent from taking it now."""

    agent: str
    name: str
    kind: str
    """away, drains, label, lacks: it cannot take it as things are; aside, avoided, kept, busy, free: it can."""
    text: str
    """In full, for this agent."""
    words: tuple[str, str]
    """In short, for one such agent and for several: ("lacks a GPU", "lack a GPU")."""
    amounts: tuple[Amount, ...] = ()
    """What is too little: of the capacity where it lacks, of what is free where it is busy."""
    where: str = ""
    """The constraint that does not hold."""
    labels: tuple[tuple[str, str | None], ...] = ()
    """The labels that it looks at, with the agent's values."""
    until: float | None = None
    """When it ends by itself."""


@dataclass(frozen=True, slots=True)
class Need:
    """A task, or one item of it, that has not ended."""

    task: int
    id: str
    index: int | None
    """Needed item by item: which one; None: the whole task."""
    left: int
    """Items that have not ended."""
    count: int | None
    """None: not decided yet."""
    state: str
    """Of the one item that is needed; empty for a whole task."""

    def words(self) -> str:
        if self.index is not None:
            return f"{self.id}[{self.index}] ({self.state})"
        if self.count is None:
            return f"{self.id} (its items are not decided yet)"
        return self.id if self.count == 1 else f"{self.id} ({self.left:,} of {self.count:,} items left)"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why an item, or a task's next one, does not run. `sentence` says it; `to_plain` is for programs."""

    run: int
    task: int
    id: str
    index: int | None
    state: str
    cause: str
    """ended, running, given (to an agent that has not begun it), needs, deciding, open (items may still be added),
    stopping (its attempt before), backoff, paused, nowhere (no agent can run it, or it asks for
    more of a licence than there is), limit (of licences or of how many
    run at once, which others use up), order (others go first), room (it is
    the first and finds none), next (the next plan places it)."""
    now: float
    paused: bool = False
    items: int = 1
    """Items of the task in this state."""
    needs: tuple[Need, ...] = ()
    """The first ones."""
    needs_left: int = 0
    """How many there are."""
    until: float | None = None
    agent: str = ""
    """The name of the one that it is on."""
    agents: tuple[AgentReason, ...] = ()
    ahead: tuple[tuple[int, int], ...] = ()
    """(run, items) that go first and want the same agents; the most first."""
    start: float | None = None
    """When it should begin, by the mean durations of late; None: unknown."""
    limits: tuple[str, ...] = ()
    """Of its limits those without room (or those that never have it), in words."""
    learned: str = ""
    """What it asks for without having been told to, in words."""
    because: Explanation | None = None
    """Where a chain of needs begins: why that does not run."""

    @property
    def able(self) -> int:
        """Agents that can run it, now or later."""
        return sum(reason.kind in ABLE for reason in self.agents)

    def sentence(self) -> str:
        return "; ".join(self._clauses())

    def _clauses(self) -> list[str]:
        paused = f"run {self.run} is paused"
        if self.cause == "paused":
            return [paused]
        if self.cause == "limit":
            return [*self.limits, *placing_words(self.agents, True), *self._asks()]
        if self.cause == "nowhere" and self.limits:
            return list(self.limits)
        if self.cause in ("nowhere", "order", "room", "next"):
            return self._placing()
        clauses = [self._cause()]
        if self.paused and self.cause not in ("ended", "running"):
            clauses.append(paused)
        if self.because is not None:
            clauses.append(f"{item_name(self.because.id, self.because.index)} {self.because.sentence()}")
        return clauses

    def _cause(self) -> str:
        match self.cause:
            case "needs":
                shown = [need.words() for need in self.needs[:3]]
                return f"waits for {listing(shown, self.needs_left)}"
            case "deciding":
                return "waits for the decision whether it runs and how many items it has"
            case "open":
                return "waits for items: none is left, more may be added"
            case "stopping":
                return f"waits until its attempt before has stopped{f' on {self.agent}' if self.agent else ''}"
            case "backoff":
                wait = (self.until or self.now) - self.now
                return f"failed and tries again {'at once' if wait <= 0 else 'in ' + span(wait)}"
            case "given":
                return f"is on {self.agent}, which begins it when there is room"
            case "running":
                return f"runs on {self.agent}" if self.agent else f"{counted(self.items, 'item')} running"
            case _:
                return f"does not wait: {self.state or 'it has ended'}"

    def _placing(self) -> list[str]:
        if self.cause == "next":
            return [agents_words(self.agents), *self._asks(), "starts at once"]
        clauses = [*placing_words(self.agents, bool(self.ahead)), *self._asks()]
        if self.ahead:
            clauses.append(ahead_words(self.ahead, self.run))
        if self.start is not None:
            clauses.append(f"about {span(max(self.start - self.now, 1.0))}")
        return clauses

    def _asks(self) -> list[str]:
        return [self.learned] if self.learned else []

    def to_plain(self) -> dict[str, Any]:
        """For JSON. `agents` lists at most `AGENTS_SHOWN`, `groups` counts all that have the same words."""
        counted = Counter(reason.words for reason in self.agents)
        return {
            "run": self.run, "task": self.task, "id": self.id, "index": self.index, "state": self.state,
            "cause": self.cause, "sentence": self.sentence(), "paused": self.paused, "items": self.items,
            "needs": [
                {"task": n.task, "id": n.id, "index": n.index, "left": n.left, "count": n.count, "state": n.state}
                for n in self.needs
            ],
            "needs_left": self.needs_left, "until": self.until, "agent": self.agent,
            "able": self.able, "agents_known": len(self.agents),
            "groups": [{"agents": many, "words": words[many > 1]} for words, many in counted.most_common()],
            "agents": [_plain_agent(reason) for reason in self.agents[:AGENTS_SHOWN]],
            "ahead": [{"run": run, "items": items} for run, items in self.ahead],
            "start": self.start, "now": self.now, "limits": list(self.limits), "learned": self.learned,
            "because": self.because.to_plain() if self.because is not None else None,
        }  # fmt: skip


def _plain_agent(reason: AgentReason) -> dict[str, Any]:
    return {
        "agent": reason.agent, "name": reason.name, "kind": reason.kind, "text": reason.text, "until": reason.until,
        "where": reason.where, "labels": dict(reason.labels),
        "amounts": [{"kind": a.kind, "asked": a.asked, "free": a.free, "capacity": a.capacity} for a in reason.amounts],
    }  # fmt: skip


# --- words -----------------------------------------------------------------------------------------------


def agents_words(agents: Sequence[AgentReason]) -> str:
    """Which agents can run it, and why the others cannot."""
    others = [reason for reason in agents if reason.kind not in ABLE]
    able, known = len(agents) - len(others), len(agents)
    if all(reason.kind in ("away", "drains") for reason in agents):
        return "no agent is up" + (f": {_groups(others)}" if others else "")
    if not others:
        return "can run on the only agent" if known == 1 else f"can run on all {known:,} agents"
    if known == 1:
        return f"cannot run on the only agent: it {others[0].words[0]}"
    return f"can run on {f'{able:,}' if able else 'none'} of {known:,} agents: {_groups(others)}"


def placing_words(agents: Sequence[AgentReason], others_first: bool = False) -> list[str]:
    """As `agents_words`, and why those that can run it do not now; in a queue, that they are busy needs no word."""
    able = [reason for reason in agents if reason.kind in ABLE]
    told = able and not (others_first and all(reason.kind in ("busy", "free") for reason in able))
    return [agents_words(agents), *([_groups(able)] if told else [])]


def _groups(reasons: Iterable[AgentReason]) -> str:
    counted = Counter(reason.words for reason in reasons)
    parts = [f"{many:,} {words[many > 1]}" for words, many in counted.most_common(4)]
    rest = counted.total() - sum(many for _, many in counted.most_common(4))
    return ", ".join(parts) + (f", {rest:,} otherwise" if rest else "")


def ahead_words(ahead: Sequence[tuple[int, int]], run: int) -> str:
    total = sum(items for _, items in ahead)
    if len(ahead) > 3:
        return f"{total:,} items of {len(ahead)} runs ahead"
    parts = [
        f"{f'{items:,}' if at else counted(items, 'item')} of {'this run' if of == run else f'run {of}'}"
        for at, (of, items) in enumerate(ahead)
    ]
    return f"{listing(parts, len(parts))} ahead"


def listing(parts: Sequence[str], in_all: int) -> str:
    """a; a and b; a, b and c; a, b, c and 4 more."""
    more = [f"{in_all - len(parts):,} more"] if in_all > len(parts) else []
    every = [*parts, *more]
    return every[0] if len(every) == 1 else f"{', '.join(every[:-1])} and {every[-1]}" if every else ""


def deadline_words(state: str, due: float, forecast: float | None) -> str:
    """What is wrong with a deadline, after the task's name; empty where nothing is."""
    if state == "missed":
        late = "" if forecast is None or forecast <= due else f"; it should end about {span(forecast - due)} late"
        return f"has missed its deadline{late}"
    if state != "endangered":
        return ""
    return "will probably miss its deadline" + (f" by about {span(forecast - due)}" if forecast is not None else "")


def item_name(id: str, index: int | None) -> str:
    return id if index is None else f"{id}[{index}]"
