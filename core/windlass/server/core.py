"""Scheduler and store joined: events go in, effects become rows, messages and news.

Every effect first becomes rows of the current turn; what it makes us say (an assignment, an acknowledgement, a
delta) is queued with `later` and happens once these rows are durable. Whatever reads results or outputs (bundles,
decisions) also happens then, because the reader sees only what is durable.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from operator import attrgetter
from typing import Any

from windlass.blobs.store import BlobStore
from windlass.sched import events as ev
from windlass.sched.config import Config
from windlass.sched.events import AttemptId
from windlass.sched.machine import Scheduler
from windlass.sched.reasons import deadline_words
from windlass.sched.states import (
    BACKOFF,
    CANCELLED,
    ENDED,
    FAILED,
    LOST,
    PENDING,
    REJECTED,
    RUNNING,
    SKIPPED,
    SUCCEEDED,
    TERMINAL,
)
from windlass.server import looks, rundata, views
from windlass.server.agentbook import AgentRecord, Given, Live
from windlass.server.agentlog import AgentLog, Condition
from windlass.server.assign import Assigner
from windlass.server.bundles import Bundles
from windlass.server.ends import Ends
from windlass.server.erase import Eraser
from windlass.server.links import Links
from windlass.server.publish import Publisher
from windlass.server.rundata import RunData
from windlass.server.runs import Runs
from windlass.server.tidy import Tidy
from windlass.store import packs, records, replay
from windlass.store.reader import Reader
from windlass.store.store import Store
from windlass.wire import limits
from windlass.wire import messages as m
from windlass.wire.messages import Key

log = logging.getLogger("windlass.core")

HURRY = 0.05
"""Seconds for which the loop's turns are short after a few items were asked for, or given."""

_KEPT = TERMINAL | {PENDING, BACKOFF}
"""States that are written down; READY and ACTIVE are derived anew after a restart."""


class Core:
    def __init__(self, store: Store, blobs: BlobStore, links: Links, config: Config) -> None:
        self.store = store
        self.reader = Reader(store.reader())
        self.blobs = blobs
        self.links = links
        self.scheduler = Scheduler(config)
        self.projects = frozenset(config.weights)
        """Names that anybody may submit for as a project."""
        self.bundles = Bundles(self.reader, blobs, self.status, config.licences)
        self.runs = Runs(self._load, partial(views.run_row, self))
        self.agents: dict[str, AgentRecord] = {}
        self.doubts: dict[str, ev.Doubt] = {}
        """What is held against agents, as it is written down."""
        self.live: dict[AttemptId, Live] = {}
        self.agentlog = AgentLog(store)
        self.publisher = Publisher(self)
        self.ends = Ends(self)
        self.tidy = Tidy(blobs, self.reader, store)
        self.eraser = Eraser(store, self.reader, self.tidy, self.later)
        self.counters: Counter[str] = Counter()
        self.now = 0.0
        """The loop's time; set once a turn."""
        self._hurry = 0.0
        self.last_run = self.reader.last_run()
        self.seq = self.reader.last_seq()
        self.given = self.reader.last_given()
        """The number of the last row of attempts that were given together."""
        self.on_ends: list[Callable[[int, int | None, packs.Row | None], None]] = []
        """Called with a run and a task when ends of its items have become durable; with None, the run's own end.

        Where these ends are a row of `packs`, it comes along."""
        self.answer: Callable[[], object] = lambda: None
        """Called once when all ends of a commit were told as rows of `packs`: for who waits for just these."""
        self.on_attempts_ended: list[Callable[[Iterable[tuple[Any, ...]]], None]] = []
        """Called with the rows of attempts whose ends have become durable."""
        self._later: list[Callable[[], object]] = []
        self._tells: list[Callable[[], object]] = []
        self._afterwards: list[Callable[[], object]] = []
        self._marked: list[tuple[ev.ItemsChanged | ev.TasksChanged, bool]] = []
        """Changes of items in this turn, and whether these are their ends."""
        self._to_show: dict[int, Callable[[], object]] = {}
        self._shows = 0
        self._changed_state = False
        self._handlers: dict[type, Callable[[Any], None]] = {
            ev.DecideTask: self._decide,
            ev.AssignAttempts: Assigner(self).assign,
            ev.StopAttempts: self._stop,
            ev.WelcomeAgent: self._welcome,
            ev.AcceptExits: self._unexpected_accept,
            ev.RefuseExits: self._refuse,
            ev.AttemptsChanged: self._attempts_changed,
            ev.LossesForgiven: self._losses_forgiven,
            ev.ItemsChanged: self._items_changed,
            ev.TasksChanged: self._tasks_changed,
            ev.TaskChanged: self._task_changed,
            ev.RunChanged: self._run_changed,
            ev.AgentChanged: self._agent_changed,
            ev.UsageChanged: self._usage_changed,
            ev.LessonsLearned: lambda effect: store.write(records.LESSON, effect.lessons),
            ev.DeadlineChanged: self._deadline_changed,
            ev.MemoryLearned: self._memory_learned,
        }

    # --- the turn ---

    def take_changed(self) -> bool:
        """Whether the scheduler heard something since the last call."""
        changed, self._changed_state = self._changed_state, False
        return changed

    def hurry(self) -> None:
        """Somebody waits for a few items, and should not wait for the batches of others as well."""
        self._hurry = self.now + HURRY

    @property
    def hurried(self) -> bool:
        return self.now < self._hurry

    def handle(self, event: ev.Event) -> None:
        if (run_of := _OF_ENDED.get(type(event))) is not None:
            self.runs.get(run_of(event))  # the scheduler knows only of runs that are in memory
        for effect in self.hear(event):
            self.apply(effect)

    def hear(self, event: ev.Event) -> list[ev.Effect]:
        """Tell the scheduler; its effects are still to be applied, in their order."""
        self._changed_state = True
        return self.scheduler.handle(event, self.now)

    def apply(self, effect: ev.Effect) -> None:
        """Make rows, messages and news of it."""
        self._handlers[type(effect)](effect)

    def plan(self) -> None:
        """Place what is ready: once a turn."""
        for effect in self.scheduler.plan(self.now):
            self.apply(effect)

    def close(self) -> None:
        """The last rows."""
        for effect in self.scheduler.close(self.now):
            self.apply(effect)
        self.end_turn()

    def later(self, call: Callable[[], object]) -> None:
        """Do this when what was written in this turn is durable."""
        self._later.append(call)

    def afterwards(self, call: Callable[[], object]) -> None:
        """As `later`, behind all that agents and clients may wait for: an attempt is given out first, then noted."""
        self._afterwards.append(call)

    def tell(self, call: Callable[[], object]) -> None:
        """As `afterwards`, before all else there: it is followed by the answers to those who wait for ends."""
        self._tells.append(call)

    def when_durable(self, show: Callable[[], object]) -> None:
        """Tell what was read from memory when all of it is durable: who hears that a run has ended finds its rows.

        While the disk refuses, nothing becomes durable, and people must still see where things stand (and `problem`,
        which says what it is worth): then it is told at once.
        """
        if self.store.problem:
            # Nothing may gather until the disk takes rows again. What waited before goes first.
            self.show_all()
            show()
            return
        self._shows += 1
        self._to_show[self._shows] = show
        self.later(partial(self._show, self._shows))

    def _show(self, number: int) -> None:
        show = self._to_show.pop(number, None)
        if show is not None:
            show()

    def show_all(self) -> None:
        """Tell what waits to be durable, in its order; for when that may take long."""
        for number in list(self._to_show):
            self._show(number)

    def say(self, agent: str, message: m.Message) -> None:
        """Send to an agent once this turn is durable."""
        self._later.append(partial(self._say_now, agent, message))

    def acknowledge(self, agent: str, message: m.Ack) -> None:
        """Tell an agent what is durable. It keeps these ends until then, and waits for nothing."""
        self.afterwards(partial(self._acknowledge_now, agent, message))

    def _acknowledge_now(self, agent: str, message: m.Ack) -> None:
        record = self.agents.get(agent)
        if record is not None and record.connection is not None:
            self.links.send_soon(record.connection, message, self.now)

    def _say_now(self, agent: str, message: m.Message) -> None:
        record = self.agents.get(agent)
        if record is not None and record.connection is not None:
            self.links.send(record.connection, message)

    def end_turn(self) -> None:
        """Close the turn. Where nothing had to be written, what waited for it happens at once, and may write more."""
        while self._later or self._tells or self._afterwards or self.store.has_rows:
            calls, tells = self._later, self._tells
            if tells:
                calls += tells
                calls.append(self.answer)
            calls += self._afterwards
            self._later, self._tells, self._afterwards, self._marked = [], [], [], []
            self.store.end_turn(partial(self._call_all, calls) if calls else None)

    def _call_all(self, calls: Iterable[Callable[[], object]]) -> None:
        for call in calls:
            try:
                call()
            except Exception:
                # A bug in one of them must not take the acknowledgements of all others along.
                self.counters["internal"] += 1
                log.exception("after a commit")

    # --- after a restart ---

    def restore(self, now: float) -> None:
        """Load the store into memory and tell the scheduler."""
        self.now = now
        db = self.store.reader()
        live = replay.live_attempts(db)
        restored = []
        ended = list(replay.ended_runs(db))
        for stored in replay.stored_runs(db):
            try:
                run = rundata.from_store(stored)
                found = replay.restored_run(db, stored, lambda _, run=run: run.plan())  # type: ignore[misc]
            except (ValueError, LookupError, TypeError) as error:
                # One record that cannot be read must not keep all others from going on. It stays in the file.
                log.error("run %d (%s) cannot be read and is left out: %s", stored.id, stored.name, error)
                continue
            # Versions of bundles are not kept: agents may hold any of the earlier life's.
            run.first_version = int(now)
            self.runs[run.id] = run
            restored.append(found)
        agents = []
        for agent, key, facts, heard in replay.restored_agents(db, live):
            agents.append(agent)
            self.agents[agent.agent] = AgentRecord(
                agent.agent, key, facts, agent.epoch, agent.draining, "disconnected", since=now, heard=heard
            )
            self.doubts[agent.agent] = agent.doubt
        usage = replay.restored_usage(db)
        db.close()
        together: dict[int, Live] = {}
        for record in live:
            slot = record.slot if record.slot is not None else -1
            if record.given:
                shared = together.get(record.given)
                if shared is None:
                    given = Given(record.given, 0)
                    shared = together[record.given] = Live(record.agent, record.epoch, record.assigned, given=given)
                shared.given.left += 1  # type: ignore[union-attr]
                self.live[record.id] = shared
            else:
                self.live[record.id] = Live(record.agent, record.epoch, record.assigned, record.started, slot)
            home = self.agents.get(record.agent)
            if home is not None:
                home.assigned += 1
                if record.state == RUNNING:
                    home.running += 1
                    home.lanes.occupy(slot)
        self.scheduler.restore(restored, agents, now, usage)
        for agent in agents:
            self.agentlog.began(agent.agent, self._condition(agent.agent, "disconnected", agent.draining))
        for row in ended:
            self.runs.add_row(row)
        for id in self.runs.here:
            if self.runs[id].ended is not None:
                self._count(id)

    def _load(self, id: int) -> RunData:
        """A run that has ended and was put away is asked for."""
        db = self.reader.db
        stored = replay.stored_run(db, id)
        run = rundata.from_store(stored)
        run.first_version = int(self.now)
        self.scheduler.handle(ev.RunLoaded(replay.restored_run(db, stored, lambda _: run.plan())), self.now)
        return run

    def tidy_memory(self) -> None:
        """Put ended runs away that nobody asks for; now and then."""
        if self.store.problem or self.store.backlog:
            return  # what is written of them may not be readable yet
        for run in self.runs.spare(self.now):
            if self.runs.told(run) in ENDED and self.scheduler.may_forget(run):
                self.runs.put_away(run)
                self.publisher.forget_run(run)
                self.bundles.forget(run)
                self.scheduler.handle(ev.RunForgotten(run), self.now)

    def _count(self, run: int) -> None:
        self.store.write(records.RUN_COUNTS, [(json.dumps(self.scheduler.counts(run)), run)])

    def _unexpected_accept(self, effect: ev.AcceptExits) -> None:
        raise AssertionError(f"an end was accepted that nobody told: {effect!r}")

    def _refuse(self, effect: ev.RefuseExits) -> None:
        self.counters["stale ends"] += len(effect.items)
        self.say(effect.agent, m.Ack([Key(*id, effect.epoch) for id in effect.items]))

    # --- effects ---

    def _attempts_changed(self, effect: ev.AttemptsChanged) -> None:
        agent = self.agents.get(effect.agent)
        if effect.state is RUNNING:
            rows = []
            for id in effect.items:
                live = self.live.get(id)
                if live is None:
                    continue
                if live.given is not None:
                    live = self._of_its_own(id, live)
                if live.started is None:
                    live.started = effect.time
                    if agent is not None:
                        agent.running += 1
                        live.slot = agent.lanes.begin(live.started)
                rows.append((live.started, live.slot, *id))
            self.store.write(records.LIVE_STARTED, rows)
            self.later(partial(self.publisher.running, effect.items))
        elif effect.state in (LOST, REJECTED):
            self._ended_without_exit(effect, agent)
        if agent is not None:
            self.publisher.agents_dirty.add(agent.id)

    def _of_its_own(self, id: AttemptId, together: Live) -> Live:
        """An attempt that was given with others is told apart from them."""
        live = Live(together.agent, together.epoch, together.assigned)
        self.ends.let_go([id])
        self.live[id] = live
        self.store.write(records.LIVE_NEW, [(*id, live.agent, live.epoch, 0, live.assigned, None, -1)])
        return live

    def _ended_without_exit(self, effect: ev.AttemptsChanged, agent: AgentRecord | None) -> None:
        rows: list[tuple[Any, ...]] = []
        error = "the agent was lost" if effect.state is LOST else "given back by the agent"
        for id, live in zip(effect.items, self.ends.let_go(effect.items), strict=True):
            if live is None:
                continue
            looks.keep_curve(self, id, live)
            if agent is not None:
                agent.assigned -= 1
                if live.started is not None:
                    agent.running -= 1
                    agent.lanes.end(live.slot, self.now)
            rows.append(
                (
                    self.number(id[0]), *id, effect.agent, int(effect.state), "", 0, live.assigned, live.started,
                    self.now, 0.0, 0, 0, 0, max(live.slot, 0), 0, 0, error, 0.0, 0.0, None, None, None,
                )
            )  # fmt: skip
        self.store.write(records.ATTEMPT, rows)
        self.later(partial(self.ends.tell, rows))

    def number(self, run: int, count: int = 1) -> int:
        """The number of the first of so many ends of a run; the others have the next ones."""
        first = self.seq + 1
        self.seq += count
        self.runs.numbered(run, self.seq)
        return first

    def _losses_forgiven(self, effect: ev.LossesForgiven) -> None:
        text = "its agent was cut off and stopped it in order"
        self.store.write(records.LOSS_FORGIVEN, [(text, *id) for id in effect.items])

    def _items_changed(self, effect: ev.ItemsChanged) -> None:
        if effect.state in _KEPT:
            self.write_changes(effect, None)
        else:
            self.mark(effect, False)

    def _tasks_changed(self, effect: ev.TasksChanged) -> None:
        """READY or ACTIVE: their ends come with `Ends`."""
        self.mark(effect, False)

    def mark(self, effect: ev.ItemsChanged | ev.TasksChanged, ends: bool) -> None:
        """Tell of it when this turn is durable; one call for all of them."""
        if not self._marked:
            self.afterwards(partial(self._tell_marked, self._marked))
        self._marked.append((effect, ends))

    def _tell_marked(self, marked: list[tuple[ev.ItemsChanged | ev.TasksChanged, bool]]) -> None:
        for effect, ends in marked:
            if isinstance(effect, ev.ItemsChanged):
                self._changed(effect, ends)
            else:
                self.publisher.tasks(effect)

    def write_changes(self, effect: ev.ItemsChanged, finals: dict[tuple[int, int, int], int] | None) -> None:
        """`finals`: ends of attempts in this batch took their items out; what is left of it ended without one."""
        run, task, state = effect.run, effect.task, int(effect.state)
        ends = effect.state in TERMINAL
        mark = self.seq
        rows = []
        for first, last in effect.ranges:
            pieces = [(first, last, ends)]
            if finals is not None and not finals:
                pieces = [(first, last, False)]
            elif finals is not None:
                pieces = _pieces(first, last, lambda index: (run, task, index) in finals)
            for lo, hi, alone in pieces:
                seq = 0
                if alone:
                    seq = self.number(run, hi - lo)
                rows.append((run, task, lo, hi, state, effect.reason, seq, mark))
        self.store.write(records.CHANGE, rows)
        if effect.state is PENDING and run in self.runs:
            self.bundles.renew(self.runs[run], task)
        self.mark(effect, ends)

    def _changed(self, effect: ev.ItemsChanged, ends: bool) -> None:
        self.publisher.items(effect.run, effect.task, effect.ranges)
        if ends:
            for call in self.on_ends:
                call(effect.run, effect.task, None)

    def _task_changed(self, effect: ev.TaskChanged) -> None:
        run = self.runs[effect.run]
        if effect.note:
            run.notes[effect.task] = effect.note
        else:
            run.notes.pop(effect.task, None)
        if not effect.open and effect.task in run.open_tasks:
            run.open_tasks -= {effect.task}
        row = (effect.run, effect.task, effect.count, int(effect.open), int(effect.decided), effect.note)
        self.store.write(records.TASK, [row])
        self.afterwards(partial(self.publisher.task, effect.run, effect.task))

    def _run_changed(self, effect: ev.RunChanged) -> None:
        run = self.runs.get(effect.run)
        if run is None:
            return
        run.state, run.priority, run.ended = effect.state, effect.priority, effect.ended
        if effect.state == "deleted":
            self.eraser.begin(run.id)
            self.store.write(records.SETTING, [("seq", str(self.seq)), ("run", str(self.last_run))])
            del self.runs[run.id]
        else:
            self.store.write(records.RUN_STATE, [(run.state, run.priority, run.ended, run.id)])
            if run.ended is not None:
                self._count(run.id)
                self.store.write(records.LESSONS_GONE, [(run.id,)])
        if effect.ended is not None or effect.state == "deleted":
            self._let_go(run.id)
        else:
            for agent in self.agents.values():
                if run.id in agent.over:  # it goes on: what it needs is sent anew
                    self.tell_over(agent)
        self.later(partial(self._run_told, run.id, effect.state))

    def _run_told(self, run: int, state: str) -> None:
        if run in self.runs:
            self.runs[run].told = state
        self.publisher.run(run)
        for call in self.on_ends:
            call(run, None, None)

    def _deadline_changed(self, effect: ev.DeadlineChanged) -> None:
        run = self.runs.get(effect.run)
        if run is None:
            return
        words = deadline_words(effect.state, effect.due, effect.forecast)
        run.deadlines.pop(effect.task, None)
        if words:
            run.deadlines[effect.task] = rundata.Late(effect.state, words, effect.forecast or 0.0)
            log.warning("run %d: %s %s", run.id, run.task(effect.task).id, words)
        else:
            log.info("run %d: the deadline of %s is no longer endangered", run.id, run.task(effect.task).id)
        self.later(partial(self.publisher.task, effect.run, effect.task))

    def _memory_learned(self, effect: ev.MemoryLearned) -> None:
        self.later(partial(self.publisher.task, effect.run, effect.task))

    def _let_go(self, run: int) -> None:
        """The agents need its bundles no more."""
        self.later(partial(self.bundles.forget, run))
        for agent in self.agents.values():
            if run in agent.sent:
                agent.over.add(run)

    def tell_over(self, agent: AgentRecord) -> None:
        """Which of its runs have ended: with a heartbeat, because a message for each would be a part of short runs."""
        for run in agent.over:
            agent.sent.pop(run, None)
        self.say(agent.id, m.Forget(sorted(agent.over)))
        agent.over.clear()

    def _agent_changed(self, effect: ev.AgentChanged) -> None:
        agent = self.agents.get(effect.agent)
        if agent is None:
            return
        if effect.state == "removed":
            del self.agents[effect.agent]
            self.store.write(records.AGENT_GONE, [(effect.agent,)])
            self._write_doubt(effect.agent, ev.NO_DOUBT)
            self.agentlog.forget(effect.agent)
        else:
            if effect.state != agent.state:
                agent.since = self.now
                log.info("agent %s is %s%s", agent.facts.name, effect.state, f": {effect.note}" if effect.note else "")
            agent.state, agent.draining, agent.note = effect.state, effect.draining, effect.note
            agent.epoch = max(agent.epoch, effect.epoch)
            self.store.write(records.AGENT_STATE, [(agent.epoch, int(agent.draining), agent.heard, agent.id)])
            self._write_doubt(agent.id, effect.doubt)
            condition = self._condition(agent.id, agent.state, agent.draining)
            self.agentlog.changed(agent.id, condition, agent.note, self.now)
        self.later(partial(self.publisher.agent, effect.agent))

    def _write_doubt(self, agent: str, doubt: ev.Doubt) -> None:
        if self.doubts.get(agent, ev.NO_DOUBT) == doubt:
            return
        self.doubts[agent] = doubt
        if doubt == ev.NO_DOUBT:
            self.store.write(records.DOUBT_GONE, [(agent,)])
        else:
            self.store.write(records.DOUBT, [(agent, *doubt)])

    def _condition(self, agent: str, state: str, draining: bool) -> Condition:
        view = self.scheduler.agent_view(agent)
        return Condition(state, draining, view.aside, view.probation)

    def _usage_changed(self, effect: ev.UsageChanged) -> None:
        self.store.write(records.USAGE, [used for used in effect.owners if used.average])
        self.store.write(records.USAGE_GONE, [(used.owner,) for used in effect.owners if not used.average])

    def _stop(self, effect: ev.StopAttempts) -> None:
        for start in range(0, len(effect.items), limits.BATCH):
            keys = [self._key(id, effect.epoch) for id in effect.items[start : start + limits.BATCH]]
            self.say(effect.agent, m.Stop(keys, if_waiting=effect.if_waiting, reason=effect.reason))

    def _key(self, id: AttemptId, epoch: int) -> Key:
        """An attempt keeps the epoch it was given under."""
        live = self.live.get(id)
        return Key(*id, live.epoch if live is not None else epoch)

    def _welcome(self, effect: ev.WelcomeAgent) -> None:
        agent = self.agents[effect.agent]
        agent.epoch = effect.epoch
        held, agent.held = agent.held, {}  # its own names for them, with the lease that it knows
        self.store.write(records.AGENT_STATE, [(agent.epoch, int(agent.draining), agent.heard, agent.id)])
        self.say(
            effect.agent,
            m.Welcome(
                effect.epoch,
                self.heartbeat,
                self.lease,
                [held.get(id) or self._key(id, effect.epoch) for id in effect.keep],
                [held.get(id) or self._key(id, effect.epoch) for id in effect.stop],
            ),
        )

    heartbeat = 1.0
    lease = 12.0

    # --- deciding ---

    def _decide(self, effect: ev.DecideTask) -> None:
        self.later(partial(self._decide_now, effect.run, effect.task))

    def _decide_now(self, run_id: int, task: int) -> None:
        run = self.runs.get(run_id)
        if run is None:
            return
        decision = self.bundles.decide(run, task)
        if decision.values is not None:
            run.values[task] = decision.values
            self.store.write(records.TASK_VALUES, [(run_id, task, rundata.encode(decision.values))])
        self.handle(ev.TaskDecided(run_id, task, decision.items, decision.skip, decision.error))

    def live_attempt(self, run: int, task: int, index: int) -> AttemptId | None:
        """The live attempt of an item, if it has one."""
        data = self.runs.get(run)
        if data is None or not 0 <= task < len(data.graph) or index < 0:
            return None
        id = AttemptId(run, task, index, self.scheduler.attempt_number(run, task, index))
        return id if id in self.live else None

    def status(self, run: RunData, task: int) -> str:
        """How a task ended, in a word."""
        counts = self.scheduler.counts(run.id, task)
        if counts[FAILED]:
            return "failed"
        if counts[CANCELLED]:
            return "cancelled"
        if counts[SKIPPED] and not counts[SUCCEEDED]:
            return "skipped"
        return "succeeded"


_OF_ENDED: dict[type[ev.Event], Callable[[Any], int]] = {
    ev.RetryRequested: attrgetter("scope.run"),
    ev.CancelRequested: attrgetter("scope.run"),
    ev.PauseRequested: attrgetter("run"),
    ev.PriorityChanged: attrgetter("run"),
    ev.RunDeleted: attrgetter("run"),
    ev.TaskAmended: attrgetter("run"),
}
"""What may be asked of a run that has ended, and of which run it is."""


def _pieces(first: int, last: int, alone: Callable[[int], bool]) -> list[tuple[int, int, bool]]:
    """Cut a range where `alone` changes."""
    pieces: list[tuple[int, int, bool]] = []
    start, current = first, alone(first)
    for index in range(first + 1, last):
        if (here := alone(index)) is not current:
            pieces.append((start, index, current))
            start, current = index, here
    pieces.append((start, last, current))
    return pieces
