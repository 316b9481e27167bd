"""The monitor window: every machine, what runs where, how much waits, and what needs a person."""

from __future__ import annotations

import time
from typing import Any

from PySide6.QtCore import QEvent, QPoint, QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QGuiApplication, QKeySequence, QShortcut, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QMainWindow,
    QMenu,
    QPushButton,
    QScrollArea,
    QSplitter,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from windlass.wire.rows import AttemptRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.theme import XS, M, S
from windlass_gui.mirror import Changes
from windlass_gui.models import AttemptsModel, SortedRows
from windlass_gui.models import format as fmt
from windlass_gui.models.tables import ENDED_RUN, AttemptKey
from windlass_gui.monitor.agent_page import AgentPage
from windlass_gui.monitor.card import AgentCard
from windlass_gui.monitor.control import fill_menu
from windlass_gui.monitor.flow import Flow
from windlass_gui.monitor.following import left_out, to_follow
from windlass_gui.monitor.joining import JoinDialog
from windlass_gui.monitor.map_pane import MapPane
from windlass_gui.monitor.measures import MEASURES
from windlass_gui.monitor.shares import SharesPane
from windlass_gui.monitor.strip import Strip
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table
from windlass_gui.panes.words import Elided

HOLDER = "monitor"
CARDS = 12
"""Agents from which on the map is the better picture, unless a person chose."""
MOST_CARDS = 48
"""Beyond it there are no cards at all: each has live curves."""


class MonitorWindow(QMainWindow):
    """Follows samples and running runs only while it is shown."""

    attempt_selected = Signal(int, int, int, int)
    """run, task, index, attempt: a person wants to see it."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None, settings: QSettings | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.settings = settings
        self.setWindowTitle(self.tr("Monitor — Windlass"))
        self.resize(1120, 760)
        self.cards: dict[str, AgentCard] = {}
        self.attempts = AttemptsModel(self)
        self.table = Table(SortedRows(self.attempts, self), self.tr("Running attempts"))
        self.table.draw(states=(2,))
        self.table.natural_widths()
        self.table.stretch(0, least=160)
        self.table.sort_by(4, Qt.SortOrder.AscendingOrder)
        self.table.activated.connect(self._activated)
        self._build()
        bridge.mirror_changed.connect(self.apply)
        bridge.connection_changed.connect(self._say)
        bridge.connection_changed.connect(self.shares.drop)
        bridge.connection_changed.connect(self.page.drop)
        self._clock = QTimer(self)
        self._clock.setInterval(1000)
        self._clock.timeout.connect(self._tick)
        self._reload()

    def _build(self) -> None:
        self.summary = QLabel()
        self.summary.setProperty("role", "title")
        self.queue = Elided("muted")
        self._build_choices()
        top = QHBoxLayout()
        top.setContentsMargins(M, M, M, S)
        top.setSpacing(S)
        top.addWidget(self.summary)
        top.addWidget(self.queue, 1)
        for widget in (self.needs, self.order, self.measure, self.view, self.full, self.add):
            top.addWidget(widget)
        inner = QWidget()
        self._flow = Flow(inner)
        area = QScrollArea()
        area.setAccessibleName(self.tr("Machines"))
        area.setWidget(inner)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab goes on to what is in it
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.map_pane = MapPane()
        self.map = self.map_pane.map
        self.map.chosen.connect(self.show_agent)
        self.map.menu_asked.connect(self._agent_menu)
        self._pictures = QStackedWidget()
        self._pictures.addWidget(area)
        self._pictures.addWidget(self.map_pane)
        self.machines = Hinted(
            self._pictures, self.tr("No machine yet"),
            self.tr(
                "A machine does work once it runs an agent. Start one here with: windlass agent\n"
                "or press Add machine for the line that lets another computer join."
            ),
        )  # fmt: skip
        self.strip = Strip()
        self.running = Hinted(
            self.table, self.tr("Nothing runs"), self.tr("Submit a graph: what its machines do appears here.")
        )
        self._following: set[int] = set()
        self.left_out = QLabel()
        self.left_out.setProperty("role", "small")
        self.left_out.setContentsMargins(S, XS, S, XS)
        self.left_out.hide()
        beside = QWidget()
        attempts = QVBoxLayout(beside)
        attempts.setContentsMargins(0, 0, 0, 0)
        attempts.setSpacing(0)
        attempts.addWidget(self.running, 1)
        attempts.addWidget(self.left_out)
        self.shares = SharesPane(self.bridge)
        below = QSplitter(Qt.Orientation.Horizontal)
        below.addWidget(beside)
        below.addWidget(self.shares)
        below.setSizes([720, 376])
        below.setStretchFactor(0, 1)
        below.setChildrenCollapsible(False)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.machines)
        splitter.addWidget(below)
        splitter.setSizes([400, 220])
        splitter.setStretchFactor(0, 1)
        splitter.setChildrenCollapsible(False)
        overview = QWidget()
        layout = QVBoxLayout(overview)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.strip)
        layout.addWidget(splitter, 1)
        self.page = AgentPage(self.bridge, self.attempts)
        self.page.back.connect(self.show_all)
        self.page.attempt_chosen.connect(self.attempt_selected)
        self.stack = QStackedWidget()
        self.stack.addWidget(overview)
        self.stack.addWidget(self.page)
        self.setCentralWidget(self.stack)

    def _build_choices(self) -> None:
        self.measure = QComboBox()
        self.measure.setAccessibleName(self.tr("What the map's colours show"))
        self.measure.setToolTip(self.tr("What the map's colours show"))
        for each in MEASURES:
            self.measure.addItem(self.tr(each.title), each.name)
        self.measure.currentIndexChanged.connect(self._choose_measure)
        self.order = QComboBox()
        self.order.setAccessibleName(self.tr("Order of the map's cells"))
        self.order.setToolTip(self.tr("Order of the map's cells"))
        for words, name in ((self.tr("By name"), "name"), (self.tr("By load"), "load"), (self.tr("By state"), "state")):
            self.order.addItem(words, name)
        self.order.currentIndexChanged.connect(self._choose_order)
        self.view = QPushButton()
        self.view.clicked.connect(self._switch_view)
        self.full = QPushButton(self.tr("Full screen"))
        self.full.setCheckable(True)
        self.full.setToolTip(self.tr("Fill a screen, the second one where there is one  (F11)"))
        self.full.toggled.connect(self.set_full_screen)
        QShortcut(QKeySequence(Qt.Key.Key_F11), self, self.full.toggle)
        QShortcut(QKeySequence(Qt.Key.Key_Escape), self, self._escape)
        self.needs = QPushButton()
        self.needs.setToolTip(self.tr("Show what needs attention, in the main window"))
        self.needs.hide()
        self.add = QPushButton(self.tr("Add machine…"))
        self.add.setToolTip(self.tr("Get the line that joins another machine as an agent"))
        self.add.clicked.connect(self.add_machine)
        self._view = str(self.settings.value("monitor/view", "")) if self.settings is not None else ""
        """cards or map; empty: by the number of agents."""

    # --- following -----------------------------------------------------------------------------------------

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.bridge.follow_samples(HOLDER, True)
        self._follow_runs()
        self._clock.start()
        self._reload()
        self.strip.begin(self.bridge.mirror, time.time())

    def closeEvent(self, event: QCloseEvent) -> None:
        self._release()
        super().closeEvent(event)

    def hideEvent(self, event: QEvent) -> None:
        self._release()

    def _release(self) -> None:
        self._clock.stop()
        self.bridge.follow_samples(HOLDER, False)
        self._following = set()
        self.bridge.follow_all(set(), HOLDER)

    def _follow_runs(self) -> None:
        self._following = to_follow(self.bridge.mirror.runs.values(), self._following)
        self.bridge.follow_all(self._following, HOLDER)

    # --- the mirror ----------------------------------------------------------------------------------------

    def _reload(self) -> None:
        self._show_agents()
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
        if "samples" in changes.resets:
            self.strip.begin(self.bridge.mirror, time.time())
        if changes.agents or changes.agents_removed:
            self._show_agents(changes.agents)
        for agent in changes.samples & self.cards.keys():
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
        if self.stack.currentWidget() is self.page:
            self.page.apply(changes)

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

    # --- cards or map --------------------------------------------------------------------------------------

    @property
    def shows_map(self) -> bool:
        count = len(self.bridge.mirror.agents)
        return count > MOST_CARDS or (self._view == "map" if self._view else count >= CARDS)

    def _show_agents(self, changed: set[str] | None = None) -> None:
        """All of them, or those of the cards that changed."""
        agents = self.bridge.mirror.agents
        as_map = self.shows_map
        for gone in [agent for agent in self.cards if as_map or agent not in agents]:
            self._remove(gone)
        if not as_map:
            for agent in agents:
                if agent not in self.cards or changed is None or agent in changed:
                    self._show_card(agent)
        else:
            self.map.show_agents(agents, self.bridge.mirror.curves)
        self._pictures.setCurrentIndex(int(as_map))
        self.measure.setVisible(as_map)
        self.order.setVisible(as_map)
        self.view.setText(self.tr("Cards") if as_map else self.tr("Heat map"))
        many = len(agents) > MOST_CARDS
        self.view.setEnabled(not many)
        self.view.setToolTip(
            self.tr("Cards are for up to {} machines").format(MOST_CARDS)
            if many
            else self.tr("A card with curves for each machine")
            if as_map
            else self.tr("A cell for each machine, coloured by its load")
        )

    def _switch_view(self) -> None:
        self._view = "cards" if self.shows_map else "map"
        self._keep("monitor/view", self._view)
        self._show_agents()

    def _choose_measure(self) -> None:
        self.map_pane.show_measure(str(self.measure.currentData()))
        self._show_agents()

    def _choose_order(self) -> None:
        self.map.order = str(self.order.currentData())
        self._show_agents()

    def _show_card(self, agent: str) -> None:
        card = self.cards.get(agent)
        if card is None:
            card = self.cards[agent] = AgentCard(agent)
            card.control.connect(self.page.control)
            card.opened.connect(self.show_agent)
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
        mirror = self.bridge.mirror
        self.attempts.tick(self.attempts.live())
        self.strip.tick(mirror, time.time())
        if self.shows_map:
            self.map.show_agents(mirror.agents, mirror.curves)
        for agent, card in self.cards.items():
            card.tell()
            curve = mirror.curves.get(agent)
            if curve is not None:
                card.show_curve(curve)
        if self.stack.currentWidget() is self.page:
            self.page.tick()

    def _say(self, *_: Any) -> None:
        agents = self.bridge.mirror.agents.values()
        up = sum(row.state == "up" for row in agents)
        running = sum(row.running for row in agents)
        self.summary.setText(
            self.tr("{} of {} machines up").format(up, len(agents))
            if len(agents) != 1
            else self.tr("{} of 1 machine up").format(up)
        )
        counts = [row.counts for row in self.bridge.mirror.runs.values() if row.state not in ENDED_RUN]
        ready = sum(each.ready + each.backoff for each in counts)
        pending = sum(each.pending for each in counts)
        parts = [
            self.tr("{} running").format(fmt.count(running)), self.tr("{} ready to run").format(fmt.count(ready))
        ]  # fmt: skip
        if pending:
            parts.append(self.tr("{} waiting for others").format(fmt.count(pending)))
        self.queue.setText(" · ".join(parts))
        self.machines.show_hint(not agents)
        self.strip.setVisible(bool(agents))
        self.running.show_hint(not self.attempts.rowCount())
        self._say_left_out()
        self.add.setEnabled(self.bridge.state == "up")
        if self.bridge.state != "up":
            self.queue.setText(self.bridge.text or self.tr("Not connected to a core"))

    def _say_left_out(self) -> None:
        followed = self._following | {run.id for run in self.bridge.mirror.followed()}
        more = left_out(self.bridge.mirror.runs.values(), followed)
        words = self.tr("What runs of 1 more run is not listed") if more == 1 else ""
        if more > 1:
            words = self.tr("What runs of {} more runs is not listed").format(fmt.count(more))
        self.left_out.setText(words)
        self.left_out.setVisible(bool(words))
        self.page.say_left_out(words)

    # --- doing ---------------------------------------------------------------------------------------------

    def reveal(self, agent: str) -> None:
        """Bring an agent into view."""
        if agent in self.bridge.mirror.agents:
            self.show_agent(agent)

    def add_machine(self) -> JoinDialog:
        dialog = JoinDialog(self.bridge, self)
        dialog.open()
        return dialog

    def show_agent(self, agent: str) -> None:
        """Its page, in place of the overview."""
        self.page.show_agent(agent)
        self.stack.setCurrentWidget(self.page)

    def show_all(self) -> None:
        self.page.leave()
        self.stack.setCurrentIndex(0)
        self.map.setFocus()

    def set_full_screen(self, on: bool) -> None:
        """On the second screen where there is one, so that the main window stays where it is."""
        if on and not self.isFullScreen():
            others = [screen for screen in QGuiApplication.screens() if screen is not QGuiApplication.primaryScreen()]
            if others:
                self.setGeometry(others[0].geometry())
            self.showFullScreen()
        elif not on and self.isFullScreen():
            self.showNormal()
        self.full.setChecked(on)

    def _escape(self) -> None:
        if self.stack.currentWidget() is self.page:
            self.show_all()
        elif self.isFullScreen():
            self.set_full_screen(False)

    def _agent_menu(self, agent: str, where: QPoint) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(self.tr("Open"), lambda: self.show_agent(agent))
        fill_menu(menu, self.bridge, self, agent)
        menu.popup(where)

    def _keep(self, name: str, value: str) -> None:
        if self.settings is not None:
            self.settings.setValue(name, value)

    def _activated(self) -> None:
        key = self.table.current_key()
        if key is not None:
            self.attempt_selected.emit(*key)
