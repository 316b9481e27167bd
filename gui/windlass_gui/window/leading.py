"""From one part of the window to the next: what was chosen in one is shown in those that know more about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from windlass_gui.look.theme import ITEM_STATES
from windlass_gui.mirror import Changes
from windlass_gui.runs.run_view import Shown

if TYPE_CHECKING:
    from windlass_gui.window.main_window import MainWindow


class Leading(QObject):
    """Joins canvas, tables, log, failures and inspector of one window."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.run_view, self.items, self.log, self.failures = (
            window.run_view, window.items, window.log, window.failures,
        )  # fmt: skip
        window.runs.run_selected.connect(self._run_selected)
        window.runs.task_selected.connect(self._task_selected)
        window.runs.task_activated.connect(self._task_activated)
        self.items.item_selected.connect(self.log.show_item)
        self.run_view.canvas.item_asked.connect(self.show_item)
        self.run_view.run_changed.connect(self._show_failures)
        self.failures.card.task_of = self.run_view.task_as_submitted
        self.failures.card.log_asked.connect(self._show_item_log)
        self.failures.card.edit_asked.connect(self.edit_task)
        window.bridge.mirror_changed.connect(self._forget_deleted)

    # --- tasks and items of the shown run --------------------------------------------------------------------

    def show_log(self, task: int) -> None:
        """The log of a task."""
        if self.run_view.run is not None:
            self._show_item_log(self.run_view.run, task, self.telling_item(task))

    def show_item(self, task: int, index: int) -> None:
        """An item that was chosen on the canvas: the card of one that failed, the log of others."""
        run = self.run_view.run
        mirror = self.window.bridge.mirror.run(run) if run is not None else None
        if run is None or mirror is None:
            return
        self.items.show_task(run, task)
        self.items.select(index)
        if ITEM_STATES[mirror.state(task, index)] == "failed":
            self.show_failure(task, index)
        else:
            self._show_item_log(run, task, index)

    def show_failure(self, task: int, index: int) -> None:
        """The card of an item."""
        if self.run_view.run is not None:
            self.failures.show_item(self.run_view.run, task, index)
            self.window.bottom.setCurrentWidget(self.failures)

    def task_chosen(self) -> None:
        """One task was chosen on the canvas: its items and the log that says most."""
        view = self.window.page.view
        if view is None or self.run_view.run is None or len(view.graph.selected) != 1:
            return
        row = self.run_view.task_row(next(iter(view.graph.selected)))
        if row is not None:
            self.log.show_item(self.run_view.run, row.index, self.telling_item(row.index))
            self.items.show_task(self.run_view.run, row.index)

    def telling_item(self, task: int) -> int:
        """The item of a task whose log says most: the first that failed, else the first."""
        run = self.window.bridge.mirror.run(self.run_view.run) if self.run_view.run is not None else None
        states = bytes(run.states.get(task, b"")) if run is not None else b""
        return max(0, states.find(ITEM_STATES.index("failed")))

    def _show_failures(self) -> None:
        self.failures.show_run(self.run_view.run)
        row, bottom = self.run_view.row, self.window.bottom
        failed = row.counts.failed if row is not None else 0
        title = self.tr("Failures ({})").format(f"{failed:,}") if failed else self.tr("Failures")
        place = bottom.indexOf(self.failures)
        if bottom.tabText(place) != title:
            bottom.setTabText(place, title)

    # --- any run -----------------------------------------------------------------------------------------------

    def show_items(self, run: int, task: int) -> None:
        self.items.show_task(run, task)
        self.window.bottom.setCurrentWidget(self.items)

    def _show_item_log(self, run: int, task: int, index: int) -> None:
        self.log.show_item(run, task, index)
        self.window.bottom.setCurrentWidget(self.log)

    def _run_selected(self, run: int) -> None:
        if run != self.run_view.run:
            self.run_view.show_run(run)
        self.window.timeline.show_run(run)

    def _task_selected(self, run: int, task: int) -> None:
        self.items.show_task(run, task)
        mirror, page = self.window.bridge.mirror.run(run), self.window.page
        row = mirror.tasks[task] if mirror is not None and task < len(mirror.tasks) else None
        if row is not None and run == self.run_view.run and page.view is not None and page.on_canvas:
            page.view.reveal(row.id)

    def _task_activated(self, run: int, task: int) -> None:
        mirror = self.window.bridge.mirror.run(run)
        if mirror is not None and task < len(mirror.tasks) and mirror.tasks[task].array:
            self.show_items(run, task)
        else:
            self._show_item_log(run, task, 0)

    def _forget_deleted(self, changes: Changes) -> None:
        """No pane goes on showing, or asking for, what a run was that is there no more."""
        window, gone = self.window, changes.runs_removed
        if not gone:
            return
        for made in window.documents.all:
            if made.shown.run in gone:
                made.shown = Shown()
        if self.items.run in gone:
            self.items.show_task(None, None)
        if self.log.item is not None and self.log.item[0] in gone:
            self.log.show_item(None)
        if window.timeline.run in gone:
            window.timeline.show_run(None)
        attempts = window.tabling.attempts
        if attempts.scope is not None and attempts.scope[0] in gone:
            attempts.show_attempts(None)

    # --- the graph ---------------------------------------------------------------------------------------------

    def edit_task(self, task: str) -> None:
        """Go to a task of the graph in front, in whatever frame it lies."""
        page = self.window.page
        if page.session is not None and page.view is not None and task in page.session.document.facts:
            if not page.on_canvas:
                page.show_mode("both")
            page.view.reveal(task)
            self.window.inspector.edit_main_field()
