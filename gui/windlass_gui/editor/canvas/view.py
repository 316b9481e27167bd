"""The window onto the scene: it joins what belongs to a canvas and hands each part its events."""

from __future__ import annotations

import time

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QCursor,
    QDragEnterEvent,
    QDragLeaveEvent,
    QDragMoveEvent,
    QDropEvent,
    QFocusEvent,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
)
from PySide6.QtWidgets import QWidget

from windlass_gui.editor.canvas.arranging import Arranging
from windlass_gui.editor.canvas.drops import Drops
from windlass_gui.editor.canvas.edge_scroll import EdgeScroll
from windlass_gui.editor.canvas.find_bar import FindBar
from windlass_gui.editor.canvas.frame_ends import FrameEnds
from windlass_gui.editor.canvas.framing import Framing
from windlass_gui.editor.canvas.gestures import Gesture
from windlass_gui.editor.canvas.glide import Glide
from windlass_gui.editor.canvas.keyboard import Keyboard
from windlass_gui.editor.canvas.labels import CanvasLabels
from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH, Point
from windlass_gui.editor.canvas.minimap import Minimap
from windlass_gui.editor.canvas.mouse import Mouse
from windlass_gui.editor.canvas.navigation import Navigator
from windlass_gui.editor.canvas.scene import BATCH_FROM, GraphScene
from windlass_gui.editor.canvas.tips import Tips
from windlass_gui.editor.canvas.zoom_button import ZoomButton
from windlass_gui.editor.document.linking import Link
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.theme import Theme

GRID = 40.0
LINK_REACH = 7.0
"""Pixels from a link's curve within which it is taken."""


class GraphView(Navigator):
    """Shows one session's scene."""

    menu_asked = Signal(object, object, QPoint)
    """Task or None, link or None, and where on the screen."""
    search_asked = Signal(QPointF, QPoint)
    """Somebody wants to add something: where in the scene, and where on the screen."""
    files_dropped = Signal(list, QPointF, str)
    """Paths, where in the scene, and onto which task, if any."""
    activated = Signal(str)
    """A node was double-clicked or chosen with Enter."""
    tip_shown = Signal(str)
    """The tool tip of this task is up; who knows more says it by `add_to_tip`."""

    def __init__(self, session: EditorSession, theme: Theme, parent: QWidget | None = None) -> None:
        self.graph = GraphScene(session.document, theme)
        super().__init__(self.graph, parent)
        self.session = session
        self.paint_seconds = 0.0
        """How long the last picture took."""
        self.gesture: Gesture | None = None
        self.keyboard = Keyboard(self)
        self.drops = Drops(self)
        self.tips = Tips(self)
        self.glide = Glide(self)
        self.arranging = Arranging(self)
        self.edge_scroll = EdgeScroll(self)
        self.labels = CanvasLabels(self.viewport())
        self.minimap = Minimap(self, theme)
        self.zoom_button = ZoomButton(self)
        self.find_bar = FindBar(self)
        self.framing = Framing(self)
        self.frame_ends = FrameEnds(self)
        self.mouse = Mouse(self)
        self.setAccessibleName(self.tr("Graph canvas"))
        self.setAccessibleDescription(
            self.tr(
                "Page Up and Page Down go from task to task, Tab adds one, arrow keys move the chosen ones, "
                "Enter edits, Delete removes."
            )
        )
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        session.changed.connect(self._document_changed)
        self.show_theme(theme)
        self._document_changed()

    # --- looking -------------------------------------------------------------------------------------------

    def show_theme(self, theme: Theme) -> None:
        self.graph.show_theme(theme)
        self.setBackgroundBrush(theme.color("canvas"))
        self.resetCachedContent()
        for part in (self.labels, self.minimap, self.zoom_button, self.find_bar):
            part.show_theme(theme)
        self.framing.crumbs.show_theme(theme)

    def _document_changed(self, _: object = None) -> None:
        self.abandon()  # what is dragged may be gone: somebody has undone a step, or typed in the text
        self._fitted = False
        document = self.session.document
        text = ""
        if document.unreadable and not document.facts:
            text = self.tr("<b>This text cannot be read</b><br>The problems below say where. Mend it in the YAML view.")
        elif not document.facts:
            text = self.tr(
                "<b>Drag a task here from the palette</b>, or press Tab to search one,<br>"
                "then draw a link from one port to another."
            )
        self.labels.show_empty(text)

    def show_hint(self, text: str, bad: bool = False) -> None:
        """A line at the foot of the canvas; empty hides it."""
        self.labels.show_hint(text, bad)

    def add_to_tip(self, task: str, line: str) -> None:
        """One more line, if that task's tool tip is still up."""
        self.tips.add(task, line)

    @property
    def busy(self) -> bool:
        return self.gesture is not None

    def extent(self) -> QRectF:
        return self.graph.extent()

    def chosen_rect(self) -> QRectF:
        """Around the chosen nodes; empty without any."""
        rect = QRectF()
        for node in self.graph.selected_nodes:
            rect = rect.united(self.graph.node_rect(node))
        return rect

    def fit_selection(self, animated: bool = False) -> None:
        rect = self.chosen_rect()
        self.show_rect(rect if not rect.isEmpty() else self.graph.extent(), animated)

    def fit_selection_if_out(self, animated: bool = False) -> None:
        """Show what is chosen, unless all of it is in view already."""
        if not self.visible_rect.contains(self.chosen_rect()):
            self.fit_selection(animated)

    def reveal(self, task: str) -> None:
        """Select a task and make sure that it is in view: in a folded frame it is shown by opening that."""
        if task in self.session.document.facts and self.graph.shown.node_of(task) != task:
            self.framing.open("")
            if self.graph.shown.node_of(task) != task:
                self.framing.open(next(f.id for f in self.session.document.frames.values() if task in f.tasks))
        if task in self.graph.nodes:
            self.graph.select([task])
            if self.zoom < 0.4:
                self.zoom_middle(0.8 / self.zoom)
                self.centerOn(self.graph.node_rect(task).center())
            self.ensureVisible(self.graph.node_rect(task), 60, 60)

    def link_under(self, at: QPointF) -> Link | None:
        """The link at a point of the scene, as far off as a person may miss it."""
        return self.graph.link_at(at.x(), at.y(), LINK_REACH / max(0.3, self.zoom))

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        began = time.perf_counter()
        visible = self.visible_rect
        self.graph.set_batched(self.graph.count_in_view(visible) > BATCH_FROM)
        self.graph.prepare(visible)
        super().paintEvent(event)
        self.paint_seconds = time.perf_counter() - began

    def drawBackground(self, painter: QPainter, rect: QRectF | QRect) -> None:
        painter.fillRect(rect, self.backgroundBrush())
        step = GRID
        while step * self.zoom < 26:
            step *= 4
        pen = QPen(self.graph.look.grid, 0)
        painter.setPen(pen)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        left, top = rect.left() - rect.left() % step, rect.top() - rect.top() % step
        columns = int((rect.right() - left) / step) + 1
        rows = int((rect.bottom() - top) / step) + 1
        lines = [QLineF(left + i * step, rect.top(), left + i * step, rect.bottom()) for i in range(columns)]
        lines += [QLineF(rect.left(), top + i * step, rect.right(), top + i * step) for i in range(rows)]
        painter.drawLines(lines)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        for part in (self.labels, self.minimap, self.zoom_button, self.find_bar):
            part.place()

    # --- mouse ---------------------------------------------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            task = self.tips.show(event)
            if task:
                self.tip_shown.emit(task)
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.mouse.press(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.mouse.move(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        self.mouse.release(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self.mouse.double_click(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.mouse.leave()
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        self.mouse.menu(event)

    def begin(self, gesture: Gesture, button: Qt.MouseButton = Qt.MouseButton.LeftButton) -> None:
        """From now on the mouse belongs to this gesture, until the button is released."""
        self.gesture, self.mouse.button = gesture, button
        if gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)

    def end(self) -> None:
        """The mouse belongs to nobody again."""
        self.gesture = None
        self.rest_cursor()

    def abandon(self) -> bool:
        """Let go of the gesture that is going on, as if it had never begun; False when there is none."""
        gesture = self.gesture
        if gesture is None:
            return False
        self.end()
        self.mouse.forget()
        gesture.cancel()
        return True

    def rest_cursor(self) -> None:
        """The mouse's look while nothing is dragged."""
        self.viewport().setCursor(self.keyboard.cursor)

    # --- keys and drops --------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keyboard.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.keyboard.release(event)
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.keyboard.let_go()
        super().focusOutEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab asks what to add at the mouse; Shift+Tab leaves the canvas."""
        if self.gesture is not None and self.gesture.tab(forward):
            return True
        if forward and self.hasFocus():  # and not what lies over the canvas, such as the find bar
            pixel = self.viewport().mapFromGlobal(QCursor.pos())
            if not self.viewport().rect().contains(pixel):
                pixel = self.viewport().rect().center()
            self.search_asked.emit(QPointF(self.mapToScene(pixel)), self.viewport().mapToGlobal(pixel))
            return True
        return super().focusNextPrevChild(False)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.drops.hover(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.drops.hover(event)

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        self.drops.leave()

    def dropEvent(self, event: QDropEvent) -> None:
        self.drops.drop(event)

    def insert(self, text: str, middle: QPointF | None = None, label: str = "") -> list[str]:
        """Tasks from a piece of YAML, with their upper left one centred at `middle` or in the middle of the view."""
        at = middle if middle is not None else QPointF(self.mapToScene(self.viewport().rect().center()))
        point = round((at.x() - NODE_WIDTH / 2) / 10) * 10.0, round((at.y() - NODE_HEIGHT / 2) / 10) * 10.0
        if middle is None:
            point = self.graph.geometry.free_spot(point)
        fresh = self.session.paste(text, point, label)
        if fresh:
            self.graph.select(fresh)
        return fresh

    def add_task(self, kind: str, middle: QPointF | None = None, link: Link | None = None) -> None:
        """A new task centred at `middle`, between the ends of `link` if one is given.

        Without a place it goes onto the one link that is chosen, else into the middle of the view.
        """
        at = middle if middle is not None else QPointF(self.mapToScene(self.viewport().rect().center()))
        chosen = [link for link in self.graph.selected_links if set(link) <= self.session.document.facts.keys()]
        if middle is None and link is None and len(chosen) == 1 and not self.graph.selected:
            link = chosen[0]
            ends = (self.graph.geometry.out_port(link[0]), self.graph.geometry.in_port(link[1]))
            at = QPointF((ends[0][0] + ends[1][0]) / 2, (ends[0][1] + ends[1][1]) / 2)
        point = round((at.x() - NODE_WIDTH / 2) / 10) * 10.0, round((at.y() - NODE_HEIGHT / 2) / 10) * 10.0
        if middle is None and link is None:
            point = self.graph.geometry.free_spot(point)
        room: dict[str, Point] = {}
        if link is not None:
            point, room = self.drops.insertion.room(link, point)
        task = self.session.add_task(kind, point, link, room)
        self.graph.select([task])
