"""The scene: what the document says, as items. It changes nothing; edits go through the session's commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QPointF, QRectF, Signal
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QGraphicsScene

from windlass_gui.editor.canvas.batch_item import BatchItem
from windlass_gui.editor.canvas.frame_item import FrameLayer
from windlass_gui.editor.canvas.geometry import Geometry
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point
from windlass_gui.editor.canvas.link_index import LinkIndex
from windlass_gui.editor.canvas.link_item import LinkItem
from windlass_gui.editor.canvas.live import NodeLive, together
from windlass_gui.editor.canvas.made import Made
from windlass_gui.editor.canvas.node_item import NodeItem
from windlass_gui.editor.canvas.note_item import NoteLayer
from windlass_gui.editor.canvas.placing import places_for, task_places
from windlass_gui.editor.canvas.projection import project
from windlass_gui.editor.canvas.style import CanvasStyle
from windlass_gui.editor.document.document import Change, Document
from windlass_gui.editor.document.linking import Link
from windlass_gui.look.theme import Theme

BATCH_FROM = 400
"""Nodes in view from which they are painted in one batch: a full screen of them is too small to read by then."""
APART = 16
"""Parts of a view that are painted one by one; of more, all of it."""
EDGE = 2
"""Pixels by which smooth edges may reach beyond an item."""
KEPT = 1500
"""Items beside those in view that are kept for when one comes back there."""


class GraphScene(QGraphicsScene):
    """Nodes and links of one document, their selection, and the live states of a run."""

    selection_changed = Signal()
    redrawn = Signal()
    """Nodes have other places, states or colours."""
    inside_changed = Signal()
    """Another frame's inside is shown, or the whole canvas again."""

    def __init__(self, document: Document, theme: Theme) -> None:
        super().__init__()
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.document = document
        self.shown = project(document.facts, document.frames)
        """Which nodes the canvas has: the tasks, and the folded frames."""
        self._framed = bool(document.frames)
        """The nodes are not just the tasks, so that a change of tasks does not say what changed of them."""
        self.look = CanvasStyle(theme)
        self.geometry = Geometry()
        self.nodes: Made[str, NodeItem] = Made(self._make_node)
        self.links: Made[Link, LinkItem] = Made(self._make_link)
        self.live: dict[str, NodeLive] = {}
        self.selected: set[str] = set()
        self.selected_links: set[Link] = set()
        self.hovered: str | None = None
        self.hovered_link: Link | None = None
        self.link_index = LinkIndex(self.geometry)
        self.batched = False
        self._places: dict[str, Point] = {}
        """Where tasks without a place in the text were last drawn, for when their frame is opened again."""
        self._each: dict[Link, bool] = {}
        """Whether a link goes item by item."""
        self._problems: Mapping[str, str] = {}
        self._relinked = True
        """Tasks or links came or went since the index was told."""
        self._links_of: dict[str, set[Link]] = {}
        self._link_layer = _Layer()
        self._node_layer = _Layer()
        self._batch = BatchItem(self.geometry, self.link_index, self.look)
        self._batch.setVisible(False)
        self.frames = FrameLayer(self.geometry, self.look)
        self.notes = NoteLayer(self.look)
        layers = ((self.frames, -1), (self._link_layer, 0), (self._node_layer, 1), (self._batch, 2), (self.notes, -0.5))
        for item, z in layers:
            item.setZValue(z)
            self.addItem(item)
        document.listen(self._document_changed)
        self._mirror(Change(added=set(self.shown.facts), canvas=True))

    # --- mirroring the document ----------------------------------------------------------------------------

    def _document_changed(self, change: Change) -> None:
        self._project(self.shown.inside, change)

    def show_inside(self, frame: str) -> None:
        """Show only what lies in this frame; empty: the whole canvas again."""
        if frame != self.shown.inside:
            self._project(frame, Change(canvas=True))
            self.inside_changed.emit()

    def _project(self, inside: str, change: Change) -> None:
        before, document = self.shown, self.document
        self.shown = project(document.facts, document.frames, inside)
        framed, self._framed = self._framed, bool(document.frames)
        if framed or self._framed:
            was, now = before.facts, self.shown.facts
            change = Change(
                added=now.keys() - was.keys(),
                removed=was.keys() - now.keys(),
                changed={node for node in now.keys() & was.keys() if now[node] != was[node] or node in change.changed},
                canvas=change.canvas,
            )
        self._mirror(change)
        if self.shown.inside != before.inside and self.shown.inside != inside:
            self.inside_changed.emit()  # the frame that was open is gone

    def _mirror(self, change: Change) -> None:
        facts = self.shown.facts
        gone = {node for node in change.removed if node in self.nodes}
        for link in {link for task in gone for link in self._links_of.get(task, ())}:
            self._drop_link(link)
        for task in gone:
            self._places[task] = self.geometry.point(task)
            item = self.nodes.drop(task)
            if item is not None:
                self.removeItem(item)
            self.geometry.remove(task)
            self._links_of.pop(task, None)
            self._batch.show_live(task, None)
        for task in self.live.keys() - self.document.facts.keys():
            del self.live[task]
        self._relinked |= bool(gone or change.added)
        if self.hovered in gone:
            self.hovered = None
        if change.added:
            self._place_new([task for task in facts if task in change.added and task not in self.nodes])
        for task in change.changed:
            if task in facts and task in self.nodes:
                if task in self.nodes.now:
                    self.nodes.now[task].show_facts(facts[task])
                position = facts[task].position
                if position is not None and position != self.geometry.point(task):
                    self._put(task, position)
        for task in change.changed | change.added:
            if task in facts:
                self._mirror_links(task)
        if gone or change.added:
            # A link may wait for a task that only now exists (a rename, an undo).
            for task in facts if change.added and len(change.added) < len(facts) else ():
                if any(need in change.added for need, _ in facts[task].needs):
                    self._mirror_links(task)
        for node in self.shown.members:
            if self._show_live_of(node):
                self.nodes.now[node].update()
        tasks = {task for task in self.selected if task in self.document.facts and self.shown.node_of(task)}
        links = {link for link in self.selected_links if link in self.links}
        if tasks != self.selected or links != self.selected_links:
            self.select(tasks, links)
        elif change.canvas or change.added:
            self._mark_selected(set())
        if change.canvas or self.shown.outlines:
            self.frames.show_frames(self.shown.outlines, self.document.frames)
        if change.canvas:
            # Notes lie on the canvas itself, not inside a frame.
            self.notes.show_notes(() if self.shown.inside else self.document.notes)
        self._refresh()

    def _place_new(self, fresh: list[str]) -> None:
        shown = self.shown
        for task, point in places_for(fresh, shown.facts, shown.outlines, self._places, self.geometry):
            self._add_node(task, point)

    def _add_node(self, task: str, point: Point) -> None:
        self.nodes.add(task)
        self.geometry.place(task, point)
        self._show_live_of(task)

    def _make_node(self, task: str) -> NodeItem:
        item = NodeItem(self.shown.facts[task], self.look, self._node_layer)
        item.setPos(*self.geometry.point(task))
        item.show_live(self.live_of(task))
        item.mark(selected=self.has_selected(task), hovered=task == self.hovered, problem=self.problem_of(task))
        return item

    def _make_link(self, link: Link) -> LinkItem:
        item = LinkItem(link[0], link[1], self._each[link], self.look, self._link_layer)
        item.connect_points(self.geometry.out_port(link[0]), self.geometry.in_port(link[1]))
        item.mark(selected=link in self.selected_links, hovered=link == self.hovered_link)
        return item

    def prepare(self, rect: QRectF) -> None:
        """Make what is to be drawn of this part of the scene. Who draws it without a view calls this first."""
        if self.batched:
            return
        sides = rect.left(), rect.top(), rect.right(), rect.bottom()
        nodes, links = self.geometry.within(*sides), self.link_index.meeting(*sides)
        if len(self.nodes.now) > KEPT + len(nodes) or len(self.links.now) > KEPT + len(links):
            self._forget(set(nodes), set(links))
        for node in nodes:
            self.nodes[node]
        for link in links:
            self.links[link]

    def _forget(self, nodes: set[str], links: set[Link]) -> None:
        """Let go of the items of all others: Qt looks at every item at each paint."""
        for node in self.nodes.now.keys() - nodes:
            self.removeItem(self.nodes.now.pop(node))
        for link in [link for link in self.links.now if link not in links]:
            if not self.links.now[link].engaged:
                self.removeItem(self.links.now.pop(link))

    def _mirror_links(self, task: str) -> None:
        wanted = {(need, task): each for need, each in self.shown.facts[task].needs if need in self.nodes}
        wanted.pop((task, task), None)
        for link in [link for link in self._links_of.get(task, ()) if link[1] == task and link not in wanted]:
            self._drop_link(link)
        for link, each in wanted.items():
            self._each[link] = each
            if link in self.links:
                if link in self.links.now:
                    self.links.now[link].mark(each=each)
                continue
            self.links.add(link)
            self._relinked = True
            for end in link:
                self._links_of.setdefault(end, set()).add(link)

    def _drop_link(self, link: Link) -> None:
        item = self.links.drop(link)
        if item is not None:
            self.removeItem(item)
        del self._each[link]
        self._relinked = True
        for end in link:
            self._links_of.get(end, set()).discard(link)

    def _put(self, task: str, point: Point) -> None:
        self.geometry.place(task, point)
        if task in self.nodes.now:
            self.nodes.now[task].setPos(*point)
        for link in self._links_of.get(task, set()) & self.links.now.keys():
            self.links.now[link].connect_points(self.geometry.out_port(link[0]), self.geometry.in_port(link[1]))

    @property
    def states(self) -> Mapping[str, str]:
        """The state of every node of which a run says one."""
        return self._batch.states

    def _refresh(self) -> None:
        if self._relinked:
            self._relinked = False
            self.link_index.show(self.links)
        self._batch.selected = self.selected_nodes
        self._batch.refresh()
        bounds = self._bounds()
        if bounds is None:
            self.setSceneRect(QRectF(-1000, -1000, 2000, 2000))
        else:
            left, top, right, bottom = bounds
            # Room to scroll past the graph on every side, so that no node is stuck at an edge.
            pad = 2000.0
            self.setSceneRect(QRectF(left - pad, top - pad, right - left + 2 * pad, bottom - top + 2 * pad))
        self.redrawn.emit()

    # --- what gestures need ---------------------------------------------------------------------------------

    def show_moved(self, points: Mapping[str, Point]) -> None:
        """Draw nodes elsewhere while a drag goes on; the document learns of it when the drag ends."""
        for task, point in points.items():
            if task in self.nodes:
                self._put(task, point)
        self._batch.refresh()
        self.frames.refresh()
        self.redrawn.emit()

    def places(self, points: Mapping[str, Point]) -> dict[str, Point]:
        """New corners of tasks, from those of nodes: what a folded frame stands for moves along with it."""
        return task_places(points, self.shown.members, self.document.facts, self._places)

    @property
    def selected_nodes(self) -> set[str]:
        """The nodes all of whose tasks are selected."""
        return self.shown.nodes_of(self.selected)

    def has_selected(self, node: str) -> bool:
        return node in self.selected or (node in self.shown.members and node in self.selected_nodes)

    def link_at(self, x: float, y: float, reach: float = 7.0) -> Link | None:
        """The link nearest to a point, within `reach`; none where links are too many to be told apart."""
        return None if self.batched else self.link_index.near(x, y, reach)

    def hover(self, task: str | None) -> None:
        if task != self.hovered:
            for end, on in ((self.hovered, False), (task, True)):
                if end in self.nodes.now:
                    self.nodes.now[end].mark(hovered=on)
            self.hovered = task

    def task_links(self, links: Iterable[Link]) -> list[Link]:
        """The document's links that links of the canvas stand for: those of a folded frame are its tasks' links."""
        found = []
        for source, target in links:
            sources = self.shown.tasks_of([source])
            for task in self.shown.tasks_of([target]):
                facts = self.document.facts.get(task)
                found += [(need, task) for need, _ in facts.needs if need in sources] if facts else []
        return found

    def hover_link(self, link: Link | None) -> None:
        if link != self.hovered_link:
            for one, on in ((self.hovered_link, False), (link, True)):
                if one in self.links.now:
                    self.links.now[one].mark(hovered=on)
            self.hovered_link = link

    def judge_links(self, links: Iterable[Link], verdict: str) -> None:
        """Draw links as `good` (something will come of them), `bad` (they will go), or as usual (empty)."""
        for link in links:
            if link in self.links:
                self.links[link].mark(verdict=verdict)

    def select(self, tasks: Iterable[str], links: Iterable[Link] = ()) -> None:
        """Make exactly these the selection. A folded frame's node stands for the tasks in it."""
        tasks = {task for task in self.shown.tasks_of(tasks) if self.shown.node_of(task) in self.nodes}
        links = {link for link in links if link in self.links}
        if tasks == self.selected and links == self.selected_links:
            return
        before = self.selected_nodes
        for link in links ^ self.selected_links:
            if link in self.links.now:
                self.links.now[link].mark(selected=link in links)
        self.selected, self.selected_links = tasks, links
        self._mark_selected(before)
        if self.batched:
            self._batch.refresh()
        self.selection_changed.emit()
        self.redrawn.emit()

    def _mark_selected(self, before: set[str]) -> None:
        """Draw as selected what is, where it was not before."""
        now = self.selected_nodes
        for node in now ^ before:
            if node in self.nodes.now:
                self.nodes.now[node].mark(selected=node in now)
        self._batch.selected = now

    def select_all(self) -> None:
        self.select(set(self.nodes))

    # --- what the window tells -------------------------------------------------------------------------------

    def show_live(self, live: Mapping[str, NodeLive], whole: bool = False) -> None:
        """States of some tasks (`whole`: of all of them; the others lose theirs)."""
        gone = set(self.live) - set(live) if whole else set()
        for task in gone:
            del self.live[task]
        self.live.update(live)
        nodes = [*gone, *live, *{self.shown.node_by_task[task] for task in live if task in self.shown.node_by_task}]
        if whole:
            nodes += self.shown.members
        other = [node for node in nodes if self._show_live_of(node)]
        if self.batched:
            self._batch.refresh()
        else:
            self.repaint([self.nodes.now[node].sceneBoundingRect() for node in other])
        self.redrawn.emit()

    def _show_live_of(self, node: str) -> bool:
        """Whether it looks otherwise now."""
        if node not in self.nodes:
            return False
        live = self.live_of(node)
        self._batch.show_live(node, live)
        return node in self.nodes.now and self.nodes.now[node].show_live(live)

    def repaint(self, areas: Sequence[QRectF]) -> None:
        """Paint these parts anew and nothing else; by an item's `update` the view would paint all that it shows."""
        for view in self.views():
            if len(areas) > APART:
                view.viewport().update()
                continue
            for area in areas:
                view.viewport().update(view.mapFromScene(area).boundingRect().adjusted(-EDGE, -EDGE, EDGE, EDGE))

    def live_of(self, node: str) -> NodeLive | None:
        """What a run says of it; of a folded frame, what it says of the tasks inside."""
        members = self.shown.members.get(node)
        return self.live.get(node) if members is None else together([self.live.get(task) for task in members])

    @property
    def linked(self) -> Mapping[Link, bool]:
        """The links, and whether each goes item by item."""
        return self._each

    def problem_of(self, node: str) -> str:
        """What is wrong with it, in a line; empty: nothing."""
        return self._problems.get(node, "")

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Tasks with a problem and what it says."""
        self._problems = problems
        for task, item in self.nodes.now.items():
            if item.problem != self.problem_of(task):
                item.mark(problem=self.problem_of(task))

    def show_theme(self, theme: Theme) -> None:
        self.look = CanvasStyle(theme)
        self._batch.style = self.look
        for node in self.nodes.now.values():
            node.show_style(self.look)
        for link in self.links.now.values():
            link.show_style(self.look)
        self.frames.show_style(self.look)
        self.notes.show_style(self.look)
        self._batch.refresh()
        self.update()

    def count_in_view(self, rect: QRectF) -> int:
        return self.geometry.count_within(rect.left(), rect.top(), rect.right(), rect.bottom())

    def set_batched(self, batched: bool) -> None:
        """One paint for everything, or one for each item."""
        if batched != self.batched:
            self.batched = batched
            self._node_layer.setVisible(not batched)
            self._link_layer.setVisible(not batched)
            self._batch.setVisible(batched)
            if batched:
                self._batch.refresh()

    def extent(self) -> QRectF:
        """The rectangle around all nodes; empty without any."""
        bounds = self._bounds()
        return QRectF(QPointF(*bounds[:2]), QPointF(*bounds[2:])) if bounds is not None else QRectF()

    def _bounds(self) -> tuple[float, float, float, float] | None:
        """Around nodes, frames and notes."""
        bounds = self.geometry.bounds()
        rect = QRectF(QPointF(*bounds[:2]), QPointF(*bounds[2:])) if bounds is not None else QRectF()
        rect = rect.united(self.frames.extent()).united(self.notes.extent())
        return (rect.left(), rect.top(), rect.right(), rect.bottom()) if not rect.isEmpty() else None

    def node_rect(self, task: str) -> QRectF:
        x, y = self.geometry.point(task)
        return QRectF(x, y, NODE_WIDTH, NODE_HEIGHT)


class _Layer(QGraphicsRectItem):
    """A parent that draws nothing, so that all its children hide in one call."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
