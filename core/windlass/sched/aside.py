"""Setting a sick agent aside, and taking it back.

An agent against which enough is proven (`sickness.py`) gets nothing new for a while, twice as long each time. It comes
back by itself, on probation: one attempt at a time, and a single further proof sets it aside again; its first success
ends the probation. There is always an agent that works: the last one is never set aside, and when no other is left, the
one that would be back first is taken back at once. A person may forgive an agent (and take that back).

All that is written down with the agent, so a restart of the core changes nothing of it. Failures that were not enough
yet are forgotten then: a sick agent soon has others, and they would be a row for each failed item until a success.
"""

from __future__ import annotations

from windlass.sched import attempts
from windlass.sched.agents import Agent
from windlass.sched.book import Book
from windlass.sched.events import Doubt
from windlass.sched.sickness import pause
from windlass.sched.states import AgentState


def judge(book: Book) -> None:
    """After ends of attempts, where something failed of late: who is sick, and who is well again?"""
    blamed, well = book.doubts.take()
    for name in well:
        agent = book.agents.get(name)
        if agent is not None and agent.probation:
            agent.probation = False
            agent.version += 1
            book.dirty[agent] = None
            book.agent_changed(agent)
    for name in blamed:
        agent = book.agents.get(name)
        if agent is not None:
            _judge(book, agent)


def _judge(book: Book, agent: Agent) -> None:
    config = book.config
    items, proven = book.doubts.proven(agent.id, book.now)
    if agent.aside_until is not None or not items:
        return
    if not config.sick_after or (proven < config.sick_after and not agent.probation):
        return
    if not any(other is not agent and other.takes_work for other in book.agents.values()):
        return
    if book.now >= agent.aside_last + config.sick_window:
        agent.aside_times = 0
    wait = pause(config.sick_pause, config.sick_pause_max, agent.aside_times)
    agent.aside_times += 1
    many = f"{items} different items" if items > 1 else "another item"
    agent.forgiven = None
    _set_aside(book, agent, book.now + wait, f"{many} failed there and succeeded elsewhere")


def _set_aside(book: Book, agent: Agent, until: float, why: str) -> None:
    agent.aside_until = agent.aside_last = until
    agent.aside_why = why
    agent.probation = False
    agent.version += 1
    book.aside[agent] = None
    book.unreserve(agent)
    book.dirty[agent] = None
    book.at(until, "aside", agent=agent)
    book.story.note(book.now, "set aside", agent.id)
    book.agent_changed(agent)
    for bucket in agent.buckets.values():
        attempts.recall(book, agent, attempts.waiting(agent, bucket), "the agent is set aside")


def fell_due(book: Book, agent: Agent) -> None:
    """The timer of `_judge`."""
    if book.agents.get(agent.id) is agent and agent.aside_until is not None and agent.aside_until <= book.now:
        _take_back(book, agent)


def relieve(book: Book) -> None:
    """Before each plan while somebody is set aside: is anybody left?"""
    if any(agent.takes_work for agent in book.agents.values()):
        return
    if book.now < book.back_by and any(_awaited(agent) for agent in book.agents.values()):
        return
    could = [agent for agent in book.aside if agent.would_work]
    if could:
        _take_back(book, min(could, key=lambda agent: (agent.aside_until or 0.0, agent.seq)))


def _awaited(agent: Agent) -> bool:
    """Since the core's restart nothing was heard of it, and it would take work."""
    return agent.state is AgentState.DISCONNECTED and agent.aside_until is None and not agent.draining


def restore(book: Book, agent: Agent, doubt: Doubt) -> None:
    """After a restart of the core. The machine's clock may have been set meanwhile: no pause gets longer by that."""
    config = book.config
    if not config.sick_after:
        return  # it was switched off
    latest = book.now + config.sick_pause_max
    agent.aside_times, agent.aside_last = doubt.times, min(doubt.last, latest)
    agent.probation = doubt.probation
    if doubt.until is None:
        return
    if doubt.until <= book.now:
        agent.probation = True
        return
    agent.aside_until, agent.aside_why = min(doubt.until, latest), doubt.why
    book.aside[agent] = None
    book.at(agent.aside_until, "aside", agent=agent)


def _take_back(book: Book, agent: Agent) -> None:
    _end(book, agent)
    agent.probation = True
    book.doubts.forgive(agent.id)
    book.agent_changed(agent)


def forgive(book: Book, agent: Agent, on: bool = True) -> None:
    """A person says that it is well, or (not `on`) takes that back: it is what it was, or would be by now."""
    if not on:
        _unforgive(book, agent)
        return
    if agent.aside_until is not None or agent.probation:
        agent.forgiven = agent.doubt
    _end(book, agent)
    agent.probation = False
    agent.aside_times = 0
    book.doubts.forgive(agent.id)
    book.agent_changed(agent)


def _unforgive(book: Book, agent: Agent) -> None:
    before, agent.forgiven = agent.forgiven, None
    if before is None or agent.aside_until is not None or agent.probation:
        return
    agent.aside_times = before.times
    if before.until is not None and before.until > book.now:
        _set_aside(book, agent, before.until, before.why)
    else:
        # Its time would have ended by now, and such ones come back on probation.
        _take_back(book, agent)


def _end(book: Book, agent: Agent) -> None:
    agent.aside_until = None
    agent.aside_why = ""
    agent.version += 1
    book.aside.pop(agent, None)
    book.dirty[agent] = None
    for bucket in agent.buckets.values():
        book.supply.make_hungry(bucket.shape, agent)
