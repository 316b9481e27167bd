"""Why an item waits: a pure function of the scheduler's state, which it reads as the next plan will.

Of one item, or of a task: then of the next of its items that could begin. Costs about agents plus tasks with ready
work, never items: fit to be asked each second.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from windlass.model.words import amount_words, counted, span
from windlass.sched.agents import Agent
from windlass.sched.backfill import opening
from windlass.sched.book import Book
from windlass.sched.devices import NOTHING, Ask
from windlass.sched.events import AttemptId
from windlass.sched.limits import beyond, blocking
from windlass.sched.memory import words as memory_words
from windlass.sched.placement import unreserved_room
from windlass.sched.queues import Again
from windlass.sched.reasons import (
    ABLE,
    AgentReason,
    Amount,
    Explanation,
    Need,
    placing_words,
)
from windlass.sched.shapes import Shape, in_units
from windlass.sched.states import TERMINAL, AgentState, ItemState
from windlass.sched.suspects import is_suspect
from windlass.sched.tasks import TaskState

_S = ItemState
_NEEDS_SHOWN = 20
_AGENTS_FORECAST = 64
"""Agents whose running attempts are looked at to guess when there is room."""

Names = Mapping[str, str]
"""Agent's id -> what people call it."""


def explain(book: Book, task: TaskState, index: int | None, now: float, names: Names) -> Explanation:
    """Why this item (None: the task's next one) does not run. `index` is below the task's number of items."""
    found = _explain(book, task, index, now, names)
    if found.cause == "needs":
        start, item = _bottom(task, index)
        if start is not task:
            found = replace(found, because=_explain(book, start, item, now, names))
    return found


def note(book: Book, task: TaskState, now: float) -> str:
    """What to say of agents where nothing of a run is active and the task has ready items; empty where one is free."""
    if task.limits and (words := beyond(task)):
        return f"{task.id} {words}"
    if task.limits and (full := blocking(task)):
        return f"{task.id} waits: {full[0].words_for(task)}"
    if book.agents and all(_plainly_busy(task.shape, agent, now) for agent in book.agents.values()):
        return "all agents are busy"
    agents = _agents(book, task, _place_in_queue(task, None)[0], now, {})
    kinds = {reason.kind for reason in agents}
    if "free" in kinds:
        return ""
    if kinds == {"busy"}:
        return "all agents are busy"
    words = "; ".join(placing_words(agents))
    return words if kinds <= {"away", "drains"} else f"{task.id} {words}"


def nowhere(book: Book, tasks: Iterable[TaskState], now: float) -> tuple[TaskState, str] | None:
    """The first of these that has ready items which no agent that is up can take, and why.

    Costs a look at each shape that waits; the tasks are only looked at while one of these is without an agent, or
    somebody asked for more of a licence than there is.
    """
    stuck = {shape for shape in book.supply.wanted() if not _anywhere(book, shape)}
    asking = any(licence.beyond for licence in book.limits.licences)
    for task in tasks if stuck or asking else ():
        if not task.counts[_S.READY]:
            continue
        if task.shape in stuck:
            return task, "; ".join(placing_words(_agents(book, task, None, now, {})))
        if asking and (words := beyond(task)):
            return task, words
    return None


def _anywhere(book: Book, shape: Shape) -> bool:
    """Whether an agent that is up could run it, now or later."""
    return any(a.would_work and a.able(shape) and shape.matches(a.labels) for a in book.agents.values())


def _plainly_busy(shape: Shape, agent: Agent, now: float) -> bool:
    """It could take one but has no room. Far cheaper than the whole reason; a run's row asks often."""
    return (
        agent.takes_work
        and not shape.lanes(agent.free, 1)
        and agent.able(shape)
        and agent.shun_until <= now
        and shape.matches(agent.labels)
    )


def _explain(book: Book, task: TaskState, index: int | None, now: float, names: Names) -> Explanation:
    counts = task.counts
    if index is None:
        state = next((s for s in (_S.READY, _S.BACKOFF, _S.PENDING, _S.ACTIVE) if counts[s]), None)
        if state is None and not task.complete:
            state = _S.PENDING  # its items are not known yet
    else:
        state = ItemState(task.states[index])
    base = Explanation(
        run=task.run.id, task=task.pos, id=task.id, index=index, state="" if state is None else state.name.lower(),
        cause="ended", now=now, paused=task.run.paused and not task.run.over,
        items=0 if state is None else counts[state],
    )  # fmt: skip
    if state is _S.READY:
        return _ready(book, task, index, base, names)
    if state is _S.PENDING:
        return _pending(task, index, base, names)
    if state is _S.BACKOFF:
        until = min(time for time, _ in task.backoff.values()) if index is None else task.backoff[index][0]
        return replace(base, cause="backoff", until=until, start=None if base.paused else until)
    if state is _S.ACTIVE:
        return _active(task, index, base, names)
    return base


def _active(task: TaskState, index: int | None, base: Explanation, names: Names) -> Explanation:
    if index is None:
        return replace(base, cause="running")
    agent = task.active[index]
    begun = AttemptId(task.run.id, task.pos, index, task.number(index)) in agent.running
    return replace(base, cause="running" if begun else "given", agent=names.get(agent.id, agent.id))


# --- needs -----------------------------------------------------------------------------------------------


def _pending(task: TaskState, index: int | None, base: Explanation, names: Names) -> Explanation:
    left = _unfinished(task, index)
    if left:
        shown = tuple(_need(up, item) for up, item in left[:_NEEDS_SHOWN])
        return replace(base, cause="needs", needs=shown, needs_left=len(left))
    held = index if index is not None else next(iter(task.held), None)
    if held is not None and held in task.held:
        agent = task.active.get(held)
        return replace(base, cause="stopping", agent="" if agent is None else names.get(agent.id, agent.id))
    if task.asked:
        return replace(base, cause="deciding")
    if task.open and not task.counts[_S.PENDING]:
        return replace(base, cause="open")
    return replace(base, cause="deciding")


def _unfinished(task: TaskState, index: int | None) -> list[tuple[TaskState, int | None]]:
    """What a PENDING item (None: the task) needs that has not ended."""
    tasks = task.run.tasks
    left: list[tuple[TaskState, int | None]] = [(tasks[up], None) for up in tasks.whole(task.pos) if not tasks.done[up]]
    for up in task.each:
        if index is None:
            if not up.complete:
                left.append((up, None))
        elif index >= len(up.states):
            if not up.sized:
                left.append((up, None))
        elif up.states[index] not in TERMINAL:
            left.append((up, index))
        elif not task.released and not up.sized:
            left.append((up, None))
    return left


def _need(up: TaskState, index: int | None) -> Need:
    state = "" if index is None else ItemState(up.states[index]).name.lower()
    return Need(up.pos, up.id, index, up.unfinished if index is None else 1, up.count, state)


def _bottom(task: TaskState, index: int | None) -> tuple[TaskState, int | None]:
    """Follow the first unfinished need down to something that could run, or waits for another cause."""
    while True:
        idle = not any(task.counts[s] for s in (_S.READY, _S.ACTIVE, _S.BACKOFF))
        waits = idle if index is None else task.states[index] == _S.PENDING
        left = _unfinished(task, index) if waits or index is not None else []
        if not waits or not left:
            return task, index
        task, index = left[0]


# --- agents ----------------------------------------------------------------------------------------------


def _ready(book: Book, task: TaskState, index: int | None, base: Explanation, names: Names) -> Explanation:
    again, before = _place_in_queue(task, index)
    agents = _agents(book, task, again, base.now, names)
    found = replace(base, agents=tuple(agents), learned=memory_words(task.run, task.pos))
    if base.paused:
        return replace(found, cause="paused")
    able = [book.agents[reason.agent] for reason in agents if reason.kind in ABLE]
    if not able:
        return replace(found, cause="nowhere")
    if task.limits and (words := beyond(task)):
        return replace(found, cause="nowhere", limits=(words,))
    if task.limits and (full := blocking(task)):
        return replace(found, cause="limit", limits=tuple(limit.words_for(task) for limit in full))
    ahead, wait = _ahead(book, task, before, able)
    if not ahead and any(reason.kind == "free" for reason in agents):
        return replace(found, cause="next", start=base.now)
    until_room = _until_room(book, task.shape, agents, base.now)
    start = None if wait is None or until_room is None else base.now + until_room + wait
    return replace(found, cause="order" if ahead else "room", ahead=ahead, start=start)


def _place_in_queue(task: TaskState, index: int | None) -> tuple[Again | None, int]:
    """Its entry when it was tried before, and how many ready items of the task go before it."""
    queue = task.queue
    if index is None:
        # One that was never tried is not choosy, so it is the one that may begin.
        tried = next(iter((*queue.again, *queue.suspects)), None)
        return (tried if not queue.ranges else None), 0
    for place, entry in enumerate((*queue.suspects, *queue.again)):
        if entry.item == index:
            return entry, place
    before = len(queue.suspects) + len(queue.again)
    for lo, hi in queue.ranges:
        if lo <= index < hi:
            return None, before + index - lo
        before += hi - lo
    return None, before


def _agents(book: Book, task: TaskState, again: Again | None, now: float, names: Names) -> list[AgentReason]:
    wanted = {other.shape for other in book.supply.waiting()} if book.reserved else set()
    result = [_agent(book, task, agent, wanted, now, names.get(agent.id, agent.id)) for agent in book.agents.values()]
    if again is None:
        return result
    if is_suspect(book, task, again.item):
        text = "runs another item that may be what ends agents; such run one at a time"
        for at, reason in enumerate(result):
            if reason.kind == "free" and book.agents[reason.agent].suspects:
                words = ("runs another that may end agents", "run another that may end agents")
                result[at] = replace(reason, kind="busy", text=text, words=words)
    if not again.avoid or now >= again.until:
        return result
    can = [at for at, reason in enumerate(result) if reason.kind in ABLE]
    for at in can:
        reason = result[at]
        if reason.agent == again.avoid and reason.kind == "free" and len(can) > 1:
            text = f"failed it before; for {span(again.until - now)} another agent is preferred"
            words = ("has failed it before", "have failed it before")
            result[at] = replace(reason, kind="avoided", text=text, until=again.until, words=words)
    return result


def _agent(book: Book, task: TaskState, agent: Agent, wanted: set[Shape], now: float, name: str) -> AgentReason:
    shape = task.shape

    def because(kind: str, text: str, one: str, many: str, **more: object) -> AgentReason:
        return AgentReason(agent.id, name, kind, text, (one, many), **more)  # type: ignore[arg-type]

    if agent.state is not AgentState.UP or not agent.linked:
        state = "disconnected" if agent.state is AgentState.UP else agent.state.name.lower()
        if state == "new":
            return because("away", "has not said hello yet", "has not come yet", "have not come yet")
        return because("away", f"is {state}", f"is {state}", f"are {state}")
    if agent.draining:
        return because("drains", "drains: it gets nothing new", "drains", "drain")
    if not shape.matches(agent.labels):
        return _label(shape, agent, name)
    short = _too_little(shape, agent.capacity, agent)
    if short:
        text = ", ".join(f"asks {amount_words(a.kind, a.asked)}, it has {_number(a.kind, a.capacity)}" for a in short)
        words = amount_words(short[0].kind, short[0].asked)
        return because("lacks", f"lacks {words}: {text}", f"lacks {words}", f"lack {words}", amounts=short)
    if not agent.able(shape):
        words = _gpu_words(shape.gpu)
        return because("lacks", f"lacks {words}: its GPUs are smaller", f"lacks {words}", f"lack {words}")
    if agent.aside_until is not None:
        text = f"is set aside: {agent.aside_why}; back in {span(agent.aside_until - now)}"
        return because("aside", text, "is set aside", "are set aside", until=agent.aside_until)
    if agent.shun_until > now:
        text = f"gave attempts back; gets nothing for {span(agent.shun_until - now)}"
        return because("aside", text, "is set aside", "are set aside", until=agent.shun_until)
    if agent.probation and agent.live:
        text = "is on probation after it was set aside: it gets one attempt at a time"
        return because("busy", text, "is on probation", "are on probation")
    company = _company(book, shape, agent)
    if company:
        return because("busy", *company)
    reservation = agent.reserved
    ended = reservation is not None and reservation.shape not in wanted
    free, lanes = _free(book, agent, ended)
    most = book.config.lanes_max - lanes.get(shape, 0)
    if most <= 0:
        return because("busy", f"runs {book.config.lanes_max} of these, the most at a time", "is busy", "are busy")
    if not shape.lanes(free, 1):
        short = _too_little(shape, free, agent)
        parts = (f"asks {amount_words(a.kind, a.asked)}, {_number(a.kind, a.free)} free" for a in short)
        return because("busy", "busy: " + ", ".join(parts), "is busy", "are busy", amounts=short)
    if shape.gpu != NOTHING and not agent.devices.room(shape.gpu):
        left = _size_words(agent.devices.largest_left())
        lack = "none is free" if shape.gpu.gpus else f"of no GPU more than {left} is free"
        return because("busy", f"busy: asks {_gpu_words(shape.gpu)}, {lack}", "is busy", "are busy")
    if reservation is not None and not ended and not unreserved_room(book, task, reservation, 1, free):
        return because("kept", "is kept for a large request", "is kept for another", "are kept for another")
    return because("free", "has room", "has room", "have room")


def _company(book: Book, shape: Shape, agent: Agent) -> tuple[str, str, str] | None:
    """Who is on the agent with whom it cannot be shared: in full, in short for one agent and for several."""
    if agent.sole is not None:
        return "busy: an attempt has it for itself", "is busy", "are busy"
    if shape.exclusive and agent.live:
        count = len(agent.live)
        text = f"busy: asked for alone, {counted(count, 'other attempt')} there"
        return text, "is not free of others", "are not free of others"
    other = agent.apart_from(shape) if shape.apart else None
    if other is None or other.mark is None:
        return None
    run, position = other.mark
    name = book.runs[run].tasks[position].id if run in book.runs else f"a task of run {run}"
    return f"busy: apart from {name}", f"is busy with {name}, apart from it", f"are busy with {name}, apart from it"


def _gpu_words(ask: Ask) -> str:
    if not ask.gpus:
        return f"{_size_words(ask.memory)} of one GPU"
    whole = "a GPU" if ask.gpus == 1 else f"{ask.gpus} GPUs"
    return f"{whole} with {_size_words(ask.memory)}" if ask.memory else whole


def _size_words(size: int) -> str:
    return amount_words("memory", size)


def _label(shape: Shape, agent: Agent, name: str) -> AgentReason:
    from windlass.model.constraints import parse

    failed = next((source for source in shape.where if not parse(source).test(agent.labels)), shape.where[0])
    labels = tuple((label, agent.labels.get(label)) for label in dict.fromkeys(parse(failed).labels))
    values = ", ".join(f"no {label}" if value is None else f"{label} is {value}" for label, value in labels)
    text = f"'{failed}' does not hold: {values}"
    return AgentReason(
        agent.id, name, "label", text, (f"is not '{failed}'", f"are not '{failed}'"), where=failed, labels=labels
    )


def _free(book: Book, agent: Agent, unreserved: bool) -> tuple[dict[str, int], dict[Shape, int]]:
    """What is free, and the lanes, after waiting attempts moved up as the next plan lets them."""
    free = dict(agent.free)
    lanes = {shape: bucket.lanes for shape, bucket in agent.buckets.items()}
    if agent in book.dirty or unreserved:
        for shape, bucket in agent.buckets.items():
            more = shape.lanes_held(free, bucket.size - bucket.lanes)
            lanes[shape] += more
            for kind, amount in shape.on_lanes:
                free[kind] = free.get(kind, 0) - more * amount
    return free, lanes


def _too_little(shape: Shape, there: Mapping[str, int], agent: Agent) -> tuple[Amount, ...]:
    return tuple(
        Amount(
            kind.removeprefix("named:"),
            float(in_units(kind, amount)),
            float(in_units(kind, max(agent.free.get(kind, 0), 0))),
            float(in_units(kind, agent.capacity.get(kind, 0))),
        )
        for kind, amount in shape.need
        if there.get(kind, 0) < amount
    )


def _number(kind: str, amount: float) -> str:
    """Short, after the request was named with its unit."""
    if not amount:
        return "none"
    return amount_words(kind, amount) if kind in ("memory", "disk", "gpu_memory") else f"{amount:g}"


# --- order and time --------------------------------------------------------------------------------------


def _ahead(
    book: Book, task: TaskState, before: int, able: list[Agent]
) -> tuple[tuple[tuple[int, int], ...], float | None]:
    """(run, items) that go first and want an agent of these, and seconds until they have begun (None: unknown)."""
    standings = {owner: book.shares.standing(owner, book.now) for owner in book.owners.values()}

    def rank(other: TaskState) -> tuple[object, ...]:
        return book.policy.key(other, standings.__getitem__)

    mine = rank(task)
    lanes: dict[Shape, int] = {}
    items: dict[int, int] = {}
    wait: float | None = 0.0
    ahead = [(other, other.queue.size) for other in book.supply.waiting() if other is not task and rank(other) < mine]
    for other, count in [*ahead, (task, before)]:
        if other.limits and blocking(other):
            continue  # it goes first, but holds nobody up
        shape = other.shape
        if shape not in lanes:
            most = book.config.lanes_max
            lanes[shape] = sum(shape.lanes(agent.capacity, most) for agent in able if shape.matches(agent.labels))
        if not lanes[shape] or not count:
            continue
        items[other.run.id] = items.get(other.run.id, 0) + count
        mean = _mean(other)
        wait = None if wait is None or mean is None else wait + count * mean / lanes[shape]
    return tuple(sorted(items.items(), key=lambda entry: (-entry[1], entry[0]))), wait


def _mean(task: TaskState) -> float | None:
    return task.mean if task.mean is not None else task.run.mean


def _until_room(book: Book, shape: Shape, agents: list[AgentReason], now: float) -> float | None:
    """Seconds until one of them should have room, by the expected ends of what runs there."""
    best: float | None = None
    for reason in [reason for reason in agents if reason.kind in ABLE][:_AGENTS_FORECAST]:
        agent = book.agents[reason.agent]
        reservation = agent.reserved
        before = None if reservation is None or reservation.shape is shape else reservation.shape
        if (shape.exclusive or shape.apart or shape.gpu.memory) and not agent.room(shape, 1):
            continue  # who leaves first is no matter of amounts
        found = opening(agent, shape, now, before)
        if found is not None:
            wait = max(found.start, reason.until or now) - now
            best = wait if best is None else min(best, wait)
    return best
