"""The tables of the main window: what one of them is asked, another pane shows, and all act through one object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from windlass.wire.messages import Pick
from windlass_gui.bridge import How
from windlass_gui.panes.acting import Acting, picks_of
from windlass_gui.panes.agents import AgentsPane
from windlass_gui.panes.attempts import AttemptsPane
from windlass_gui.panes.doing import Target
from windlass_gui.panes.resources import ResourcesDialog

if TYPE_CHECKING:
    from windlass_gui.monitor import MonitorWindow
    from windlass_gui.window.main_window import MainWindow


class Tabling(QObject):
    """Adds the tables of attempts and agents to the window's tabs and joins them with the others."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self.acting = Acting(window.bridge, window)
        self.acting.before_retry = self._before_retry
        self.attempts = AttemptsPane(window.bridge)
        self.agents = AgentsPane(window.bridge)
        bottom = window.bottom
        bottom.insertTab(bottom.indexOf(window.items) + 1, self.attempts, self.tr("Attempts"))
        bottom.insertTab(bottom.indexOf(window.timeline) + 1, self.agents, self.tr("Agents"))
        for pane in (window.runs, window.items, self.attempts, self.agents):
            pane.acting = self.acting
        window.failures.retry = self.retry
        window.runs.log_asked.connect(self._show_log)
        window.runs.attempts_asked.connect(self._show_attempts)
        window.items.attempts_asked.connect(self._show_attempts)
        window.items.table.activated.connect(lambda _: bottom.setCurrentWidget(window.log))
        self.attempts.attempt_selected.connect(self._show_attempt)
        # A click shows what a bar waited for: the log is there for whoever turns to it.
        window.timeline.attempt_selected.connect(window.log.show_item)
        window.timeline.attempt_opened.connect(self._show_attempt)
        self.agents.agent_activated.connect(window.show_agent)
        for pane in (window.runs, window.items):
            pane.resources_asked.connect(self._change_resources)

    def join(self, monitor: MonitorWindow) -> None:
        """An attempt that is opened there shows its log here."""
        monitor.attempt_selected.connect(self._show_from_monitor)

    def _show_from_monitor(self, run: int, task: int, index: int, attempt: int) -> None:
        self.window.runs.select_run(run)
        self._show_attempt(run, task, index, attempt)
        self.window.raise_()
        self.window.activateWindow()

    def _before_retry(self, run: int, named: frozenset[int | None], go: Callable[[], None]) -> None:
        self.window.take_typed()
        self.window.retrying.ask_first(run, named, go)

    def retry(self, run: int, targets: list[Target], downstream: bool = False) -> None:
        """What failed of these; many are shown first, and an edited graph is asked about."""
        self.acting.retry(picks_of(run, targets), How(downstream=downstream))

    def cancel_run(self, run: int | None) -> None:
        """All of a run; shown first where that is more than an item."""
        if run is not None:
            self.acting.cancel([Pick(run)])

    def _show_log(self, run: int, task: int) -> None:
        self.window.log.show_item(run, task, 0)
        self.window.bottom.setCurrentWidget(self.window.log)

    def _show_attempt(self, run: int, task: int, index: int, attempt: int) -> None:
        self.window.log.show_item(run, task, index, attempt)
        self.window.bottom.setCurrentWidget(self.window.log)

    def _show_attempts(self, run: int, task: int | None = None, index: int | None = None) -> None:
        self.attempts.show_attempts(run, task, index)
        self.window.bottom.setCurrentWidget(self.attempts)

    def _change_resources(self, run: int, tasks: list[int]) -> None:
        ResourcesDialog(self.window.bridge, run, tasks, self.acting.strip, self.window).open()
