"""The mirror: the newest known rows of runs, agents, samples and the followed runs, and what changed since last asked.

The models never compare: `take_changes` names exactly the rows that are new, changed or gone, once a frame.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from windlass.wire.messages import Delta, Key, Snapshot
from windlass.wire.rows import AgentRow, AttemptRow, Counts, RunRow, TaskRow
from windlass_gui.mirror.curves import AGENT_POINTS, SERIES, Curve
from windlass_gui.mirror.update import AttemptId, Update, parse

MANY = 5000
"""Changed items of one task beyond which "all of them" is the cheaper word."""
ATTEMPTS_KEPT = 300_000
"""Attempts of one run held here; older ended ones are dropped, and `RunMirror.shed` counts them."""

ATTEMPT_CURVES = 2000
"""Attempt curves held here; the oldest go first (the end of an attempt of a run that nobody follows is not told)."""

_LIVE = ("assigned", "running")
_SUCCEEDED = Counts.__struct_fields__.index("succeeded")


@dataclass(slots=True)
class RunChanges:
    """Inside one followed run. `items` maps a task to the changed indices, or to None for all."""

    reset: bool = False
    row: bool = False
    tasks: set[int] = field(default_factory=set)
    items: dict[int, set[int] | None] = field(default_factory=dict)
    attempts: set[AttemptId] = field(default_factory=set)


@dataclass(slots=True)
class Changes:
    """What a frame has to repaint. `resets` are the topics that were replaced as a whole."""

    resets: set[str] = field(default_factory=set)
    runs: set[int] = field(default_factory=set)
    runs_removed: set[int] = field(default_factory=set)
    agents: set[str] = field(default_factory=set)
    agents_removed: set[str] = field(default_factory=set)
    samples: set[str] = field(default_factory=set)
    attempt_samples: bool = False
    inside: dict[int, RunChanges] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(
            self.resets or self.runs or self.runs_removed or self.agents or self.agents_removed or self.samples
            or self.attempt_samples or self.inside
        )  # fmt: skip

    def run(self, run: int) -> RunChanges:
        return self.inside.setdefault(run, RunChanges())


class RunMirror:
    """One followed run. `states[task]` holds one byte an item (an index into `theme.ITEM_STATES`)."""

    def __init__(self, run: int) -> None:
        self.id = run
        self.row: RunRow | None = None
        self.tasks: list[TaskRow] = []
        self.states: dict[int, bytearray] = {}
        self.attempts: dict[AttemptId, AttemptRow] = {}
        self.last: dict[tuple[int, int], int] = {}
        """(task, index) -> the highest attempt known."""
        self.live: set[AttemptId] = set()
        """Attempts that have not ended."""
        self.known = False
        """A snapshot has come."""
        self.shed = 0
        """Attempts that are not held here any more, or never reached it."""

    def __repr__(self) -> str:
        return f"<RunMirror {self.id} {len(self.tasks)} tasks {len(self.attempts)} attempts>"

    def task(self, name: str) -> TaskRow | None:
        """By the task's id in the graph."""
        return next((row for row in self.tasks if row.id == name), None)

    def state(self, task: int, index: int) -> int:
        states = self.states.get(task, b"")
        return states[index] if index < len(states) else 0

    def last_attempt(self, task: int, index: int) -> AttemptRow | None:
        """The newest attempt of an item that is held here."""
        return self.attempts.get((task, index, self.last.get((task, index), 0)))

    def attempts_of(self, task: int, index: int) -> list[AttemptRow]:
        """In their order. Attempts are numbered from 1 without gaps, but some may not be known here."""
        numbers = range(1, self.last.get((task, index), 0) + 1)
        return [row for number in numbers if (row := self.attempts.get((task, index, number))) is not None]

    def _apply(self, update: Update, changes: RunChanges) -> None:
        if update.reset:
            # A snapshot brings the newest attempts only, but one that has ended never changes: those known stay.
            kept = {key: row for key, row in self.attempts.items() if key not in self.live}
            self.__init__(self.id)  # type: ignore[misc]
            self.known = True
            changes.reset = True
            changes.items.clear()
            self.states = {task: bytearray(states) for task, states in update.states.items()}
            self.add_attempts(kept, changes)
        if update.run is not None:
            self.row = update.run
            changes.row = True
        self._apply_tasks(update, changes)
        self._apply_items(update, changes)
        self.add_attempts(update.attempts, changes)
        if update.spans and self.live:
            self._drop_ended(changes)
        self.shed += update.shed

    def _apply_items(self, update: Update, changes: RunChanges) -> None:
        for task, spans in update.spans.items():
            spans.write(self.states.setdefault(task, bytearray()))
            noted = changes.items.setdefault(task, set())
            if noted is not None and len(noted) + len(spans.states) <= MANY:
                noted.update(spans.items().tolist())
            else:
                changes.items[task] = None

    def _drop_ended(self, changes: RunChanges) -> None:
        """Of very many successes most are counted, not told: attempts of items that succeeded run no more."""
        for key in [key for key in self.live if self.state(key[0], key[1]) == _SUCCEEDED]:
            self.live.discard(key)
            del self.attempts[key]
            changes.attempts.add(key)
            self.shed += 1

    def _apply_tasks(self, update: Update, changes: RunChanges) -> None:
        for index, row in update.tasks.items():
            while len(self.tasks) <= index:
                place = len(self.tasks)
                self.tasks.append(update.tasks.get(place) or TaskRow(place, "", "", False, None, row.counts))
            self.tasks[index] = row
            states = self.states.setdefault(index, bytearray())
            count = row.count if row.count is not None else 0
            if count > len(states):
                # A fan-out was decided: its items begin as PENDING (0), and deltas name those that moved on.
                states.extend(bytes(count - len(states)))
                changes.items[index] = None
            changes.tasks.add(index)

    def add_attempts(self, rows: dict[AttemptId, AttemptRow], changes: RunChanges) -> None:
        """Newer rows replace older ones; a row that has ended is never replaced by one that has not."""
        for key, row in rows.items():
            known = self.attempts.get(key)
            if known is not None and known.state not in _LIVE and row.state in _LIVE:
                continue
            self.attempts[key] = row
            if key[2] > self.last.get(key[:2], 0):
                self.last[key[:2]] = key[2]
            if row.state in _LIVE:
                self.live.add(key)
            else:
                self.live.discard(key)
            changes.attempts.add(key)
        if len(self.attempts) > ATTEMPTS_KEPT:
            self._drop_old(changes)

    def _drop_old(self, changes: RunChanges) -> None:
        ended = (key for key in self.attempts if key not in self.live)
        for key in [key for _, key in zip(range(len(self.attempts) - ATTEMPTS_KEPT * 9 // 10), ended, strict=False)]:
            del self.attempts[key]
            changes.attempts.add(key)
            self.shed += 1


class Mirror:
    """Everything the windows show. Only the UI thread touches it."""

    def __init__(self) -> None:
        self.runs: dict[int, RunRow] = {}
        self.older = False
        """The core has runs that are older than these, and does not tell of them."""
        self.agents: dict[str, AgentRow] = {}
        self.curves: dict[str, Curve] = {}
        """Agent id -> the series of `curves.SERIES`."""
        self.attempt_curves: dict[tuple[int, int, int, int], Curve] = {}
        """(run, task, index, attempt) -> CPUs in use, resident bytes; for attempts that last."""
        self._followed: dict[int, RunMirror] = {}
        self._changes = Changes()

    def run(self, run: int) -> RunMirror | None:
        """A followed run, once its snapshot has come."""
        mirror = self._followed.get(run)
        return mirror if mirror is not None and mirror.known else None

    def followed(self) -> list[RunMirror]:
        return [mirror for mirror in self._followed.values() if mirror.known]

    def feed(self, message: Snapshot | Delta) -> None:
        """Parse and apply at once; the bridge parses in its own thread and calls `apply`."""
        self.apply(parse(message))

    def apply(self, update: Update) -> None:
        changes = self._changes
        if update.reset:
            changes.resets.add(update.topic)
        if update.topic == "runs":
            gone = set(self.runs) - set(update.runs) if update.reset else update.removed & set(self.runs)
            for run in gone:
                del self.runs[run]
            if update.reset:
                self.older = update.more
            self.runs.update(update.runs)
            changes.runs = (changes.runs - gone) | update.runs.keys()
            changes.runs_removed = (changes.runs_removed | gone) - update.runs.keys()
        elif update.topic == "agents":
            gone_agents = set(self.agents) - set(update.agents) if update.reset else update.removed & set(self.agents)
            for agent in gone_agents:
                del self.agents[agent]
                self.curves.pop(agent, None)
            self.agents.update(update.agents)
            changes.agents = (changes.agents - gone_agents) | update.agents.keys()
            changes.agents_removed = (changes.agents_removed | gone_agents) - update.agents.keys()
        elif update.topic == "samples":
            self._apply_samples(update)
        else:
            run = int(update.topic.removeprefix("run:"))
            mirror = self._followed.setdefault(run, RunMirror(run))
            if mirror.known or update.reset:
                mirror._apply(update, changes.run(run))
                for key in changes.run(run).attempts - mirror.live:
                    self.attempt_curves.pop((run, *key), None)

    def _apply_samples(self, update: Update) -> None:
        for agent, samples in update.samples.items():
            curve = self.curves.get(agent)
            if curve is None:
                curve = self.curves[agent] = Curve(len(SERIES), AGENT_POINTS)
            for sample in samples:
                curve.add(sample.time, [getattr(sample, name) for name in SERIES])
            self._changes.samples.add(agent)
        for point in update.attempt_samples:
            key = _curve_key(point.key)
            attempt_curve = self.attempt_curves.get(key)
            if attempt_curve is None:
                if len(self.attempt_curves) >= ATTEMPT_CURVES:
                    del self.attempt_curves[next(iter(self.attempt_curves))]
                attempt_curve = self.attempt_curves[key] = Curve(2, 600)
            attempt_curve.add(point.time, (point.cpu, point.memory))
            self._changes.attempt_samples = True

    def forget(self, run: int) -> None:
        """The run is not followed any more."""
        self._followed.pop(run, None)
        self._changes.inside.pop(run, None)
        for key in [key for key in self.attempt_curves if key[0] == run]:
            del self.attempt_curves[key]

    def clear(self) -> None:
        """Another core: nothing that was known holds."""
        self.__init__()  # type: ignore[misc]
        self._changes.resets |= {"runs", "agents", "samples"}

    def take_changes(self) -> Changes:
        """What changed since the last call."""
        changes, self._changes = self._changes, Changes()
        return changes


def _curve_key(key: Key) -> tuple[int, int, int, int]:
    return key.run, key.task, key.index, key.attempt
