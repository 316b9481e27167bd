"""The agents that are connected, as the editor needs them: what they have, to judge what a task asks for."""

from __future__ import annotations

import math
from typing import Any

from PySide6.QtCore import QObject, Signal

from windlass.model.fitting import Machine
from windlass.model.graph import Resources
from windlass.wire.rows import AgentRow
from windlass_gui.bridge import Bridge
from windlass_gui.mirror.mirror import Changes


class Fleet(QObject):
    """Follows the mirror. What an agent uses changes all the time; only what it has is told on."""

    changed = Signal()

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.machines: tuple[Machine, ...] = ()
        bridge.mirror_changed.connect(self._look)
        self._look()

    def _look(self, changes: Changes | None = None) -> None:
        if changes is not None and not (changes.agents or changes.agents_removed or "agents" in changes.resets):
            return
        rows = (row for row in self._bridge.mirror.agents.values() if row.state in ("up", "disconnected"))
        machines = tuple(machine_of(row) for row in rows)
        if machines != self.machines:
            self.machines = machines
            self.changed.emit()


def machine_of(row: AgentRow) -> Machine:
    """What an agent has."""
    have = row.resources
    named = have.get("named")
    resources = Resources(
        cpus=_number(have.get("cpus")), memory=int(_number(have.get("memory"))), disk=int(_number(have.get("disk"))),
        gpus=int(_number(have.get("gpus"))), named=dict(named) if isinstance(named, dict) else {},
    )  # fmt: skip
    sizes = tuple(row.gpu_memory) or (0,) * resources.gpus
    return Machine(row.name, resources, dict(row.labels), sizes)


def _number(value: Any) -> float:
    """Rows come from elsewhere: what is no number is nothing."""
    return value if isinstance(value, int | float) and math.isfinite(value) else 0.0
