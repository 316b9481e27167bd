"""The submit dialog: how much of the graph, its parameters, priority and the like, and what will come of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import Any

import msgspec
from PySide6.QtCore import QSettings, Qt, QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QLayout,
    QLineEdit,
    QScrollArea,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from windlass.model.graph import Graph
from windlass.model.part import part_text
from windlass.model.words import counted, span
from windlass_gui.bridge import Bridge
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.language import spoken
from windlass_gui.look.room import resize_on_screen
from windlass_gui.look.spin_box import SpinBox
from windlass_gui.look.theme import XS, L, M, S
from windlass_gui.look.tips import plain_tip
from windlass_gui.models import STATE_ROLE
from windlass_gui.models import format as fmt
from windlass_gui.panes.columns import natural_width
from windlass_gui.panes.delegates import StateDelegate
from windlass_gui.submit.form import ParamsForm
from windlass_gui.submit.options import Earlier, SubmitHistory, SubmitOptions, parse_due
from windlass_gui.submit.preview import Recorded, TaskPreview, estimate, preview
from windlass_gui.submit.recorded import RecordedLook
from windlass_gui.submit.scope import ScopeChoice

WAIT = 200
"""Milliseconds after an edit before the preview is made again."""
ROWS = 400
"""Tasks that the preview lists, those that no agent can take first; the sentence above counts them all."""
COLUMN = 80
"""Pixels of a column of the preview at least."""
MANY = 20_000
"""Tasks beyond which agents are not looked through: it would hold up the window."""


class SubmitDialog(QDialog):
    """`options` is what was chosen, once it was accepted."""

    def __init__(
        self, bridge: Bridge, settings: QSettings, session: EditorSession, graph: Graph, chosen: Collection[str] = (),
        scope: str = "whole", parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self.bridge = bridge
        self.session = session
        self.graph = graph
        self.clock: Callable[[], float] = time.time
        self.history = SubmitHistory(settings)
        self.options = SubmitOptions()
        self._earlier = self.history.of(self._graph_key())
        self._recorded = Recorded()
        self._params = dict(graph.params)
        """What was entered last and could be understood: the preview goes by it while something is being typed."""
        self.setWindowTitle(self.tr("Submit {}").format(graph.name))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(WAIT)
        self._timer.timeout.connect(self.refresh)
        self.scope = ScopeChoice(graph, chosen, scope)
        self.form = ParamsForm(graph.params)
        for name in graph.params:
            self.form.offer(name, [one.params[name] for one in self._earlier if name in one.params])
        self._build()
        self.scope.changed.connect(self._edited)
        self.form.changed.connect(self._edited)
        self.due.textChanged.connect(self._edited)
        bridge.mirror_changed.connect(self._mirror_changed)
        self._look = RecordedLook(bridge, graph.name, self._told)
        self.finished.connect(self._closed)
        if self._earlier:
            self.take(self._earlier[0])
        self.refresh()

    # --- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        left = QVBoxLayout()
        left.setContentsMargins(0, 0, S, 0)
        left.setSpacing(S)
        self.earlier = QComboBox()
        self.earlier.setAccessibleName(self.tr("Earlier submissions"))
        self.earlier.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.earlier.setMinimumContentsLength(20)
        self.earlier.addItem(self.tr("Earlier submissions…"))
        self.earlier.addItem(self.tr("The graph's defaults"))
        for one in self._earlier:
            self.earlier.addItem(one.words)
        self.earlier.activated.connect(self._earlier_chosen)
        self.earlier.setVisible(bool(self._earlier))
        left.addWidget(self.earlier)
        left.addWidget(_heading(self.tr("What runs")))
        left.addWidget(self.scope)
        if self.graph.params:
            left.addWidget(_heading(self.tr("Parameters")))
            left.addWidget(self.form)
        left.addWidget(_heading(self.tr("Options")))
        options = self._options()
        left.addLayout(options)
        _line_up(self.form.layout(), options)
        left.addStretch(1)
        inside = QWidget()
        inside.setLayout(left)
        area = QScrollArea()
        area.setWidget(inside)
        area.setWidgetResizable(True)
        area.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab goes on to what is in it
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setMinimumWidth(300)
        right = QVBoxLayout()
        right.setSpacing(XS)
        right.addWidget(_heading(self.tr("What will come of it")))
        self.summary, self.agents, self.time = _words(), _words(), _words("muted")
        for label in (self.summary, self.agents, self.time):
            right.addWidget(label)
        self.table = self._table()
        right.addWidget(self.table, 1)
        self.error = _words("error")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.submit = self.buttons.addButton(self.tr("Submit"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.submit.setDefault(True)
        self.submit.setProperty("role", "primary")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        body = QHBoxLayout()
        body.setSpacing(L)
        body.addWidget(area, 4)
        body.addLayout(right, 5)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addLayout(body, 1)
        layout.addWidget(self.error)
        layout.addWidget(self.buttons)
        resize_on_screen(self, 980, 660)

    def _options(self) -> QFormLayout:
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.graph.name)
        self.name.setMaxLength(200)
        self.priority = SpinBox()
        self.priority.setRange(-1_000_000, 1_000_000)
        self.priority.setToolTip(self.tr("Higher goes first, before all other runs of lower priority"))
        self.due = QLineEdit()
        self.due.setPlaceholderText(self.tr("2 h, 18:30 or 2026-12-24 06:00"))
        self.due.setToolTip(
            self.tr("When all of it should have ended; runs with near deadlines go first, none is stopped")
        )
        self.owner = QLineEdit()
        self.owner.setPlaceholderText(self.tr("me"))
        self.owner.setToolTip(self.tr("Whose run it is; only an admin may name somebody else"))
        self.project = QLineEdit()
        self.project.setPlaceholderText(self.tr("none"))
        self.project.setToolTip(self.tr("What it is done for: the fair share is then the project's"))
        rows = (
            (self.tr("Name"), self.name), (self.tr("Priority"), self.priority), (self.tr("Deadline"), self.due),
            (self.tr("Owner"), self.owner), (self.tr("Project"), self.project),
        )  # fmt: skip
        for word, field in rows:
            field.setAccessibleName(word)
            form.addRow(word, field)
        return form

    def _table(self) -> QTableWidget:
        table = QTableWidget(0, 4)
        table.setAccessibleName(self.tr("Tasks, and which agents can take them"))
        titles = [self.tr("Task"), self.tr("Items"), self.tr("Each needs"), self.tr("Agents")]
        table.setHorizontalHeaderLabels(titles)
        table.setItemDelegateForColumn(3, StateDelegate(table))
        table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        table.setSelectionMode(QAbstractItemView.SelectionMode.NoSelection)
        table.setShowGrid(False)
        table.setWordWrap(False)
        table.verticalHeader().hide()
        table.verticalHeader().setDefaultSectionSize(26)
        header = table.horizontalHeader()
        header.setMinimumSectionSize(COLUMN)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        for column, sample in enumerate(("encode-video", "1,000,000", "16 CPUs, 4 GiB memory")):
            table.setColumnWidth(column, natural_width(table, titles[column], sample))
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        return table

    # --- what was said before ------------------------------------------------------------------------------

    def _graph_key(self) -> str:
        return str(self.session.path) if self.session.path is not None else self.graph.name

    def _earlier_chosen(self, place: int) -> None:
        if place == 1:
            self.take(Earlier(0.0, dict(self.graph.params)))
        elif place > 1:
            self.take(self._earlier[place - 2])
        self.earlier.setCurrentIndex(0)

    def take(self, one: Earlier) -> None:
        """Fill in what was said then. A deadline that was a date is not taken: it is over, or another one is meant."""
        self.form.set_values(one.params)
        self.name.setText(one.name)
        self.priority.setValue(one.priority)
        self.owner.setText(one.owner)
        self.project.setText(one.project)
        self.due.setText(one.due if "-" not in one.due else "")

    # --- what will come of it ------------------------------------------------------------------------------

    def _edited(self) -> None:
        self._timer.start()

    def _mirror_changed(self, changes: Any) -> None:
        if changes.agents or changes.agents_removed or "agents" in changes.resets:
            self._timer.start()

    def _told(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self._timer.start()

    def _closed(self) -> None:
        self._timer.stop()
        self._look.stop()

    def problem(self) -> str:
        """What keeps it from being submitted; empty: nothing."""
        try:
            self.form.values()
            parse_due(self.due.text(), self.clock())
        except ValueError as error:
            return str(error)
        return self.scope.problem

    def refresh(self) -> None:
        """Make the right side true of the left."""
        problem = self.problem()
        rows: list[TaskPreview] = []
        tasks = self.scope.tasks
        graph = msgspec.structs.replace(self.graph, tasks=[task for task in self.graph.tasks if task.id in tasks])
        with suppress(ValueError):
            self._params = {**self.graph.params, **self.form.values()}
        try:
            agents = list(self.bridge.mirror.agents.values()) if len(graph.tasks) <= MANY else []
            rows = preview(graph, self._params, agents)
        except ValueError as error:
            problem = problem or str(error)
        self.error.setText(spoken(problem))
        self.error.setVisible(bool(problem))
        self.submit.setEnabled(not problem)
        self._say(graph, rows)
        self._fill(rows)

    def _say(self, graph: Graph, rows: list[TaskPreview]) -> None:
        known = sum(row.count for row in rows if row.count is not None)
        open_ = sum(row.count is None for row in rows)
        text = f"{counted(len(rows), 'task')}, {counted(known, 'item')}"
        if open_:
            text += self.tr(", and those of {} that fan out over what others make").format(counted(open_, "task"))
        self.summary.setText(text)
        agents = [agent for agent in self.bridge.mirror.agents.values() if agent.state != "down"]
        nobody = [row for row in rows if not row.agents]
        if len(rows) > MANY:
            self.agents.setText(self.tr("Too many tasks to look through the agents for each of them"))
        elif not agents:
            self.agents.setText(self.tr("No agent is connected: it will wait for one"))
        elif nobody:
            self.agents.setText(self.tr("No agent can take {}: it would wait").format(counted(len(nobody), "task")))
        else:
            self.agents.setText(
                self.tr("Every task can be taken by at least one of {}").format(counted(len(agents), "agent"))
            )
        self.agents.setProperty("role", "error" if nobody and len(rows) <= MANY else "muted")
        self.agents.style().polish(self.agents)
        cpus = sum(float(agent.resources.get("cpus", 0) or 0) for agent in agents)
        found = estimate(graph, {row.id: row.count for row in rows}, self._recorded, cpus)
        self.time.setText(self._time_words(found, cpus))

    def _time_words(self, found: Any, cpus: float) -> str:
        if self._look.looking and found is None:
            return self.tr("Looking at earlier runs…")
        if found is None:
            return self.tr("No estimate: no earlier run of this graph is recorded")
        runs = ", ".join(map(str, self._recorded.runs[:3]))
        text = self.tr("At least about {}: {} of work on {} CPUs, the longest chain {}; as recorded in run {}").format(
            span(found.seconds), span(found.work), fmt.number(cpus), span(found.chain), runs
        )
        if found.unknown:
            text += self.tr("; nothing is known of {}").format(counted(found.unknown, "task"))
        return text

    def _fill(self, rows: list[TaskPreview]) -> None:
        shown = sorted(rows, key=lambda row: bool(row.agents))[:ROWS]
        table = self.table
        table.setRowCount(len(shown) + (len(rows) > len(shown)))
        for place, row in enumerate(shown):
            count = self.tr("later") if row.count is None else fmt.count(row.count)
            agents = ", ".join(row.agents[:3]) + (f" +{len(row.agents) - 3}" if len(row.agents) > 3 else "")
            cells = (row.id, count, row.needs, agents or spoken(row.reason))
            for column, words in enumerate(cells):
                item = QTableWidgetItem(words)
                item.setToolTip(plain_tip("\n".join(row.agents[:50]) if column == 3 and row.agents else words))
                if column == 1:
                    item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
                if column == 3:
                    item.setData(STATE_ROLE, "free" if row.agents else "away")
                table.setItem(place, column, item)
        if len(rows) > len(shown):
            table.setItem(
                len(shown), 0, QTableWidgetItem(self.tr("and {} more").format(fmt.count(len(rows) - len(shown))))
            )

    # --- leaving -------------------------------------------------------------------------------------------

    def accept(self) -> None:
        self._timer.stop()
        self.refresh()
        if not self.submit.isEnabled():
            return
        seconds = parse_due(self.due.text(), self.clock())
        text = part_text(self.session.document.text, self.scope.tasks) if self.scope.is_part else ""
        self.options = SubmitOptions(
            self.form.values(), self.name.text().strip(), self.priority.value(), seconds, self.owner.text().strip(),
            self.project.text().strip(), text,
        )  # fmt: skip
        self.history.add(self._graph_key(), self.options, self.due.text().strip())
        super().accept()


def _line_up(*forms: QLayout | None) -> None:
    """All names as wide as the widest, so that the fields stand below each other."""
    found = [form for form in forms if isinstance(form, QFormLayout)]
    roles = QFormLayout.ItemRole
    items = [form.itemAt(row, roles.LabelRole) for form in found for row in range(form.rowCount())]
    names = [name for item in items if item is not None and (name := item.widget()) is not None]
    for name in names:
        name.setMinimumWidth(max(each.sizeHint().width() for each in names))


def _heading(text: str) -> QLabel:
    label = QLabel(text)
    label.setStyleSheet("font-weight: 600;")
    return label


def _words(role: str = "") -> QLabel:
    label = QLabel()
    label.setWordWrap(True)
    label.setTextFormat(Qt.TextFormat.PlainText)
    if role:
        label.setProperty("role", role)
    return label
