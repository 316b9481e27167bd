"""Ends of attempts, the hot path: what the scheduler accepts is written with its results, acknowledged, and told.

Plain successes that come together are written together, as columns (`store/packs.py`); every other end is a row.
"""

from __future__ import annotations

from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, Any

from windlass.sched import events as ev
from windlass.sched.events import AttemptId
from windlass.sched.states import CANCELLED, EXITED, FAILED, SUCCEEDED, Outcome
from windlass.server import looks, rundata
from windlass.server.agentbook import AgentRecord, Ended, Live
from windlass.store import packs, records
from windlass.wire import messages as m
from windlass.wire.messages import Key

if TYPE_CHECKING:
    from windlass.server.core import Core

_OK = Outcome.OK.value
_UNSTAGED = (0.0, 0.0)
_BY_ATTEMPT = frozenset({SUCCEEDED, FAILED, CANCELLED})


class Ends:
    def __init__(self, core: Core) -> None:
        self._core = core

    def exited(self, agent: AgentRecord, epoch: int, ends: list[Ended]) -> None:
        """Attempts of one lease ended. What the scheduler accepts is written with its results, then acknowledged."""
        told = {AttemptId(k.run, k.task, k.index, k.attempt): end for end in ends for k in (end.exit.key,)}
        facts = [_fact(id, end) for id, end in told.items()]
        effects = self._core.hear(ev.AttemptsExited(agent.id, epoch, facts))
        self._write_ends(agent, epoch, effects, told)

    def succeeded(
        self, agent: AgentRecord, msg: m.Succeeded, started: list[float], ended: list[float], results: list[bytes]
    ) -> None:
        """As `exited`, for plain ends of one run's items: what is accepted as a whole is written as a whole."""
        fact = ev.AttemptsSucceeded(
            agent.id, msg.epoch, msg.run, msg.task, msg.items, msg.attempts, started, ended, msg.memory, msg.tasks
        )
        effects = self._core.hear(fact)
        first = effects[0] if effects else None
        if type(first) is ev.AcceptExits and len(first.items) == len(msg.items) and first.items[-1][2] == msg.items[-1]:
            self._pack(agent, msg, first.items, started, ended, results)
            for effect in effects[1:]:
                if (type(effect) is ev.ItemsChanged or type(effect) is ev.TasksChanged) and (effect.state is SUCCEEDED):
                    self._core.mark(effect, False)  # the pack tells of their ends
                else:
                    self._core.apply(effect)
        else:
            columns = zip(fact.ids, started, ended, msg.cpu, msg.memory, results, strict=True)
            told = {}
            for id, began, over, cpu, memory, result in columns:
                key = Key(id[0], id[1], id[2], id[3], msg.epoch)
                exit = m.Exit(key, Outcome.OK.value, 0, began, over, m.Usage(cpu, memory))
                told[id] = Ended(exit, result, began, over)
            self._write_ends(agent, msg.epoch, effects, told)
        self._core.acknowledge(agent.id, m.Ack([], [msg.batch]))

    def _write_ends(
        self, agent: AgentRecord, epoch: int, effects: list[ev.Effect], told: dict[AttemptId, Ended]
    ) -> None:
        finals: dict[tuple[int, int, int], int] = {}
        effects = list(chain.from_iterable(_apart(effect) for effect in effects))
        for effect in effects:
            if type(effect) is ev.ItemsChanged and effect.state in _BY_ATTEMPT:
                run, task, state = effect.run, effect.task, int(effect.state)
                for first, last in effect.ranges:
                    for index in range(first, last):
                        finals[run, task, index] = state
        single: set[tuple[int, int]] = set()
        # A task's changes join the first of their kind, which may stand before the acceptance of an end that it names:
        # such an item would be taken as ended without an attempt, and be told twice.
        for effect in sorted(effects, key=lambda effect: type(effect) is not ev.AcceptExits):
            if isinstance(effect, ev.AcceptExits):
                single |= self._accept(agent, epoch, effect.items, told, finals)
            elif isinstance(effect, ev.AttemptsChanged) and effect.state is EXITED:
                self._accept(agent, epoch, effect.items, told, {}, ack=False)
            elif isinstance(effect, ev.ItemsChanged) and effect.state in _BY_ATTEMPT:
                if effect.state is SUCCEEDED and (effect.run, effect.task) not in single:
                    self._core.mark(effect, False)  # the packs tell of their ends
                else:
                    self._core.write_changes(effect, finals)
            else:
                self._core.apply(effect)

    def _pack(
        self,
        agent: AgentRecord,
        msg: m.Succeeded,
        ids: list[AttemptId],
        started: list[float],
        ended: list[float],
        results: list[bytes],
    ) -> None:
        """All ends of a message were accepted."""
        lives = self.let_go(ids)
        lanes = agent.lanes
        assigned: list[float] = []
        slots: list[int] = []
        for live, began, over in zip(lives, started, ended, strict=True):
            if live is None or live.slot < 0:
                slots.append(lanes.whole(began, over))
            else:
                lanes.end(live.slot, over)
                slots.append(live.slot)
            if live is not None:
                agent.assigned -= 1
                agent.running -= live.started is not None
            assigned.append(began if live is None else live.assigned)
        count = len(ids)
        nothing = [0] * count
        columns = packs.Columns(
            msg.items, msg.attempts, assigned, started, ended, msg.cpu, msg.memory, nothing, nothing, slots
        )
        if msg.tasks and len(set(msg.tasks)) == count:
            seq = self._core.number(msg.run, count)
            self._write_packs(packs.rows_apart(seq, msg.run, msg.tasks, agent.id, columns, results))
        else:
            rows: list[packs.Row] = []
            for task, part, found in packs.by_task(msg.tasks, columns, results) if msg.tasks else ():
                rows += self._numbered(msg.run, task, agent.id, part, found)
            self._write_packs(rows or self._numbered(msg.run, msg.task, agent.id, columns, results))
        self._core.counters["ends"] += count

    def _numbered(
        self, run: int, task: int, agent: str, columns: packs.Columns, results: list[bytes]
    ) -> list[packs.Row]:
        return packs.rows_of(self._core.number(run, len(columns.items)), run, task, agent, columns, results)

    def _write_packs(self, rows: list[packs.Row]) -> None:
        if rows:
            self._core.store.write(records.PACK, rows)
            if single := [row for row in rows if row[3] == 1 and self._core.bundles.keeps(row[1], row[2])]:
                self._core.later(partial(self._keep, single))
            self._core.tell(partial(self._tell_packed, rows))

    def _keep(self, rows: list[packs.Row]) -> None:
        """Whoever needs these results is given out next."""
        for row in rows:
            self._core.bundles.keep_result(row[1], row[2], packs.results_of(row[8])[0])

    def let_go(self, ids: list[AttemptId]) -> list[Live | None]:
        """These attempts have ended: no longer kept as live; what they were."""
        lives = [self._core.live.pop(id, None) for id in ids]
        own: list[AttemptId] = []
        gone: list[tuple[int]] = []
        for id, live in zip(ids, lives, strict=True):
            given = live.given if live is not None else None
            if given is None:
                own.append(id)
                continue
            given.left -= 1
            if not given.left:
                gone.append((given.id,))
        self._core.store.write(records.LIVE_END, own)
        self._core.store.write(records.GIVEN_GONE, gone)
        return lives

    def _accept(
        self,
        agent: AgentRecord,
        epoch: int,
        items: list[AttemptId],
        told: dict[AttemptId, Ended],
        finals: dict[tuple[int, int, int], int],
        ack: bool = True,
    ) -> set[tuple[int, int]]:
        """Write these ends; the tasks of which a success has a row of its own."""
        core = self._core
        rows: list[tuple[Any, ...]] = []
        plain: dict[tuple[int, int], list[tuple[Any, ...]]] = {}
        outputs: list[tuple[Any, ...]] = []
        clear: list[tuple[int, int, int]] = []
        refs: list[tuple[str, int]] = []
        state = int(EXITED)
        lanes = agent.lanes
        for id, live in zip(items, self.let_go(items), strict=True):
            run, task, index, attempt = id
            exit, result, started, ended = told[id]
            assigned, slot = (live.assigned, live.slot) if live is not None else (started, -1)
            if live is not None:
                agent.assigned -= 1
                if live.started is not None:
                    agent.running -= 1
            if slot >= 0:
                lanes.end(slot, ended)
            else:
                slot = lanes.whole(started, ended)
            final = finals.pop((run, task, index), 0)
            if exit.outcome != _OK:
                looks.keep_curve(core, id, live)
            usage = exit.usage
            staged = exit.staged or _UNSTAGED
            ref = exit.log_ref
            if final == SUCCEEDED and _plain(exit, result):
                plain.setdefault((run, task), []).append(
                    (
                        index, attempt, assigned, started, ended, usage.cpu, usage.memory, usage.read, usage.written,
                        slot, *staged, result,
                    )
                )  # fmt: skip
                continue
            rows.append(
                (
                    core.number(run), run, task, index, attempt, agent.id, state, exit.outcome, exit.code, assigned,
                    started, ended, usage.cpu, usage.memory, usage.read, usage.written, slot, final, exit.log_shed,
                    exit.error, *staged, None if ref is None else rundata.encode(ref), exit.log or None, result or None,
                )
            )  # fmt: skip
            if exit.outputs and final == SUCCEEDED:
                clear.append((run, task, index))
                outputs += [(run, task, index, f.path, f.hash, f.size, f.mode) for f in exit.outputs]
                refs += [(f.hash, run) for f in exit.outputs]
            if ref is not None:
                refs.append((ref.hash, run))
            if result[:1] == b"b" and (blob := rundata.blob_of(result)) is not None:
                refs.append((blob, run))
        packed: list[packs.Row] = []
        for (run, task), ends in plain.items():
            *columns, results = map(list, zip(*ends, strict=True))
            packed += self._numbered(run, task, agent.id, packs.Columns(*columns), results)
        self._write_packs(packed)
        core.store.write(records.ATTEMPT, rows)
        core.store.write(records.OUTPUTS_CLEAR, clear)
        core.store.write(records.OUTPUT, outputs)
        core.store.write(records.REF, refs)
        core.counters["ends"] += len(items)
        if ack:
            core.acknowledge(agent.id, m.Ack([Key(*id, epoch) for id in items]))
        if rows:
            core.later(partial(self.tell, rows))
        return {(row[1], row[2]) for row in rows if row[17] == SUCCEEDED}

    def _tell_packed(self, rows: list[packs.Row]) -> None:
        """As `tell`, for rows that are only taken apart when somebody looks."""
        for row in rows:
            ends = packs.Ends(row)
            self._core.publisher.packed(row[1], row[6], ends)
            for tell in self._core.on_attempts_ended:
                tell(ends)
            for call in self._core.on_ends:
                call(row[1], row[2], row)

    def tell(self, rows: list[tuple[Any, ...]]) -> None:
        """Ends became durable: tell those who wait for them."""
        for row in rows:
            if row[6] == EXITED and row[7] not in ("ok", "stopped"):
                run_data = self._core.runs.get(row[1])
                if run_data is not None:
                    run_data.failures[row[2]] += 1
        self._core.publisher.attempts(rows)
        for run, task in {(row[1], row[2]) for row in rows}:
            self._core.bundles.drop_result(run, task)
            for call in self._core.on_ends:
                call(run, task, None)
        for tell in self._core.on_attempts_ended:
            tell(rows)


def _apart(effect: ev.Effect) -> list[ev.Effect]:
    """Ends are looked at task by task."""
    if isinstance(effect, ev.TasksChanged) and effect.state is SUCCEEDED:
        return [*effect.apart()]
    return [effect]


_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


def _fact(id: AttemptId, end: Ended) -> ev.ExitFact:
    exit = end.exit
    files = sum(file.size for file in exit.outputs) if exit.outputs else 0
    if end.result[:1] == b"b":
        files += rundata.size_of(end.result)
    return ev.ExitFact(id, _outcome(exit.outcome), exit.code, end.started, end.ended, exit.usage.memory, files)


def _outcome(name: str) -> Outcome:
    """An outcome this core does not know is a failure."""
    return _OUTCOMES.get(name, Outcome.FAILED)


def _plain(exit: m.Exit, result: bytes) -> bool:
    """Whether nothing has to be kept of a success but its times and a short result."""
    return (
        exit.outcome == "ok"
        and not exit.code
        and not exit.error
        and not exit.log
        and exit.log_ref is None
        and not exit.log_shed
        and not exit.outputs
        and result[:1] != b"b"
    )
