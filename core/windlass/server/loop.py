"""The core's only loop: take messages, decide, write once, send what is durable, tell the news.

A turn: wait for the socket, a finished commit or a deadline; settle commits; take up to `TURN` messages; let the
scheduler place what is ready; close the turn. The commit runs beside the loop, so that the next turn's messages are
taken while the disk works; what depends on it is sent when it is done.
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import secrets
import select
import shutil
import time
from collections.abc import Container, Sized
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import zmq

from windlass import __version__
from windlass.blobs.store import BlobStore
from windlass.sched import events as ev
from windlass.sched.config import Config
from windlass.server import settings
from windlass.server.access import Access, EnrolError, is_loopback, reachable_endpoints
from windlass.server.agents import AgentDesk
from windlass.server.clients import ClientDesk
from windlass.server.configfile import Values
from windlass.server.core import Core
from windlass.server.hearing import Hearing
from windlass.server.inbox import Inbox
from windlass.server.links import QUESTIONS, UNKNOWN, Connection, Links
from windlass.server.logs import LogDesk
from windlass.server.programs import ProgramDesk
from windlass.server.transfers import Transfers
from windlass.server.upkeep import Upkeep
from windlass.server.waits import ResultDesk
from windlass.store import care, records
from windlass.store.store import Store
from windlass.wire import homes, keys, roles
from windlass.wire import messages as m
from windlass.wire.clock import Clock

log = logging.getLogger("windlass.loop")

TURN = 500
"""Messages taken in one turn."""
TURN_TIME = 0.02
"""Seconds after which a turn takes no further message;"""
HURRY = 0.001
"""the same while somebody waits for a few items (`Core.hurry`): what takes long can go on in the next turn."""
BACKLOG = 64
"""Turns that wait for the disk; beyond it no message is taken until it has caught up."""
SWEEP = 60.0
_OF_AGENTS = frozenset(
    {
        m.Succeeded, m.Exited, m.Heartbeat, m.Started, m.Rejected, m.AgentGoodbye, m.LogData, m.ProgramsFound,
    }
)  # fmt: skip
"""What an agent says once it has said HELLO. (A look into a set: asking a message whether it is of a class is slow.)"""


@dataclass(slots=True)
class Options:
    data: Path
    config: Path
    bind: str = "tcp://127.0.0.1:*"
    lease: float = 12.0
    heartbeat: float = 1.0
    settings: Values | None = None
    """What `core.toml` says; None: nothing, all defaults."""
    scheduler: dict[str, Any] = field(default_factory=dict)
    """Further settings of the scheduler's `Config`."""
    parent_fd: int | None = None
    """The core ends when this descriptor says that whoever started it is gone."""


class Desk(Protocol):
    """Where somebody may wait for something."""

    @property
    def work(self) -> Sized:
        """As long as it is empty, nothing else need be asked."""

    def tick(self, now: float) -> None: ...

    def next_deadline(self) -> float | None: ...


class Server:
    """One core. `start` makes it reachable, `run` serves until `stop` or a signal, `close` leaves all in order."""

    def __init__(self, options: Options) -> None:
        self.options = options
        self.settings = options.settings or settings.defaults()
        self.id = secrets.token_hex(8)
        # A pipe, not an eventfd: signals write their number, one byte, to it.
        self._wake, self.wake_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._stopping = False
        self._stop_agents = False
        self.clock = Clock()
        self._started = self.clock.now()
        self._sweep_at = 0.0
        self._ask_again: set[Connection] = set()
        """Agents whose results were not taken because nothing could be written."""
        homes.private_dir(options.data)
        self.store = Store(options.data, self.wake, self.clock.now)
        try:
            self.own = keys.load_or_create(options.config / keys.CORE_KEY)
            self.blobs = BlobStore(options.data / "blobs")
            self.blobs.sweep()
            self.links = Links(self.own)
        except BaseException:
            self.store.close()
            raise
        config = Config(
            disconnected_after=max(5 * options.heartbeat, options.lease * 5 / 12),
            lease_wait=options.lease + max(2.0 * options.heartbeat, options.lease / 6),
            **settings.for_scheduler(self.settings),
            **options.scheduler,
        )
        self.core = Core(self.store, self.blobs, self.links, config)
        self.core.lease, self.core.heartbeat = options.lease, options.heartbeat
        self.access = Access(self.store, self.core.reader, self.clock.now)
        self.links.known = self.access.knows
        self._inbox = Inbox(self.links.receive)
        for name, role in ((keys.CLIENT_KEY, roles.ADMIN), (keys.AGENT_KEY, roles.AGENT)):
            self.access.authorise_local(keys.load_or_create(options.config / name).public, role, "local")
        self.agents = AgentDesk(self.core)
        self.transfers = Transfers(self.blobs, self.links, self.store, self.core.later, self.wake)
        self.clients = ClientDesk(self.core, self.access, self.info, self.join_endpoints)
        self.clients.core_public = self.own.public
        self.clients.stop = self.stop
        self.core.now = self.clock.now()
        self.upkeep = Upkeep(
            self.core,
            options.data,
            self.wake,
            settings.for_retention(self.settings),
            self.settings.get("executors", "abandoned-after"),
        )
        self.clients.upkeep = self.upkeep
        self.results = ResultDesk(self.core)
        self.logs = LogDesk(self.core, self._log_answer, self.clients.fail)
        self.programs = ProgramDesk(self.core, self._answer)
        self._desks: tuple[Desk, ...] = (self.results, self.logs, self.programs, self.transfers)
        self.hearing = Hearing(self.core.now)
        self.endpoint = ""
        self.core_file: keys.CoreFile | None = None

    # --- life ---

    def start(self) -> keys.CoreFile:
        """Load the store, listen, and say where: the content of `core.json`."""
        with care.trusted(self.store.path):
            self.core.restore(self.clock.now())
        self.core.tidy.sweep()
        self.endpoint = self._bind()
        self.store.write(records.SETTING, [("endpoint", self.endpoint)])
        self.core.end_turn()
        self.core_file = keys.CoreFile(self._dialable(), self.own.public, os.getpid(), self.id)
        self.core_file.write(self.options.data)
        log.info("listening on %s, data in %s", self.endpoint, self.options.data)
        return self.core_file

    def join_token(self, role: str = roles.AGENT, ttl: float = 86400.0) -> str:
        """A token for whoever started this core to hand on."""
        token = self.access.make_token(role, ttl, self.join_endpoints(), self.own.public)
        self.core.end_turn()
        self.store.flush()
        return token

    def run(self) -> None:
        links, poller, deaf = self.links, select.poll(), select.poll()
        for descriptor in (links.fd, links.zap.fd, self._wake, self.options.parent_fd):
            if descriptor is not None:
                poller.register(descriptor, select.POLLIN)
        deaf.register(self._wake, select.POLLIN)
        links.zap.answer()
        self.core.now = self.clock.now()
        more = False
        while not self._stopping:
            if self._swamped:
                deaf.poll(100)  # until the disk has caught up
            # Descriptors of ZeroMQ's sockets tell only what has come since these were asked; its own poller asks each
            # of them, and the kernel, several times more.
            wait = 0 if more or links.waiting else math.ceil(self._timeout() * 1000)
            self.hearing.waits(self.core.now, wait / 1000)
            ready = [descriptor for descriptor, _ in poller.poll(wait)]
            if self.options.parent_fd in ready and self._parent_gone():
                log.info("whoever started this core is gone")
                break
            more = self.turn(ready)

    def turn(self, ready: Container[object]) -> bool:
        """One round, for what is ready; whether messages were left waiting."""
        core, links = self.core, self.links
        if self._wake in ready:
            os.read(self._wake, 65536)
        if links.zap.fd in ready:
            links.zap.answer()
        core.now = self.clock.now()
        self.hearing.woke(core.now)
        if self.clock.stepped:
            self._tell_step(self.clock.take_step())
        links.sure = links.fd in ready
        self.store.settle()
        self.store.retry(core.now)
        swamped = self._swamped
        more = self._inbox.waits if swamped else self._take()
        if deaf := self.hearing.listened(core.now, not (more or swamped)):
            self._was_deaf(deaf)
        self._broken_links()
        self._place()
        core.now = self.clock.now()
        for desk in self._desks:
            if desk.work:
                desk.tick(core.now)
        core.eraser.tick(core.now)
        self.upkeep.tick(core.now)
        core.publisher.tick(core.now)
        core.end_turn()
        core.tidy_memory()
        if self.store.problem:
            core.show_all()
            self.clients.tell_trouble(self.store.problem)
        links.tick(core.now)
        if links.behind:
            links.flush()
        if core.now >= self._sweep_at:
            self._sweep_at = core.now + SWEEP
            links.sweep(core.now)
        return more

    def _tell_step(self, step: float) -> None:
        log.warning(
            "the clock of this machine was set by %+.0f s; leases, timeouts and times go on as if it had not been,"
            " and follow slowly. To take the new time over at once, restart the core",
            step,
        )

    def _was_deaf(self, seconds: float) -> None:
        """Whoever was silent meanwhile has so much longer."""
        self.core.handle(ev.CoreDeaf(seconds))
        if seconds > self.options.heartbeat:
            self.core.counters["deaf"] += 1
            log.warning("this core could not listen for %.1f s (too little CPU time, or a slow disk)", seconds)

    @property
    def _swamped(self) -> bool:
        """The disk is far behind. (When it refuses altogether we must listen, if only to say so.)"""
        return self.store.backlog > BACKLOG and not self.store.problem

    def _place(self) -> None:
        """Place and write, until nothing new comes of it (what had nothing to write happened at once)."""
        core = self.core
        for _ in range(50):
            core.take_changed()  # planned for now; only what is heard meanwhile asks for another round
            if not self.store.problem:
                core.plan()
            core.end_turn()
            if not core.take_changed():
                return

    def stop(self, agents: bool = False) -> None:
        """Leave the loop after this turn. With `agents`, tell those on this machine to end as well."""
        self._stop_agents = agents
        self.core.later(self._stop_now)

    def _stop_now(self) -> None:
        self._stopping = True

    def interrupt(self) -> None:
        """As `stop`, from a signal handler."""
        self._stopping = True
        self.wake()

    def wake(self) -> None:
        """End the wait; from any thread."""
        with contextlib.suppress(BlockingIOError):  # a full pipe wakes as well
            os.write(self.wake_fd, b"w")

    def close(self) -> None:
        """Make durable what can be, say goodbye, leave `core.json` only if it is another core's."""
        self.transfers.close()
        self.upkeep.close()
        self.core.close()
        self.store.flush(5.0)
        if self._stop_agents:
            # Ours are those that came with this user's key; an enrolled machine goes on and waits for us.
            local = keys.load(self.options.config / keys.AGENT_KEY).public
            for agent in self.core.agents.values():
                if agent.connection is not None and agent.key == local:
                    self.links.send(agent.connection, m.Shutdown())
        if self.core_file is not None:
            self.core_file.remove(self.options.data)
        self.links.close()
        self.core.reader.close()
        self.store.close()
        os.close(self._wake)
        os.close(self.wake_fd)
        log.info("stopped")

    # --- the turn's parts ---

    def _timeout(self) -> float:
        """Seconds until something is due without a message."""
        core = self.core
        times = [desk.next_deadline() for desk in self._desks if desk.work]
        times += (
            core.scheduler.next_deadline() if not self.store.problem else None,
            core.publisher.next_deadline(),
            core.eraser.next_deadline(),
            self.upkeep.next_deadline(),
            self.store.next_deadline(),
            self.links.next_deadline(),
        )
        wait = SWEEP
        for due in times:
            if due is not None and due - core.now < wait:
                wait = max(0.0, due - core.now)
        again = self.links.again
        return wait if again is None else min(wait, again)

    def _take(self) -> bool:
        began = time.monotonic()
        now = self.core.now
        for _ in range(TURN):
            got = self._inbox.next(now, self.core.hurried)
            if got is None:
                return False
            try:
                self.dispatch(*got)
            except OverflowError as error:
                # Integers of the wire have 64 bits without a sign, those of the store have one.
                self.links.complain("malformed", f"{got[0]!r} sent a {type(got[1]).__name__}: {error}", now)
                if isinstance(req := getattr(got[1], "req", None), int):
                    self.clients.fail(got[0], req, "bad-request", "a number is larger than any that can be meant")
            except Exception as error:
                self._internal(got[0], got[1], error)
            if time.monotonic() - began >= (HURRY if self.core.hurried else TURN_TIME):
                return True
        return True

    def dispatch(self, connection: Connection, msg: m.Message, payload: list[bytes]) -> None:
        """One good message to whom it concerns, if its sender may send it."""
        kind = type(msg)
        if kind is m.Enrol:
            self._enrol(connection, msg)  # type: ignore[arg-type]
            return
        role = self.access.role(connection.key)
        if not roles.allowed(role, kind):
            self._forbid(connection, msg, role)
            return
        if kind in _OF_AGENTS:
            self._from_agent(connection, msg, payload)
            return
        if connection.kind == "client" and self.clients.handles(kind):
            self.clients.request(connection, msg, payload)
            return
        match msg:
            case m.AgentHello():
                self.agents.hello(connection, msg)
            case m.BlobOffer():
                self.transfers.offer(connection, msg, self.core.now)
            case m.BlobWant():
                self.transfers.want(connection, msg)
            case m.BlobChunk():
                self.transfers.chunk(connection, msg, payload, self.core.now)
            case m.BlobMissing():
                self.transfers.missing(connection, msg, self.core.now)
            case m.ClientHello():
                self._client_hello(connection, msg, role or "")
            case _ if connection.kind != "client":
                self.links.send(connection, m.WhoAreYou())
            case m.GetResults() | m.WaitRun() | m.GetLog() | m.GetPrograms() if connection.open >= QUESTIONS:
                self._too_many(connection, msg)
            case m.GetResults() | m.WaitRun():
                self.results.get(connection, msg)
            case m.GetLog():
                self.logs.get(connection, msg)
            case m.GetPrograms():
                self.programs.get(connection, msg)
            case m.Subscribe():
                self.core.publisher.subscribe(connection, msg.topics, msg.keep)
            case m.Seen():
                self.core.publisher.pace.seen(connection, msg.size)
            case _:
                self.links.complain("unexpected", f"{connection!r} sent {kind.__name__}", self.core.now)

    def _from_agent(self, connection: Connection, msg: m.Message, payload: list[bytes]) -> None:
        agent = self.core.agents.get(connection.agent)
        if agent is None or agent.connection is not connection:
            self.links.send(connection, m.WhoAreYou())
            return
        match msg:
            case m.Succeeded() | m.Exited() if self.store.problem:
                # Not durable, not acknowledged: the agent keeps it and is asked to say HELLO when we can write.
                self._ask_again.add(connection)
            case m.Succeeded():
                self.agents.succeeded(agent, msg, payload)
            case m.Exited():
                self.agents.exited(agent, msg, payload)
            case m.Heartbeat():
                self.agents.heartbeat(agent, msg)
            case m.Started():
                self.agents.started(agent, msg)
            case m.Rejected():
                self.agents.rejected(agent, msg)
            case m.AgentGoodbye():
                self.agents.goodbye(agent, msg)
            case m.LogData():
                self.logs.data(agent.id, msg, payload)
            case m.ProgramsFound():
                self.programs.data(agent.id, msg)

    def _client_hello(self, connection: Connection, msg: m.ClientHello, role: str) -> None:
        if msg.protocol != m.PROTOCOL:
            reason = f"this core speaks protocol {m.PROTOCOL}, the client {msg.protocol}: install the same version"
            self.links.send(connection, m.Refused("protocol", reason))
            return
        connection.kind, connection.name, connection.tells = "client", msg.name[:200], msg.tells
        self.core.publisher.pace.forget(connection)  # it starts anew
        self.links.send(connection, m.ClientWelcome(self.id, role, __version__))

    def _enrol(self, connection: Connection, msg: m.Enrol) -> None:
        core = self.core
        known = self.access.role(connection.key)
        try:
            role = known or self.access.enrol(connection.key, msg.secret, msg.name, core.now)
        except EnrolError as error:
            self.links.complain("bad-secret", f"{connection!r} ({msg.name[:50]!r}): {error}", core.now)
            self.links.send(connection, m.Refused("bad-secret", str(error)))
            return
        log.info("%s enrolled as %s", msg.name[:100], role)
        core.later(partial(self.links.send, connection, m.Enrolled(role)))

    def _forbid(self, connection: Connection, msg: m.Message, role: str | None) -> None:
        kind = type(msg).__name__
        if role is None:
            self.links.complain("unknown-key", f"{connection!r} is not known here", self.core.now)
            self.links.send(connection, UNKNOWN)
            return
        self.links.complain("forbidden", f"{connection!r} may not send {kind} as {role}", self.core.now)
        req = getattr(msg, "req", None)
        reason = f"the role {role} may not send {kind}"
        if isinstance(req, int):
            self.clients.fail(connection, req, "forbidden", reason)
        else:
            self.links.send(connection, m.Refused("role", reason))

    def _too_many(self, connection: Connection, msg: m.GetResults | m.WaitRun | m.GetLog | m.GetPrograms) -> None:
        reason = f"{connection.open:,} questions of this connection wait already; ask again when some are answered"
        self.links.complain("too-many", f"{connection!r}: {reason}", self.core.now)
        self.clients.fail(connection, msg.req, "too-many", reason)

    def _internal(self, connection: Connection, msg: m.Message, error: Exception) -> None:
        """A bug must not end the core for everybody; it is told, counted, and the peer gets an answer."""
        self.links.counters["internal"] += 1
        log.exception("while handling %s of %r", type(msg).__name__, connection)
        req = getattr(msg, "req", None)
        if isinstance(req, int):
            self.clients.fail(connection, req, "internal", f"{type(error).__name__}: {error}"[:500])

    def _broken_links(self) -> None:
        gone, self.links.gone = self.links.gone, []
        for connection in gone:
            self.agents.lost(connection)
            self.transfers.lost(connection)
            self.core.publisher.lost(connection)
            self.results.lost(connection)
            self.logs.lost(connection)
            self.programs.lost(connection)
            self._ask_again.discard(connection)
        if self._ask_again and not self.store.problem:
            for connection in self._ask_again:
                self.links.send(connection, m.WhoAreYou())
            self._ask_again = set()

    def _log_answer(self, connection: Connection, msg: m.GetLog, data: dict[str, object], payload: bytes) -> None:
        self.links.send(connection, m.Reply(msg.req, data), [payload])

    def _answer(self, connection: Connection, req: int, data: dict[str, object]) -> None:
        self.links.send(connection, m.Reply(req, data))

    # --- where we are ---

    def info(self) -> dict[str, Any]:
        core = self.core
        return {
            "version": __version__,
            "core": self.id,
            "endpoint": self.endpoint,
            "public": self.own.public,
            "pid": os.getpid(),
            "uptime": self.clock.now() - self._started,
            "counters": {
                **self.links.counters,
                **core.counters,
                "zap refused": self.links.zap.refused,
                "commits": self.store.commits,
                "blob bytes sent": self.transfers.sent,
                "connections": len(self.links.connections),
                "news unread": self.core.publisher.pace.total,
            },
            "store": str(self.store.path),
            "disk": self._disk(),
            "problem": self.store.problem,
            "backlog": self.store.backlog,
            "commit seconds": round(self.store.pace, 4),
            "set_aside": str(self.store.set_aside or ""),
            "lease": core.lease,
            "runs": len(core.runs),
            "agents": len(core.agents),
            "order": list(core.scheduler.order),
            "owners": [view._asdict() for view in core.scheduler.owners(core.now)],
        }

    def _disk(self) -> dict[str, int]:
        """Bytes of the disk with the store."""
        try:
            found = shutil.disk_usage(self.store.path.parent)
        except OSError:
            return {"free": 0, "total": 0}
        return {"free": found.free, "total": found.total}

    def join_endpoints(self) -> list[str]:
        return reachable_endpoints(self.endpoint)

    @property
    def remote(self) -> bool:
        """Whether other machines can dial it."""
        return not is_loopback(self.endpoint)

    def _dialable(self) -> str:
        """What peers on this machine dial."""
        return self.endpoint.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")

    def _bind(self) -> str:
        """Listen; with a `*` port, where the last life of this core did, so that its agents find it again."""
        wanted = self.options.bind
        if wanted.endswith((":*", ":0")):
            last = self.core.reader.setting("endpoint") or ""
            base = wanted.rpartition(":")[0]
            if last.rpartition(":")[0] == base:
                try:
                    return self.links.bind(last)
                except zmq.ZMQError as error:
                    log.warning("cannot listen on %s again (%s): taking another port", last, error)
            wanted = base + ":*"
        return self.links.bind(wanted)

    def _parent_gone(self) -> bool:
        assert self.options.parent_fd is not None
        try:
            return os.read(self.options.parent_fd, 4096) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True
