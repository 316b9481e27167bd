"""The tool tip of the task or the link under the mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip

from windlass_gui.editor.canvas.projection import frame_of_node
from windlass_gui.look.language import spoken
from windlass_gui.look.tips import plain_tip

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class Tips:
    """Shows it, and takes a further line from who knows more by then."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self._last = ("", QPoint(), "")
        """The task that the last tool tip was about, where it stood, and its text."""

    def show(self, event: QHelpEvent) -> str:
        """At the mouse; gives the task that it is about, if any."""
        at = self.view.mapToScene(event.pos())
        task = self.view.graph.geometry.node_at(at.x(), at.y())
        if task is None:
            self._show_link(event)
            return ""
        item = self.view.graph.nodes[task]
        frame = frame_of_node(task)
        lines = [f"{item.facts.label} ({frame or task})" if item.facts.title else task]
        if item.facts.description:
            lines.append(item.facts.description)
        if item.facts.summary:
            lines.append(item.facts.summary[:200])
        if item.live is not None:
            lines.append(spoken(item.live.detail))
            if item.live.words:
                lines.append(spoken(item.live.words))
        if item.problem:
            lines.append(item.problem)
        self._last = (task, event.globalPos(), "\n".join(lines))
        QToolTip.showText(self._last[1], plain_tip(self._last[2]), self.view.viewport())
        return "" if frame else task

    def _show_link(self, event: QHelpEvent) -> None:
        """Of the link at the mouse: its ends, and what a drag would do."""
        graph, tr = self.view.graph, self.view.tr
        link = self.view.link_under(self.view.mapToScene(event.pos()))
        if link is None:
            QToolTip.hideText()
            return
        source, target = (graph.nodes[end].facts.label for end in link)
        how = tr("item by item") if graph.links[link].each else tr("waits for all of it")
        what = tr("Drag an end to another task, or away; drop a task here to insert it")
        tip = plain_tip(f"{source} → {target}: {how}\n{what}")
        QToolTip.showText(event.globalPos(), tip, self.view.viewport())

    def add(self, task: str, line: str) -> None:
        """One more line, if that task's tool tip is still up."""
        about, where, text = self._last
        if about == task and QToolTip.isVisible() and QToolTip.text() == plain_tip(text):
            QToolTip.showText(where, plain_tip(f"{text}\n{line}"), self.view.viewport())
