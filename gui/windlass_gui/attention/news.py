"""What is worth a desktop notification, told from one state of the rows to the next. No Qt.

What was there at the start is never news; several of one kind that come together are one line.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from windlass.wire.rows import AgentRow, RunRow
from windlass_gui.attention.derive import ENDED, Matter

EVENTS = ("run-ended", "run-failed", "agent-lost")
"""Kinds of news that are not matters; the others are named as the matters' kinds."""
QUIET_KINDS = ("lost",)
"""Matters that another kind of news tells already."""
AWAY = ("disconnected", "down")


@dataclass(frozen=True, slots=True)
class News:
    """One thing that happened; `name` is the run's or the agent's."""

    kind: str
    name: str
    run: int | None = None
    agent: str = ""
    matter: Matter | None = None
    detail: str = ""


class Teller:
    """Holds what is known; each method gives what is new."""

    def __init__(self) -> None:
        self._runs: dict[int, str] | None = None
        self._agents: dict[str, str] | None = None
        self._matters: dict[tuple[str, str], int] | None = None
        self._began = 0.0

    def forget(self) -> None:
        """Another core: what comes next is the start."""
        self.__init__()  # type: ignore[misc]

    def runs(self, rows: Mapping[int, RunRow], changed: Iterable[int], whole: bool) -> list[News]:
        """`whole`: a snapshot came, so that everything may differ."""
        known = self._runs
        if known is None:
            if whole:
                self._runs = {run: row.state for run, row in rows.items()}
            return []
        found: list[News] = []
        for run in rows if whole else changed:
            row = rows.get(run)
            if row is None:
                continue
            before = known.get(run, "")
            if row.state != before:
                known[run] = row.state
                if row.state in ENDED and before not in ENDED and not row.hidden and row.state != "cancelled":
                    kind = "run-failed" if row.state == "failed" else "run-ended"
                    found.append(News(kind, row.name, run, detail=row.note))
        if whole:
            for run in known.keys() - rows.keys():
                del known[run]
        return found

    def agents(self, rows: Mapping[str, AgentRow], changed: Iterable[str], whole: bool) -> list[News]:
        known = self._agents
        if known is None:
            if whole:
                self._agents = {agent: row.state for agent, row in rows.items()}
            return []
        found: list[News] = []
        for agent in rows if whole else changed:
            row = rows.get(agent)
            if row is None:
                continue
            before = known.get(agent, "")
            if row.state != before:
                known[agent] = row.state
                if row.state in AWAY and before == "up":
                    found.append(News("agent-lost", row.name, agent=agent, detail=row.note))
        return found

    def matters(self, shown: Iterable[Matter], now: float, ready: bool) -> list[News]:
        """Those that began since the start, or became more severe. `ready`: runs and agents are known."""
        current = {matter.key: matter for matter in shown}
        known = self._matters
        if known is None:
            if ready:
                self._began = now
                self._matters = {key: matter.severity for key, matter in current.items()}
            return []
        found: list[News] = []
        for key, matter in current.items():
            before = known.get(key)
            new = before is None and matter.since > self._began
            if (new or (before is not None and matter.severity > before)) and matter.kind not in QUIET_KINDS:
                found.append(News(matter.kind, matter.name, matter.run, matter.agent, matter))
        self._matters = {key: matter.severity for key, matter in current.items()}
        return found


def gather(news: Iterable[News]) -> list[list[News]]:
    """By kind, in the order in which each kind first came; of one subject only the last word."""
    kinds: dict[str, dict[tuple[str, object], News]] = {}
    for each in news:
        kinds.setdefault(each.kind, {})[each.name, each.run if each.run is not None else each.agent] = each
    return [list(group.values()) for group in kinds.values()]
