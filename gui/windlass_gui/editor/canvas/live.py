"""What a run says of a task, condensed to what a node can show."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from windlass.wire.rows import Counts, TaskRow
from windlass_gui.models.tables import deadline_note


@dataclass(frozen=True, slots=True)
class NodeLive:
    """The state of a node's items in a run."""

    state: str
    """The one state that a person should see first."""
    counts: Counts
    total: int | None
    """None while a fan-out is undecided."""
    array: bool = False
    note: str = ""
    deadline: str = ""
    """endangered, missed or empty."""
    unreached: str = ""
    """Why nothing of it ever ran, in a line; empty: something did, or still may."""

    @property
    def ended(self) -> int:
        c = self.counts
        return c.succeeded + c.failed + c.cancelled + c.skipped

    @property
    def caption(self) -> str:
        """`12 of 60 · 2 failed` for arrays, the state's name for the others."""
        if not self.array:
            return self.note or STATE_WORDS.get(self.state, self.state)
        if self.total is None:
            return "items not yet known"
        parts = [f"{self.ended:,} of {self.total:,}"]
        for count, word in ((self.counts.failed, "failed"), (self.counts.active, "running")):
            if count:
                parts.append(f"{count:,} {word}")
        return " · ".join(parts)

    @property
    def detail(self) -> str:
        """All counts that are not zero, for a tool tip."""
        names = self.counts.__struct_fields__
        shown = [
            f"{getattr(self.counts, name):,} {STATE_WORDS.get(name, name)}"
            for name in names
            if getattr(self.counts, name)
        ]
        return ", ".join(shown) or "nothing to do yet"

    @property
    def words(self) -> str:
        """What is to be said of it besides its counts."""
        return "\n".join(filter(None, (self.unreached, deadline_note(self.deadline, self.note))))


STATE_WORDS = {
    "pending": "waiting for others",
    "ready": "ready",
    "active": "running",
    "backoff": "waiting to retry",
    "succeeded": "succeeded",
    "failed": "failed",
    "cancelled": "cancelled",
    "skipped": "skipped",
}
"""States in a person's words."""


def node_live(row: TaskRow, over: bool = False, ran: bool = True) -> NodeLive:
    """From a task's row as clients get it. `over`: the run has ended; `ran`: an attempt of it may be known."""
    why = unreached(row, over, ran)
    return NodeLive(_first(row.counts), row.counts, row.count, row.array, row.note, row.deadline, why)


def unreached(row: TaskRow, over: bool, ran: bool) -> str:
    """Why nothing of a task ever ran or will run; empty: something did, or still may."""
    counts = row.counts
    if row.count == 0:
        return "Nothing to do: what it fans out over is empty"
    if row.count is not None and counts.skipped == row.count:
        return "Skipped: a task that it needs did not succeed, or its condition does not hold"
    if not over:
        return ""
    if row.count is None:
        return "Never reached: the run ended before its items were known"
    if counts.cancelled + counts.pending + counts.skipped == row.count and not ran:
        return "Never reached: the run ended before it began"
    return ""


def together(parts: Iterable[NodeLive | None]) -> NodeLive | None:
    """What a run says of several tasks, as of one; None when it says nothing of any."""
    known = [part for part in parts if part is not None]
    if not known:
        return None
    counts = Counts(*(sum(getattr(part.counts, name) for part in known) for name in Counts.__struct_fields__))
    totals = [part.total for part in known if part.total is not None]
    late = {part.deadline for part in known}
    return NodeLive(
        _first(counts),
        counts,
        sum(totals) if len(totals) == len(known) else None,
        array=True,
        deadline=next((deadline for deadline in ("missed", "endangered") if deadline in late), ""),
    )


def _first(counts: Counts) -> str:
    """Running comes before all, then what needs a person, then what waits; success only when nothing is left."""
    if counts.active:
        return "active"
    for state in ("failed", "backoff", "ready"):
        if getattr(counts, state):
            return state
    if counts.pending:
        return "active" if counts.succeeded else "pending"
    for state in ("cancelled", "succeeded", "skipped"):
        if getattr(counts, state):
            return state
    return "pending"
