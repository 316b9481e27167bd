"""The agents that are connected, as the editor needs them: what they have, to judge what a task asks for."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QObject, Signal

from windlass.model.fitting import Machine
from windlass.model.graph import Resources
from windlass.wire.messages import GetPrograms
from windlass.wire.rows import AgentRow
from windlass_gui.bridge import Bridge
from windlass_gui.mirror.mirror import Changes


class Fleet(QObject):
    """Follows the mirror. What an agent uses changes all the time; only what it has is told on."""

    changed = Signal()
    """Which agents there are, what they have, or which programs they lack."""

    def __init__(self, bridge: Bridge, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._bridge = bridge
        self.machines: tuple[Machine, ...] = ()
        self.missing: frozenset[str] = frozenset()
        """Programs that no agent has, of those that were asked for."""
        self._asked: tuple[str, ...] = ()
        bridge.mirror_changed.connect(self._look)
        self._look()

    def _look(self, changes: Changes | None = None) -> None:
        if changes is not None and not (changes.agents or changes.agents_removed or "agents" in changes.resets):
            return
        rows = (row for row in self._bridge.mirror.agents.values() if row.state in ("up", "disconnected"))
        machines = tuple(machine_of(row) for row in rows)
        if machines != self.machines:
            self.machines = machines
            asked, self._asked = self._asked, ()
            self.ask_programs(asked)
            self.changed.emit()

    def ask_programs(self, names: Iterable[str]) -> None:
        """Find out which of these none of the agents has; it is asked once as long as the agents stay."""
        wanted = tuple(sorted(set(names)))
        if wanted == self._asked or not self.machines or self._bridge.state != "up":
            return
        self._asked = wanted
        if wanted:
            self._bridge.request(GetPrograms(0, list(wanted)), self._found, lambda _: None)

    def _found(self, data: dict[str, Any], _: list[bytes]) -> None:
        missing = frozenset(str(name) for name in data.get("missing", ()))
        if missing != self.missing:
            self.missing = missing
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
