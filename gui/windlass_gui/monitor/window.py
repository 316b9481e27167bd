"""The monitor window: every machine, what runs where, and how much waits."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QRect, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QShowEvent
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLayout,
    QLayoutItem,
    QMainWindow,
    QPushButton,
    QScrollArea,
    QSplitter,
    QVBoxLayout,
    QWidget,
)

from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.models import AttemptsModel, SortedRows
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import ENDED_RUN, AttemptKey
from windlass_gui.monitor.card import WIDTH, AgentCard
from windlass_gui.monitor.joining import JoinDialog
from windlass_gui.monitor.shares import SharesPane
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table
from windlass_gui.theme import M, S

HOLDER = "monitor"
FOLLOWED = 8
"""Running runs whose attempts the table shows; the newest ones."""


class MonitorWindow(QMainWindow):
    """Follows samples and running runs only while it is shown."""

    attempt_selected = Signal(int, int, int, int)
    """run, task, index, attempt: a person wants to see it."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.setWindowTitle("Monitor — Windlass")
        self.resize(1120, 720)
        self.cards: dict[str, AgentCard] = {}
        self.attempts = AttemptsModel(self)
        self.table = Table(SortedRows(self.attempts, self), "Running attempts")
        self.table.draw(states=(2,))
        self.table.widths(240, 74, 86, 88, 80, 74, 80, 78)
        self.table.stretch(0, least=160)
        self.table.sort_by(4, Qt.SortOrder.AscendingOrder)
        self.table.activated.connect(self._activated)
        self._build()
        bridge.mirror_changed.connect(self.apply)
        bridge.connection_changed.connect(self._say)
        bridge.connection_changed.connect(self.shares.drop)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._reload()

    def _build(self) -> None:
        self.summary = QLabel()
        self.summary.setProperty("role", "title")
        self.queue = QLabel()
        self.queue.setProperty("role", "muted")
        self.add = QPushButton("Add machine…")
        self.add.clicked.connect(self.add_machine)
        top = QHBoxLayout()
        top.setContentsMargins(M, M, M, M)
        top.setSpacing(M)
        top.addWidget(self.summary)
        top.addWidget(self.queue, 1)
        top.addWidget(self.add)
        inner = QWidget()
        self._flow = Flow(inner)
        area = self.area = QScrollArea()
        area.setAccessibleName(self.tr("Machines"))
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.machines = Hinted(
            area, "No machine yet",
            "A machine does work once it runs an agent. Start one here with: windlass agent\n"
            "or press Add machine for the line that lets another computer join.",
        )  # fmt: skip
        self.running = Hinted(self.table, "Nothing runs", "Submit a graph: what its machines do appears here.")
        self.shares = SharesPane(self.bridge)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(self.running)
        below.addWidget(self.shares)
        below.setSizes([720, 376])
        below.setStretchFactor(0, 1)
        below.setChildrenCollapsible(False)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.machines)
        splitter.addWidget(below)
        splitter.setSizes([420, 240])
        splitter.setChildrenCollapsible(False)
        page = QWidget()
        layout = QVBoxLayout(page)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(splitter, 1)
        self.setCentralWidget(page)

    # --- following -----------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.bridge.follow_samples(HOLDER, True)
        self._follow_runs()
        self._clock.start()
        self._reload()

    def closeEvent(self, event: QCloseEvent) -> None:
        self._release()
        super().closeEvent(event)

    def hideEvent(self, event: QEvent) -> None:
        self._release()

    def _release(self) -> None:
        self._clock.stop()
        self.bridge.follow_samples(HOLDER, False)
        self.bridge.follow_all(set(), HOLDER)

    def _follow_runs(self) -> None:
        running = [run for run, row in self.bridge.mirror.runs.items() if row.state not in ENDED_RUN]
        self.bridge.follow_all(set(sorted(running)[-FOLLOWED:]), HOLDER)

    # --- the mirror ----------------------------------------------------------------------------------------

    def _reload(self) -> None:
        for agent in list(self.cards):
            self._remove(agent)
        for agent in self.bridge.mirror.agents:
            self._show_agent(agent)
        rows: dict[AttemptKey, AttemptRow] = {}
        for run in self.bridge.mirror.followed():
            self._titles(run.id)
            rows |= {(run.id, *key): run.attempts[key] for key in run.live if run.attempts[key].started is not None}
        self.attempts.reset(rows)
        self._say()

    def apply(self, changes: Changes) -> None:
        if not self.isVisible():
            return
        if "agents" in changes.resets or "runs" in changes.resets:
            self._reload()
        for agent in changes.agents_removed:
            self._remove(agent)
        for agent in changes.agents:
            self._show_agent(agent)
        for agent in changes.samples:
            if agent in self.cards:
                self.cards[agent].show_curve(self.bridge.mirror.curves[agent])
        if changes.attempt_samples:
            self._show_samples()
        for run, inside in changes.inside.items():
            self._apply_run(run, inside.reset, inside.attempts)
        if changes.runs or changes.runs_removed:
            self._follow_runs()
            # Attempts of a run that is not followed any more would stay for ever.
            followed = {run.id for run in self.bridge.mirror.followed()}
            self.attempts.change({}, [key for key in self.attempts.keys() if key[0] not in followed])  # noqa: SIM118
        if changes.agents or changes.agents_removed or changes.runs or changes.inside:
            self._say()

    def _show_samples(self) -> None:
        curves = self.bridge.mirror.attempt_curves
        last = {key: curve.last for key, curve in curves.items()}
        self.attempts.sampled = {
            key: (float(point[1]), float(point[2])) for key, point in last.items() if point is not None
        }
        self.attempts.tick(self.attempts.sampled)

    def _apply_run(self, run: int, reset: bool, attempts: set[tuple[int, int, int]]) -> None:
        mirror = self.bridge.mirror.run(run)
        if mirror is None:
            return
        self._titles(run)
        if reset:
            gone = [key for key in self.attempts.keys() if key[0] == run and key[1:] not in mirror.live]  # noqa: SIM118
            self.attempts.change({}, gone)
            attempts = set(mirror.live)
        rows = {(run, *key): mirror.attempts[key] for key in attempts & mirror.live}
        started = {key: row for key, row in rows.items() if row.started is not None}
        self.attempts.change(started, [(run, *key) for key in attempts - mirror.live])

    def _titles(self, run: int) -> None:
        mirror = self.bridge.mirror.run(run)
        if mirror is not None:
            name = f"{mirror.row.name} · " if mirror.row is not None else ""
            for task in mirror.tasks:
                self.attempts.titles[run, task.index] = (f"{name}{task.title or task.id}", task.array)

    def _show_agent(self, agent: str) -> None:
        card = self.cards.get(agent)
        if card is None:
            card = self.cards[agent] = AgentCard(agent)
            card.control.connect(self.bridge.agent_control)
            self._flow.addWidget(card)
        card.show_row(self.bridge.mirror.agents[agent])
        curve = self.bridge.mirror.curves.get(agent)
        if curve is not None:
            card.show_curve(curve)

    def _remove(self, agent: str) -> None:
        card = self.cards.pop(agent, None)
        if card is not None:
            self._flow.removeWidget(card)
            card.hide()
            card.deleteLater()

    def _tick(self) -> None:
        """Curves move on and durations grow although nothing was heard."""
        self.attempts.tick(self.attempts.live())
        for agent, card in self.cards.items():
            card.tell()
            curve = self.bridge.mirror.curves.get(agent)
            if curve is not None:
                card.show_curve(curve)

    def _say(self, *_: Any) -> None:
        agents = self.bridge.mirror.agents.values()
        up = sum(row.state == "up" for row in agents)
        running = sum(row.running for row in agents)
        self.summary.setText(f"{up} of {len(agents)} machines up" if len(agents) != 1 else f"{up} of 1 machine up")
        counts = [row.counts for row in self.bridge.mirror.runs.values() if row.state not in ENDED_RUN]
        ready = sum(each.ready + each.backoff for each in counts)
        pending = sum(each.pending for each in counts)
        parts = [f"{fmt.count(running)} running", f"{fmt.count(ready)} ready to run"]
        if pending:
            parts.append(f"{fmt.count(pending)} waiting for others")
        self.queue.setText(" · ".join(parts))
        self.machines.show_hint(not self.cards)
        self.running.show_hint(not self.attempts.rowCount())
        self.add.setEnabled(self.bridge.state == "up")
        if self.bridge.state != "up":
            self.queue.setText(self.bridge.text or "Not connected to a core")

    # --- doing ---------------------------------------------------------------------------------------------

    def reveal(self, agent: str) -> None:
        """Bring an agent into view."""
        if agent in self.cards:
            self.cards[agent].setFocus()
            self.area.ensureWidgetVisible(self.cards[agent])

    def add_machine(self) -> JoinDialog:
        dialog = JoinDialog(self.bridge, self)
        dialog.open()
        return dialog

    def _activated(self) -> None:
        key = self.table.current_key()
        if key is not None:
            self.attempt_selected.emit(*key)


class Flow(QLayout):
    """Cards from left to right, in as many columns as fit."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._items: list[QLayoutItem] = []
        self.setContentsMargins(M, S, M, M)

    def addItem(self, item: QLayoutItem) -> None:
        self._items.append(item)

    def count(self) -> int:
        return len(self._items)

    def itemAt(self, place: int) -> QLayoutItem | None:
        return self._items[place] if 0 <= place < len(self._items) else None

    def takeAt(self, place: int) -> QLayoutItem | None:
        return self._items.pop(place) if 0 <= place < len(self._items) else None

    def hasHeightForWidth(self) -> bool:
        return True

    def heightForWidth(self, width: int) -> int:
        return self._place(QRect(0, 0, width, 0), move=False)

    def setGeometry(self, rect: QRect) -> None:
        super().setGeometry(rect)
        self._place(rect, move=True)

    def sizeHint(self) -> QSize:
        return self.minimumSize()

    def minimumSize(self) -> QSize:
        size = QSize()
        for item in self._items:
            size = size.expandedTo(item.minimumSize())
        margins = self.contentsMargins()
        return size + QSize(margins.left() + margins.right(), margins.top() + margins.bottom())

    def _place(self, rect: QRect, move: bool) -> int:
        """Columns of equal width, as many as fit; the cards of a row have the height of its tallest."""
        margins = self.contentsMargins()
        room = rect.width() - margins.left() - margins.right()
        columns = max(1, (room + M) // (WIDTH + M))
        width = (room - (columns - 1) * M) // columns
        y = rect.top() + margins.top()
        for first in range(0, len(self._items), columns):
            row = self._items[first : first + columns]
            height = max(item.sizeHint().height() for item in row)
            for column, item in enumerate(row):
                if move:
                    item.setGeometry(QRect(rect.left() + margins.left() + column * (width + M), y, width, height))
            y += height + M
        return y + margins.bottom() - rect.top()
