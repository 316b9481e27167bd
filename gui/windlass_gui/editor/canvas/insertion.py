"""Which link a task would be put into if it were let go of here: for a task that is moved, and for a new one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF

from windlass_gui.editor.canvas.arrange import make_room
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, Point
from windlass_gui.editor.canvas.reach import downstream
from windlass_gui.editor.document.linking import Link

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

REACH = NODE_HEIGHT * 0.4
"""Scene units from a node's middle to the link that it covers."""


class Insertion:
    """Highlights the link and says what would happen."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.link: Link | None = None
        self._shown: Link | None = None

    def hover(self, middle: QPointF, task: str = "", wanted: bool = True) -> None:
        """A task's middle is here; `task`: its id if it is in the graph, `wanted`: it is to be inserted at all."""
        graph, session, tr = self.view.graph, self.view.session, self.view.tr
        found = graph.link_index.near(middle.x(), middle.y(), REACH, but=task)
        if found is not None and not set(found) <= session.document.facts.keys():
            found = None  # a folded frame's link stands for several
        reason = session.insertion_refusal(task, found) if found and task and wanted else ""
        self.link = found if found and wanted and not reason else None
        if found is None:
            self.clear()
            return
        if self._shown != found:
            self._unmark()
            self._shown = found
        graph.judge_links([found], "" if not wanted else "bad" if reason else "good")
        if reason:
            self.view.show_hint(reason, bad=True)
        elif wanted:
            self.view.show_hint(tr("Let go to insert it between “{}” and “{}”").format(*found))
        else:
            self.view.show_hint(tr("With Ctrl it is inserted between “{}” and “{}”").format(*found))

    def room(self, link: Link, point: Point) -> tuple[Point, dict[str, Point]]:
        """Where a task goes that is put into the link with its corner at `point`, and where others go for it."""
        graph, facts = self.view.graph, self.view.session.document.facts
        points = {task: graph.geometry.point(task) for task in facts if task in graph.geometry}
        after = downstream(facts, [link[1]]) & points.keys()
        return make_room(points, after, points[link[0]], point, points[link[1]])

    def _unmark(self) -> None:
        if self._shown is not None:
            self.view.graph.judge_links([self._shown], "")
            self._shown = None

    def clear(self) -> None:
        """Nothing is held over the canvas any more."""
        self.link = None
        if self._shown is not None:
            self._unmark()
            self.view.show_hint("")
