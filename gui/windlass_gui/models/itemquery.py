"""A filter and a sorting of a million items, by numpy. Pure but for the clock that it is given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from windlass_gui.look.theme import STATE_NAMES
from windlass_gui.models.itemfacts import ItemFacts
from windlass_gui.models.query import COMPARE, Field, Query, Term

FIELDS = (
    Field("state", "word", "where it stands", STATE_NAMES),
    Field("item", "number", "its number, from 0"),
    Field("attempts", "number", "how often it was tried"),
    Field("agent", "text", "where it ran last"),
    Field("time", "time", "how long its last attempt ran"),
    Field("mem", "size", "resident memory of its last attempt, at most"),
    Field("end", "text", "how its last attempt ended: ok, nonzero, signal, timeout, oom, …"),
)
FROM_FACTS = frozenset({"attempts", "agent", "time", "mem", "end"})
"""Fields that need more than the states."""


def needs_facts(query: Query) -> bool:
    """Whether the states alone cannot tell."""
    return bool(query.fields & FROM_FACTS) or any(term.field is None for term in query.terms)


def matching(
    query: Query, states: NDArray[np.uint8], facts: ItemFacts, seconds: NDArray[np.float64]
) -> NDArray[np.int64]:
    """The items that fit, ascending."""
    held = np.ones(len(states), bool)
    for term in query.terms:
        held &= _holds(term, states, facts, seconds) != term.negated
    return np.flatnonzero(held)


def _holds(term: Term, states: NDArray[np.uint8], facts: ItemFacts, seconds: NDArray[np.float64]) -> NDArray[np.bool_]:
    if term.field is None:
        found = _named(term, facts.agents, facts.agent) | _named(term, facts.ends, facts.end)
        found = _named(term, STATE_NAMES, states) | found
        for pattern in term.patterns:
            if pattern.isdecimal() and int(pattern) < len(states):
                found[int(pattern)] = True
        return found
    name = term.field.name
    if name == "state":
        return _named(term, STATE_NAMES, states)
    if name == "agent":
        return _named(term, facts.agents, facts.agent)
    if name == "end":
        return _named(term, facts.ends, facts.end)
    if name == "item":
        return np.asarray(COMPARE[term.op](np.arange(len(states)), term.bound))
    if name == "mem":
        return np.asarray(COMPARE[term.op](facts.memory, term.bound)) & (facts.memory >= 0)
    values = facts.attempt if name == "attempts" else seconds
    return np.asarray(COMPARE[term.op](values, term.bound))


def _named(term: Term, names: Sequence[str], numbers: NDArray[np.unsignedinteger]) -> NDArray[np.bool_]:
    fitting = np.array([term.holds_text(name) for name in names], bool)
    return fitting[np.minimum(numbers, len(names) - 1)]


def ordered(
    items: NDArray[np.int64], by: str, descending: bool, states: NDArray[np.uint8], facts: ItemFacts,
    seconds: NDArray[np.float64],
) -> NDArray[np.int64]:  # fmt: skip
    """`items` (ascending) sorted by a field, equal ones by their number; what is not known stands last."""
    if by == "item":
        return items[::-1] if descending else items
    if by in ("agent", "end"):
        names, numbers = (facts.agents, facts.agent) if by == "agent" else (facts.ends, facts.end)
        ranks = np.zeros(len(names), np.int64)
        ranks[sorted(range(len(names)), key=lambda place: names[place].lower())] = np.arange(len(names))
        values = np.where(numbers[items] == 0, len(names), ranks[numbers[items]]).astype(np.float64)
        unknown = numbers[items] == 0
    elif by == "state":
        values, unknown = states[items].astype(np.float64), np.zeros(len(items), bool)
    elif by == "attempts":
        values, unknown = facts.attempt[items].astype(np.float64), np.zeros(len(items), bool)
    elif by == "mem":
        values, unknown = facts.memory[items].astype(np.float64), facts.memory[items] < 0
    else:
        values = seconds[items]
        unknown = np.isnan(values)
    keys = np.where(unknown, np.inf, -values if descending else values)
    return items[np.argsort(keys, kind="stable")]


def stretches(items: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Ascending numbers as first..last-1 of each stretch."""
    if not len(items):
        return []
    breaks = np.flatnonzero(np.diff(items) != 1)
    firsts = items[np.concatenate([[0], breaks + 1])]
    lasts = items[np.concatenate([breaks, [len(items) - 1]])] + 1
    return list(zip(firsts.tolist(), lasts.tolist(), strict=True))
