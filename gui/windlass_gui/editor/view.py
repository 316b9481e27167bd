"""The window onto the scene: zoom, pan, gestures, keys, drops. What is edited goes to the session."""

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
    QNativeGestureEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QResizeEvent,
    QWheelEvent,
)
from PySide6.QtWidgets import QFrame, QGraphicsView, QLabel, QToolTip, QWidget

from windlass_gui.editor.gestures import BandGesture, Gesture, LinkGesture, MoveGesture, PanGesture
from windlass_gui.editor.kinds import BY_KEY, MIME_KIND
from windlass_gui.editor.layout import NODE_HEIGHT, NODE_WIDTH
from windlass_gui.editor.scene import BATCH_FROM, GraphScene
from windlass_gui.editor.session import EditorSession
from windlass_gui.theme import Theme

MIN_ZOOM, MAX_ZOOM = 0.004, 2.5
GRID = 40.0
NUDGE = 10.0
"""How far an arrow key moves nodes, in scene units."""
DRAG_START = 4
"""Pixels a press may wander before it is a drag."""
_ADD = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
"""Held, a click adds to the selection instead of replacing it."""
_ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class GraphView(QGraphicsView):
    """Shows one session's scene."""

    menu_asked = Signal(object, object, QPoint)
    """Task or None, link or None, and where on the screen."""
    activated = Signal(str)
    """A node was double-clicked or chosen with Enter."""
    zoom_changed = Signal(float)
    tip_shown = Signal(str)
    """The tool tip of this task is up; who knows more says it by `add_to_tip`."""

    def __init__(self, session: EditorSession, theme: Theme, parent: QWidget | None = None) -> None:
        self.graph = GraphScene(session.document, theme)
        super().__init__(self.graph, parent)
        self.session = session
        self.gesture: Gesture | None = None
        self._press: QPoint | None = None
        self._pressed_node: str | None = None
        self._toggle_on_release: str | None = None
        self._space = False
        self._tip = ("", QPoint(), "")
        """The task that the last tool tip was about, where it stood, and its text."""
        self._fitted = False
        """The whole graph was asked for, and nothing was moved since: it stays whole when the view's size changes."""
        self.setAccessibleName(self.tr("Graph canvas"))
        self.setAccessibleDescription(
            self.tr("Tab goes from task to task, arrow keys move the chosen ones, Enter edits, Delete removes.")
        )
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.Antialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.FullViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontAdjustForAntialiasing)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.NoAnchor)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAcceptDrops(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.viewport().setMouseTracking(True)
        self._hint = QLabel(self.viewport())
        self._hint.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._hint.hide()
        self._empty = QLabel(self.viewport())
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setTextFormat(Qt.TextFormat.RichText)
        session.changed.connect(self._document_changed)
        self.show_theme(theme)
        self._document_changed()

    # --- looking -------------------------------------------------------------------------------------------

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def show_theme(self, theme: Theme) -> None:
        self.graph.show_theme(theme)
        self.setBackgroundBrush(theme.color("canvas"))
        self._hint.setStyleSheet(
            f"background: {theme.surface2}; color: {theme.text}; border: 1px solid {theme.border};"
            "border-radius: 8px; padding: 6px 12px;"
        )
        self._empty.setStyleSheet(f"color: {theme.muted}; background: transparent;")

    def _document_changed(self, _: object = None) -> None:
        self._fitted = False
        document = self.session.document
        if document.unreadable:
            text = self.tr("<b>This text cannot be read</b><br>The problems below say where. Mend it in the YAML view.")
        else:
            text = self.tr("<b>Drag a task here from the palette</b><br>then draw a link from one port to another.")
        self._empty.setText(text)
        self._empty.setVisible(not document.facts)
        self._place_labels()

    def _place_labels(self) -> None:
        size = self.viewport().size()
        self._empty.setGeometry(0, 0, size.width(), size.height())
        hint = self._hint.sizeHint()
        self._hint.setGeometry(
            max(0, (size.width() - hint.width()) // 2), size.height() - hint.height() - 16, hint.width(), hint.height()
        )

    def show_hint(self, text: str, bad: bool = False) -> None:
        """A line at the foot of the canvas; empty hides it."""
        if not text:
            self._hint.hide()
            return
        self._hint.setText(("⊘  " if bad else "") + text)
        self._place_labels()
        self._hint.show()
        self._hint.raise_()

    def zoom_at(self, factor: float, pixel: QPointF) -> None:
        """Scale so that the scene point under `pixel` stays there."""
        self._fitted = False
        factor = max(MIN_ZOOM, min(MAX_ZOOM, self.zoom * factor)) / self.zoom
        if abs(factor - 1) < 1e-9:
            return
        before = self._exact(pixel)
        self.scale(factor, factor)
        away = (self._exact(pixel) - before) * self.zoom
        self.pan(round(away.x()), round(away.y()))
        self.zoom_changed.emit(self.zoom)

    def _exact(self, pixel: QPointF) -> QPointF:
        inverse, _ = self.viewportTransform().inverted()
        return inverse.map(pixel)

    def zoom_middle(self, factor: float) -> None:
        self.zoom_at(factor, QPointF(self.viewport().rect().center()))

    def zoom_reset(self) -> None:
        self.zoom_middle(1.0 / self.zoom)

    def pan(self, dx: int, dy: int) -> None:
        """Move what is seen by pixels."""
        self._fitted = False
        for bar, delta in ((self.horizontalScrollBar(), dx), (self.verticalScrollBar(), dy)):
            bar.setValue(bar.value() - delta)

    def fit(self) -> None:
        """The whole graph in view, but no larger than life."""
        self._show_rect(self.graph.extent())
        self._fitted = True

    def fit_selection(self) -> None:
        rect = QRectF()
        for task in self.graph.selected:
            rect = rect.united(self.graph.node_rect(task))
        self._show_rect(rect if not rect.isEmpty() else self.graph.extent())

    def _show_rect(self, rect: QRectF) -> None:
        self._fitted = False
        if rect.isEmpty():
            self.resetTransform()
            self.centerOn(0, 0)
            return
        rect = rect.adjusted(-40, -40, 40, 40)
        size = self.viewport().size()
        scale = min(size.width() / rect.width(), size.height() / rect.height(), 1.0)
        self.resetTransform()
        scale = max(MIN_ZOOM, scale)
        self.scale(scale, scale)
        self.centerOn(rect.center())
        self.zoom_changed.emit(self.zoom)

    def reveal(self, task: str) -> None:
        """Select a task and make sure that it is in view."""
        if task in self.graph.nodes:
            self.graph.select([task])
            if self.zoom < 0.4:
                self.zoom_middle(0.8 / self.zoom)
                self.centerOn(self.graph.node_rect(task).center())
            self.ensureVisible(self.graph.node_rect(task), 40, 40)

    # --- painting ------------------------------------------------------------------------------------------

    def paintEvent(self, event: QPaintEvent) -> None:
        visible = self.mapToScene(self.viewport().rect()).boundingRect()
        self.graph.set_batched(self.graph.count_in_view(visible) > BATCH_FROM)
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
        self._place_labels()
        if self._fitted and self.gesture is None:
            self.fit()

    # --- mouse ---------------------------------------------------------------------------------------------

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.zoom_at(1.0015 ** event.angleDelta().y(), event.position())
        else:
            delta = event.pixelDelta()
            if delta.isNull():
                delta = event.angleDelta() / 2
            if event.modifiers() & Qt.KeyboardModifier.ShiftModifier and delta.x() == 0:
                delta = QPoint(delta.y(), 0)
            self.pan(delta.x(), delta.y())
        event.accept()

    def viewportEvent(self, event: QEvent) -> bool:
        if isinstance(event, QNativeGestureEvent) and event.gestureType() == Qt.NativeGestureType.ZoomNativeGesture:
            self.zoom_at(1.0 + event.value(), event.position())
            return True
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            self._show_tip(event)
            return True
        return super().viewportEvent(event)

    def _show_tip(self, event: QHelpEvent) -> None:
        at = self.mapToScene(event.pos())
        task = self.graph.geometry.node_at(at.x(), at.y())
        if task is None:
            QToolTip.hideText()
            return
        item = self.graph.nodes[task]
        lines = [f"{item.facts.label} ({task})" if item.facts.title else task]
        if item.facts.description:
            lines.append(item.facts.description)
        if item.facts.summary:
            lines.append(item.facts.summary[:200])
        if item.live is not None:
            lines.append(item.live.detail)
            if item.live.words:
                lines.append(item.live.words)
        if item.problem:
            lines.append(item.problem)
        self._tip = (task, event.globalPos(), "\n".join(lines))
        QToolTip.showText(self._tip[1], self._tip[2], self.viewport())
        self.tip_shown.emit(task)

    def add_to_tip(self, task: str, line: str) -> None:
        """One more line, if that task's tool tip is still up."""
        about, where, text = self._tip
        if about == task and QToolTip.isVisible() and QToolTip.text() == text:
            QToolTip.showText(where, f"{text}\n{line}", self.viewport())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self.gesture is not None:
            return
        pixel = event.position().toPoint()
        if event.button() == Qt.MouseButton.MiddleButton or (
            event.button() == Qt.MouseButton.LeftButton and self._space
        ):
            self._begin(PanGesture(self, pixel))
            return
        at = self.mapToScene(pixel)
        if event.button() == Qt.MouseButton.RightButton:
            task = self.graph.geometry.node_at(at.x(), at.y())
            if task is not None and task not in self.graph.selected:
                self.graph.select([task])
            return
        if event.button() != Qt.MouseButton.LeftButton:
            return
        add = bool(event.modifiers() & _ADD)
        port = self.graph.geometry.port_at(at.x(), at.y())
        if port is not None and not self.graph.batched:
            self._begin(LinkGesture(self, at, port[0], port[1]))
            return
        task = self.graph.geometry.node_at(at.x(), at.y())
        self._press, self._pressed_node = pixel, task
        self._toggle_on_release = None
        if task is not None:
            if task in self.graph.selected and add:
                self._toggle_on_release = task
            elif task not in self.graph.selected:
                self.graph.select({task} | self.graph.selected if add else {task})
            return
        link = self.graph.link_at(at.x(), at.y(), 7.0 / max(0.3, self.zoom))
        if link is not None:
            self.graph.select(
                self.graph.selected if add else (), {link} | (self.graph.selected_links if add else set())
            )
            self._press = None
            return
        self._begin(BandGesture(self, at, add))

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
            if far and self._pressed_node in self.graph.selected:
                self._begin(MoveGesture(self, self.mapToScene(self._press), str(self._pressed_node)))
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
                self.graph.select(self.graph.selected - {self._toggle_on_release})
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
        link = None if task else self.graph.link_at(at.x(), at.y(), 7.0 / max(0.3, self.zoom))
        if link is not None:
            self.graph.select((), [link])
        self.menu_asked.emit(task, link, event.globalPos())

    def _begin(self, gesture: Gesture) -> None:
        self.gesture = gesture
        if gesture.cursor is not None:
            self.viewport().setCursor(gesture.cursor)

    def _end(self) -> None:
        self.gesture = None
        self.viewport().setCursor(Qt.CursorShape.OpenHandCursor if self._space else Qt.CursorShape.ArrowCursor)

    # --- keys ----------------------------------------------------------------------------------------------

    def keyPressEvent(self, event: QKeyEvent) -> None:
        key = event.key()
        if key == Qt.Key.Key_Escape:
            if self.gesture is not None:
                gesture = self.gesture
                self._end()
                self._press = self._pressed_node = None
                gesture.cancel()
            else:
                self.graph.select(())
        elif key == Qt.Key.Key_Space:
            if not event.isAutoRepeat():
                self._space = True
                self.viewport().setCursor(Qt.CursorShape.OpenHandCursor)
        elif key in _ARROWS:
            self._arrow(_ARROWS[Qt.Key(key)], event.modifiers())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if len(self.graph.selected) == 1:
                self.activated.emit(next(iter(self.graph.selected)))
        else:
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._space = False
            if self.gesture is None:
                self.viewport().setCursor(Qt.CursorShape.ArrowCursor)
        super().keyReleaseEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self._space = False
        super().focusOutEvent(event)

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab walks through the tasks in the text's order, and leaves the canvas after the last."""
        tasks = list(self.session.document.facts)
        current = next(iter(self.graph.selected), None) if len(self.graph.selected) == 1 else None
        at = tasks.index(current) + (1 if forward else -1) if current in tasks else (0 if forward else len(tasks) - 1)
        if tasks and 0 <= at < len(tasks):
            self.reveal(tasks[at])
            return True
        self.graph.select(())
        return super().focusNextPrevChild(forward)

    def _arrow(self, way: tuple[int, int], modifiers: Qt.KeyboardModifier) -> None:
        dx, dy = way
        if not self.graph.selected:
            self.pan(-dx * 60, -dy * 60)
        elif modifiers & Qt.KeyboardModifier.ControlModifier:
            task = self._neighbour(next(iter(self.graph.selected)), dx, dy)
            if task is not None:
                self.reveal(task)
        else:
            step = 1.0 if modifiers & Qt.KeyboardModifier.ShiftModifier else NUDGE
            points = {task: self.graph.geometry.point(task) for task in self.graph.selected}
            self.session.move({task: (x + dx * step, y + dy * step) for task, (x, y) in points.items()}, series=True)

    def _neighbour(self, task: str, dx: int, dy: int) -> str | None:
        """The nearest node in a direction, within 45 degrees of it first."""
        x, y = self.graph.geometry.point(task)
        best: tuple[float, str] | None = None
        for other, (ox, oy) in zip(self.graph.geometry.ids, self.graph.geometry.points.tolist(), strict=True):
            along = (ox - x) * dx + (oy - y) * dy
            across = abs((ox - x) * dy) + abs((oy - y) * dx)
            if other != task and along > 0:
                cost = along + 2 * across + (1e6 if across > 2 * along else 0)
                if best is None or cost < best[0]:
                    best = cost, other
        return best[1] if best else None

    # --- drops from the palette ------------------------------------------------------------------------------

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        if event.mimeData().hasFormat(MIME_KIND):
            event.acceptProposedAction()

    def dragMoveEvent(self, event: QDragMoveEvent) -> None:
        if event.mimeData().hasFormat(MIME_KIND):
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        kind = bytes(event.mimeData().data(MIME_KIND).data()).decode()
        if kind in BY_KEY:
            at = self.mapToScene(event.position().toPoint())
            self.add_task(kind, at)
            event.acceptProposedAction()
            self.setFocus()

    def add_task(self, kind: str, middle: QPointF | None = None) -> None:
        """A new task centred at `middle`, or in the middle of the view."""
        at = middle if middle is not None else self.mapToScene(self.viewport().rect().center())
        point = round((at.x() - NODE_WIDTH / 2) / 10) * 10.0, round((at.y() - NODE_HEIGHT / 2) / 10) * 10.0
        if middle is None:
            point = self.graph.geometry.free_spot(point)
        task = self.session.add_task(kind, point)
        self.graph.select([task])
