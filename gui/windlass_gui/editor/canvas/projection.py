"""What the canvas shows of a document: its tasks, and one node for each folded frame. Without Qt.

A node of the canvas is a task or a folded frame. Whoever draws, hits or lays out deals with nodes; whoever edits deals
with tasks. A document without frames is shown as it is, at no cost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from windlass_gui.editor.document.facts import NodeFacts
from windlass_gui.editor.document.frames import FrameFacts, Point

FOLDED = "frame:"
"""Begins the node id of a folded frame. No task's id has a colon."""

OPEN = "open:"
"""Begins the name of an open frame where it stands beside nodes."""


def frame_of_node(node: str) -> str:
    """The frame that a node stands for; empty for a task."""
    return node[len(FOLDED) :] if node.startswith(FOLDED) else ""


@dataclass(slots=True)
class Projection:
    """One way to look at a document."""

    facts: Mapping[str, NodeFacts]
    """By node, in the text's order; `needs` name nodes."""
    inside: str = ""
    """The frame whose inside is shown; empty: the whole canvas."""
    members: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Folded node -> all tasks that it stands for."""
    outlines: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Open frames that are drawn -> the nodes, and as `OPEN` with their id the open frames, directly inside.

    Inner frames first.
    """
    node_by_task: dict[str, str] = field(default_factory=dict)
    """Only of tasks that are not nodes themselves; empty for those out of view."""
    cut: tuple[int, int] = (0, 0)
    """How many links lead into and out of what is shown."""

    def node_of(self, task: str) -> str:
        """The node that shows a task; empty when none does."""
        return self.node_by_task.get(task, task if task in self.facts else "")

    def tasks_of(self, nodes: Iterable[str]) -> set[str]:
        """The tasks that these nodes stand for; ids of tasks stand for themselves."""
        found: set[str] = set()
        for node in nodes:
            found.update(self.members.get(node, (node,)))
        return found

    def nodes_of(self, tasks: Collection[str]) -> set[str]:
        """The nodes all of whose tasks are among these."""
        nodes = {task for task in tasks if task in self.facts}
        return nodes | {node for node, members in self.members.items() if members and set(members) <= set(tasks)}


def project(facts: Mapping[str, NodeFacts], frames: Mapping[str, FrameFacts], inside: str = "") -> Projection:
    """The nodes of a document, on the whole canvas or inside one frame."""
    if not frames:
        return Projection(facts)
    inside = inside if inside in frames else ""
    chain = {name: _around(frames, name) for name in frames}
    home = {task: frame.id for frame in frames.values() for task in frame.tasks}
    node_by_task: dict[str, str] = {}
    members: dict[str, list[str]] = {
        FOLDED + name: [] for name, frame in frames.items() if _stands(frames, chain[name], frame, inside)
    }
    for task in facts:
        node = _node(frames, chain.get(home.get(task, ""), ()), inside)
        if node is not None:
            node_by_task[task] = node
            if node:
                members[node].append(task)
    shown: dict[str, NodeFacts] = {}
    into = out = 0
    grouped: dict[str, dict[str, bool]] = {}
    for task, own in facts.items():
        node = node_by_task.get(task, task)
        needs = {node_by_task.get(need, need): each for need, each in own.needs}
        if not node:
            out += sum(bool(need) and need in facts for need in needs)
            continue
        into += sum(1 for need in needs if not need)
        visible = {need: each for need, each in needs.items() if need and need != node}
        if node == task:
            shown[task] = own if visible.keys() == {n for n, _ in own.needs} else _with_needs(own, visible)
        else:
            group = grouped.setdefault(node, {})
            for need, each in visible.items():
                group[need] = group.get(need, True) and each
    for node, tasks in members.items():
        frame = frames[node[len(FOLDED) :]]
        shown[node] = NodeFacts(
            id=node,
            title=frame.label,
            kind="frame",
            summary=f"{len(tasks)} tasks" if len(tasks) != 1 else "1 task",
            needs=tuple(grouped.get(node, {}).items()),
            array="frame",
            color=frame.color,
            position=_corner(facts, tasks),
            description=", ".join(facts[task].label for task in tasks[:12]) + (", …" if len(tasks) > 12 else ""),
        )
    return Projection(
        shown,
        inside,
        {node: tuple(tasks) for node, tasks in members.items()},
        _outlines(frames, chain, inside, shown),
        node_by_task,
        (into, out),
    )


def _around(frames: Mapping[str, FrameFacts], name: str) -> tuple[str, ...]:
    """A frame and those around it, from the inner to the outer."""
    found = []
    while name:
        found.append(name)
        name = frames[name].within
    return tuple(found)


def path_to(frames: Mapping[str, FrameFacts], name: str) -> list[str]:
    """The frames from the canvas down to this one."""
    return list(reversed(_around(frames, name))) if name in frames else []


def _stands(frames: Mapping[str, FrameFacts], chain: tuple[str, ...], frame: FrameFacts, inside: str) -> bool:
    """Is this folded frame itself a node: no folded one around it, and in view."""
    outer = chain[1:]
    if inside:
        if inside not in outer:
            return False
        outer = outer[: outer.index(inside)]
    return frame.folded and not any(frames[name].folded for name in outer)


def _node(frames: Mapping[str, FrameFacts], chain: tuple[str, ...], inside: str) -> str | None:
    """The node of a task that lies in these frames: None: itself; empty: not in view."""
    if inside:
        if inside not in chain:
            return ""
        chain = chain[: chain.index(inside)]
    folded = [name for name in chain if frames[name].folded]
    return FOLDED + folded[-1] if folded else None


def _with_needs(own: NodeFacts, needs: Mapping[str, bool]) -> NodeFacts:
    return NodeFacts(
        own.id, own.title, own.kind, own.summary, tuple(needs.items()), own.array, own.position, own.description
    )


def _corner(facts: Mapping[str, NodeFacts], tasks: Iterable[str]) -> Point | None:
    """The top left corner of the tasks that have a place."""
    places = [place for task in tasks if (place := facts[task].position) is not None]
    return (min(x for x, _ in places), min(y for _, y in places)) if places else None


def _outlines(
    frames: Mapping[str, FrameFacts], chain: Mapping[str, tuple[str, ...]], inside: str, shown: Mapping[str, NodeFacts]
) -> dict[str, tuple[str, ...]]:
    drawn = []
    for name, frame in frames.items():
        around = chain[name]
        if inside:
            if inside not in around[1:]:
                continue
            around = around[: around.index(inside)]
        if not any(frames[outer].folded for outer in around):
            drawn.append((len(around), name, frame))
    found: dict[str, tuple[str, ...]] = {}
    for _, name, frame in sorted(drawn, key=lambda entry: -entry[0]):
        children = [
            FOLDED + child if FOLDED + child in shown else OPEN + child
            for child, other in frames.items()
            if other.within == name and (FOLDED + child in shown or child in found)
        ]
        found[name] = (*(task for task in frame.tasks if task in shown), *children)
    return found
