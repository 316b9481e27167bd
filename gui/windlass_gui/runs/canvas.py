"""The shown run on the canvas in front: feeds the overlay, answers the mouse over grids, follows what runs.

It listens to the mirror, to the view's events and to the ended attempts; it draws nothing itself.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QEasingCurve, QEvent, QObject, QPointF, QRectF, Qt, QVariantAnimation, Signal
from PySide6.QtGui import QHelpEvent, QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QToolTip

from windlass.model.units import human_size
from windlass.wire.rows import TaskRow
from windlass_gui.bridge import Bridge
from windlass_gui.editor.canvas.gestures import PanGesture
from windlass_gui.editor.canvas.live import STATE_WORDS
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.look.theme import ITEM_STATES, Theme
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror.mirror import RunChanges, RunMirror
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import attempt_seconds
from windlass_gui.paced import Paced
from windlass_gui.runs import grid
from windlass_gui.runs.critical import Step, critical_path, needs_of
from windlass_gui.runs.ends import RunEnds
from windlass_gui.runs.legend import Legend
from windlass_gui.runs.overlay import Grid, RunOverlay

LEAST, MOST = 0.1, 0.5
"""Seconds between two pictures of what changes by itself, by what a picture costs."""
MOVE = 300
"""Milliseconds that following takes to bring what runs into view."""
NEAR = 12
"""Running tasks that are kept in view at most: those that began last."""
_ARROWS = (Qt.Key.Key_Left, Qt.Key.Key_Right, Qt.Key.Key_Up, Qt.Key.Key_Down)


class RunCanvas(QObject):
    """Belongs to the run view, which tells it the session's scene and the run."""

    item_asked = Signal(int, int)
    """A click on a cell: task and index."""
    follow_changed = Signal(bool)
    path_changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.ends = RunEnds(bridge, self)
        self.ends.changed.connect(self._ends_changed)
        self.scene: GraphScene | None = None
        self.view: GraphView | None = None
        self.overlay: RunOverlay | None = None
        self.legend: Legend | None = None
        self.run: int | None = None
        self.order = "index"
        self.following = False
        self.path: list[Step] = []
        self._path_wanted = False
        self._legend_wanted = False
        self._unfolded: set[str] = set()
        self._all_unfolded = False
        self._rows: dict[str, TaskRow] = {}
        """Tasks of the run that the canvas shows, by id."""
        self._failed: dict[str, int] = {}
        self._dirty: set[str] = set()
        self._running: dict[str, None] = {}
        self._pressed = False
        self._paced = Paced(self._renew, self.cost, LEAST, MOST, self)
        self._move = QVariantAnimation(self)
        self._move.setDuration(MOVE)
        self._move.setEasingCurve(QEasingCurve.Type.OutCubic)
        self._move.valueChanged.connect(self._moved)

    # --- what is shown -------------------------------------------------------------------------------------

    def show_scene(self, scene: GraphScene | None) -> None:
        """Another canvas is in front."""
        if self.view is not None:
            self.view.removeEventFilter(self)
            self.view.viewport().removeEventFilter(self)
            self.view.session.changed.disconnect(self._document_changed)
        if self.scene is not None and self.overlay is not None:
            self.scene.removeItem(self.overlay)
        if self.legend is not None:
            self.legend.hide()
            self.legend.deleteLater()
        self._move.stop()
        self.scene = self.view = self.overlay = self.legend = None
        views = [view for view in scene.views() if isinstance(view, GraphView)] if scene is not None else []
        if scene is None or not views:
            return
        self.scene, self.view = scene, views[0]
        self.overlay = RunOverlay(scene)
        scene.addItem(self.overlay)
        self.legend = Legend(self.view.viewport())
        self.view.viewport().installEventFilter(self)
        self.view.installEventFilter(self)
        self.view.session.changed.connect(self._document_changed)

    def show_run(self, run: int | None) -> None:
        self.run = run
        self.ends.show_run(run)
        self._rows, self._failed, self._dirty, self._running = {}, {}, set(), {}
        self._unfolded, self.path = set(), []
        if self.overlay is not None:
            self.overlay.clear()
        self._show_legend()
        if run is None:
            self.follow(False)

    def show_theme(self, theme: Theme) -> None:
        if self.overlay is not None:
            self.overlay.show_theme(theme)
        if self.legend is not None:
            self.legend.update()

    def show_rows(self, rows: list[TaskRow], whole: bool = False) -> None:
        """Tasks as the run has them now (`whole`: all of them)."""
        if whole:
            self._rows, self._failed, self._running = {}, {}, {}
        for row in rows:
            self._rows[row.id] = row
            if row.counts.failed:
                self._failed[row.id] = row.counts.failed
            else:
                self._failed.pop(row.id, None)
            self._running.pop(row.id, None)
            if row.counts.active:
                self._running[row.id] = None
            if row.array:
                self._dirty.add(row.id)
        self.stir()

    def items_changed(self, inside: RunChanges) -> None:
        """Items or attempts of the shown run changed."""
        if inside.attempts:
            self.ends.stir()
        if inside.items or inside.attempts:
            self.stir()

    def stir(self) -> None:
        """Draw what changed, soon."""
        self._paced.soon()

    def cost(self) -> float:
        """Seconds that a picture of the canvas takes."""
        return self.view.paint_seconds if self.view is not None else 0.0

    @property
    def mirror(self) -> RunMirror | None:
        return self.bridge.mirror.run(self.run) if self.run is not None else None

    def refresh(self) -> None:
        """Make the overlay true of the mirror, and paint all of it."""
        if self.overlay is not None:
            self._renew()
            self.overlay.update()

    def _renew(self) -> None:
        """Make the overlay true of the mirror; what of it is another now is painted."""
        overlay, scene, mirror = self.overlay, self.scene, self.mirror
        if overlay is None or scene is None:
            return
        failed: dict[str, int] = {}
        for task, count in self._failed.items():
            node = self._node(task)
            if node in scene.nodes:
                failed[node] = failed.get(node, 0) + count
        overlay.show_failed(failed)
        if mirror is not None:
            areas = []
            for task in self._dirty:
                before = overlay.covered(task)
                self._prepare(overlay, mirror, task)
                areas.append(before.united(overlay.covered(task)))
            self._dirty.clear()
            scene.repaint([area for area in areas if not area.isEmpty()])
        if self._path_wanted:
            self._find_path()
        if self.following:
            self._follow_now()

    def _node(self, task: str) -> str:
        """The node that shows a task: its own, or that of the folded frame that it lies in."""
        return self.scene.shown.node_by_task.get(task, task) if self.scene is not None else task

    def _prepare(self, overlay: RunOverlay, mirror: RunMirror, task: str) -> None:
        row, scene = self._rows.get(task), self.scene
        if row is None or scene is None or task not in scene.nodes or not row.count:
            overlay.grids.pop(task, None)
            return
        states = np.frombuffer(bytes(mirror.states.get(row.index, b"")), np.uint8)
        if not len(states):
            overlay.grids.pop(task, None)
            return
        values = self._values(row.index)
        order = grid.arrange(self.order, states, values)
        unfolded = task in self._unfolded or self._all_unfolded
        known = self.order if order is not None else "index"
        one = overlay.grids[task] = Grid(task, states, order, known, unfolded)
        one.prepare()

    def _values(self, task: int) -> NDArray[np.float64] | None:
        ends = self.ends.tasks.get(task)
        if ends is None or self.order not in ("duration", "memory"):
            return None
        return ends.seconds if self.order == "duration" else ends.memory

    def _document_changed(self, _: object = None) -> None:
        if self.overlay is not None and self.scene is not None:
            for task in [task for task in self.overlay.grids if task not in self.scene.nodes]:
                del self.overlay.grids[task]
            self._dirty.update(task for task, row in self._rows.items() if row.array)
            self.overlay.stale()
            self.stir()

    def _ends_changed(self) -> None:
        if self.order in ("duration", "memory"):
            self._dirty.update(task for task, row in self._rows.items() if row.array)
        self.stir()

    # --- what a person chooses ------------------------------------------------------------------------------

    def order_by(self, order: str) -> None:
        """index, state, duration or memory: of all grids."""
        self.order = order
        self._want_ends()
        self._dirty.update(task for task, row in self._rows.items() if row.array)
        self.refresh()

    def unfold(self, task: str) -> None:
        """The grid of one task, or back."""
        self._unfolded ^= {task}
        self._dirty.add(task)
        self.refresh()

    def unfold_all(self, unfolded: bool) -> None:
        self._all_unfolded = unfolded
        self._unfolded.clear()
        self._dirty.update(task for task, row in self._rows.items() if row.array)
        self.refresh()

    def show_path(self, shown: bool) -> None:
        self._path_wanted = shown
        self._want_ends()
        if not shown:
            self.path = []
            if self.overlay is not None:
                self.overlay.path = []
            self.path_changed.emit()
        self.refresh()

    def show_legend(self, shown: bool) -> None:
        self._legend_wanted = shown
        self._show_legend()

    def _show_legend(self) -> None:
        if self.legend is not None:
            self.legend.setVisible(self._legend_wanted and self.run is not None)
            self.legend.place()

    def _want_ends(self) -> None:
        self.ends.want(self._path_wanted or self.order in ("duration", "memory"))

    # --- the critical path -----------------------------------------------------------------------------------

    def _find_path(self) -> None:
        mirror, scene = self.mirror, self.scene
        if mirror is None or scene is None or self.overlay is None:
            return
        running: dict[int, list[tuple[int, float]]] = {}
        for task, index, number in mirror.live:
            row = mirror.attempts.get((task, index, number))
            if row is not None and row.started is not None:
                running.setdefault(task, []).append((index, row.started))
        submitted = mirror.row.submitted if mirror.row is not None else 0.0
        path = critical_path(needs_of(mirror.tasks), self.ends.tasks, running, submitted, time.time())
        # Several steps may lie in one folded frame.
        nodes = list(dict.fromkeys(self._node(mirror.tasks[step.task].id) for step in path))
        if nodes != self.overlay.path:
            self.overlay.path = nodes
            self.overlay.update()
        if path != self.path:
            self.path = path
            self.path_changed.emit()

    def path_words(self) -> str:
        """`12.3 s, 1.1 s of it waiting: a, b[3], c`; empty without one."""
        mirror = self.mirror
        if not self.path or mirror is None:
            return ""
        first = self.path[0]
        whole = self.path[-1].ended - (first.began - first.waited)
        waited = sum(step.waited for step in self.path)
        rows = [(mirror.tasks[step.task], step.index) for step in self.path]
        names = [row.id + (f"[{index}]" if row.array else "") for row, index in rows]
        shown = names if len(names) <= 6 else [*names[:3], "…", *names[-2:]]
        return self.tr("{} on the critical path, {} of it waiting: {}").format(
            fmt.duration(whole), fmt.duration(waited), " → ".join(shown)
        )

    # --- following -------------------------------------------------------------------------------------------

    def follow(self, on: bool) -> None:
        """Keep in view what runs now, until a person moves the view."""
        if on != self.following:
            self.following = on
            if not on:
                self._move.stop()
            self.follow_changed.emit(on)
        if on:
            self._follow_now()

    def _follow_now(self) -> None:
        view, scene = self.view, self.scene
        if view is None or scene is None or view.busy:
            return
        tasks = [node for task in list(self._running)[-NEAR:] if (node := self._node(task)) in scene.nodes]
        if not tasks:
            return
        rect = QRectF()
        for task in tasks:
            rect = rect.united(scene.node_rect(task))
        seen = view.visible_rect
        if seen.contains(rect):
            return
        if rect.width() > seen.width() or rect.height() > seen.height():
            view.show_rect(rect)
            return
        self._move.stop()
        self._move.setStartValue(seen.center())
        self._move.setEndValue(rect.center())
        self._move.start()

    def _moved(self, center: QPointF) -> None:
        if self.view is not None and self.following:
            self.view.centerOn(center)

    # --- the mouse -------------------------------------------------------------------------------------------

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        view = self.view
        if view is None or self.run is None or self.overlay is None:
            return False
        kind = event.type()
        if watched is view:
            if isinstance(event, QKeyEvent) and kind == QEvent.Type.KeyPress and event.key() in _ARROWS:
                self._by_hand(not view.graph.selected)
            return False
        if kind == QEvent.Type.Resize and self.legend is not None:
            self.legend.place()
        elif kind in (QEvent.Type.Wheel, QEvent.Type.NativeGesture):
            self._by_hand(True)
        elif kind == QEvent.Type.ToolTip and isinstance(event, QHelpEvent):
            return self._tip(event)
        elif isinstance(event, QMouseEvent):
            return self._mouse(view, event)
        elif kind == QEvent.Type.Leave:
            self._hover(None)
        return False

    def _by_hand(self, moved: bool) -> None:
        if moved and self.following:
            self.follow(False)

    def _mouse(self, view: GraphView, event: QMouseEvent) -> bool:
        if isinstance(view.gesture, PanGesture):
            self._by_hand(True)
            return False
        if view.gesture is not None or view.keyboard.space or self.overlay is None:
            return False
        at = view.mapToScene(event.position().toPoint())
        found = self.overlay.where(at, view.zoom)
        if event.type() == QEvent.Type.MouseMove:
            if event.buttons():
                return self._pressed
            self._hover((found[0].task, found[1]) if found is not None and found[1] is not None else None)
            if found is not None:
                view.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
                view.graph.hover(None)
            return found is not None
        if event.type() == QEvent.Type.MouseButtonPress and event.button() == Qt.MouseButton.LeftButton:
            self._pressed = found is not None
            return self._pressed
        if event.type() == QEvent.Type.MouseButtonRelease and self._pressed:
            self._pressed = False
            if found is not None:
                self._clicked(*found)
            return True
        return event.type() == QEvent.Type.MouseButtonDblClick and found is not None

    def _clicked(self, one: Grid, cell: int | None) -> None:
        row = self._rows.get(one.task)
        if cell is None or (one.shape.each > 1 and not one.unfolded):
            # A strip whose cells stand for many unfolds first: there each cell stands for fewer.
            self.unfold(one.task)
        elif row is not None:
            items = grid.items_of(one.shape, one.order, cell)
            self.item_asked.emit(row.index, grid.telling_item(items, one.states))

    def _hover(self, cell: tuple[str, int] | None) -> None:
        if self.overlay is not None and cell != self.overlay.hovered:
            self.overlay.hovered = cell
            self.overlay.update()

    def _tip(self, event: QHelpEvent) -> bool:
        view, overlay = self.view, self.overlay
        if view is None or overlay is None:
            return False
        found = overlay.where(view.mapToScene(event.pos()), view.zoom)
        if found is None:
            return False
        one, cell = found
        text = self.cell_words(one, cell) if cell is not None else self.tr("Click to fold these items")
        QToolTip.showText(event.globalPos(), plain_tip(text), view.viewport())
        return True

    def cell_words(self, one: Grid, cell: int) -> str:
        """What a cell stands for: an item with its state, duration and memory, or several and how many of each."""
        items = grid.items_of(one.shape, one.order, cell)
        row = self._rows.get(one.task)
        if len(items) == 1 and row is not None:
            return self._item_words(one, row.index, int(items[0]))
        states = one.states[items]
        counts = np.bincount(np.minimum(states, len(ITEM_STATES) - 1), minlength=len(ITEM_STATES)).tolist()
        told: Mapping[str, int] = {state: counts[at] for at, state in enumerate(ITEM_STATES) if counts[at]}
        what = ", ".join(f"{fmt.count(count)} {STATE_WORDS[state]}" for state, count in told.items())
        if one.order is None:
            which = self.tr("{}, items {} to {}").format(one.task, int(items[0]), int(items[-1]))
        else:
            which = self.tr("{}, {} items").format(one.task, len(items))
        more = self.tr("Click to unfold") if not one.unfolded else self.tr("Click opens the one that tells most")
        return f"{which}\n{what}\n{more}"

    def _item_words(self, one: Grid, task: int, index: int) -> str:
        state = ITEM_STATES[min(int(one.states[index]), len(ITEM_STATES) - 1)]
        lines = [f"{one.task}[{index}]: {STATE_WORDS[state]}"]
        mirror = self.mirror
        last = mirror.last_attempt(task, index) if mirror is not None else None
        ends = self.ends.tasks.get(task)
        seconds, memory, agent = float("nan"), 0.0, ""
        if last is not None:
            seconds, memory, agent = attempt_seconds(last), float(last.memory), last.agent_name
        elif ends is not None and index < len(ends.seconds):
            seconds, memory = float(ends.seconds[index]), float(np.nan_to_num(ends.memory[index]))
        facts = [fmt.duration(seconds)] if seconds == seconds and seconds > 0 else []
        facts += [human_size(int(memory))] if memory else []
        facts += [self.tr("on {}").format(agent)] if agent else []
        if facts:
            lines.append(", ".join(facts))
        if last is not None and last.error:
            lines.append(last.error.split("\n", 1)[0][:160])
        return "\n".join(lines)
