"""Draw a link with the keys: arrows or Tab go to the other task, Enter links. The mouse may point to it as well."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent

from windlass_gui.editor.canvas.gestures.aim import AimGesture
from windlass_gui.editor.canvas.layout import NODE_WIDTH, Point
from windlass_gui.editor.document.linking import Link

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class KeyLinkGesture(AimGesture):
    """From one or several tasks; with `replaces` that link goes to another task instead."""

    def __init__(self, view: GraphView, sources: list[str], replaces: Link | None = None) -> None:
        x, y = view.graph.geometry.out_port(sources[0])
        super().__init__(view, QPointF(x, y), sources[0], outward=True)
        self.sources = sources
        self.replaces = replaces
        self.aim(None, (x + NODE_WIDTH / 3, y))

    def refusal(self, source: str, target: str) -> str:
        """Only where none of the sources may be linked."""
        reasons = [super(KeyLinkGesture, self).refusal(task, target) for task in self.sources]
        return reasons[0] if all(reasons) else ""

    def aim(self, target: str | None, free: Point) -> None:
        super().aim(target, free)
        if not self.reason:
            self.view.show_hint(
                self.view.tr("Arrows or Tab choose the task, Enter links, Shift+Enter item by item, Esc leaves")
            )

    def _go(self, target: str) -> None:
        self.aim(target, self.scene.geometry.in_port(target))
        self.view.ensureVisible(self.scene.node_rect(target), 40, 40)

    def key(self, event: QKeyEvent) -> bool:
        way = self.view.keyboard.way(event)
        if way is not None:
            target = self.view.keyboard.neighbour(self.target or self.task, *way)
            if target is not None:
                self._go(target)
            return True
        if event.key() in (Qt.Key.Key_PageDown, Qt.Key.Key_PageUp):
            return self.tab(event.key() == Qt.Key.Key_PageDown)
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.view.end()
            self._make(bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))
            return True
        return False

    def tab(self, forward: bool) -> bool:
        """To the next task that may be linked to, round and round."""
        tasks = list(self.scene.nodes)
        at = tasks.index(self.target or self.task)
        for step in range(1, len(tasks)):
            target = tasks[(at + (step if forward else -step)) % len(tasks)]
            if target not in self.sources and not self.refusal(self.task, target):
                self._go(target)
                break
        return True

    def finish(self, at: QPointF, modifiers: Qt.KeyboardModifier) -> None:
        self.move(at, modifiers)
        self._make(bool(modifiers & Qt.KeyboardModifier.ShiftModifier))

    def _make(self, each: bool) -> None:
        target, reason, session = self.target, self.reason, self.view.session
        self.cancel()
        if reason:
            session.refused.emit(reason)
        elif target is not None and self.replaces is not None:
            old = self.replaces
            self.make((old[0], target), lambda _, task: session.reroute(old, (old[0], task)))
        elif target is not None and len(self.sources) == 1:
            self.make((self.task, target), lambda source, task: session.link(source, task, each))
        elif target is not None:
            tasks = self.scene.shown.tasks_of(self.sources)
            sources = [task for task in self.scene.document.facts if task in tasks]
            self.make((sources[0], target), lambda _, task: session.link_all([(one, task) for one in sources], each))
