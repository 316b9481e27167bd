"""News for those who follow a topic: a snapshot first, then numbered deltas, at most twenty a second.

Changes gather as marks (which runs, tasks, stretches of items) and become rows only when a delta is due and somebody
follows, so a fast run costs no more than a slow one. While more changes than anybody can read, deltas come only five
times in two seconds; the end of a run and what a client has just asked for are told at once all the same. A follower
that does not read as fast gets no queue of old deltas: it gets the next snapshot instead.
"""

from __future__ import annotations

import itertools
import logging
from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from windlass.sched.events import AttemptId, TasksChanged
from windlass.sched.queues import Range
from windlass.sched.states import ENDED
from windlass.server import views
from windlass.server.links import Connection
from windlass.server.pace import Pace
from windlass.server.spans import Spans
from windlass.store.packs import Ends
from windlass.wire import codec
from windlass.wire import messages as m

if TYPE_CHECKING:
    from windlass.server.core import Core

log = logging.getLogger("windlass.publish")

INTERVAL = 0.05
"""Seconds between deltas of a topic."""
BUSY_INTERVAL = 0.4
"""The same while more than `BUSY` items a second change: a count that runs is read no better when it runs smoother, and
each delta costs every follower a picture."""
BUSY = 500
PROMPT = 0.005
"""The same where a run has ended or a client has changed something: somebody may wait for just that."""
ATTEMPTS = 1000
"""Rows of attempts in one delta or snapshot; older ones are asked for."""
PLAIN = 500
"""Successes a second among them, on the average: nobody could see each of more, and making, sending and taking
them in would be most of what following a run costs."""
BURST = 1000
"""As many may come at once, so that of a short run all are told."""
MARKS = 1000
"""Marks of runs that may wait for somebody who follows."""
TOPICS = 500
"""What one connection may follow: each costs it a snapshot at once."""
RUNS = 500
"""Runs in a snapshot of "runs", the newest."""


class RunNews:
    """What changed in a run since the last delta."""

    __slots__ = ("attempts", "items", "running", "shed", "tasks")

    def __init__(self) -> None:
        self.tasks: set[int] = set()
        self.items: dict[int, Spans] = {}
        """By task."""
        self.attempts: list[Sequence[Any]] = []
        self.running: dict[AttemptId, None] = {}
        self.shed = 0


class Publisher:
    def __init__(self, core: Core) -> None:
        self._core = core
        self._followers: dict[str, set[Connection]] = {}
        self._followed: frozenset[int] = frozenset()
        """Runs that somebody follows one by one."""
        self._behind: dict[str, set[Connection]] = {}
        self._seq: dict[str, int] = {}
        self._runs_dirty: set[int] = set()
        self._removed_runs: list[int] = []
        self.agents_dirty: set[str] = set()
        self._news: dict[int, RunNews] = {}
        self._samples: dict[str, list[m.Sample]] = {}
        self._attempt_samples: list[m.AttemptSample] = []
        self._due = self._told = 0.0
        self._changed = 0
        """Items that changed since the last deltas."""
        self._room: float = BURST
        """Successes that may be told now."""
        self.pace = Pace()

    # --- who follows ---

    def subscribe(self, connection: Connection, topics: Iterable[str], keep: Iterable[str] = ()) -> list[str]:
        """Follow these instead of those before, each with a snapshot at once; the topics that it does not follow.

        What of `keep` it follows already goes on as it is.
        """
        wanted = set(topics)
        unknown = [topic for topic in wanted if not self._exists(topic)]
        kept = wanted & connection.topics & set(keep)
        if len(wanted) - len(unknown) > TOPICS:
            left = sorted(wanted.difference(unknown, kept))[TOPICS - len(kept) :]
            text = f"{connection!r} follows {TOPICS} topics, the most at a time; {len(left)} more were left out"
            self._core.links.complain("too-many", text, self._core.now)
            unknown += left
        for topic in connection.topics - kept:
            self._leave(connection, topic)
        self._flush_into_seq()
        for topic in wanted.difference(unknown, kept):
            connection.topics.add(topic)
            self._followers.setdefault(topic, set()).add(connection)
            if self.pace.may(connection):
                self._send(connection, self._snapshot(topic))
            else:
                self._behind.setdefault(topic, set()).add(connection)
        self._followed = frozenset(map(run_of, self._followers))
        return unknown

    def forget(self, connection: Connection) -> None:
        for topic in list(connection.topics):
            self._leave(connection, topic)
        self._followed = frozenset(map(run_of, self._followers))

    def _leave(self, connection: Connection, topic: str) -> None:
        followers = self._followers.get(topic, set())
        followers.discard(connection)
        if not followers:
            self._followers.pop(topic, None)
        self._behind.get(topic, set()).discard(connection)
        connection.topics.discard(topic)

    def lost(self, connection: Connection) -> None:
        """Its link is gone."""
        self.forget(connection)
        self.pace.forget(connection)

    def forget_run(self, run: int) -> None:
        """It has ended and is put away; who follows it hears more when it is tried again."""
        if not self._follows_run(run):
            self._seq.pop(f"run:{run}", None)

    def _exists(self, topic: str) -> bool:
        if topic in ("runs", "agents", "samples"):
            return True
        return run_of(topic) in self._core.runs

    def _follows_run(self, run: int) -> bool:
        return run in self._followed

    # --- what changed; called when it is durable ---

    def hurry(self) -> None:
        """What is new now is worth telling at once."""
        self._due = min(self._due, self._told + PROMPT)

    def run(self, run: int) -> None:
        if run in self._core.runs:
            self._runs_dirty.add(run)
            if self._core.runs.told(run) in ENDED:
                self.hurry()
            if self._follows_run(run):
                self._of(run)
        else:
            self._removed_runs.append(run)
            self._news.pop(run, None)

    def task(self, run: int, task: int) -> None:
        self._runs_dirty.add(run)
        if self._follows_run(run):
            self._of(run).tasks.add(task)

    def items(self, run: int, task: int, spans: Sequence[Range]) -> None:
        self._runs_dirty.add(run)
        self._changed += sum([last - first for first, last in spans])
        if self._follows_run(run):
            news = self._of(run)
            news.tasks.add(task)
            if task not in news.items:
                news.items[task] = Spans()
            news.items[task].add(spans)

    def tasks(self, effect: TasksChanged) -> None:
        """As `items`, of the items of many single tasks."""
        if self._follows_run(effect.run):
            for pos in effect.positions:
                self.items(effect.run, pos, [(0, 1)])
        else:
            self._runs_dirty.add(effect.run)
            self._changed += sum([last - first for first, last in effect.ranges])

    def attempts(self, rows: list[tuple[Any, ...]]) -> None:
        """Attempts ended."""
        for row in rows:
            self.agents_dirty.add(row[5])
            if self._follows_run(row[1]):
                news = self._of(row[1])
                if row[7] == "ok":
                    if self._room < 1:
                        news.shed += 1
                        continue
                    self._room -= 1
                news.attempts.append(row)
                if len(news.attempts) > 2 * ATTEMPTS:
                    del news.attempts[:ATTEMPTS]
                    news.shed += ATTEMPTS

    def packed(self, run: int, agent: str, rows: Ends) -> None:
        """Attempts of one run ended on one agent; taken apart are only those that will be told."""
        self.agents_dirty.add(agent)
        if self._follows_run(run):
            news = self._of(run)
            room = int(self._room)
            told = rows.first(room) if room else []
            self._room -= len(told)
            news.attempts += told
            news.shed += len(rows) - len(told)

    def running(self, items: list[AttemptId]) -> None:
        for id in items:
            if self._follows_run(id[0]):
                self._of(id[0]).running[id] = None

    def agent(self, agent: str) -> None:
        self.agents_dirty.add(agent)

    def samples(self, agent: str, samples: list[m.Sample], attempts: list[m.AttemptSample]) -> None:
        if "samples" in self._followers:
            self._samples.setdefault(agent, []).extend(samples)
            self._attempt_samples.extend(attempts)

    def _of(self, run: int) -> RunNews:
        return self._news.setdefault(run, RunNews())

    # --- telling ---

    @property
    def dirty(self) -> bool:
        if self._followers and (
            self._runs_dirty or self._removed_runs or self.agents_dirty or self._news or self._samples
        ):
            return True
        return bool(self._behind) and any(_reads(c, self.pace) for behind in self._behind.values() for c in behind)

    def next_deadline(self) -> float | None:
        return self._due if self.dirty else None

    def tick(self, now: float) -> None:
        """Send what is due."""
        if not self._followers and len(self._runs_dirty) + len(self._removed_runs) > MARKS:
            self._flush_into_seq()  # nobody is told, and no more gathers than that
        if now < self._due or not self.dirty:
            return
        since = now - self._told
        busy = self._changed > BUSY * min(since, 1.0)
        self._room = min(BURST, self._room + PLAIN * since)
        self._due, self._told, self._changed = now + (BUSY_INTERVAL if busy else INTERVAL), now, 0
        self._catch_up()
        self._flush_into_seq()

    def _catch_up(self) -> None:
        """Who read everything that waited for it gets a snapshot and goes on from there."""
        for topic, behind in self._behind.items():
            for connection in [c for c in behind if _reads(c, self.pace)]:
                if not self.pace.may(connection):
                    continue  # another topic's snapshot has just filled its window
                behind.discard(connection)
                if connection in self._followers.get(topic, ()):
                    self._send(connection, self._snapshot(topic))
        self._behind = {topic: behind for topic, behind in self._behind.items() if behind}

    def _flush_into_seq(self) -> None:
        """Turn all marks into deltas, so that a snapshot made now stands at the current number."""
        core = self._core
        runs, removed, self._runs_dirty, self._removed_runs = self._runs_dirty, self._removed_runs, set(), []
        if "runs" in self._followers and (runs or removed):
            rows = [views.as_map(core.runs.row(run)) for run in sorted(runs) if run in core.runs]
            self._tell("runs", {"runs": rows, "removed": removed})
        agents, self.agents_dirty = self.agents_dirty, set()
        if "agents" in self._followers and agents:
            rows = [views.as_map(views.agent_row(core, core.agents[a])) for a in sorted(agents) if a in core.agents]
            self._tell("agents", {"agents": rows, "removed": [a for a in agents if a not in core.agents]})
        news, self._news = self._news, {}
        for run, what in news.items():
            if self._follows_run(run) and run in core.runs:
                self._tell_run(run, what)
        samples, self._samples = self._samples, {}
        attempts, self._attempt_samples = self._attempt_samples, []
        if "samples" in self._followers and (samples or attempts):
            self._tell("samples", {"samples": samples, "attempts": attempts})

    def _tell_run(self, run: int, news: RunNews) -> None:
        core = self._core
        topic = f"run:{run}"
        data = core.runs[run]
        rows = [views.as_map(views.live_row(core, id, core.live[id])) for id in news.running if id in core.live]
        rows += [views.as_map(views.ended_row(core, row)) for row in news.attempts[-ATTEMPTS:]]
        delta: dict[str, Any] = {
            "run": views.as_map(views.run_row(core, data)),
            "tasks": [views.as_map(views.task_row(core, data, task)) for task in sorted(news.tasks)],
            "spans": [[task, *spans.told(core.scheduler.states(run, task))] for task, spans in news.items.items()],
            "attempts": rows,
        }
        shed = news.shed + max(0, len(news.attempts) - ATTEMPTS)
        if shed:
            delta["shed"] = shed
        self._tell(topic, delta)

    def _tell(self, topic: str, data: dict[str, Any]) -> None:
        seq = self._seq[topic] = self._seq.get(topic, 0) + 1
        try:
            frames = codec.encode(m.Delta(topic, seq, data))
        except codec.WireError:
            frames = self._snapshot(topic)
        for connection in list(self._followers[topic]):
            self._give(topic, connection, frames)

    def _give(self, topic: str, connection: Connection, frames: list[bytes]) -> None:
        behind = self._behind.setdefault(topic, set())
        if connection in behind:
            return
        if connection.queue or not self.pace.may(connection):
            behind.add(connection)
            self._core.counters["late followers"] += 1
            log.info(
                "%r reads %s more slowly than it changes: it gets the whole when it has caught up", connection, topic
            )
        else:
            self._send(connection, frames)

    def _send(self, connection: Connection, frames: list[bytes]) -> None:
        self.pace.sent(connection, sum(map(len, frames)))
        self._core.when_durable(partial(self._core.links.send_frames, connection, frames))

    def _snapshot(self, topic: str) -> list[bytes]:
        """What does not fit into a message is left out, largest first, and named in `omitted`."""
        seq, data = self._seq.get(topic, 0), self._whole(topic)
        for part in ("attempts", "states", "tasks", ""):
            try:
                return codec.encode(m.Snapshot(topic, seq, data))
            except codec.WireError:
                data = {**data, part: [] if part != "states" else {}, "omitted": [*data.get("omitted", []), part]}
        return codec.encode(m.Snapshot(topic, seq, {"omitted": ["all"]}))

    def _whole(self, topic: str) -> dict[str, Any]:
        core = self._core
        if topic == "runs":
            shown = list(itertools.islice(core.runs.newest(hidden=False), RUNS + 1))
            rows = [views.as_map(row) for row in reversed(shown[:RUNS])]
            return {"runs": rows, "removed": [], "more": len(shown) > RUNS}
        if topic == "agents":
            return {
                "agents": [views.as_map(views.agent_row(core, agent)) for agent in core.agents.values()],
                "removed": [],
            }
        if topic == "samples":
            attempts = [sample for live in core.live.values() for sample in live.samples or ()]
            return {
                "samples": {agent.id: list(agent.samples) for agent in core.agents.values()},
                "attempts": attempts,
            }
        run = core.runs.get(run_of(topic))
        if run is None:
            return {}
        running = [views.live_row(core, id, live) for id, live in core.live.items() if id[0] == run.id and live.started]
        ended = [views.ended_row(core, row) for row in core.reader.last_attempts(run.id, ATTEMPTS)]
        return {
            "run": views.as_map(views.run_row(core, run)),
            "tasks": [views.as_map(views.task_row(core, run, place)) for place in range(len(run.graph))],
            "states": {place: core.scheduler.states(run.id, place) for place in range(len(run.graph))},
            "attempts": [views.as_map(row) for row in ended + running],
        }


def _reads(connection: Connection, pace: Pace) -> bool:
    """Whether one that was left out may get the whole now."""
    return not connection.queue and pace.caught_up(connection)


def run_of(topic: str) -> int:
    """The run of a topic `run:ID`; -1 when it is none."""
    name, _, id = topic.partition(":")
    run = int(id) if name == "run" and id.isdecimal() and len(id) < 19 else -1
    return run if f"run:{run}" == topic else -1  # each run has one name only
