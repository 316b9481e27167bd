"""Placing: which ready item goes to which agent, and what is sent ahead.

First every free lane, in the order of the work: priority, fair share between owners, deadline, longest remaining
path, age; each on the agent that it fits best. Then work ahead for agents whose attempts are short. Then, where an
agent idles while attempts wait elsewhere and do not move, those are asked back.
"""

from __future__ import annotations

from itertools import islice

from windlass.sched import attempts, limits, locality, memory, ranks
from windlass.sched.agents import Agent, Bucket, Grant
from windlass.sched.backfill import Reservation, at_most, earliest
from windlass.sched.book import Book
from windlass.sched.crowds import Crowd
from windlass.sched.devices import NOTHING
from windlass.sched.events import AssignAttempts, AttemptId
from windlass.sched.queues import ranges_of
from windlass.sched.race import Line
from windlass.sched.shapes import Amounts, Shape
from windlass.sched.states import ACTIVE, ASSIGNED, READY
from windlass.sched.tasks import Owner, TaskState

VAIN = 64
"""Agents that are looked at in one plan without being sent anything ahead."""
FEW = 32
"""Lines of work without room that are all looked at in each plan, for who has waited too long;"""
EACH = 1e-4
"""of more, once in so many seconds for each: about a hundred times what that takes."""
CLAIM_EVERY = 1.0
"""Seconds between looks for who waits for more of a licence than others ask for."""
PAST = 4
"""So many attempts for each lane of an agent are let past what waits there, where that is more than as many."""
_NO_GPUS: dict[AttemptId, tuple[int, ...]] = {}


class Planner:
    """One pass over what is ready and what is free."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._given: dict[Agent, list[AttemptId]] = {}
        self._standings: dict[Owner, float] = {}
        """Of the owners that were looked at, until they are given something."""
        self._gpus: dict[Agent, dict[AttemptId, tuple[int, ...]]] = {}
        self._skipped: list[TaskState] = []
        self._passed: list[tuple[Shape, Agent]] = []
        self._strangers: set[tuple[TaskState, Agent]] = set()
        """Agents that have no files of what the task has ready."""
        self._alone: dict[Agent, list[AttemptId]] = {}
        self._tried: dict[Shape, int] = {}
        """How many tasks of the shape were too long for the gap before a reservation."""
        self._full: list[Shape] = []
        """Shapes with ready work and no room, in order; of some the work may have gone meanwhile."""
        self._able: dict[Shape, list[Agent]] = {}

    def plan(self) -> None:
        book = self._book
        if book.relearn:
            ranks.update(book)
        self._refresh()
        if book.limits.claim is not None:
            self._check_claim(book.limits.claim)
        if book.supply.wanted():
            self._fill_lanes()
            self._make_claim()
            if self._full:
                self._reserve()
                self._send_ahead()
        for shape, agent in self._passed:
            book.supply.rooms.offer(shape, agent)
        for task in self._skipped:
            book.supply.push(task)
        if book.recall_scan:
            self._recall()
        for agent, ids in self._given.items():
            book.attempts(ASSIGNED, agent.id, ids)
            gpus, alone = self._gpus.get(agent, _NO_GPUS), self._alone.get(agent, ())
            book.emit(AssignAttempts(agent.id, agent.epoch, ids, gpus, alone))
            book.story.tell(book.now, "assigned", agent.id, ids)

    def _refresh(self) -> None:
        """Agents whose room changed: waiting attempts move up into free lanes (the agent does that by itself)."""
        book = self._book
        for agent, reservation in list(book.reserved.items()):
            heads = book.supply.heads(reservation.shape) if agent.takes_work and reservation.shape.tasks else []
            if heads:
                reservation.urgency = min(map(book.policy.urgency, heads))
            else:
                book.unreserve(agent)
                book.dirty[agent] = None
        for agent in book.dirty:
            for bucket in agent.buckets.values():
                if bucket.lanes < bucket.size:
                    more = bucket.shape.lanes_held(agent.free, bucket.size - bucket.lanes)
                    if more:
                        agent.widen(bucket, more)
            book.supply.rooms.changed(agent)
        book.dirty.clear()

    # --- lanes -----------------------------------------------------------------------------------------

    def _fill_lanes(self) -> None:
        supply, now = self._book.supply, self._book.now
        race, rooms = supply.race, supply.rooms
        race.begin(now, self._standing)
        while rooms.any and (line := race.first(self._standing)) is not None:
            agent = rooms.best(line.shape, now)
            if agent is None:
                race.pass_by(line)
                continue
            task = line.heap[0][2]
            self._place(task, agent, race.alone)
            if task.shape.blocked_since is not None and not supply.works(task.shape):
                task.shape.blocked_since = None
        race.end()
        self._full = [shape for shape in supply.wanted() if rooms.best(shape, now) is None]

    def _standing(self, owner: Owner) -> float:
        standing = self._standings.get(owner)
        if standing is None:
            standing = self._standings[owner] = self._book.shares.standing(owner, self._book.now)
        return standing

    def _place(self, task: TaskState, agent: Agent, alone: bool) -> None:
        """Give the task lanes on the agent it fits best (that one); one at a time where owners compete."""
        book = self._book
        shape = task.shape
        if task.run.files is not None and not isinstance(task, Crowd) and self._place_near(task, alone):
            return
        free, room, most = self._fits(task, agent, alone)
        if most <= 0 < room and task.limits:
            return  # taken by another task just now: `heads` sets it aside until something is given back
        given = self._give(task, agent, most) if most > 0 else 0
        if given:
            self._hold(task, agent, given)
        elif most > 0 or (room < free and self._look_deeper(shape)):
            self._shun(task)
        else:
            self._passed.append((shape, book.supply.rooms.pass_over(shape)))

    def _fits(self, task: TaskState, agent: Agent, alone: bool) -> tuple[int, int, int]:
        """Lanes that are free for the task's shape, how many of them it may have, and how many attempts it is given."""
        shape = task.shape
        free = agent.room(shape, self._book.config.lanes_max - self._lanes(agent, shape))
        room = self._unreserved(task, agent, free)
        most = min(room, task.queue.size) if alone and not shape.spread else min(room, 1)
        if task.limits:
            most = min(most, limits.room(task))
        return free, room, most

    def _hold(self, task: TaskState, agent: Agent, given: int) -> None:
        """Lanes for attempts that were given just now."""
        book, bucket = self._book, agent.bucket(task.shape)
        # An attempt that waited may have moved into the room; count lanes, not attempts.
        agent.widen(bucket, min(given, bucket.size - bucket.lanes))
        if agent.reserved is not None and agent.reserved.shape is task.shape:
            book.unreserve(agent)
        book.supply.rooms.changed(agent)

    def _place_near(self, task: TaskState, alone: bool) -> bool:
        """Give lanes where files are that the task, or its items, need; False: nobody who has them has room."""
        book, shape = self._book, task.shape
        assert task.run.files is not None
        if shape.spread:
            return False
        homes = task.run.files.homes(task)
        near = task.run.files.near(task) if homes is None else ()
        if homes is None and not near:
            return False
        offered = book.supply.rooms.offered(shape, book.now)
        if homes is None:
            there = {agent.id: agent for agent in offered}
            offered = [there[name] for name in near if name in there]
        placed = False
        for agent in offered:
            if (task, agent) in self._strangers:
                continue
            most = self._fits(task, agent, alone)[2]
            given = self._give(task, agent, most, homes) if most > 0 else 0
            if given:
                self._hold(task, agent, given)
                placed = True
                if not alone or not task.queue.size:
                    return True
            else:
                self._strangers.add((task, agent))
        return placed

    def _unreserved(self, task: TaskState, agent: Agent, room: int) -> int:
        """Of that room, what the task may have on an agent that may be kept for another."""
        reservation = agent.reserved
        return room if reservation is None else unreserved_room(self._book, task, reservation, room, agent.free)

    def _look_deeper(self, shape: Shape) -> bool:
        """Whether another task of the shape may be tried in the gap, because this one is too long for it."""
        tried = self._tried[shape] = self._tried.get(shape, 0) + 1
        return tried <= self._book.config.backfill_depth

    def _lanes(self, agent: Agent, shape: Shape) -> int:
        bucket = agent.buckets.get(shape)
        return 0 if bucket is None else bucket.lanes

    def _shun(self, task: TaskState) -> None:
        """All that the task has ready would rather go elsewhere. Try the next agent, then the next task."""
        supply = self._book.supply
        self._passed.append((task.shape, supply.rooms.pass_over(task.shape)))
        if supply.rooms.best(task.shape, self._book.now) is None:
            self._skipped.append(supply.skip(task))
            back = [passed for passed in self._passed if passed[0] is task.shape]
            self._passed = [passed for passed in self._passed if passed[0] is not task.shape]
            for shape, other in back:
                supply.rooms.offer(shape, other)

    def _elsewhere(self, task: TaskState, agent: Agent) -> bool:
        """Another agent could do it, now or later."""
        shape = task.shape
        able = self._able.get(shape)
        if able is None:
            # Two are enough: one of them is another than the one in question.
            able = self._able[shape] = list(islice((a for a in self._book.agents.values() if _could(shape, a)), 2))
        return any(other is not agent for other in able)

    # --- giving ----------------------------------------------------------------------------------------

    def _give(self, task: TaskState, agent: Agent, most: int, homes: bytearray | None = None) -> int:
        """Assign up to `most` ready items of the task to the agent; how many it were.

        With `homes` only such as were never tried and are at home there (`locality.py`).
        """
        book = self._book
        bucket = agent.bucket(task.shape)
        grant = Grant(task, bucket, agent.epoch, book.now)
        run, pos = task.run.id, task.pos
        ids: list[AttemptId] = []
        if homes is not None:
            spans = task.queue.take_home(most, homes, locality.code(agent))
        else:
            spans = []
        if homes is None and (task.queue.again or task.queue.suspects):
            elsewhere, items = self._elsewhere(task, agent), []
            if task.queue.suspects and not agent.suspects:
                items = task.queue.take_suspect(agent.id, book.now, elsewhere)
                alone = [AttemptId(run, pos, item, task.number(item) + 1) for item in items]
                agent.suspects.update(alone)
                self._alone.setdefault(agent, []).extend(alone)
            items += task.queue.take_again(most - len(items), agent.id, book.now, elsewhere)
            for item in items:
                task.move(item, ACTIVE)
                task.active[item] = agent
                ids.append(AttemptId(run, pos, item, task.next_number(item)))
            if items:
                book.items(task, ACTIVE, ranges_of(items))
        while len(ids) < most:
            span = spans.pop(0) if spans else None if homes is not None else task.queue.take_range(most - len(ids))
            if span is None:
                break
            lo, hi = span
            task.move_range(lo, hi, READY, ACTIVE)
            task.active.update(dict.fromkeys(range(lo, hi), agent))
            ids += task.next_ids(lo, hi)
            if isinstance(task, Crowd):
                book.tasks_changed(task, ACTIVE, [(lo, hi)])
            else:
                book.items(task, ACTIVE, [(lo, hi)])
        if not ids:
            if not bucket.size:
                del agent.buckets[task.shape]
            return 0
        for limit, amount in grant.limits:
            limit.take(amount * len(ids))
        if grant.limits:
            self._has_begun(task)
        shape = task.shape
        if shape.strict:
            if shape.exclusive:
                agent.sole = shape
            if shape.gpu != NOTHING:
                given = self._gpus.setdefault(agent, {})
                given.update((id, agent.take_devices(id, shape)) for id in ids)
        agent.live.update(dict.fromkeys(ids, grant))
        bucket.size += len(ids)
        bucket.moved = book.now
        task.shape.blocked_since = None
        owner = task.run.owner
        owner.live[task.shape] = owner.live.get(task.shape, 0) + len(ids)
        self._standings.pop(owner, None)
        self._given.setdefault(agent, []).extend(ids)
        book.supply.make_hungry(task.shape, agent)
        return len(ids)

    # --- ahead -----------------------------------------------------------------------------------------

    def _send_ahead(self) -> None:
        """To hungry agents; those for which something else waits too stay so, and are looked at by turns."""
        supply, now = self._book.supply, self._book.now
        vain, full = VAIN, set(self._full)
        for shape in supply.hungry_shapes():
            if shape.strict or shape not in full:
                continue
            hungry = supply.hungry(shape)
            for agent in list(hungry):
                if not vain:
                    supply.feed_later(shape)
                    return
                del hungry[agent]
                bucket = agent.buckets.get(shape)
                if bucket is None or not agent.takes_work:
                    continue
                if agent.probation or agent.shun_until > now or self._others_wait(shape, agent):
                    hungry[agent] = None
                    vain -= 1
                else:
                    supply.sated(shape, agent)
                    if not shape.learned or memory.would_wait(shape, agent):
                        self._top_up(shape, agent, bucket)
            if not hungry:
                supply.fed(shape)

    def _others_wait(self, shape: Shape, agent: Agent) -> bool:
        """Other ready work waits for this agent too: sending ahead would decide for it."""
        if agent.reserved is not None and agent.reserved.shape is not shape:
            return True
        if len(self._full) == 1:
            return False
        return any(
            other is not shape and agent.able(other) and other.matches(agent.labels) and self._book.supply.works(other)
            for other in self._full
        )

    def _top_up(self, shape: Shape, agent: Agent, bucket: Bucket) -> None:
        config, supply = self._book.config, self._book.supply
        while True:
            line = supply.race.first_of(shape, self._standing)
            if line is None:
                return
            task, lines = line.heap[0][2], supply.lines(shape)
            mean = task.mean if task.mean is not None else task.run.mean
            depth = 0 if mean is None else self._depth(agent, bucket, mean)
            waits = bucket.size - bucket.lanes
            # Half empty before it is filled, so that batches are worth their message.
            want = depth - waits
            past = want <= 0 or bool(waits and want * 2 < depth)
            if not past:
                want = -(-want // lines)
            elif waits > PAST * bucket.lanes and self._goes_past(task, agent, bucket):
                want = min(bucket.lanes, config.prefetch_max)
            else:
                return
            given = self._give_ahead(task, agent, want) if want else 0
            if not given:
                return
            if past:
                bucket.past += self._given[agent][-given:]
            self._book.recall_later()

    def _goes_past(self, task: TaskState, agent: Agent, bucket: Bucket) -> bool:
        """Whose turn it is and who has next to nothing does not wait for others' batches; a few of them at once."""
        if task.run.counts[ACTIVE] >= bucket.lanes:
            return False
        bucket.past = [id for id in bucket.past if id in agent.live]
        return len(bucket.past) < PAST * bucket.lanes

    def _give_ahead(self, task: TaskState, agent: Agent, most: int) -> int:
        files = task.run.files
        homes = files.homes(task) if files is not None else None
        given = self._give(task, agent, most, homes) if homes is not None else 0
        return given or self._give(task, agent, most)

    def _depth(self, agent: Agent, bucket: Bucket, mean: float) -> int:
        """How many may wait there: as many as will be done soon, by their mean duration and by what was seen.

        On a busy machine short attempts end much more slowly than they take by themselves; whatever else comes would
        wait behind them.
        """
        config = self._book.config
        seen = max(config.prefetch_unseen, int(agent.rate * config.prefetch_seconds))
        return min(int(bucket.lanes * config.prefetch_seconds / mean), seen, config.prefetch_max)

    # --- reservations and recall -----------------------------------------------------------------------

    def _reserve(self) -> None:
        """A request that found no room for long gets an agent kept for it, so that small ones cannot starve it."""
        book = self._book
        if book.now < book.reserve_at:
            book.look_at_reservations()
            return
        lines = sum(map(book.supply.lines, self._full))
        if lines > FEW:
            book.reserve_at = book.now + EACH * lines
        limit = book.now - book.config.reserve_after
        # What others took meanwhile may have filled a limit: that is no reason to keep an agent free.
        waiting = {shape: heads for shape in self._full if (heads := book.supply.heads(shape))}
        urgency = {shape: min(book.policy.urgency(task) for task in heads) for shape, heads in waiting.items()}
        most = min(urgency.values(), default=())
        kept = {reservation.shape for reservation in book.reserved.values()}
        for shape in waiting:
            if shape.blocked_since is None:
                shape.blocked_since = book.now
                if any(_could(shape, agent) for agent in book.agents.values()):
                    book.reserve_later()
                continue
            first = urgency[shape] == most
            if shape.blocked_since > limit or not first or shape in kept:
                continue
            fits = [
                agent
                for agent in book.agents.values()
                if agent.reserved is None and shape not in agent.buckets and _could(shape, agent)
            ]
            if fits:
                agent = earliest(fits, shape, book.now)
                book.reserve(agent, shape)
                book.supply.rooms.changed(agent)
                for bucket in agent.buckets.values():
                    attempts.recall(book, agent, attempts.waiting(agent, bucket), "kept for a large request")

    def _check_claim(self, claim: limits.Claim) -> None:
        """Nothing is kept for who has gone, or could run nowhere."""
        if claim.line.head() is None or not self._could_somewhere(claim.line.shape):
            self._stake(None)

    def _make_claim(self) -> None:
        """Who asks for more of a licence than others, and waited too long, has what it needs kept for it."""
        book = self._book
        if book.limits.claim is not None or book.now < book.claim_at:
            return
        book.claim_at = book.now + CLAIM_EVERY
        waiting: list[tuple[tuple[float, ...], float, Line]] = []
        for licence in book.limits.licences:
            for line in licence.parked:
                amount = dict(line.limits)[licence]
                if not licence.least < amount <= licence.most or (head := line.head()) is None:
                    continue
                if line.starved is None:
                    line.starved = book.now
                waiting.append((book.policy.urgency(head), line.starved, line))
        if waiting:
            _, since, line = min(waiting, key=lambda one: one[:2])
            if since + book.config.reserve_after <= book.now and self._could_somewhere(line.shape):
                self._stake(limits.Claim(line, book.policy.lead))

    def _could_somewhere(self, shape: Shape) -> bool:
        return any(_could(shape, agent) for agent in self._book.agents.values())

    def _has_begun(self, task: TaskState) -> None:
        """Something with limits was given."""
        if (line := self._book.supply.line(task)) is not None:
            line.starved = None
        claim = self._book.limits.claim
        if claim is not None and claim.of(task):
            self._stake(None)

    def _stake(self, claim: limits.Claim | None) -> None:
        for limit in self._book.limits.stake(claim):
            self._book.supply.given_back(limit)

    def _recall(self) -> None:
        """Where nothing is ready but an agent idles, take back what waits elsewhere without moving."""
        book = self._book
        book.recall_scan = False
        config, supply = book.config, book.supply
        waits = False
        for agent in book.agents.values():
            for bucket in agent.buckets.values():
                if bucket.size <= bucket.lanes:
                    continue
                waits = True
                if bucket.moved + config.recall_after > book.now or not bucket.shape.tasks:
                    continue
                other = supply.rooms.best(bucket.shape, book.now)
                if other is not None and other is not agent and not other.reserved and not supply.heads(bucket.shape):
                    most = other.room(bucket.shape, config.lanes_max)
                    attempts.recall(book, agent, attempts.waiting(agent, bucket)[-most:], "another agent is free")
        if waits:
            book.recall_later()


def unreserved_room(book: Book, task: TaskState, reservation: Reservation, room: int, free: Amounts) -> int:
    """How many of the task's attempts, at most `room`, may begin in what is `free` of the agent that is kept."""
    if reservation.shape is task.shape or book.policy.urgency(task) < reservation.urgency:
        return room
    seconds = at_most(task) if book.config.backfill else None
    return reservation.room(task.shape, seconds, room, book.now, free)


def _could(shape: Shape, agent: Agent) -> bool:
    """The agent could run one of the shape if nothing else ran there."""
    return agent.takes_work and agent.able(shape) and shape.matches(agent.labels)
