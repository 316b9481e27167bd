"""The runs, the tasks of the chosen one, and what a person can do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QItemSelectionModel, Qt, QTimer, Signal
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QMenu, QSplitter, QToolBar, QVBoxLayout, QWidget

from windlass.wire.rows import TaskRow
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.models import RunsModel, SortedRows, TasksModel
from windlass_gui.models.tables import ENDED_RUN
from windlass_gui.panes.doing import WHOLE, Retry, Target, control_each, plain_retry, run_again
from windlass_gui.panes.filtered import FilteredTable
from windlass_gui.panes.report import show_report
from windlass_gui.panes.table import Table

ACTIONS = ("cancel", "retry", "pause", "resume")
TIPS = {
    "cancel": "Stop what runs and do not start the rest",
    "retry": "Run again what failed or was cancelled, and what was skipped because of it",
    "pause": "Start nothing more; what runs goes on",
    "resume": "Go on starting items",
}

NOT_ALWAYS: dict[str, Callable[[TaskRow], str]] = {
    "Note": lambda row: row.note,
    "Deadline": lambda row: row.deadline,
}
"""Columns of the tasks' table that are there when one of the tasks has something to show in them."""


class RunsPane(QWidget):
    """Two tables side by side. Whoever selects a run here makes the bridge follow it."""

    run_selected = Signal(int)
    task_selected = Signal(int, int)
    """Run and position of the task."""
    task_activated = Signal(int, int)
    """Double-click or Enter on a task: a person wants its items or log."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.retry: Retry = plain_retry(bridge)
        self.current: int | None = None
        self._restoring = False
        self.runs = RunsModel(self)
        self.tasks = TasksModel(self)
        self.runs_table = Table(SortedRows(self.runs, self), "Runs")
        self.runs_table.draw(states=(2,), progress=(3,))
        self.runs_table.columns.offer(self.runs.at("Priority"), False)
        self.runs_table.columns.offer(self.runs.at("Owner"), False)
        self.runs_table.natural_widths()
        self.runs_table.stretch(1, least=90)
        self.runs_table.sort_by(0, Qt.SortOrder.DescendingOrder)
        self.runs_table.menu = self._run_menu
        self.tasks_table = Table(SortedRows(self.tasks, self), "Tasks of the run")
        self.tasks_table.draw(states=(1, 4), progress=(2,))
        self.tasks_table.natural_widths()
        for title in NOT_ALWAYS:
            self.tasks_table.columns.offer(self.tasks.at(title), False)
        # Beside the state, where it is seen in a narrow table too.
        self.tasks_table.horizontalHeader().moveSection(4, 2)
        self.tasks_table.sort_by(0, Qt.SortOrder.AscendingOrder)
        self.tasks_table.menu = self._task_menu
        self.runs_part = FilteredTable(
            self.runs_table, "No runs yet", "Draw or open a graph and press Submit: the run appears here, live."
        )
        self.tasks_part = FilteredTable(self.tasks_table, "No run selected", "Select a run to see its tasks.")
        self.actions_bar = QToolBar()
        self.action_of = {name: self._action(name) for name in ACTIONS}
        self.report = QAction("What happened?", self)
        self.report.setToolTip("Agents lost, items made anew, retries, waiting, peak memory, the slowest items")
        self.report.triggered.connect(self._report)
        self._build()
        self.runs_table.selectionModel().selectionChanged.connect(self._run_changed)
        self.tasks_table.selectionModel().selectionChanged.connect(self._task_changed)
        self.tasks_table.activated.connect(self._task_activated)
        bridge.mirror_changed.connect(self.apply)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(lambda: self.runs.tick(self.runs.live()))
        self._clock.start()
        self._enable()

    def _build(self) -> None:
        for action in self.action_of.values():
            self.actions_bar.addAction(action)
        self.actions_bar.addSeparator()
        self.actions_bar.addAction(self.report)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        splitter.addWidget(self.runs_part)
        splitter.addWidget(self.tasks_part)
        splitter.setSizes([840, 560])
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.actions_bar)
        layout.addWidget(splitter, 1)

    def _action(self, name: str) -> QAction:
        action = QAction(name.capitalize(), self)
        action.setToolTip(TIPS[name])
        action.triggered.connect(lambda: self._act(name))
        return action

    # --- the mirror ----------------------------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        mirror = self.bridge.mirror
        if "runs" in changes.resets and not mirror.runs:
            self.runs.reset({})
        self.runs.change({run: row for run in changes.runs if (row := mirror.runs.get(run))}, changes.runs_removed)
        if changes.runs or changes.runs_removed:
            # Whose a run is matters only where several people submit.
            # ... and a priority where one is given.
            self.runs_table.columns.offer(self.runs.at("Priority"), any(row.priority for row in mirror.runs.values()))
            self.runs_table.columns.offer(self.runs.at("Owner"), len({row.owner for row in mirror.runs.values()}) > 1)
        if self.current is not None and (inside := changes.inside.get(self.current)) is not None:
            self._show_tasks(None if inside.reset else inside.tasks)
        if changes.runs or changes.runs_removed:
            self._enable()

    def _show_tasks(self, places: Iterable[int] | None) -> None:
        run = self.bridge.mirror.run(self.current) if self.current is not None else None
        rows = {row.index: row for row in run.tasks} if run is not None else {}
        if places is None:
            before = self.tasks_table.selected_keys()
            self._restoring = True
            self.tasks.reset(rows)
            for key in before:
                self.select_task(key)
            self._restoring = False
        else:
            self.tasks.change({place: rows[place] for place in places if place in rows})
        if not rows:
            title = "No run selected" if self.current is None else "Loading the tasks…"
            self.tasks_part.say(title, "Select a run to see its tasks." if self.current is None else "")
        for column, told in NOT_ALWAYS.items():
            self.tasks_table.columns.offer(self.tasks.at(column), any(map(told, rows.values())))

    # --- selecting -----------------------------------------------------------------------------------------

    def select_run(self, run: int) -> None:
        """Select by number (as soon as its row is there, for a run that was submitted just now)."""
        self.current = run
        self.bridge.follow(run)
        place = self.runs.place(run)
        if place is not None:
            proxy = self.runs_table.model()
            assert isinstance(proxy, SortedRows)
            index = proxy.mapFromSource(self.runs.index(place, 0))
            flags = QItemSelectionModel.SelectionFlag
            self.runs_table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)
        self._show_tasks(None)
        self._enable()

    def select_task(self, task: int) -> None:
        place = self.tasks.place(task)
        if place is not None:
            proxy = self.tasks_table.model()
            assert isinstance(proxy, SortedRows)
            index = proxy.mapFromSource(self.tasks.index(place, 0))
            flags = QItemSelectionModel.SelectionFlag
            self.tasks_table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

    def _run_changed(self) -> None:
        keys = self.runs_table.selected_keys()
        if len(keys) == 1 and keys[0] != self.current:
            self.current = keys[0]
            self.bridge.follow(self.current)
            self._show_tasks(None)
            self.run_selected.emit(self.current)
        self._enable()

    def _task_changed(self) -> None:
        keys = self.tasks_table.selected_keys()
        if self.current is not None and len(keys) == 1 and not self._restoring:
            self.task_selected.emit(self.current, keys[0])

    def _task_activated(self) -> None:
        key = self.tasks_table.current_key()
        if self.current is not None and key is not None:
            self.task_activated.emit(self.current, key)

    # --- doing ---------------------------------------------------------------------------------------------

    def possible(self, name: str, run: int) -> bool:
        """Whether an action makes sense for this run now."""
        row = self.runs.row(run)
        if row is None:
            return False
        counts = row.counts
        if name == "retry":
            return bool(counts.failed or counts.cancelled or counts.skipped)
        if row.state in ENDED_RUN:
            return False
        return {"pause": row.state != "paused", "resume": row.state == "paused"}.get(name, True)

    def _enable(self) -> None:
        runs = self._chosen()
        for name, action in self.action_of.items():
            action.setEnabled(any(self.possible(name, run) for run in runs))
        self.report.setEnabled(len(runs) == 1 and self.runs.row(runs[0]) is not None)

    def _chosen(self) -> list[int]:
        return list(self.runs_table.selected_keys()) or ([self.current] if self.current is not None else [])

    def _act(self, name: str) -> None:
        for run in self._chosen():
            if not self.possible(name, run):
                continue
            if name == "retry":
                self.retry(run, WHOLE, False)
            else:
                self.bridge.control(name, run)

    def _report(self) -> None:
        runs = self._chosen()
        if len(runs) == 1:
            show_report(self.bridge, self, runs[0])

    def _run_menu(self, menu: QMenu) -> None:
        for action in self.action_of.values():
            menu.addAction(action)
        menu.addSeparator()
        menu.addAction(self.report)

    def _task_menu(self, menu: QMenu) -> None:
        run, tasks = self.current, self.tasks_table.selected_keys()
        if run is None or not tasks:
            return
        targets: list[Target] = [(task, None) for task in tasks]
        menu.addAction("Show items", lambda: self.task_activated.emit(run, tasks[0]))
        menu.addAction("Retry what failed", lambda: self.retry(run, targets, False))
        menu.addAction("Run again with what follows…", lambda: run_again(self.bridge, self, run, targets, self.retry))
        menu.addAction("Cancel", lambda: control_each(self.bridge, "cancel", run, targets))
