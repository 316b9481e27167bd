"""The tables of runs, tasks, attempts and agents: which columns they have and what these say."""

from __future__ import annotations

import time
from typing import TypeAlias

import msgspec
from PySide6.QtCore import QObject

from windlass.model.units import human_size
from windlass.model.words import span
from windlass.wire.rows import AgentRow, AttemptRow, Counts, RunRow, TaskRow
from windlass_gui.look.theme import ITEM_STATES, STATE_NAMES
from windlass_gui.models import format as fmt
from windlass_gui.models.query import Field
from windlass_gui.models.rows import Column, RowsModel

AttemptKey: TypeAlias = tuple[int, int, int, int]
"""(run, task, index, attempt)."""

ENDED_RUN = ("succeeded", "failed", "cancelled")
RUN_STATES = ("running", "waiting", "paused", *ENDED_RUN)
AGENT_STATES = ("new", "up", "disconnected", "down", "draining", "aside", "probation")


def run_state(row: RunRow) -> str:
    """A run's state as people say it: running with nothing active is waiting."""
    return "waiting" if row.state == "running" and not row.counts.active else row.state


def done(counts: Counts) -> int:
    return counts.succeeded + counts.failed + counts.cancelled + counts.skipped


def progress_text(counts: Counts) -> str:
    """`37 of 120, 2 failed`."""
    text = f"{fmt.count(done(counts))} of {fmt.count(counts.total)}"
    return f"{text}, {fmt.count(counts.failed)} failed" if counts.failed else text


def progress_briefly(counts: Counts) -> list[str]:
    """The same in fewer words, and then in the fewest, for a column without room for all."""
    ended, total = done(counts), counts.total
    return [f"{fmt.count(ended)} of {fmt.count(total)}", f"{100 * ended // total if total else 0} %"]


def counts_text(counts: Counts) -> str:
    """Every state that is not empty, for tooltips."""
    known = ((name, getattr(counts, name)) for name in Counts.__struct_fields__)
    return "\n".join(f"{state_word(name)}: {fmt.count(number)}" for name, number in known if number)


def _run_seconds(row: RunRow) -> float:
    return max(0.0, (row.ended or time.time()) - row.submitted)


def _age(row: RunRow) -> float:
    return max(0.0, time.time() - row.submitted)


class RunsModel(RowsModel[int, RunRow]):
    """Runs by their number."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns: list[Column[RunRow]] = [
            Column("Run", lambda row: str(row.id), lambda row: row.id, right=True, sample="1234",
                   field=Field("run", "number", "its number")),
            Column("Name", lambda row: row.name, detail=lambda row: row.name, sample="encode-video",
                   field=Field("name", "text", "what the graph is called")),
            Column("State", run_state, state=run_state, detail=lambda row: row.note, sample="MM succeeded",
                   field=Field("state", "word", "where it stands", RUN_STATES)),
            Column(
                "Progress", lambda row: progress_text(row.counts),
                lambda row: done(row.counts) / max(1, row.counts.total), sample="MMMMMM 1,000 of 1,000",
                counts=lambda row: row.counts, detail=lambda row: counts_text(row.counts), said=True,
            ),
            Column("Failed", lambda row: fmt.count(row.counts.failed) if row.counts.failed else "",
                   lambda row: row.counts.failed, right=True, extra=True,
                   field=Field("failed", "number", "how many of its items failed")),
            Column("Items", lambda row: fmt.count(row.counts.total), lambda row: row.counts.total, right=True,
                   extra=True, sample="1,000,000", field=Field("items", "number", "how many items it has")),
            Column("Priority", lambda row: str(row.priority), lambda row: row.priority, right=True,
                   tip="The highest goes first. Drag a run up or down while the table is sorted by this column",
                   field=Field("priority", "number", "the highest goes first")),
            Column(
                "Duration", lambda row: fmt.duration(_run_seconds(row)), _run_seconds, right=True, live=True,
                sample="3 d 23:59", field=Field("time", "time", "since it was submitted, or until it ended"),
            ),
            Column("Submitted", lambda row: fmt.clock(row.submitted, time.time()), lambda row: row.submitted,
                   sample="2026-12-24 20:00"),
            Column("Age", lambda row: fmt.duration(_age(row)), _age, right=True, live=True, extra=True,
                   sample="30 d 23:59", field=Field("age", "time", "since it was submitted")),
            Column("Owner", lambda row: row.owner, sample="ada.lovelace",
                   field=Field("owner", "text", "whose it is: a person or a project")),
            Column("Note", lambda row: row.note, detail=lambda row: row.note, said=True, extra=True,
                   sample="waits: all agents are busy", field=Field("note", "text", "why it waits, or what is wrong")),
        ]  # fmt: skip
        super().__init__(columns, parent)

    def live(self) -> list[int]:
        return [row.id for row in self._rows if row.ended is None]


def state_word(state: str) -> str:
    """An item's state as tables say it."""
    return STATE_NAMES[ITEM_STATES.index(state)]


def task_state(row: TaskRow) -> str:
    """One state for a whole task: what a person should look at first."""
    counts = row.counts
    for state in ("active", "failed", "backoff", "ready", "pending", "cancelled", "skipped", "succeeded"):
        if getattr(counts, state):
            return state
    return "succeeded" if row.count == 0 else "pending"


def deadline_note(deadline: str, note: str) -> str:
    """What to say of a task: the core's note, which tells how late it will be, unless that is about something else."""
    late = {"endangered": "will probably miss its deadline", "missed": "has missed its deadline"}.get(deadline, "")
    return note if not late or "deadline" in note else "\n".join(filter(None, (late, note)))


DEADLINES = ("", "endangered", "missed")
"""A task's `deadline`, the worst last."""


class TasksModel(RowsModel[int, TaskRow]):
    """The tasks of one run, by their position in the graph."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns: list[Column[TaskRow]] = [
            Column("Task", lambda row: row.title or row.id, lambda row: row.index, detail=lambda row: row.id,
                   sample="encode-videos", field=Field("name", "text", "the task's title or id")),
            Column("State", lambda row: state_word(task_state(row)), state=task_state, detail=lambda row: row.note,
                   sample="MM succeeded", field=Field("state", "word", "where it stands", STATE_NAMES)),
            Column(
                "Progress",
                lambda row: progress_text(row.counts) if row.count is not None else "not known yet",
                lambda row: done(row.counts) / max(1, row.counts.total), sample="MMMMMM 1,000 of 1,000",
                counts=lambda row: row.counts, detail=lambda row: counts_text(row.counts), said=True,
            ),
            Column("Note", lambda row: row.note, detail=lambda row: row.note, said=True,
                   sample="waits: all agents are busy",
                   field=Field("note", "text", "why it waits, or what is wrong")),
            Column(
                "Deadline", lambda row: row.deadline, lambda row: DEADLINES.index(row.deadline), sample="• endangered",
                state=lambda row: row.deadline, detail=lambda row: deadline_note(row.deadline, row.note),
                field=Field("deadline", "word", "of its deadline", DEADLINES[1:]),
            ),
            Column("Id", lambda row: row.id, extra=True, sample="encode-videos",
                   field=Field("id", "text", "its id in the graph")),
            Column("Items", lambda row: "" if row.count is None else fmt.count(row.count),
                   lambda row: -1 if row.count is None else row.count, right=True, extra=True, sample="1,000,000",
                   field=Field("items", "number", "how many items it has")),
            Column("Failed", lambda row: fmt.count(row.counts.failed) if row.counts.failed else "",
                   lambda row: row.counts.failed, right=True, extra=True,
                   field=Field("failed", "number", "how many of its items failed")),
        ]  # fmt: skip
        super().__init__(columns, parent)


def attempt_state(row: AttemptRow) -> str:
    """running, assigned, lost, rejected, or how it exited."""
    return (row.outcome or "ok") if row.state == "exited" else row.state


def attempt_seconds(row: AttemptRow) -> float:
    if row.started is None:
        return -1.0
    return max(0.0, (row.ended or time.time()) - row.started)


def attempt_end(row: AttemptRow) -> str:
    """How it ended, in a word: `ok`, `exit 3`, `signal 9`, `timeout`."""
    state = attempt_state(row)
    if state == "nonzero":
        return f"exit {row.code}"
    return f"signal {row.code}" if state == "signal" else state.replace("_", " ")


def attempt_end_reason(row: AttemptRow) -> str:
    """The same with the agent's reason, where that says more."""
    end, reason = attempt_end(row), row.error.split("\n", 1)[0]
    return (
        end
        if not reason or (row.outcome in ("nonzero", "signal") and reason.endswith(f" {row.code}"))
        else f"{end}: {reason}"
    )


def _waited(row: AttemptRow) -> float:
    return -1.0 if row.started is None else max(0.0, row.started - row.assigned)


def _staged(seconds: float) -> str:
    return fmt.duration(seconds) if seconds else ""


class AttemptsModel(RowsModel[AttemptKey, AttemptRow]):
    """Attempts by (run, task, index, attempt). `titles` and `sampled` are filled by whoever shows the table."""

    def __init__(self, parent: QObject | None = None) -> None:
        self.titles: dict[tuple[int, int], tuple[str, bool]] = {}
        """(run, task) -> title, is an array."""
        self.sampled: dict[AttemptKey, tuple[float, float]] = {}
        """What running attempts use now: CPUs and resident bytes."""
        columns: list[Column[AttemptRow]] = [
            Column("Item", self._title, lambda row: (row.run, row.task, row.index), sample="encode-videos[123456]",
                   field=Field("name", "text", "the task, with the item's number")),
            Column("Attempt", lambda row: str(row.attempt), lambda row: row.attempt, right=True,
                   field=Field("attempt", "number", "which attempt of the item it is")),
            Column("State", attempt_end, state=attempt_state, detail=lambda row: row.error, sample="• spawn error",
                   field=Field("state", "text", "running, ok, exit 3, signal 9, timeout, oom, lost, …")),
            Column("Agent", lambda row: row.agent_name, sample="workstation-7",
                   field=Field("agent", "text", "where it ran")),
            Column(
                "Started", lambda row: fmt.clock(row.started, time.time()) if row.started else "",
                lambda row: row.started or row.assigned, sample="2026-12-24 20:00",
            ),
            Column(
                "Duration", lambda row: fmt.duration(attempt_seconds(row)), attempt_seconds, right=True, live=True,
                sample="2:59:59", field=Field("time", "time", "how long it ran"),
            ),
            Column(
                "CPU", lambda row: fmt.duration(row.cpu) if row.ended else self._now(row, 0), self._cpu, right=True,
                live=True, tip="CPUs in use now, or CPU time of an attempt that has ended", sample="12.25 CPUs",
                field=Field("cpu", "time", "CPU time of one that has ended"),
                number=lambda row: row.cpu if row.ended else None,
            ),
            Column(
                "Memory", lambda row: human_size(row.memory) if row.ended else self._now(row, 1), self._memory,
                right=True, live=True, tip="Resident memory now, or at most", sample="1023.9 MiB",
                field=Field("mem", "size", "resident memory, at most"),
            ),
            Column("Waited", lambda row: fmt.duration(_waited(row)), _waited, right=True, extra=True, sample="2:59:59",
                   tip="From its assignment until it began", field=Field("waited", "time", "until it began")),
            Column("Staged in", lambda row: _staged(row.staged_in), lambda row: row.staged_in, right=True, extra=True,
                   sample="2:59:59", tip="Bringing its inputs to the agent and laying them out, before it began",
                   field=Field("in", "time", "bringing its inputs to the agent")),
            Column("Staged out", lambda row: _staged(row.staged_out), lambda row: row.staged_out, right=True,
                   extra=True, sample="2:59:59", tip="Keeping what it left and bringing it to the core, after it ended",
                   field=Field("out", "time", "bringing what it left to the core")),
            Column("Read", lambda row: human_size(row.read) if row.ended else "", lambda row: row.read, right=True,
                   extra=True, sample="1023.9 MiB", field=Field("read", "size", "read from disks")),
            Column("Written", lambda row: human_size(row.written) if row.ended else "", lambda row: row.written,
                   right=True, extra=True, sample="1023.9 MiB", field=Field("written", "size", "written to disks")),
            Column("Error", lambda row: row.error.split("\n", 1)[0], detail=lambda row: row.error, extra=True,
                   sample="No space left on device", field=Field("error", "text", "why it failed")),
        ]  # fmt: skip
        super().__init__(columns, parent)

    def _title(self, row: AttemptRow) -> str:
        title, array = self.titles.get((row.run, row.task), (f"task {row.task}", True))
        return f"{title}[{row.index}]" if array else title

    def _now(self, row: AttemptRow, which: int) -> str:
        """Short attempts are never sampled: their cells stay empty."""
        values = self.sampled.get((row.run, row.task, row.index, row.attempt))
        if values is None:
            return ""
        return human_size(values[1]) if which else f"{values[0]:.2f} CPUs"

    def _cpu(self, row: AttemptRow) -> float:
        return row.cpu if row.ended else self.sampled.get((row.run, row.task, row.index, row.attempt), (0.0, 0.0))[0]

    def _memory(self, row: AttemptRow) -> float:
        key = (row.run, row.task, row.index, row.attempt)
        return row.memory if row.ended else self.sampled.get(key, (0.0, 0.0))[1]

    def live(self) -> list[AttemptKey]:
        return [key for key, row in zip(self._keys, self._rows, strict=True) if row.state in ("assigned", "running")]


def agent_state(row: AgentRow) -> str:
    """The state that its badge shows."""
    if row.state != "up":
        return row.state
    return "draining" if row.draining else "aside" if row.aside else "probation" if row.probation else "up"


def agent_note(row: AgentRow, now: float | None = None) -> str:
    """Why it is as it is, and how long yet where that is known."""
    if row.aside:
        left = 0 if row.aside_until is None else row.aside_until - (time.time() if now is None else now)
        return f"set aside: {row.aside}" + (f"; back in {span(left)}" if left > 0 else "")
    if row.probation:
        return "on probation after it was set aside: one attempt at a time, until one succeeds"
    return row.note


def used_of(row: AgentRow, name: str) -> str:
    """`2 of 4`; sizes with units; empty when the agent has none of it."""
    have, used = row.resources.get(name) or 0, row.used.get(name) or 0
    if not have:
        return ""
    show = human_size if name in ("memory", "disk") else fmt.number
    return f"{show(float(used))} of {show(float(have))}"


class ShareRow(msgspec.Struct, frozen=True):
    """What the core's fair share is reckoned from, of one owner or project. Shares are parts of all agents, 0..1."""

    owner: str
    weight: float = 1.0
    share: float = 0.0
    """Held now."""
    average: float = 0.0
    """Held lately; what lies back counts less."""
    standing: float = 0.0
    """The smallest goes first."""


class SharesModel(RowsModel[str, ShareRow]):
    """Owners and projects by their name."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns: list[Column[ShareRow]] = [
            Column("Owner", lambda row: row.owner, detail=lambda row: row.owner),
            Column("Now", lambda row: f"{row.share:.1%}", lambda row: row.share, right=True,
                   tip="The largest part of any kind of resource that the attempts hold now"),
            Column("Lately", lambda row: f"{row.average:.1%}", lambda row: row.average, right=True,
                   tip="The average over the past; what lies back counts less"),
            Column("Weight", lambda row: f"{row.weight:g}", lambda row: row.weight, right=True,
                   tip="From the core's configuration; 1 when it says nothing"),
            Column("Standing", lambda row: f"{row.standing:.3f}", lambda row: row.standing,
                   tip="(now + lately) / weight: the smallest goes first"),
        ]  # fmt: skip
        super().__init__(columns, parent)


def _labels(row: AgentRow) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(row.labels.items()))


LIMITS_TIP = (
    "cgroup: the kernel keeps each attempt within the memory it declared. sampling: the agent looks, and ends what "
    "takes too much"
)


class AgentsModel(RowsModel[str, AgentRow]):
    """Agents by their id."""

    def __init__(self, parent: QObject | None = None) -> None:
        columns: list[Column[AgentRow]] = [
            Column("Agent", lambda row: row.name, detail=lambda row: row.id, sample="workstation-7",
                   field=Field("name", "text", "what it is called")),
            Column("State", agent_state, state=agent_state, detail=agent_note, sample="• disconnected",
                   field=Field("state", "word", "how it is", AGENT_STATES)),
            Column("Running", lambda row: fmt.count(row.running), lambda row: row.running, right=True,
                   field=Field("running", "number", "attempts that run there")),
            Column(
                "Waiting", lambda row: fmt.count(row.waiting), lambda row: row.waiting, right=True,
                tip="Attempts sent ahead that have not started",
                field=Field("waiting", "number", "attempts sent ahead"),
            ),
            Column(
                "CPUs", lambda row: used_of(row, "cpus"), lambda row: float(row.used.get("cpus") or 0), right=True,
                sample="128 of 128", field=Field("cpus", "number", "CPUs given out"),
            ),
            Column(
                "Memory", lambda row: used_of(row, "memory"), lambda row: float(row.used.get("memory") or 0),
                right=True, sample="1023.9 MiB of 63.9 GiB", field=Field("mem", "size", "memory given out"),
            ),
            Column("GPUs", lambda row: used_of(row, "gpus"), lambda row: float(row.used.get("gpus") or 0), right=True,
                   sample="8 of 8", field=Field("gpus", "number", "GPUs given out")),
            Column("Limits", lambda row: row.labels.get("limits", ""), tip=LIMITS_TIP, sample="sampling",
                   field=Field("limits", "text", "cgroup or sampling")),
            Column("System", lambda row: " ".join(filter(None, map(row.labels.get, ("os", "arch")))),
                   sample="linux x86_64", field=Field("system", "text", "operating system and architecture")),
            Column("Labels", _labels, detail=lambda row: _labels(row).replace(", ", "\n"), extra=True,
                   sample="site=lab, disk=ssd", field=Field("label", "text", "its labels, as in label:site=lab")),
            Column("CPU model", lambda row: row.cpu_model, extra=True, sample="Threadripper 7970X",
                   field=Field("cpu", "text", "the processor's name")),
            Column("Version", lambda row: row.version, extra=True, sample="0.10.0",
                   field=Field("version", "text", "of Windlass")),
            Column("Note", lambda row: agent_note(row), detail=lambda row: agent_note(row), extra=True,
                   sample="set aside: three failures", field=Field("note", "text", "why it is as it is")),
        ]  # fmt: skip
        super().__init__(columns, parent)
