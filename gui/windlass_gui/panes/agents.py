"""Agents as a table, with all that can be done to them."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QVBoxLayout, QWidget

from windlass_gui.bridge import Bridge
from windlass_gui.mirror import Changes
from windlass_gui.models import AgentsModel, SortedRows
from windlass_gui.panes.acting import Acting
from windlass_gui.panes.deeds import Deeds
from windlass_gui.panes.filtered import FilteredTable
from windlass_gui.panes.table import Table

DEEDS = ("drain", "undrain", "forgive", "", "remove")


class AgentsPane(QWidget):
    """One row a machine."""

    agent_activated = Signal(str)
    """Double-click or Enter on an agent's row."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.acting = Acting(bridge, self)
        self.model = AgentsModel(self)
        self.table = Table(SortedRows(self.model, self), self.tr("Agents"))
        self.table.draw(states=(1,))
        self.table.natural_widths()
        self.table.stretch(0, least=120)
        self.table.sort_by(0, Qt.SortOrder.AscendingOrder)
        self.deeds = Deeds(self.table, DEEDS, self._act, self._can)
        self.table.activated.connect(self._activated)
        self.part = FilteredTable(
            self.table,
            self.tr("No machine yet"),
            self.tr("“Add a machine” in the Run menu has the line that lets a computer join."),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.part)
        bridge.mirror_changed.connect(self.apply)
        self.model.reset(dict(bridge.mirror.agents))

    def apply(self, changes: Changes) -> None:
        known = self.bridge.mirror.agents
        if "agents" in changes.resets and not known:
            self.model.reset({})
        if changes.agents or changes.agents_removed:
            rows = {agent: known[agent] for agent in changes.agents if agent in known}
            self.model.change(rows, changes.agents_removed)
            self.deeds.enable()

    def _activated(self) -> None:
        key = self.table.current_key()
        if key is not None:
            self.agent_activated.emit(key)

    def _can(self, name: str) -> bool:
        rows = [row for key in self.table.selected_keys() if (row := self.model.row(key)) is not None]
        if name == "drain":
            return any(not row.draining and row.state != "down" for row in rows)
        if name == "undrain":
            return any(row.draining for row in rows)
        if name == "forgive":
            return any(row.aside or row.probation for row in rows)
        return any(row.state == "down" for row in rows)

    def _act(self, name: str) -> None:
        rows = [row for key in self.table.selected_keys() if (row := self.model.row(key)) is not None]
        if name in ("drain", "undrain"):
            on = name == "drain"
            self.acting.drain([row.id for row in rows if row.draining != on and row.state != "down"], on)
        elif name == "forgive":
            self.acting.forgive([row.id for row in rows if row.aside or row.probation])
        else:
            self.acting.remove([row.id for row in rows if row.state == "down"])
