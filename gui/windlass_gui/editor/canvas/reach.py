"""Which tasks lie before, behind or around others along the links; without Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from windlass_gui.editor.document.facts import NodeFacts

Neighbours = dict[str, list[str]]


def before(facts: Mapping[str, NodeFacts]) -> Neighbours:
    """What each task needs, as far as it exists."""
    return {task: [need for need, _ in own.needs if need in facts] for task, own in facts.items()}


def behind(facts: Mapping[str, NodeFacts]) -> Neighbours:
    """What needs each task."""
    found: Neighbours = {task: [] for task in facts}
    for task, own in facts.items():
        for need, _ in own.needs:
            if need in found:
                found[need].append(task)
    return found


def spread(tasks: Iterable[str], *ways: Neighbours) -> set[str]:
    """The tasks and all that can be reached from them along these ways."""
    found = set(tasks)
    stack = list(found)
    while stack:
        at = stack.pop()
        for way in ways:
            for other in way.get(at, ()):
                if other not in found:
                    found.add(other)
                    stack.append(other)
    return found


def upstream(facts: Mapping[str, NodeFacts], tasks: Iterable[str]) -> set[str]:
    return spread(tasks, before(facts))


def downstream(facts: Mapping[str, NodeFacts], tasks: Iterable[str]) -> set[str]:
    return spread(tasks, behind(facts))


def connected(facts: Mapping[str, NodeFacts], tasks: Iterable[str]) -> set[str]:
    return spread(tasks, before(facts), behind(facts))
