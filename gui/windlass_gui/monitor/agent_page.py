"""An agent's page: what it is, how it did in the last minutes, what runs there and ran there, what happened to it."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np
from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QTabWidget, QVBoxLayout, QWidget

from windlass.model.units import human_size
from windlass.model.words import span
from windlass.wire import messages as m
from windlass.wire.rows import AgentRow, AttemptRow, EventRow
from windlass_gui.bridge import Bridge
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import M, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import AT, Changes
from windlass_gui.models import AttemptsModel, SortedRows
from windlass_gui.models import format as fmt
from windlass_gui.models.rows import Column, RowsModel
from windlass_gui.models.tables import LIMITS_TIP, AttemptKey, agent_note, agent_state, used_of
from windlass_gui.monitor.card import STATE_TEXT, StateBadge
from windlass_gui.monitor.control import ACTIONS, do, possible
from windlass_gui.monitor.curves import LEAST, LiveCurve
from windlass_gui.monitor.measures import rate
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table
from windlass_gui.panes.words import Elided

EVERY = 5000
"""Milliseconds between an answer and the next question."""
HISTORY = 600.0
"""Seconds of its curves: what the mirror keeps."""
ATTEMPTS = 200
"""The last ones that are asked for."""

KINDS = {
    "joined": ("up", "joined"), "back": ("up", "is back"), "disconnected": ("disconnected", "fell silent"),
    "down": ("down", "is gone"), "draining": ("draining", "takes nothing new"),
    "undrained": ("up", "takes work again"), "aside": ("aside", "was set aside"),
    "probation": ("probation", "is on probation"), "well": ("up", "is well again"),
}  # fmt: skip
"""Kind of an event -> the state whose shape it has, and words."""


class EventsModel(RowsModel[int, EventRow]):
    """What happened, by its place in the answer."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns: list[Column[EventRow]] = [
            Column("When", lambda row: fmt.clock(row.time, time.time()), lambda row: row.time),
            Column("What", lambda row: KINDS.get(row.kind, ("", row.kind))[1],
                   state=lambda row: KINDS.get(row.kind, ("new", ""))[0]),
            Column("Why", lambda row: row.text, detail=lambda row: row.text),
        ]  # fmt: skip
        super().__init__(columns, parent)


class AgentPage(QWidget):
    """Asks the core while it is shown; `running` is the monitor's table of attempts, which it filters."""

    back = Signal()
    attempt_chosen = Signal(int, int, int, int)

    def __init__(self, bridge: Bridge, running: AttemptsModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.agent = ""
        self._running = running
        self._ended: dict[AttemptKey, AttemptRow] = {}
        self._asked = ""
        """The agent of the question that is on its way."""
        self._told = self._left_out = ""
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.ask)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(M, M, M, 0)
        layout.setSpacing(S)
        layout.addLayout(self._build_head())
        layout.addLayout(self._build_facts())
        layout.addLayout(self._build_curves())
        layout.addWidget(self._build_tabs(), 1)

    def _build_head(self) -> QHBoxLayout:
        self.leave_button = QPushButton(self.tr("‹ All machines"))
        self.leave_button.setToolTip(self.tr("Back to all machines  (Esc)"))
        self.leave_button.clicked.connect(self.back)
        self.badge = StateBadge()
        self.name = Elided("title", Qt.TextElideMode.ElideMiddle)
        self.state = _label("muted")
        self.buttons: dict[str, QPushButton] = {}
        head = QHBoxLayout()
        head.setSpacing(S)
        head.addWidget(self.leave_button)
        head.addWidget(self.badge)
        head.addWidget(self.name, 1)
        head.addWidget(self.state)
        for action, (words, tip) in ACTIONS.items():
            button = self.buttons[action] = QPushButton(self.tr(words))
            button.setToolTip(self.tr(tip))
            button.clicked.connect(lambda _checked=False, action=action: self.control(self.agent, action))
            head.addWidget(button)
        return head

    def _build_facts(self) -> QVBoxLayout:
        self.note = _label("error")
        self.note.setWordWrap(True)
        self.facts: dict[str, QLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(M)
        grid.setVerticalSpacing(2)
        for place, (name, words, tip) in enumerate(FACTS):
            title, value = _label("small"), _label("")
            title.setText(self.tr(words))
            value.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            value.setWordWrap(True)
            for label in (title, value):
                label.setToolTip(self.tr(tip))
            self.facts[name] = value
            grid.addWidget(title, place // 2, place % 2 * 2)
            grid.addWidget(value, place // 2, place % 2 * 2 + 1)
        grid.setColumnStretch(1, 1)
        grid.setColumnStretch(3, 1)
        layout = QVBoxLayout()
        layout.addWidget(self.note)
        layout.addLayout(grid)
        return layout

    def _build_curves(self) -> QHBoxLayout:
        self.curves = {
            "cpu": LiveCurve(self.tr("CPU"), "accent", span=HISTORY),
            "memory": LiveCurve(self.tr("Memory"), "ok", span=HISTORY),
            "gpu": LiveCurve(self.tr("GPU"), "accent", span=HISTORY),
            "net": LiveCurve(self.tr("Network"), "ok", span=HISTORY),
            "disk": LiveCurve(self.tr("Disk traffic"), "accent", span=HISTORY),
            "full": LiveCurve(self.tr("Disk used"), "warn", span=HISTORY),
        }
        layout = QHBoxLayout()
        layout.setSpacing(M)
        for curve in self.curves.values():
            curve.setMinimumWidth(LEAST)
            layout.addWidget(curve, 1)
        return layout

    def _build_tabs(self) -> QTabWidget:
        self.attempts = AttemptsModel(self)
        self.table = Table(SortedRows(self.attempts, self), self.tr("Attempts on this machine"))
        self.table.draw(states=(2,))
        self.table.natural_widths()
        self.table.stretch(0, least=160)
        self.table.sort_by(4, Qt.SortOrder.DescendingOrder)
        self.table.activated.connect(self._activated)
        self.hinted = Hinted(
            self.table, self.tr("Nothing ran here yet"), self.tr("What runs on this machine, and what ran last.")
        )
        self.searched = _label("small")
        self.searched.setContentsMargins(S, S, S, S)
        ran = QWidget()
        layout = QVBoxLayout(ran)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.hinted, 1)
        layout.addWidget(self.searched)
        self.events = EventsModel(self)
        log = Table(SortedRows(self.events, self), self.tr("What happened to this machine"))
        log.draw(states=(1,))
        log.widths(150, 160)
        log.sort_by(0, Qt.SortOrder.DescendingOrder)
        self.happened = Hinted(
            log, self.tr("Nothing happened to it yet"), self.tr("When it came, went, or was set aside, and why.")
        )
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName(self.tr("Attempts and past of the machine"))
        self.tabs.addTab(ran, self.tr("Attempts"))
        self.tabs.addTab(self.happened, self.tr("What happened"))
        return self.tabs

    # --- what it shows -------------------------------------------------------------------------------------

    def show_agent(self, agent: str) -> None:
        if agent != self.agent:
            self.agent = agent
            self._ended = {}
            self._clear()
            self.events.reset({})
            self.attempts.titles = dict(self._running.titles)
            self._fill_attempts()
            self._say_told(self.tr("Asking the core…"))
        self._show_row()
        self.tick()
        self.ask()

    def _clear(self) -> None:
        """Nothing is said of the machine before; of this one there may be no row and no curve."""
        self.badge.show_state("new")
        self.name.setText(self.agent)
        self.name.setToolTip(plain_tip(self.agent))
        self.state.setText("")
        for fact in self.facts.values():
            fact.setText("–")
        nothing = np.zeros(0)
        for curve in self.curves.values():
            curve.show_values(nothing, nothing, "–")

    def leave(self) -> None:
        self._timer.stop()

    def drop(self, *_: Any) -> None:
        """The link is another, or none: what was asked is never answered."""
        self._asked = ""
        if self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        """With the window, which was closed or iconified meanwhile."""
        super().showEvent(event)
        self.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def ask(self) -> None:
        if self.agent and not self._asked:
            about = self._asked = self.agent
            question = m.GetAgent(0, about, ATTEMPTS)
            self.bridge.request(
                question, lambda data, _: self._answered(about, data), lambda reason: self._failed(about, reason)
            )

    def _over(self, about: str) -> bool:
        """The question about this machine has its answer, for which somebody still waits."""
        if about != self._asked:
            return False  # it was asked before the link was another
        self._asked = ""
        if about != self.agent:
            self.ask()
            return False
        if self.isVisible():
            self._timer.start()
        return True

    def _failed(self, about: str, reason: str) -> None:
        if self._over(about):
            self._say_told(spoken(reason))

    def _answered(self, about: str, data: dict[str, Any]) -> None:
        if not self._over(about):
            return
        rows = msgspec.convert(data["attempts"], list[AttemptRow])
        self._ended = {(row.run, row.task, row.index, row.attempt): row for row in rows}
        singles = {(run, task) for run, task in data.get("singles", ())}
        for run, task, name in data["titles"]:
            self.attempts.titles.setdefault((run, task), (name, (run, task) not in singles))
        self._fill_attempts()
        events = msgspec.convert(data["events"], list[EventRow])
        self.events.reset(dict(enumerate(events)))
        self.happened.show_hint(not events)
        if data["whole"]:
            told = self.tr("All that ran here, up to the last {}").format(ATTEMPTS)
        else:
            told = self.tr("Those among the last {} ends of all machines").format(fmt.count(data["searched"]))
        self._say_told(told)

    def say_left_out(self, words: str) -> None:
        """What of what runs now is not known here, if so."""
        if words != self._left_out:
            self._left_out = words
            self._say_told(self._told)

    def _say_told(self, words: str) -> None:
        self._told = words
        self.searched.setText(" · ".join(filter(None, (words, self._left_out))))

    def _fill_attempts(self) -> None:
        """What runs there now, and what ran last."""
        self.attempts.titles |= self._running.titles
        self.attempts.sampled = self._running.sampled
        live: dict[AttemptKey, AttemptRow] = {}
        for key in self._running.keys():  # noqa: SIM118 - not a dict
            row = self._running.row(key)
            if row is not None and row.agent == self.agent:
                live[key] = row
        wanted = self._ended | live
        self.attempts.change(wanted, [key for key in self.attempts.keys() if key not in wanted])  # noqa: SIM118
        self.hinted.show_hint(not wanted)

    def apply(self, changes: Changes) -> None:
        if self.agent in changes.agents or self.agent in changes.agents_removed or "agents" in changes.resets:
            self._show_row()
        if self.agent in changes.samples:
            self._show_curves()
        if changes.inside or changes.attempt_samples:
            self._fill_attempts()

    def tick(self) -> None:
        """Time goes on although nothing was heard."""
        self._show_curves()
        self.attempts.tick(self.attempts.live())
        row = self.bridge.mirror.agents.get(self.agent)
        self._tell(row)

    def _tell(self, row: AgentRow | None) -> None:
        text = spoken(agent_note(row)) if row is not None else self.tr("It was removed.")
        self.note.setText(text)
        self.note.setVisible(bool(text))

    def _show_row(self) -> None:
        row = self.bridge.mirror.agents.get(self.agent)
        self._tell(row)
        able = possible(row) if row is not None else []
        for action, button in self.buttons.items():
            button.setVisible(action in able)
        if row is None:
            return
        state = agent_state(row)
        self.badge.show_state(state)
        self.name.setText(row.name)
        self.name.setToolTip(plain_tip(f"{row.name}\n{row.id}"))
        since = f", {span(max(0.0, time.time() - row.since))}" if row.since else ""
        self.state.setText(self.tr(STATE_TEXT.get(state, state)) + since)
        for name, text in facts(row).items():
            self.facts[name].setText(text or "–")

    def _show_curves(self) -> None:
        curve = self.bridge.mirror.curves.get(self.agent)
        row = self.bridge.mirror.agents.get(self.agent)
        if curve is None or curve.last is None or row is None:
            return
        view = curve.view
        last = dict.fromkeys(AT, 0.0) | {name: float(curve.last[place]) for name, place in AT.items()}
        gone = row.state == "down"
        moved = {"net": ("net_in", "net_out"), "disk": ("disk_read", "disk_written")}
        for name, (one, other) in moved.items():
            series = view[AT[one]] + view[AT[other]]
            words = "–" if gone else f"{rate(last[one])} · {rate(last[other])}"
            self.curves[name].show_values(view[0], series / max(1e5, float(series.max())), words)
        self.curves["cpu"].show_values(view[0], view[AT["cpu"]], "–" if gone else f"{last['cpu']:.0%}")
        total = max(1.0, last["memory_total"])
        self.curves["memory"].show_values(
            view[0], view[AT["memory"]] / total, "–" if gone else human_size(last["memory"])
        )
        self.curves["gpu"].setVisible(bool(row.gpus))
        self.curves["gpu"].show_values(view[0], view[AT["gpu"]], f"{max(0.0, last['gpu']):.0%}")
        size = max(1.0, last["disk_total"])
        words = self.tr("{} free").format(human_size(last["disk_free"]))
        self.curves["full"].show_values(view[0], 1 - view[AT["disk_free"]] / size, words if size > 1 else "–")
        kept = last["kept"]
        self.facts["kept"].setText(human_size(kept) if kept >= 0 else self.tr("being counted"))

    # --- doing ---------------------------------------------------------------------------------------------

    def control(self, agent: str, action: str) -> None:
        do(self.bridge, self.window(), agent, action)

    def _activated(self) -> None:
        key = self.table.current_key()
        if key is not None:
            self.attempt_chosen.emit(*key)


FACTS = (
    ("hardware", "Hardware", "Processor, its CPUs, memory"),
    ("gpus", "GPUs", "Models, and how many are given out"),
    ("system", "System", "Operating system, architecture, Python, version of Windlass"),
    ("limits", "Limits", LIMITS_TIP),
    ("named", "Counted things", "Licences and the like that it offers"),
    ("labels", "Labels", "What a task's `where` constrains"),
    ("kept", "Artifacts kept", "Bytes of inputs and outputs in its store"),
    ("key", "Key", "Fingerprint of its key, and how far its clock is off"),
)
"""Name, words, tip."""

OWN_LABELS = ("os", "arch", "python", "limits", "gpu")
"""Labels that every agent has and that other facts tell."""


def facts(row: AgentRow) -> dict[str, str]:
    """What the page says of its hardware and the like."""
    cpus = fmt.number(float(row.resources.get("cpus") or 0))
    hardware = [row.cpu_model, f"{cpus} CPUs", human_size(row.resources.get("memory") or 0)]
    models = ", ".join(dict.fromkeys(row.gpus))
    python = row.labels.get("python", "")
    system = [row.labels.get("os", ""), row.labels.get("arch", ""), f"Python {python}" if python else "", row.version]
    limits = {"cgroup": "held by the kernel", "sampling": "by looking: the agent ends what takes too much"}
    named = row.resources.get("named") or {}
    own = [f"{key}={value}" for key, value in sorted(row.labels.items()) if key not in OWN_LABELS]
    skew = ""
    if abs(row.skew) >= 1:
        skew = f" · its clock is {span(abs(row.skew))} {'behind' if row.skew > 0 else 'ahead'}"
    return {
        "hardware": " · ".join(filter(None, hardware)),
        "gpus": f"{used_of(row, 'gpus')} in use ({models})" if models else used_of(row, "gpus"),
        "system": " · ".join(filter(None, system)),
        "limits": limits.get(row.labels.get("limits", ""), ""),
        "named": ", ".join(
            f"{name}: {fmt.number(row.used.get(name) or 0)} of {fmt.number(have)}" for name, have in named.items()
        ),
        "labels": " ".join(own),
        "key": row.fingerprint + skew,
    }  # fmt: skip


def _label(role: str) -> QLabel:
    label = QLabel()
    label.setProperty("role", role)
    label.setTextFormat(Qt.TextFormat.PlainText)
    return label
