"""The runs, the tasks of the chosen one, and what a person can do to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtCore import QItemSelectionModel, QSize, Qt, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QInputDialog, QSplitter, QToolBar, QVBoxLayout, QWidget

from windlass.wire.messages import Pick
from windlass.wire.rows import TaskRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import XS, S, Theme, current_theme
from windlass_gui.mirror import Changes
from windlass_gui.models import RunsModel, SortedRows, TasksModel
from windlass_gui.models.queue import moved
from windlass_gui.models.tables import ENDED_RUN, done
from windlass_gui.panes.acting import Acting, named_runs
from windlass_gui.panes.deeds import Deeds
from windlass_gui.panes.filtered import FilteredTable
from windlass_gui.panes.queue import QueueTable
from windlass_gui.panes.report import show_report
from windlass_gui.panes.table import Table
from windlass_gui.panes.why import show_why
from windlass_gui.panes.words import Elided
from windlass_gui.ticking import Ticking

AWAY = ("starting", "connecting", "stopped", "refused")
"""States of the connection in which no core can be asked for anything."""
RUN_DEEDS = (
    "retry", "again", "cancel", "", "pause", "resume", "", "up", "down", "priority", "", "attempts", "report", "delete",
)  # fmt: skip
TASK_DEEDS = ("open", "log", "attempts", "why", "", "retry", "again", "cancel", "", "resources")
BAR = ("retry", "cancel", "", "pause", "resume", "", "up", "down", "", "report")
ICONS = {
    "retry": "retry", "cancel": "cancel", "pause": "pause", "resume": "submit", "up": "up", "down": "down",
    "report": "log",
}  # fmt: skip
"""What stands before the filter, as there is no room for words; the tips and the menu have them."""

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
    log_asked = Signal(int, int)
    """Run and position of the task."""
    attempts_asked = Signal(int, object)
    """Run, and position of the task or None for all."""
    resources_asked = Signal(int, list)
    """Run and positions of tasks whose waiting items are to ask for something else."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.acting = Acting(bridge, self)
        self.current: int | None = None
        self._restoring = False
        self._awaited: int | None = None
        """Is to be selected when its row comes."""
        self.runs = RunsModel(self)
        self.tasks = TasksModel(self)
        self.runs_table = QueueTable(SortedRows(self.runs, self), self.tr("Runs"), self.runs.at("Priority"))
        self.runs_table.draw(states=(2,), progress=(3,))
        self.runs_table.columns.offer(self.runs.at("Priority"), False)
        self.runs_table.columns.offer(self.runs.at("Owner"), False)
        self.runs_table.natural_widths()
        self.runs_table.stretch(1, least=130)
        self.runs_table.sort_by(0, Qt.SortOrder.DescendingOrder)
        self.runs_table.dropped.connect(self._drop)
        self.run_deeds = Deeds(self.runs_table, RUN_DEEDS, self._act, self._can_run)
        self.tasks_table = Table(SortedRows(self.tasks, self), self.tr("Tasks of the run"))
        self.tasks_table.draw(states=(1, 4), progress=(2,))
        self.tasks_table.natural_widths()
        for title in NOT_ALWAYS:
            self.tasks_table.columns.offer(self.tasks.at(title), False)
        # Beside the state, where it is seen in a narrow table too.
        self.tasks_table.horizontalHeader().moveSection(4, 2)
        self.tasks_table.sort_by(0, Qt.SortOrder.AscendingOrder)
        self.task_deeds = Deeds(self.tasks_table, TASK_DEEDS, self._act_on_tasks, self._can_task)
        self.runs_part = FilteredTable(self.runs_table, *self._hint(bridge.state))
        self.tasks_part = FilteredTable(
            self.tasks_table, self.tr("No run selected"), self.tr("Select a run to see its tasks.")
        )
        self.actions_bar = QToolBar()
        self.older = Elided("small")
        self.older.setText(self.tr("Older runs are not listed here: windlass status --limit 5000 names them"))
        self.older.setContentsMargins(S, XS, S, XS)
        self.older.hide()
        self._build()
        self.runs_table.selectionModel().selectionChanged.connect(self._run_changed)
        self.tasks_table.selectionModel().selectionChanged.connect(self._task_changed)
        self.tasks_table.activated.connect(self._task_activated)
        bridge.mirror_changed.connect(self.apply)
        bridge.connection_changed.connect(self._connected)
        self._clock = Ticking(self, self._tick)
        self._enable()

    def _build(self) -> None:
        self.actions_bar.setProperty("role", "inline")
        self.actions_bar.setIconSize(QSize(16, 16))
        self.actions_bar.setAccessibleName(self.tr("What to do with the chosen runs"))
        for name in BAR:
            if name:
                self.actions_bar.addAction(self.run_deeds[name])
            else:
                self.actions_bar.addSeparator()
        self.show_theme(current_theme())
        self.runs_part.before_filter(self.actions_bar)
        splitter = QSplitter(Qt.Orientation.Horizontal)
        left = QWidget()
        column = QVBoxLayout(left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.runs_part, 1)
        column.addWidget(self.older)
        splitter.addWidget(left)
        splitter.addWidget(self.tasks_part)
        splitter.setSizes([840, 560])
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(splitter, 1)

    def show_theme(self, theme: Theme) -> None:
        for name, sign in ICONS.items():
            self.run_deeds.actions[name].setIcon(icon(sign, theme))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._clock.wake()

    def hideEvent(self, event: QHideEvent) -> None:
        self._clock.rest()

    def _tick(self) -> bool:
        live = self.runs.live()
        self.runs.tick(live)
        return bool(live)

    # --- the connection ------------------------------------------------------------------------------------

    def _hint(self, state: str) -> tuple[str, str]:
        """What stands in the place of runs."""
        if state in AWAY:
            title = self.tr("Connecting…") if state in ("starting", "connecting") else self.tr("No connection")
            return title, self.tr("Runs are listed here as soon as a core answers.")
        return self.tr("No runs yet"), self.tr("Draw or open a graph and press Submit: the run appears here, live.")

    def _connected(self, state: str) -> None:
        self.runs_part.say(*self._hint(state))
        self.run_deeds.enable()
        self.task_deeds.enable()

    # --- the mirror ----------------------------------------------------------------------------------------

    def apply(self, changes: Changes) -> None:
        mirror = self.bridge.mirror
        if "runs" in changes.resets and not mirror.runs:
            self.runs.reset({})
        self.runs.change({run: row for run in changes.runs if (row := mirror.runs.get(run))}, changes.runs_removed)
        if self._awaited is not None and self._awaited in changes.runs:
            self._mark(self._awaited)
        self.older.setVisible(mirror.older)
        if changes.runs or changes.runs_removed:
            # Whose a run is matters only where several people submit.
            # ... and a priority where one is given.
            self.runs_table.columns.offer(self.runs.at("Priority"), any(row.priority for row in mirror.runs.values()))
            self.runs_table.columns.offer(self.runs.at("Owner"), len({row.owner for row in mirror.runs.values()}) > 1)
        if self.current in changes.runs_removed:
            self.current = None
            self.bridge.follow(None)
            self._show_tasks(None)
        elif self.current is not None and (inside := changes.inside.get(self.current)) is not None:
            self._show_tasks(None if inside.reset else inside.tasks)
        if changes.runs or changes.runs_removed:
            self._enable()
            self._clock.wake()

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
            if self.current is None:
                self.tasks_part.say(self.tr("No run selected"), self.tr("Select a run to see its tasks."))
            else:
                self.tasks_part.say(self.tr("Loading the tasks…"), "")
        for column, told in NOT_ALWAYS.items():
            self.tasks_table.columns.offer(self.tasks.at(column), any(map(told, rows.values())))

    # --- selecting -----------------------------------------------------------------------------------------

    def select_run(self, run: int) -> None:
        """Select by number (as soon as its row is there, for a run that was submitted just now)."""
        self.current = run
        self.bridge.follow(run)
        self._mark(run)
        self._show_tasks(None)
        self._enable()

    def _mark(self, run: int) -> None:
        """Select its row, or none until it has come: rows that come would put the one before in front again."""
        place = self.runs.place(run)
        self._awaited = run if place is None else None
        if place is None:
            self._restoring = True
            self.runs_table.clearSelection()
            self._restoring = False
            return
        proxy = self.runs_table.model()
        assert isinstance(proxy, SortedRows)
        index = proxy.mapFromSource(self.runs.index(place, 0))
        flags = QItemSelectionModel.SelectionFlag
        self.runs_table.selectionModel().setCurrentIndex(index, flags.ClearAndSelect | flags.Rows)

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
        if len(keys) == 1 and keys[0] != self.current and not self._restoring:
            self._awaited = None
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
        """Whether a deed makes sense for this run now."""
        row = self.runs.row(run)
        if row is None:
            return False
        counts, ended = row.counts, row.state in ENDED_RUN
        if name == "retry":
            return bool(counts.failed or counts.cancelled or counts.skipped)
        if name == "again":
            return bool(done(counts))
        if name in ("attempts", "report"):
            return True
        if name == "delete":
            return ended
        return not ended and {"pause": row.state != "paused", "resume": row.state == "paused"}.get(name, True)

    def _enable(self) -> None:
        self.actions_bar.setVisible(bool(self.runs.rowCount()))
        self.run_deeds.enable()

    def _can_run(self, name: str) -> bool:
        runs = [] if self.bridge.state in AWAY else self._chosen()
        return any(self.possible(name, run) for run in runs) and (len(runs) == 1 or name not in ("attempts", "report"))

    def _chosen(self) -> list[int]:
        return list(self.runs_table.selected_keys()) or ([self.current] if self.current is not None else [])

    def _act(self, name: str) -> None:
        runs = [run for run in self._chosen() if self.possible(name, run)]
        if not runs:
            return
        picks = [Pick(run) for run in runs]
        if name in ("pause", "resume"):
            self.acting.pause(runs, name == "pause")
        elif name in ("up", "down"):
            self.acting.raise_by(runs, 1 if name == "up" else -1)
        elif name == "priority":
            self._ask_priority(runs)
        elif name == "attempts":
            self.attempts_asked.emit(runs[0], None)
        elif name == "report":
            show_report(self.bridge, self, runs[0])
        elif name == "delete":
            self.acting.delete(runs)
        else:
            {"retry": self.acting.retry, "again": self.acting.again, "cancel": self.acting.cancel}[name](picks)

    def _ask_priority(self, runs: list[int]) -> None:
        row = self.runs.row(runs[0])
        dialog = QInputDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setInputMode(QInputDialog.InputMode.IntInput)
        dialog.setIntRange(-1_000_000, 1_000_000)
        dialog.setIntValue(row.priority if row is not None else 0)
        dialog.setWindowTitle(self.tr("Priority"))
        dialog.setLabelText(self.tr("Priority of {}; the highest goes first").format(named_runs(runs)))
        dialog.intValueSelected.connect(lambda value: self.acting.prioritise({run: int(value) for run in runs}))
        dialog.open()

    def _drop(self, runs: list[int], before: int | None) -> None:
        """Runs were dragged to another place: give them priorities by which they come there."""
        waiting = [row for row in self.bridge.mirror.runs.values() if row.state not in ENDED_RUN]
        order = sorted(((row.id, row.priority) for row in waiting), key=lambda pair: (-pair[1], pair[0]))
        known = {run for run, _ in order}
        values = moved(order, [run for run in runs if run in known], before if before in known else None)
        chosen = [run for run in runs if run in known]
        if values and before is not None:
            text = self.tr("Moved {} before run {}")
            self.acting.prioritise(values, text.format(named_runs(chosen), before))
        elif values:
            self.acting.prioritise(values, self.tr("Moved {} to the end").format(named_runs(chosen)))

    def _can_task(self, name: str) -> bool:
        rows = [row for key in self.tasks_table.selected_keys() if (row := self.tasks.row(key)) is not None]
        if not rows or self.bridge.state in AWAY:
            return False
        counts = [row.counts for row in rows]
        waits = any(each.pending or each.ready or each.backoff for each in counts) or any(r.count is None for r in rows)
        if name == "retry":
            return any(each.failed or each.cancelled or each.skipped for each in counts)
        if name == "again":
            return any(map(done, counts))
        if name == "cancel":
            return waits or any(each.active for each in counts)
        if name == "resources":
            return waits
        if name == "why":
            return len(rows) == 1 and (waits or bool(counts[0].active))
        return len(rows) == 1

    def _act_on_tasks(self, name: str) -> None:
        run, tasks = self.current, self.tasks_table.selected_keys()
        if run is None or not tasks:
            return
        picks = [Pick(run, task) for task in tasks]
        if name == "open":
            self.task_activated.emit(run, tasks[0])
        elif name == "log":
            self.log_asked.emit(run, tasks[0])
        elif name == "attempts":
            self.attempts_asked.emit(run, tasks[0])
        elif name == "why":
            show_why(self.bridge, self, run, tasks[0])
        elif name == "resources":
            self.resources_asked.emit(run, tasks)
        else:
            {"retry": self.acting.retry, "again": self.acting.again, "cancel": self.acting.cancel}[name](picks)
