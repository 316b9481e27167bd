"""The scene: what the document says, as items. It changes nothing; edits go through the session's commands."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QRectF, Signal
from PySide6.QtWidgets import QGraphicsItem, QGraphicsRectItem, QGraphicsScene

from windlass_gui.editor.batch_item import BatchItem
from windlass_gui.editor.document import Change, Document
from windlass_gui.editor.geometry import Geometry
from windlass_gui.editor.layout import NODE_HEIGHT, NODE_WIDTH, Point, layout
from windlass_gui.editor.link_item import LinkItem
from windlass_gui.editor.live import NodeLive
from windlass_gui.editor.node_item import NodeItem
from windlass_gui.editor.style import CanvasStyle
from windlass_gui.theme import Theme

Link = tuple[str, str]
"""(source, target): the target needs the source."""

BATCH_FROM = 400
"""Nodes in view from which they are painted in one batch: a full screen of them is too small to read by then."""


class GraphScene(QGraphicsScene):
    """Nodes and links of one document, their selection, and the live states of a run."""

    selection_changed = Signal()

    def __init__(self, document: Document, theme: Theme) -> None:
        super().__init__()
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.document = document
        self.look = CanvasStyle(theme)
        self.geometry = Geometry()
        self.nodes: dict[str, NodeItem] = {}
        self.links: dict[Link, LinkItem] = {}
        self.live: dict[str, NodeLive] = {}
        self.selected: set[str] = set()
        self.selected_links: set[Link] = set()
        self.hovered: str | None = None
        self.batched = False
        self._links_of: dict[str, set[Link]] = {}
        self._link_layer = _Layer()
        self._node_layer = _Layer()
        self._batch = BatchItem(self.geometry, self.look)
        self._batch.setVisible(False)
        for item, z in ((self._link_layer, 0), (self._node_layer, 1), (self._batch, 2)):
            item.setZValue(z)
            self.addItem(item)
        document.listen(self._document_changed)
        self._document_changed(Change(added=set(document.facts)))

    # --- mirroring the document ----------------------------------------------------------------------------

    def _document_changed(self, change: Change) -> None:
        facts = self.document.facts
        gone = change.removed & set(self.nodes)
        for link in {link for task in gone for link in self._links_of.get(task, ())}:
            self._drop_link(link)
        for task in gone:
            self.removeItem(self.nodes.pop(task))
            self.geometry.remove(task)
            self._links_of.pop(task, None)
            self.live.pop(task, None)
            self._batch.show_live(task, None)
        if self.hovered in gone:
            self.hovered = None
        fresh = [task for task in facts if task in change.added and task not in self.nodes]
        self._place_new(fresh)
        for task in change.changed | change.added:
            if task in facts and task in self.nodes:
                self.nodes[task].show_facts(facts[task])
                position = facts[task].position
                if position is not None and position != self.geometry.point(task):
                    self._put(task, position)
        for task in change.changed | change.added:
            if task in facts:
                self._mirror_links(task)
        if gone or change.added:
            # A link may wait for a task that only now exists (a rename, an undo).
            for task in facts:
                if any(need in change.added for need, _ in facts[task].needs):
                    self._mirror_links(task)
        if self.selected - set(facts) or self.selected_links - set(self.links):
            self.select(self.selected & set(facts), self.selected_links & set(self.links))
        self._refresh()

    def _place_new(self, fresh: list[str]) -> None:
        facts = self.document.facts
        homeless = [task for task in fresh if facts[task].position is None]
        spots: Mapping[str, Point] = {}
        if homeless and len(homeless) == len(facts):
            spots = layout({task: [need for need, _ in node.needs] for task, node in facts.items()})
        for task in fresh:
            position = facts[task].position
            if position is not None:
                self._add_node(task, position)
        for task in homeless:
            if task in spots:
                self._add_node(task, spots[task])
            else:
                near = [need for need, _ in facts[task].needs if need in self.geometry]
                bounds = self.geometry.bounds()
                if near:
                    x, y = self.geometry.point(near[-1])
                    start = (x + NODE_WIDTH + 90, y)
                else:
                    start = (bounds[0], bounds[3] + 40) if bounds else (0.0, 0.0)
                self._add_node(task, self.geometry.free_spot(start))

    def _add_node(self, task: str, point: Point) -> None:
        item = NodeItem(self.document.facts[task], self.look, self._node_layer)
        item.setPos(*point)
        self.nodes[task] = item
        self.geometry.place(task, point)
        item.show_live(self.live.get(task))

    def _mirror_links(self, task: str) -> None:
        wanted = {(need, task): each for need, each in self.document.facts[task].needs if need in self.nodes}
        wanted.pop((task, task), None)
        for link in [link for link in self._links_of.get(task, ()) if link[1] == task and link not in wanted]:
            self._drop_link(link)
        for link, each in wanted.items():
            if link in self.links:
                self.links[link].mark(each=each)
                continue
            item = LinkItem(link[0], link[1], each, self.look, self._link_layer)
            self.links[link] = item
            for end in link:
                self._links_of.setdefault(end, set()).add(link)
            item.connect_points(self.geometry.out_port(link[0]), self.geometry.in_port(link[1]))

    def _drop_link(self, link: Link) -> None:
        self.removeItem(self.links.pop(link))
        for end in link:
            self._links_of.get(end, set()).discard(link)

    def _put(self, task: str, point: Point) -> None:
        self.geometry.place(task, point)
        self.nodes[task].setPos(*point)
        for link in self._links_of.get(task, ()):
            self.links[link].connect_points(self.geometry.out_port(link[0]), self.geometry.in_port(link[1]))

    def _refresh(self) -> None:
        self._batch.links = list(self.links)
        self._batch.selected = self.selected
        self._batch.refresh()
        bounds = self.geometry.bounds()
        if bounds is None:
            self.setSceneRect(QRectF(-1000, -1000, 2000, 2000))
        else:
            left, top, right, bottom = bounds
            # Room to scroll past the graph on every side, so that no node is stuck at an edge.
            pad = 2000.0
            self.setSceneRect(QRectF(left - pad, top - pad, right - left + 2 * pad, bottom - top + 2 * pad))

    # --- what gestures need ---------------------------------------------------------------------------------

    def show_moved(self, points: Mapping[str, Point]) -> None:
        """Draw nodes elsewhere while a drag goes on; the document learns of it when the drag ends."""
        for task, point in points.items():
            if task in self.nodes:
                self._put(task, point)
        self._batch.refresh()

    def link_at(self, x: float, y: float, reach: float = 7.0) -> Link | None:
        if self.batched:
            return None
        return next((link for link, item in self.links.items() if item.near(x, y, reach)), None)

    def hover(self, task: str | None) -> None:
        if task != self.hovered:
            for end, on in ((self.hovered, False), (task, True)):
                if end is not None and end in self.nodes:
                    self.nodes[end].mark(hovered=on)
            self.hovered = task

    def select(self, tasks: Iterable[str], links: Iterable[Link] = ()) -> None:
        """Make exactly these the selection."""
        tasks, links = set(tasks) & set(self.nodes), set(links) & set(self.links)
        if tasks == self.selected and links == self.selected_links:
            return
        for task in tasks ^ self.selected:
            if task in self.nodes:
                self.nodes[task].mark(selected=task in tasks)
        for link in links ^ self.selected_links:
            if link in self.links:
                self.links[link].mark(selected=link in links)
        self.selected, self.selected_links = tasks, links
        self._batch.selected = tasks
        if self.batched:
            self._batch.refresh()
        self.selection_changed.emit()

    def select_all(self) -> None:
        self.select(set(self.nodes))

    # --- what the window tells -------------------------------------------------------------------------------

    def show_live(self, live: Mapping[str, NodeLive], whole: bool = False) -> None:
        """States of some tasks (`whole`: of all of them; the others lose theirs)."""
        if whole:
            for task in set(self.live) - set(live):
                del self.live[task]
                self._batch.show_live(task, None)
                if task in self.nodes:
                    self.nodes[task].show_live(None)
        for task, state in live.items():
            self.live[task] = state
            self._batch.show_live(task, state)
            if task in self.nodes:
                self.nodes[task].show_live(state)
        if self.batched:
            self._batch.refresh()

    def show_problems(self, problems: Mapping[str, str]) -> None:
        """Tasks with a problem and what it says."""
        for task, item in self.nodes.items():
            if item.problem != problems.get(task, ""):
                item.mark(problem=problems.get(task, ""))

    def show_theme(self, theme: Theme) -> None:
        self.look = CanvasStyle(theme)
        self._batch.style = self.look
        for node in self.nodes.values():
            node.show_style(self.look)
        for link in self.links.values():
            link.show_style(self.look)
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
        bounds = self.geometry.bounds()
        if bounds is None:
            return QRectF()
        left, top, right, bottom = bounds
        return QRectF(left, top, right - left, bottom - top)

    def node_rect(self, task: str) -> QRectF:
        x, y = self.geometry.point(task)
        return QRectF(x, y, NODE_WIDTH, NODE_HEIGHT)


class _Layer(QGraphicsRectItem):
    """A parent that draws nothing, so that all its children hide in one call."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemHasNoContents)
