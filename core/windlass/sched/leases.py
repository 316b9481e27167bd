"""Agents come, fall silent, come back and go; what that means for the attempts they hold.

Silence makes an agent DISCONNECTED (nothing new for it) and, once its lease must have ended, DOWN (its attempts are
LOST). Every HELLO begins a lease with a higher epoch and reconciles: what both sides know goes on, what only the
agent knows is stopped, what only the core knows was never received or is lost.
"""

from __future__ import annotations

from windlass.sched import attempts
from windlass.sched.agents import Agent, Grant
from windlass.sched.book import Book
from windlass.sched.events import AgentChanged, AgentHello, AttemptId, WelcomeAgent
from windlass.sched.states import DISCONNECTED, DOWN, RUNNING, UP


def hello(book: Book, event: AgentHello) -> None:
    agent = book.agents.get(event.agent)
    if agent is None:
        agent = book.agents[event.agent] = Agent(event.agent, len(book.agents))
    agent.become(UP)
    agent.linked = True
    agent.heard = book.now
    agent.shun_until = 0.0
    agent.recalled.clear()
    agent.epoch = max(agent.epoch, event.epoch) + 1
    held = dict(event.held)
    keep = [id for id in held if id in agent.live]
    stop = [id for id in held if id not in agent.live]
    attempts.forgive_losses(book, agent, [id for id in stop if held[id] == "stopped"])
    # What it still has to stop may yet prove harmless; what it does not know of will not.
    agent.lost = {id: None for id in agent.lost if id in held}
    book.emit(WelcomeAgent(agent.id, agent.epoch, keep, stop))
    book.agent_changed(agent)
    begun = [id for id in keep if held[id] == "running" and id not in agent.running]
    for id in begun:
        attempts.mark_running(book, agent, id, book.now)
    if begun:
        book.attempts(RUNNING, agent.id, begun)
    _missing(book, agent, held, fresh=event.epoch == 0)
    # Only now, when lanes of what is gone are free, may the machine have become smaller.
    agent.set_resources(event.resources, event.labels, event.gpus, event.devices)
    book.fleet_changed(agent)
    attempts.restop(book, agent)
    for bucket in agent.buckets.values():
        book.supply.make_hungry(bucket.shape, agent)
    book.dirty[agent] = None
    watch(book, agent)


def _missing(book: Book, agent: Agent, held: dict[AttemptId, str], fresh: bool) -> None:
    """Attempts that the agent does not hold. Those that it never got count for nothing.

    A process that remembers no lease (`fresh`) may have begun what it had in a lane, and died of it.
    """
    gone = [id for id in agent.live if id not in held]
    lost = {id for id in gone if id in agent.running}
    if fresh:
        for bucket in list(agent.buckets.values()):
            ahead = set(attempts.waiting(agent, bucket))
            lost.update(id for id in gone if agent.live[id].bucket is bucket and id not in ahead)
    attempts.lose(book, agent, [id for id in gone if id in lost], f"{agent.id} came back without it")
    attempts.give_back(book, agent, [id for id in gone if id not in lost])


def heard(book: Book, agent: Agent) -> None:
    """Any sign of life under the current lease renews it."""
    if not agent.linked or agent.state not in (UP, DISCONNECTED):
        return
    agent.heard = book.now
    if agent.state is DISCONNECTED:
        agent.become(UP)
        book.dirty[agent] = None
        book.agent_changed(agent)


def deaf(book: Book, seconds: float) -> None:
    """For so long nobody could be heard, so nobody was silent. (Agents end their own leases by their own clocks.)"""
    for agent in book.agents.values():
        if agent.state in (UP, DISCONNECTED):
            agent.heard = min(book.now, agent.heard + seconds)


def link_lost(book: Book, agent: Agent) -> None:
    """It must say HELLO again; until then, or until its lease ends, its attempts go on."""
    agent.linked = False
    agent.version += 1
    if agent.state is UP:
        agent.become(DISCONNECTED)
        book.agent_changed(agent, "the link was lost")
        watch(book, agent)


def left(book: Book, agent: Agent, reason: str) -> None:
    if agent.state is not DOWN:
        down(book, agent, reason or "it said goodbye")


def drain(book: Book, agent: Agent, on: bool) -> None:
    """A draining agent ends what has begun and gets nothing new."""
    if agent.draining == on:
        return
    agent.draining = on
    agent.version += 1
    book.dirty[agent] = None
    book.agent_changed(agent)
    if on:
        for bucket in agent.buckets.values():
            attempts.recall(book, agent, attempts.waiting(agent, bucket), "draining")


def removed(book: Book, agent: Agent) -> None:
    if agent.state is not DOWN:
        down(book, agent, "removed")
    del book.agents[agent.id]
    book.dirty.pop(agent, None)
    book.supply.rooms.removed(agent)
    book.aside.pop(agent, None)
    book.doubts.forgive(agent.id)
    book.fleet_changed(agent)
    book.emit(AgentChanged(agent.id, "removed", agent.draining, agent.epoch))


def down(book: Book, agent: Agent, why: str) -> None:
    """Say that the agent is down before its attempts are lost, so that nothing is placed on it again."""
    if agent.state is UP and agent.linked and why == SILENT:
        agent.become(DISCONNECTED)
        book.agent_changed(agent, why)
    agent.become(DOWN)
    agent.linked = False
    agent.version += 1
    book.unreserve(agent)
    book.agent_changed(agent, why)
    attempts.lose(book, agent, list(agent.live), f"on {agent.id}: {why}")


SILENT = "nothing was heard of it"


def watch(book: Book, agent: Agent) -> None:
    """Keep exactly one timer for an agent's silence, so that hearing of it costs nothing."""
    if agent.timed or agent.state not in (UP, DISCONNECTED):
        return
    agent.timed = True
    config = book.config
    wait = config.disconnected_after if agent.state is UP else config.lease_wait
    book.at(max(agent.heard + wait, book.now), "silence", agent=agent)


def silence(book: Book, agent: Agent) -> None:
    """The timer of `watch`."""
    agent.timed = False
    if book.agents.get(agent.id) is not agent:
        return
    config = book.config
    # The same sums as in `watch`: a rounded difference could find it never quite due.
    if agent.state in (UP, DISCONNECTED) and book.now >= agent.heard + config.lease_wait:
        down(book, agent, SILENT)
    elif agent.state is UP and book.now >= agent.heard + config.disconnected_after:
        agent.become(DISCONNECTED)
        book.agent_changed(agent, SILENT)
    elif agent.state is UP:
        _ask_back(book, agent)
    watch(book, agent)


def _ask_back(book: Book, agent: Agent) -> None:
    """Attempts that should have begun long ago and of which nothing was heard: their assignment may be lost."""
    config = book.config
    limit = book.now - config.silent_assign
    for bucket in list(agent.buckets.values()):
        ids = [id for id, grant in agent.live.items() if grant.bucket is bucket and id not in agent.running]
        old = [id for id in ids if agent.live[id].time <= limit]
        if not old or bucket.size - len(ids) >= bucket.lanes:
            continue
        agent.recalled.difference_update(old)
        attempts.recall(book, agent, old, "nothing was heard of it")
        # It may run all the same, if what was lost is the news of its start.
        late = [id for id in old if _overdue(agent.live[id], limit - config.timeout_slack)]
        attempts.stop(book, agent, late, "timeout")


def _overdue(grant: Grant, limit: float) -> bool:
    return grant.timeout is not None and grant.time + grant.timeout <= limit
