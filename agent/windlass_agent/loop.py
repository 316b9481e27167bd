"""The agent's loop: one thread that joins the link, the session and the executor, and sleeps when nothing is due."""

from __future__ import annotations

import logging
import os
import random
import select
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import zmq

from windlass.blobs.store import BlobStore
from windlass.wire import messages as m
from windlass.wire.clock import epoch
from windlass.wire.codec import WireError, decode, encode
from windlass.wire.keys import KeyPair
from windlass_agent.attempts import id_of
from windlass_agent.executor import Executor
from windlass_agent.gpus import Gpus
from windlass_agent.link import Link
from windlass_agent.outbox import AgentOutbox
from windlass_agent.sampler import Sampler
from windlass_agent.session import Do, Session, State
from windlass_agent.shop import Settings
from windlass_agent.spool import Spool
from windlass_agent.wardenwire import clock

log = logging.getLogger(__name__)
PROGRAMS = 200
"""Programs that are looked for at one question."""
GOODBYE = 5.0
"""Seconds that ending in order may take."""


@dataclass(slots=True)
class Target:
    """Where the core is; `find` is asked before each dialling, because a local core changes its address."""

    find: Callable[[], tuple[str, str] | None]
    """-> (endpoint, the core's public key), or None while there is no core"""


@dataclass(slots=True)
class Counters:
    dropped: dict[str, int] = field(default_factory=dict)
    """Messages that were none, by reason."""


class Agent:
    def __init__(
        self,
        settings: Settings,
        facts: m.AgentFacts,
        key: KeyPair,
        target: Target,
        gpus: Gpus,
        link: Link | None = None,
    ) -> None:
        self.settings = settings
        self._home = _identity(settings.data)
        self._facts = facts
        self._target = target
        self._spool = Spool(settings.data / "spool")
        self._outbox = AgentOutbox(self._spool)
        store = BlobStore(settings.data / "blobs", durable=False)
        store.sweep()
        self.executor = Executor(settings, store, self._outbox)
        self.session = Session(clock(), random.random)
        self._sampler = Sampler(settings.data, gpus)
        self._context: zmq.Context[Any] | None = None
        if link is None:
            self._context = zmq.Context()
            link = Link(self._context, key)
        self._link = link
        self.counters = Counters()
        self._quiet_until = 0.0
        self._end_at: float | None = None
        """When ending in order gives up waiting; None while the agent goes on."""
        self._reason = ""
        self._told = ""
        self._poller: select.poll | None = None
        self._watched: tuple[int, bool] | None = None
        self._wake: int | None = None
        self._parent: int | None = None

    # --- the loop ------------------------------------------------------------------------------------------

    def run(self, wake: int | None = None, parent: int | None = None) -> None:
        """Until it is told to end. `wake` is readable after a signal, `parent` at end of file when the parent died."""
        self._wake, self._parent = wake, parent
        while True:
            self.turn()
            if self._end_at is not None and (self._finished() or clock() >= self._end_at):
                break
        self._outbox.flush()
        if self.session.state is State.TOGETHER:
            self._post(m.AgentGoodbye(self._reason), [])
        self._link.flush()
        self._link.close(linger=500)
        self.executor.close()
        self._spool.close()
        if self._context is not None:
            self._context.term()

    def turn(self) -> None:
        """Sleep until something is due or comes, and handle it."""
        now = clock()
        executor, link = self.executor, self._link
        quiet = now < self._quiet_until
        session_at, executor_at = self.session.next_deadline(), executor.next_deadline()
        until = session_at if executor_at is None or session_at < executor_at else executor_at
        if quiet:
            until = min(until, self._quiet_until)
        if self._end_at is not None:
            until = min(until, self._end_at)
        said, ready = self._sleep(until - now, quiet)
        # First the clock: whoever slept through its lease must stop its attempts before it hears of new ones.
        now = clock()
        if now >= session_at:
            self._tick(now)
        helped = False
        for fd, _ in ready:
            if fd == link.fileno():
                said = True
            elif fd == executor.fileno():
                helped = True
            else:
                self._signalled(fd)
        if said:
            for frames in link.receive():
                self._receive(frames)
        ended = 0
        if helped:
            ended = executor.ready()
            self._outbox.flush()  # first of all: somebody may wait for it
        if executor_at is not None and now >= executor_at:
            executor.due()
        executor.settle()
        if ended and (span := executor.quiet):
            self._quiet_until = clock() + span
        self._outbox.flush()

    def _signalled(self, fd: int) -> None:
        """It is to end, by a signal or because who started it has ended."""
        if fd == self._wake:
            os.read(fd, 4096)
            self.end("signal")
        elif fd == self._parent and not os.read(fd, 4096):
            self._parent = self._poller = None
            self.end("the program that started it has ended", grace=0.5)

    def _sleep(self, timeout: float, quiet: bool) -> tuple[bool, list[tuple[int, int]]]:
        """Until something comes: whether a message is known to be there, and which descriptors are ready.

        While it is `quiet` the helpers are not heard.
        """
        watched = (self._link.dialled, quiet)
        if self._poller is None or watched != self._watched:
            self._watched = watched
            self._poller = select.poll()
            for fd in (self._link.fileno(), -1 if quiet else self.executor.fileno(), self._wake, self._parent):
                if fd is not None and fd >= 0:
                    self._poller.register(fd, select.POLLIN)
        said = self._link.settle()
        return said, self._poller.poll(0 if said or timeout < 0 else timeout * 1000)

    # --- the session ---------------------------------------------------------------------------------------

    def _tick(self, now: float) -> None:
        for do in self.session.tick(now):
            if do is Do.EXPIRE:
                log.warning("the lease has ended: stopping all attempts")
                self.executor.stop_all(1.0, "lease")
            elif do is Do.CLOSE:
                self._outbox.post = None
                self._link.close()
            elif do is Do.OPEN:
                self._open()
            elif do is Do.HELLO:
                self._hello()
            else:
                self._look_around()
                self.executor.tidy(clock())
                self._post(m.Heartbeat(epoch(), [self._sampler.sample()], self.executor.sample()), [])

    def _look_around(self) -> None:
        """Without its directory it can run nothing: better no agent than one that fails all it is given."""
        if self._end_at is None and _identity(self.settings.data) != self._home:
            log.error("ending: %s was removed", self.settings.data)
            self.end("its directory was removed")

    def _open(self) -> None:
        self._outbox.post = None
        found = self._target.find()
        if found is None:
            self._tell("there is no core yet")
            return
        try:
            self._link.open(*found)
        except zmq.ZMQError as error:
            self._tell(f"cannot dial {found[0]}: {error}")

    def _tell(self, text: str) -> None:
        """Say it once, not at every try."""
        if text != self._told:
            self._told = text
            log.warning("%s", text)

    def _hello(self) -> None:
        self._outbox.post = None
        self._outbox.flush()
        held = self.executor.held()
        held += [m.Held(key, _how_held(outcome)) for key, outcome in self._spool.held()]
        self._post(m.AgentHello(self.settings.agent, self._facts, self.session.epoch, held, epoch()), [])

    def _post(self, message: m.Message, payload: list[bytes]) -> None:
        self._link.send(encode(message, payload))

    # --- what the core says --------------------------------------------------------------------------------

    def _receive(self, frames: list[bytes]) -> None:
        try:
            message, payload = decode(frames)
        except WireError as error:
            self._drop(error.code, str(error))
            return
        self.session.heard(clock())
        try:
            self._handle(message, payload)
        except Exception:
            # A message that makes us stumble must not take the attempts of others with it.
            self._drop("failed", type(message).__name__)
            log.exception("a message could not be handled: %s", type(message).__name__)

    def _drop(self, code: str, text: str) -> None:
        self.counters.dropped[code] = self.counters.dropped.get(code, 0) + 1
        log.warning("dropped a message of the core: %s", text)

    def _handle(self, message: m.Message, payload: list[bytes]) -> None:
        kind = type(message)
        if self.session.state is not State.TOGETHER and kind not in _ALWAYS:
            self._drop("early", f"{kind.__name__} before the welcome")
        elif (handler := _HANDLERS.get(kind)) is None:
            self._drop("strange", f"{kind.__name__} is not for agents")
        else:
            handler(self, message, payload)

    def _alive(self, message: m.Alive, _: list[bytes]) -> None:
        if self.session.alive(clock(), message.beat) and self.session.lease_until is not None:
            self.executor.renew_lease(self.session.lease_until)

    def _who_are_you(self, *_: object) -> None:
        if self.session.who_are_you(clock()):
            self._hello()

    def _refused(self, message: m.Refused, _: list[bytes]) -> None:
        self._tell(f"the core refuses this agent: {message.reason} ({message.code})")
        self.session.refused(clock())
        self._outbox.post = None
        self._link.close()

    def _ack(self, message: m.Ack, _: list[bytes]) -> None:
        if message.keys:
            self._spool.ack(map(id_of, message.keys))
        self._spool.ack_batches(message.batches)

    def _assigned(self, message: m.Assign | m.AssignRange | m.AssignTasks, payload: list[bytes]) -> None:
        if self._end_at is not None:
            for key in message.attempt_keys():
                self._outbox.rejected(key, "ending")
            return
        if isinstance(message, m.Assign):
            self.executor.assign(message, payload)
        elif isinstance(message, m.AssignRange):
            self.executor.assign_range(message, payload)
        else:
            self.executor.assign_tasks(message, payload)
        if self._quiet_until and not self.executor.quiet:
            self._quiet_until = 0.0

    def _chunk(self, message: m.BlobChunk, payload: list[bytes]) -> None:
        self.executor.transfers.chunk(message, payload[0] if payload else b"", clock())

    def _find_programs(self, message: m.FindPrograms, _: list[bytes]) -> None:
        missing = [name for name in message.names[:PROGRAMS] if not _has_program(name)]
        self._outbox.send(m.ProgramsFound(message.ticket, missing), [])

    def _welcome(self, message: m.Welcome, _: list[bytes]) -> None:
        self.session.welcomed(message.epoch, message.heartbeat, message.lease, clock())
        self._told = ""
        log.info("the core has welcomed this agent (lease %d)", message.epoch)
        self._outbox.post = self._link.send
        self._spool.ack(id_of(key) for key in message.stop)
        self.executor.welcome(message)
        if self.session.lease_until is not None:
            self.executor.renew_lease(self.session.lease_until)
        self._outbox.resend()

    # --- ending --------------------------------------------------------------------------------------------

    def end(self, reason: str, grace: float = 2.0) -> None:
        """Stop what runs, report it, say goodbye. Asked twice, it waits no longer."""
        if self._end_at is not None:
            self._end_at = clock()
            return
        self._reason = reason
        self._end_at = clock() + GOODBYE
        log.info("ending: %s", reason)
        self.executor.stop_all(grace, "shutdown")

    def _finished(self) -> bool:
        """Nothing runs, and the core knows all it needs (or cannot be told)."""
        self._outbox.flush()
        told = len(self._spool) == 0 or self.session.state is not State.TOGETHER
        return self.executor.idle and told


def _how_held(outcome: str) -> str:
    """An end that is not acknowledged. One that was stopped in order did this agent no harm: the core should know."""
    return "stopped" if outcome == "stopped" else "exited"


def _identity(path: Path) -> tuple[int, int] | None:
    """Of the directory that has this name now; None when there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def signal_pipe() -> int:
    """A descriptor that is readable after SIGINT or SIGTERM."""
    read, write = os.pipe()
    os.set_blocking(write, False)
    signal.set_wakeup_fd(write, warn_on_full_buffer=False)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    return read


def _has_program(name: str) -> bool:
    """On the path, or where an absolute path says; a relative one would be looked for from where the agent runs."""
    import shutil  # here: it brings the libraries of all archives, and is hardly ever asked for

    return ("/" not in name or name.startswith("/")) and shutil.which(name) is not None


_HANDLERS: dict[type[m.Message], Callable[[Agent, Any, list[bytes]], None]] = {
    m.Alive: Agent._alive,
    m.Welcome: Agent._welcome,
    m.WhoAreYou: Agent._who_are_you,
    m.Refused: Agent._refused,
    m.Shutdown: lambda agent, *_: agent.end("the core ended it"),
    m.Ack: Agent._ack,
    m.Assign: Agent._assigned,
    m.AssignRange: Agent._assigned,
    m.AssignTasks: Agent._assigned,
    m.Stop: lambda agent, message, _: agent.executor.stop(message),
    m.Forget: lambda agent, message, _: agent.executor.forget(message.runs),
    m.LogWant: lambda agent, message, _: agent.executor.log_want(message),
    m.FindPrograms: Agent._find_programs,
    m.BlobChunk: Agent._chunk,
    m.BlobWant: lambda agent, message, _: agent.executor.transfers.wanted(message),
    m.BlobDone: lambda agent, message, _: agent.executor.transfers.taken(message),
    m.BlobMissing: lambda agent, message, _: agent.executor.transfers.missing(message, clock()),
}
"""What is done with each message of the core."""
_ALWAYS = frozenset((m.Alive, m.Welcome, m.WhoAreYou, m.Refused, m.Shutdown, m.Ack))
"""Those that it may say before its welcome."""
