"""What the actions do that concern only the drawing: choosing along links, linking by keys, aligning, laying out."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import get_args

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QMainWindow

from windlass_gui.editor.canvas.arrange import Side
from windlass_gui.editor.canvas.picture_dialog import PictureDialog
from windlass_gui.editor.canvas.reach import connected, downstream, upstream
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.files.documents import Documents
from windlass_gui.look.motion import REDUCE_MOTION, reduce_motion
from windlass_gui.window.actions import Actions

ALIGN = {
    "left": "align_left", "column": "align_column", "right": "align_right",
    "top": "align_top", "row": "align_row", "bottom": "align_bottom",
}  # fmt: skip
SEVERAL = (*ALIGN.values(), "distribute_across", "distribute_down")
"""Actions that need several nodes."""
CHOSEN = ("select_upstream", "select_downstream", "select_connected", "layout_selection", "unlink")
"""Actions that need one."""
ANY = ("link", "next_link", "layout", "find", "picture")
"""Actions that need a canvas."""


CANVAS_KEYS = ("link", "next_link", "unlink", "minimap", "find", *SEVERAL)
"""Their keys count only while the canvas has the focus: in a table a letter means a row, and has a find of its own."""


class CanvasActions:
    """Between the actions and the canvas of the document in front."""

    def __init__(self, actions: Actions, documents: Documents, settings: QSettings) -> None:
        self.actions = actions
        self.documents = documents
        self.settings = settings
        for name, default in (("minimap", True), (REDUCE_MOTION, False)):
            actions[name].setCheckable(True)
            actions[name].setChecked(settings.value(name, default, type=bool) is True)
        reduce_motion(actions[REDUCE_MOTION].isChecked())
        actions.connect("minimap", self._show_minimap)
        actions.connect(REDUCE_MOTION, self._reduce_motion)
        self._on("picture", lambda view: PictureDialog(view, view.window()).open())
        self._on("find", lambda view: view.find_bar.open())
        self._on("link", lambda view: view.keyboard.begin_link())
        self._on("next_link", lambda view: view.keyboard.next_link())
        self._on("unlink", _unlink)
        for name, reach in (
            ("select_upstream", upstream), ("select_downstream", downstream), ("select_connected", connected),
        ):  # fmt: skip
            self._on(name, lambda view, reach=reach: _spread(view, reach))  # type: ignore[misc]
        for side in get_args(Side):
            self._on(ALIGN[side], lambda view, side=side: view.arranging.align(side))  # type: ignore[misc]
        self._on("distribute_across", lambda view: view.arranging.distribute(0))
        self._on("distribute_down", lambda view: view.arranging.distribute(1))
        self._on("layout", lambda view: _lay_out(view, chosen_only=False))
        self._on("layout_selection", lambda view: _lay_out(view, chosen_only=True))
        self._on("fit", lambda view: view.fit(animated=True))
        self._on("fit_selection", lambda view: view.fit_selection(animated=True))
        self._on("zoom_in", lambda view: view.zoom_step(larger=True, animated=True))
        self._on("zoom_out", lambda view: view.zoom_step(larger=False, animated=True))
        self._on("zoom_reset", lambda view: view.zoom_reset(animated=True))

        for name in CANVAS_KEYS:
            action = actions[name]
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            for widget in action.associatedObjects():
                if isinstance(widget, QMainWindow):
                    widget.removeAction(action)

    def _on(self, name: str, do: Callable[[GraphView], object]) -> None:
        def act() -> None:
            view = self.documents.page.view
            if view is not None:
                do(view)

        self.actions.connect(name, act)

    def _show_minimap(self) -> None:
        on = self.actions["minimap"].isChecked()
        self.settings.setValue("minimap", on)
        for document in self.documents.all:
            if document.page.view is not None:
                document.page.view.minimap.want(on)

    def _reduce_motion(self) -> None:
        on = self.actions[REDUCE_MOTION].isChecked()
        self.settings.setValue(REDUCE_MOTION, on)
        reduce_motion(on)

    def enable(self) -> None:
        """Offer what is possible now."""
        page = self.documents.page
        view = page.view if page.on_canvas else None
        if view is not None and self.actions[CANVAS_KEYS[0]] not in view.actions():
            view.addActions([self.actions[name] for name in CANVAS_KEYS])
            view.minimap.want(self.actions["minimap"].isChecked())
        nodes = len(view.graph.selected_nodes) if view is not None else 0
        self.actions.enable(view is not None, *ANY)
        self.actions.enable(nodes > 0, *CHOSEN)
        self.actions.enable(nodes > 1, *SEVERAL)


def _spread(view: GraphView, reach: Callable[..., Iterable[str]]) -> None:
    graph = view.graph
    chosen = graph.shown.tasks_of(graph.selected)
    graph.select(reach(graph.document.facts, chosen))


def _unlink(view: GraphView) -> None:
    graph = view.graph
    links = [link for link in graph.links if graph.selected_nodes & set(link)]
    view.session.remove((), graph.task_links(links), view.tr("unlink"))


def _lay_out(view: GraphView, chosen_only: bool) -> None:
    QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
    try:
        view.arranging.lay_out(chosen_only)
    finally:
        QGuiApplication.restoreOverrideCursor()
