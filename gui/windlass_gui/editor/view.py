"""The window onto the scene: it turns events into gestures. What is edited goes to the session."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QLineF, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import (
    QContextMenuEvent,
    QDragEnterEvent,
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

from windlass_gui.editor.drops import Drops
from windlass_gui.editor.gestures import BandGesture, Gesture, LinkGesture, MoveGesture, PanGesture
from windlass_gui.editor.keyboard import Keyboard
from windlass_gui.editor.labels import CanvasLabels
from windlass_gui.editor.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.navigation import Navigator
from windlass_gui.editor.scene import BATCH_FROM, GraphScene, Link
from windlass_gui.editor.session import EditorSession
from windlass_gui.editor.tips import Tips
from windlass_gui.theme import Theme

GRID = 40.0
DRAG_START = 4
"""Pixels a press may wander before it is a drag."""
LINK_REACH = 7.0
"""Pixels from a link's curve within which it is taken."""
_ADD = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
"""Held, a click adds to the selection instead of replacing it."""


class GraphView(Navigator):
    """Shows one session's scene."""

    menu_asked = Signal(object, object, QPoint)
    """Task or None, link or None, and where on the screen."""
    activated = Signal(str)
    """A node was double-clicked or chosen with Enter."""
    tip_shown = Signal(str)
    """The tool tip of this task is up; who knows more says it by `add_to_tip`."""

    def __init__(self, session: EditorSession, theme: Theme, parent: QWidget | None = None) -> None:
        self.graph = GraphScene(session.document, theme)
        super().__init__(self.graph, parent)
        self.session = session
        self.gesture: Gesture | None = None
        self.keyboard = Keyboard(self)
        self.drops = Drops(self)
        self.tips = Tips(self)
        self.labels = CanvasLabels(self.viewport())
        self._press: QPoint | None = None
        self._pressed_node: str | None = None
        self._toggle_on_release: str | None = None
        self.setAccessibleName(self.tr("Graph canvas"))
        self.setAccessibleDescription(
            self.tr("Tab goes from task to task, arrow keys move the chosen ones, Enter edits, Delete removes.")
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
        self.labels.show_theme(theme)

    def _document_changed(self, _: object = None) -> None:
        self._fitted = False
        document = self.session.document
        text = ""
        if document.unreadable:
            text = self.tr("<b>This text cannot be read</b><br>The problems below say where. Mend it in the YAML view.")
        elif not document.facts:
            text = self.tr("<b>Drag a task here from the palette</b><br>then draw a link from one port to another.")
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

    def fit_selection(self) -> None:
        rect = QRectF()
        for task in self.graph.selected:
            rect = rect.united(self.graph.node_rect(task))
        self.show_rect(rect if not rect.isEmpty() else self.graph.extent())

    def reveal(self, task: str) -> None:
        """Select a task and make sure that it is in view."""
        if task in self.graph.nodes:
            self.graph.select([task])
            if self.zoom < 0.4:
                self.zoom_middle(0.8 / self.zoom)
                self.centerOn(self.graph.node_rect(task).center())
            self.ensureVisible(self.graph.node_rect(task), 40, 40)

    def link_under(self, at: QPointF) -> Link | None:
        """The link at a point of the scene, as far off as a person may miss it."""
        return self.graph.link_at(at.x(), at.y(), LINK_REACH / max(0.3, self.zoom))

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        self.graph.set_batched(self.graph.count_in_view(self.visible_rect) > BATCH_FROM)
        super().paintEvent(event)

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
        self.labels.place()

    # --- mouse ---------------------------------------------------------------------------------------------

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            task = self.tips.show(event)
            if task:
                self.tip_shown.emit(task)
            return True
        return super().viewportEvent(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.gesture is not None:
            return
        pixel = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self.keyboard.space
        ):
            self.begin(PanGesture(self, pixel))
            return
        at = self.mapToScene(pixel)
        if event.button() == Qt.MouseButton.RightButton:
            task = self.graph.geometry.node_at(at.x(), at.y())
            if task is not None and not self.graph.has_selected(task):
                self.graph.select([task])
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        add = bool(event.modifiers() & _ADD)
        port = self.graph.geometry.port_at(at.x(), at.y())
        if port is not None and not self.graph.batched:
            self.begin(LinkGesture(self, at, port[0], port[1]))
            return
        task = self.graph.geometry.node_at(at.x(), at.y())
        self._press, self._pressed_node = pixel, task
        self._toggle_on_release = None
        if task is not None:
            if self.graph.has_selected(task) and add:
                self._toggle_on_release = task
            elif not self.graph.has_selected(task):
                self.graph.select({task} | self.graph.selected if add else {task})
            return
        link = self.link_under(at)
        if link is not None:
            self.graph.select(
                self.graph.selected if add else (), {link} | (self.graph.selected_links if add else set())
            )
            self._press = None
            return
        self.begin(BandGesture(self, at, add))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        pixel = event.position().toPoint()
        at = self.mapToScene(pixel)
        if isinstance(self.gesture, PanGesture):
            self.gesture.drag(pixel)
            return
        if self.gesture is not None:
            self.gesture.move(at, event.modifiers())
            self._scroll_at_edge(pixel)
            return
        if self._press is not None and event.buttons() & Qt.MouseButton.LeftButton:
            far = (pixel - self._press).manhattanLength() >= DRAG_START
            if far and self._pressed_node is not None and self.graph.has_selected(self._pressed_node):
                self.begin(MoveGesture(self, self.mapToScene(self._press), self._pressed_node))
                self._toggle_on_release = None
                if self.gesture is not None:
                    self.gesture.move(at, event.modifiers())
            return
        if not self.graph.batched:
            port = self.graph.geometry.port_at(at.x(), at.y())
            self.graph.hover(port[0] if port else self.graph.geometry.node_at(at.x(), at.y()))
            self.viewport().setCursor(Qt.CursorShape.CrossCursor if port else Qt.CursorShape.ArrowCursor)

    def _scroll_at_edge(self, pixel: QPoint) -> None:
        """While something is dragged, the view follows past its edge."""
        rect, reach, step = self.viewport().rect(), 24, 12
        dx = step if pixel.x() < reach else -step if pixel.x() > rect.width() - reach else 0
        dy = step if pixel.y() < reach else -step if pixel.y() > rect.height() - reach else 0
        if dx or dy:
            self.pan(dx, dy)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        gesture, self._press = self.gesture, None
        add = bool(event.modifiers() & _ADD)
        if gesture is None:
            if self._toggle_on_release is not None and event.button() == Qt.MouseButton.LeftButton:
                self.graph.select(self.graph.selected - self.graph.shown.tasks_of([self._toggle_on_release]))
                self._toggle_on_release = None
            elif self._pressed_node is not None and event.button() == Qt.MouseButton.LeftButton and not add:
                self.graph.select([self._pressed_node])
            self._pressed_node = None
            return
        self._end()
        gesture.finish(self.mapToScene(event.position().toPoint()), event.modifiers())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        at = self.mapToScene(event.position().toPoint())
        task = self.graph.geometry.node_at(at.x(), at.y())
        if event.button() == Qt.MouseButton.LeftButton and task is not None:
            self.activated.emit(task)

    def leaveEvent(self, event: QEvent) -> None:
        if self.gesture is None:
            self.graph.hover(None)
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if self.gesture is not None:
            return
        if event.reason() == QContextMenuEvent.Reason.Keyboard:
            task = next(iter(self.graph.selected), None)
            where = self.graph.node_rect(task).center() if task else self.mapToScene(self.viewport().rect().center())
            self.menu_asked.emit(task, None, self.viewport().mapToGlobal(self.mapFromScene(where)))
            return
        at = self.mapToScene(event.pos())
        task = self.graph.geometry.node_at(at.x(), at.y())
        link = None if task else self.link_under(at)
        if link is not None:
            self.graph.select((), [link])
        self.menu_asked.emit(task, link, event.globalPos())

    def begin(self, gesture: Gesture) -> None:
        """From now on the mouse belongs to this gesture."""
        self.gesture = gesture
        if gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)

    def _end(self) -> None:
        self.gesture = None
        self.rest_cursor()

    def abandon(self) -> bool:
        """Let go of the gesture that is going on, as if it had never begun; False when there is none."""
        gesture = self.gesture
        if gesture is None:
            return False
        self._end()
        self._press = self._pressed_node = None
        gesture.cancel()
        return True

    def rest_cursor(self) -> None:
        """The mouse's look while nothing is dragged."""
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if self.keyboard.space else Qt.CursorShape.ArrowCursor)

    # --- keys and drops --------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self.keyboard.press(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        self.keyboard.release(event)
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.keyboard.space = False
        super().focusOutEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab walks through the tasks in the text's order, and leaves the canvas after the last."""
        return self.keyboard.walk(forward) or super().focusNextPrevChild(forward)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        self.drops.hover(event)

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        self.drops.hover(event)

    def dropEvent(self, event: QDropEvent) -> None:
        self.drops.drop(event)

    def add_task(self, kind: str, middle: QPointF | None = None) -> None:
        """A new task centred at `middle`, or in the middle of the view."""
        at = middle if middle is not None else self.mapToScene(self.viewport().rect().center())
        point = round((at.x() - NODE_WIDTH / 2) / 10) * 10.0, round((at.y() - NODE_HEIGHT / 2) / 10) * 10.0
        if middle is None:
            point = self.graph.geometry.free_spot(point)
        task = self.session.add_task(kind, point)
        self.graph.select([task])
