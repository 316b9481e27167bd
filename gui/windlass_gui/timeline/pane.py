"""The timeline of a run, or of the newest runs, with its tool bar; fed by `feed.py`."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import (
    QFileDialog,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from windlass.model.units import human_size
from windlass_gui.bridge import Bridge
from windlass_gui.filejob import WriteJob, show_progress
from windlass_gui.look.boxes import warn
from windlass_gui.models import format as fmt
from windlass_gui.paced import Paced
from windlass_gui.panes.hint import Hinted
from windlass_gui.runs.critical import Needs, needs_of
from windlass_gui.timeline.bars import BarKey, Bars
from windlass_gui.timeline.export import Copy, write_table, write_trace
from windlass_gui.timeline.feed import Feed
from windlass_gui.timeline.paths import path_bars, predecessors
from windlass_gui.timeline.region_table import RegionTable
from windlass_gui.timeline.summary import summary
from windlass_gui.timeline.top import TimelineTop
from windlass_gui.timeline.view import TimelineView
from windlass_gui.whole_file import write_png

LEAST, MOST = 0.1, 0.5
"""Seconds between two pictures while attempts run or pages come, by what a picture costs."""
PATH_EVERY = 1.0
"""Seconds between two searches for the critical path while the run goes on, at least: each looks at all attempts."""
TOGETHER = 20
"""Runs that are shown together, besides the one that is followed."""


class TimelinePane(QWidget):
    """Shows one run, or with it the others, some at a time; a click on a bar asks for its log."""

    attempt_selected = Signal(int, int, int, int)
    """run, task, index, attempt."""
    attempt_opened = Signal(int, int, int, int)
    """The same: a person wants its log."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.run: int | None = None
        self.bars = Bars()
        self.feed = Feed(bridge, self.bars.attempts, self)
        self.view = TimelineView(self.bars)
        self.view.describe, self.view.name, self.view.group_name = self._describe, self._name, self._group_name
        self.view.bar_clicked.connect(self.attempt_selected)
        self.view.bar_opened.connect(self.attempt_opened)
        self.view.bar_chosen.connect(self._show_arrows)
        self.view.region_changed.connect(self._show_region)
        self.region = RegionTable()
        self.region.zoom_asked.connect(self.view.zoom_to_region)
        self.region.closed.connect(self._leave_region)
        self._page = 0
        """Which of the other runs: 0 for the newest `TOGETHER`."""
        self._seconds = 0.0
        """How long the last `_refresh` took."""
        self._paced = Paced(self._refresh, lambda: self._seconds + self.view.paint_seconds, LEAST, MOST, self)
        self._loading = False
        self.feed.changed.connect(self._news)
        self._path_again = 0.0
        self._path_soon = QTimer(self)
        self._path_soon.setSingleShot(True)
        self._path_soon.timeout.connect(self._show_path)
        self._build()
        self._say()

    def _build(self) -> None:
        top = self.top = TimelineTop()
        self.lanes, self.colors, self.fold, self.critical = top.lanes, top.colors, top.fold, top.critical
        self.legend, self.note, self.newer, self.older = top.legend, top.note, top.newer, top.older
        top.lanes_chosen.connect(self._show_lanes)
        top.colors_chosen.connect(self._show_colors)
        top.fold.toggled.connect(self._show_folded)
        top.critical.toggled.connect(lambda _: self._show_path())
        top.turned.connect(self._turn)
        top.zoomed.connect(self.view.zoom)
        top.fit_asked.connect(self.view.fit)
        top.export_asked.connect(self.ask_export)
        split = QSplitter(Qt.Orientation.Horizontal)
        split.addWidget(self.view)
        split.addWidget(self.region)
        split.setStretchFactor(0, 1)
        self.hinted = Hinted(split, "", "")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(top)
        layout.addWidget(self.hinted, 1)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.feed.watch(True)

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.feed.watch(False)
        self._paced.stop()

    # --- what is shown -------------------------------------------------------------------------------------

    def show_run(self, run: int | None) -> None:
        """The attempts of a followed run; None for none."""
        if run != self.run:
            self.run = run
            self._reload()

    def select(self, run: int, task: int, index: int, attempt: int) -> None:
        self.view.show_bar((run, task, index, attempt))

    def _shown_runs(self) -> list[int]:
        """The run itself; by run, or by agent in the owners' colours, some of the others too, the newest first."""
        if self.run is None:
            return []
        if not self._several:
            return [self.run]
        others = sorted(self.bridge.mirror.runs, reverse=True)
        some = others[self._page * TOGETHER : (self._page + 1) * TOGETHER]
        return [self.run, *(run for run in some if run != self.run)]

    @property
    def _several(self) -> bool:
        """Not by task: the tasks of another run are others."""
        return self.bars.mode == "run" or (self.bars.way == "owner" and self.bars.mode == "agent")

    def _turn(self, step: int) -> None:
        """To older runs, or (-1) to newer ones."""
        self._page = max(0, min(self._page + step, (len(self.bridge.mirror.runs) - 1) // TOGETHER))
        self._reload()

    def _reload(self) -> None:
        self.view.fitting = True
        self.view.path, self.view.arrows, self.view.region, self.view.selected = [], [], None, None
        self.region.hide()
        self.bars.clear()
        owners = sorted({row.owner for row in self.bridge.mirror.runs.values()})
        self.bars.owners = {run: owners.index(row.owner) for run, row in self.bridge.mirror.runs.items()}
        self.feed.show(self._shown_runs(), self.bars.attempts)
        self._refresh()

    def _show_lanes(self, mode: str) -> None:
        before = self._shown_runs()
        self.bars.show(mode=mode)
        self._reload_if(before)

    def _show_colors(self, way: str) -> None:
        before = self._shown_runs()
        self.bars.show(way=way)
        self.legend.show_way(way)
        self._reload_if(before)

    def _reload_if(self, before: list[int]) -> None:
        if self._shown_runs() != before:
            self._reload()
        else:
            self.view.refresh()

    def _show_folded(self, on: bool) -> None:
        self.bars.show(folds=on)
        self._leave_region()
        self.view.fit()

    def _needs(self) -> Needs:
        mirror = self.bridge.mirror.run(self.run) if self.run is not None else None
        return needs_of(mirror.tasks) if mirror is not None else {}

    def _show_path(self) -> None:
        begun, bars, run = time.monotonic(), self.bars, self.run
        on = self.critical.isChecked() and run is not None
        found = path_bars(bars.attempts, run, self._needs(), time.time()) if on and run is not None else []
        self.view.path = [bars.key(bar) for bar in found]
        ready = time.monotonic()
        self._path_again = ready + max(PATH_EVERY, 10 * (ready - begun))
        self.view.update()

    def _show_arrows(self) -> None:
        chosen = self.view.selected
        bar = self.bars.place(chosen) if chosen is not None and chosen[0] == self.run else None
        found = predecessors(self.bars.attempts, bar, self._needs()) if bar is not None else []
        self.view.arrows = [self.bars.key(at) for at in found]

    def _show_region(self) -> None:
        region, now = self.view.region, time.time()
        if region is None or region[1] - region[0] < 2 * self.view.per_pixel:
            self.view.region = None
            self.region.hide()
            return
        inside = self.bars.visible(*region, self.view.clock())
        seconds = self.bars.real(region[1]) - self.bars.real(region[0])
        self.region.show_lines(summary(self.bars.attempts, inside, now), seconds, self._task_name)

    def _leave_region(self) -> None:
        self.view.region = None
        self.region.hide()
        self.view.update()

    def _news(self) -> None:
        """Soon; at once when what a person waits for is complete."""
        complete = self._loading and not self.feed.loading
        self._loading = self.feed.loading
        if complete:
            self._paced.now()
        else:
            self._paced.soon()

    def _refresh(self) -> None:
        began = time.perf_counter()
        self.bars.growing = self.feed.loading
        self.view.refresh()
        if self.critical.isChecked() and not self.feed.loading and not self._path_soon.isActive():
            self._path_soon.start(round(1000 * max(0.0, self._path_again - time.monotonic())))
        self._say()
        self._seconds = time.perf_counter() - began
        if self.bars.live and self.isVisible():
            self._paced.again()  # bars grow without news

    def _say(self) -> None:
        number, feed = self.bars.count, self.feed
        self.hinted.show_hint(not number)
        if feed.problem:
            self.hinted.hint.say(self.tr("The attempts cannot be read"), feed.problem)
        else:
            title = self.tr("No attempts yet") if self.run is not None else self.tr("No run selected")
            self.hinted.hint.say(title, self.tr("Each attempt becomes a bar in a lane of the agent that runs it."))
        words = self.tr("{} attempt") if number == 1 else self.tr("{} attempts")
        text = words.format(fmt.count(number)) if number else ""
        every = len(self.bridge.mirror.runs)
        first, last = self._page * TOGETHER, min((self._page + 1) * TOGETHER, every)
        for button, on in ((self.newer, first > 0), (self.older, last < every)):
            button.setVisible(self._several and every > TOGETHER)
            button.setEnabled(on)
        if len(feed.runs) > 1:
            text += self.tr(" of {} runs").format(len(feed.runs))
        if self._several and every > TOGETHER:
            text += self.tr(" · {} to {} of {}, newest first").format(first + 1, last, fmt.count(every))
        if feed.loading and number:
            text += " …"
        elif feed.cut:
            text += self.tr(" (there are more)")
        elif feed.rush.on:
            text += self.tr(" so far; the rest comes when fewer end at once")
        if text != self.note.text():
            self.note.setText(text)
            self.top.arrange()

    # --- words ---------------------------------------------------------------------------------------------

    def _task_name(self, run: int, task: int) -> str:
        mirror = self.bridge.mirror.run(run)
        if mirror is None or task >= len(mirror.tasks):
            return self.tr("run {}, task {}").format(run, task + 1)
        row = mirror.tasks[task]
        return row.title or row.id

    def _group_name(self, group: int) -> str:
        if self.bars.mode == "task":
            return self._task_name(self.run or 0, group)
        row = self.bridge.mirror.runs.get(group)
        return f"{group} · {row.name}" if row is not None else str(group)

    def _name(self, key: BarKey) -> str:
        mirror = self.bridge.mirror.run(key[0])
        array = mirror is None or key[1] >= len(mirror.tasks) or mirror.tasks[key[1]].array
        return self._task_name(key[0], key[1]) + (f"[{key[2]}]" if array else "")

    def _describe(self, key: BarKey) -> str:
        bar = self.bars.place(key)
        if bar is None:
            return self._name(key)
        known = self.bars.attempts
        names = ("start", "end", "agent", "slot", "memory", "staged_in", "staged_out")
        value = {name: known.column(name)[bar] for name in names}
        runs_yet = value["end"] == float("inf")
        seconds = (time.time() if runs_yet else float(value["end"])) - float(value["start"])
        state = self.tr("running") if runs_yet else self.bars.state(bar)
        lines = [
            self.tr("{}, attempt {}").format(self._name(key), key[3]),
            f"{state} · {fmt.duration(seconds)}",
            self.tr("on {}, slot {}").format(known.agents[int(value["agent"])], int(value["slot"]) + 1),
            self.tr("started {}").format(fmt.clock(float(value["start"]), time.time())),
        ]
        if value["staged_in"]:
            lines.append(self.tr("its inputs were staged in {} before").format(fmt.duration(float(value["staged_in"]))))
        if value["staged_out"]:
            lines.append(self.tr("what it left was taken in {}").format(fmt.duration(float(value["staged_out"]))))
        if value["memory"]:
            lines.append(self.tr("{} memory at most").format(human_size(int(value["memory"]))))
        mirror = self.bridge.mirror.run(key[0])
        row = mirror.attempts.get(key[1:]) if mirror is not None else None
        if row is not None and row.error:
            lines.append(row.error.split("\n", 1)[0][:120])
        return "\n".join(lines)

    # --- files ---------------------------------------------------------------------------------------------

    def ask_export(self, kind: str) -> None:
        """Ask for a file, and write it: trace, table or picture."""
        ending, words = {
            "trace": (".json", self.tr("Trace (*.json)")),
            "table": (".csv", self.tr("Table (*.csv)")),
            "picture": (".png", self.tr("Picture (*.png)")),
        }[kind]
        wish = f"run-{self.run}{ending}" if self.run is not None else f"timeline{ending}"
        dialog = QFileDialog(self, self.tr("Export the timeline"), wish, words)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix(ending)
        dialog.selectFile(wish)
        dialog.fileSelected.connect(lambda name: self.write(kind, Path(name)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def write(self, kind: str, path: Path) -> None:
        """In a thread of its own; the note says when it is done."""
        if kind == "picture":
            image = self.view.grab().toImage()
            job = WriteJob(path, lambda told: write_png(path, image, told), self)
        else:
            copy, names = Copy(self.bars.attempts, time.time()), self._names()
            write = write_trace if kind == "trace" else write_table
            job = WriteJob(path, lambda told: write(path, copy, names, told), self)
            self.note.setText(self.tr("Writing {} attempts …").format(fmt.count(len(copy))))
        show_progress(job, self)
        job.ended.connect(lambda problem: self._written(job, problem))
        job.start()

    def _names(self) -> Callable[[BarKey], str]:
        """Of attempts, for another thread: the mirror is not asked there."""
        tasks: dict[tuple[int, int], tuple[str, bool]] = {}
        for run in self.feed.runs:
            mirror = self.bridge.mirror.run(run)
            for row in mirror.tasks if mirror is not None else ():
                tasks[run, row.index] = row.title or row.id, row.array

        def name(key: BarKey) -> str:
            words, array = tasks.get(key[:2], (f"run {key[0]}, task {key[1] + 1}", True))
            return f"{words}[{key[2]}]" if array else words

        return name

    def _written(self, job: WriteJob, problem: str) -> None:
        job.deleteLater()
        if job.cancelled:
            self._say()
        elif problem:
            warn(self, self.tr("Export the timeline"), self.tr("It was not written: {}").format(problem))
            self._say()
        else:
            self.note.setText(self.tr("Written to {}").format(job.path.name))
