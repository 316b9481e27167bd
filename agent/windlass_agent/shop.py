"""What the parts of the executor share: the directories, the ledger, the wardens, and the attempts in hand."""

from __future__ import annotations

import os
import select
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from windlass.blobs.store import BlobStore
from windlass.model.graph import Resources
from windlass.wire.messages import Exit, Key, Message, StartedItem
from windlass_agent.attempts import Attempt, Group, Id
from windlass_agent.delegation import Groups
from windlass_agent.gpus import visible
from windlass_agent.ledger import Grant, Ledger
from windlass_agent.logs import DEFAULT_CAP
from windlass_agent.pinning import Pins, own_cpus
from windlass_agent.runnerwire import Done
from windlass_agent.stock import Stock
from windlass_agent.transfers import Transfers
from windlass_agent.trees import remove_tree
from windlass_agent.wardenlink import WardenLink
from windlass_agent.wardens import Wardens
from windlass_agent.wardenwire import Bounds
from windlass_agent.worker import Worker


class Outbox(Protocol):
    """Where the executor's news go. The loop batches, keeps and sends them."""

    def exited(self, exit: Exit, payload: bytes) -> None: ...
    def succeeded(self, attempt: Attempt, done: Done) -> None:
        """A function's plain end: with a result that fits into a message, and nothing else to tell."""
        ...

    def started(self, item: StartedItem) -> None: ...
    def rejected(self, key: Key, reason: str) -> None: ...
    def send(self, message: Message, payload: list[bytes]) -> None: ...
    def holds(self, id: Id) -> bool:
        """Whether this attempt has ended here and the core has not acknowledged it yet."""
        ...


@dataclass(slots=True)
class Settings:
    """What an agent is told at its start. Times in seconds, sizes in bytes."""

    agent: str
    data: Path
    resources: Resources
    log_cap: int = DEFAULT_CAP
    runner_idle: float = 30.0
    """How long a runner without work is kept."""
    started_after: float = 0.1
    """An attempt that has run this long is reported as started; shorter ones only by their end."""
    sample_after: float = 2.0
    """From this age on an attempt has a curve."""
    groups: Groups | None = None
    """Where control groups can be made; None: memory is watched by looking."""
    has_gpus: bool = False
    """There are GPUs, whether offered or not: attempts that were given none must not see them."""


class Shop:
    def __init__(self, settings: Settings, store: BlobStore, outbox: Outbox) -> None:
        self.settings = settings
        self.store = store
        self.outbox = outbox
        self.work = settings.data / "work"
        self.ledger = Ledger(settings.resources, Pins(own_cpus(settings.resources.cpus)))
        self.worker = Worker()
        self.transfers = Transfers(store, self.worker, outbox.send)
        self.stock = Stock(self.transfers, self.worker)
        self.attempts: dict[Id, Attempt] = {}
        self.by_spawn: dict[int, Attempt] = {}
        """Commands that a warden has been told to start and not reported as ended."""
        self.order: deque[Group] = deque()
        """Tasks with waiting attempts, in turn."""
        self.wardens = Wardens(settings.agent, settings.resources.cpus)
        self.epoll = select.epoll()
        self.actions: dict[int, Callable[[int], None]] = {}
        """descriptor -> what to do when it is ready"""
        self.dirty = False
        """Something may be placed."""
        self.contended = False
        """Some task waits for resources that others hold: lanes are not refilled without asking."""
        self.crowded = 0.0
        """Until when (by `clock`) runners are fed less ahead, because that was so a moment ago."""
        self.left: Callable[[Attempt], None] = lambda _: None
        """Takes an attempt out of its chain."""
        self.warden_ready: Callable[[WardenLink], None] = lambda _: None
        """Hears what a warden has to say."""
        self._spawn = 0
        self._dirs = 0
        self._empty: list[Path] = []
        self.used: list[Path] = []
        """Directories of attempts that have ended, which nobody has looked at yet."""

    def next_spawn(self) -> int:
        self._spawn += 1
        return self._spawn

    def watch(self, fd: int, action: Callable[[int], None], events: int = select.EPOLLIN) -> None:
        self.epoll.register(fd, events)
        self.actions[fd] = action

    def watch_warden(self, link: WardenLink) -> None:
        self.watch(link.fileno(), lambda _: self.warden_ready(link))

    def join_warden(self, chains: int) -> None:
        """Have one more, if so many chains of short commands are worth it."""
        link = self.wardens.join(chains)
        if link is not None:
            self.watch_warden(link)

    def own_warden(self, hatches: bool) -> WardenLink:
        """A warden for one attempt that may be what ends them."""
        link = self.wardens.own(hatches)
        self.watch_warden(link)
        return link

    def let_go(self, link: WardenLink) -> None:
        """What ran under it has ended. Only its own attempt's warden goes then, and a dead one is gone already."""
        if link.own and link in self.wardens.links:
            self.unwatch(link.fileno())
            self.wardens.leave(link)

    def unwatch(self, fd: int) -> None:
        if self.actions.pop(fd, None) is not None:
            self.epoll.unregister(fd)

    def queue(self, attempt: Attempt, first: bool = False) -> None:
        """It waits for resources; `first`: before all others of its task."""
        group = attempt.group
        if first:
            group.queue.appendleft(attempt)
        else:
            group.queue.append(attempt)
        if not group.listed:
            group.listed = True
            self.order.append(group)

    def release(self, attempt: Attempt) -> None:
        """Give back what it occupied."""
        self.left(attempt)
        if attempt.grant is not None:
            self.ledger.give(attempt.grant)
            attempt.grant = None
            self.dirty = True

    def take_dir(self) -> Path:
        """An empty directory for one attempt."""
        if self._empty:
            return self._empty.pop()
        self._dirs += 1
        path = self.work / f"d{self._dirs}"
        try:
            os.mkdir(path, 0o700)
        except FileNotFoundError:
            # An attempt removed what does not belong to it: those to come need not suffer.
            os.mkdir(self.work, 0o700)
            os.mkdir(path, 0o700)
        return path

    def give_dir(self, path: Path) -> None:
        """The attempt has ended, which is told before its directory is looked at."""
        self.used.append(path)
        self.dirty = True

    def clear_up(self) -> None:
        """A directory that is as it was made serves again; making and removing it is the slow part."""
        used, self.used = self.used, []
        for path in used:
            try:
                with os.scandir(path) as entries:
                    fresh = next(entries, None) is None and os.lstat(path).st_mode & 0o7777 == 0o700
            except OSError:
                fresh = False
            if fresh and len(self._empty) < 64:
                self._empty.append(path)
            else:
                self.worker.submit(lambda path=path: remove_tree(path), lambda *_: None)  # type: ignore[misc]

    def gpu_env(self, gpus: tuple[int, ...]) -> dict[str, str]:
        """Which GPUs a process may see. Without any on the machine nothing is said."""
        if self.settings.resources.gpus == 0 and not self.settings.has_gpus:
            return {}
        return visible(gpus)

    @property
    def kernel_limits(self) -> bool:
        """Whether the kernel keeps attempts within the memory that they declared."""
        return self.settings.groups is not None and self.settings.groups.memory

    def limits(self, spawn: int, grant: Grant | None) -> Bounds | None:
        """What is set for a process before it begins; None for most, because it costs a millisecond."""
        if grant is None or not (grant.pins or (grant.request.memory and self.settings.groups)):
            return None
        groups, request = self.settings.groups, grant.request
        if groups is None or not request.memory:
            return Bounds(pins=grant.pins)
        return Bounds(groups.path(spawn), request.memory, request.cpus, grant.pins)

    def name(self, attempt: Attempt) -> str:
        """Of files that stand beside its work directory."""
        key = attempt.key
        return f"{key.run}-{key.task}-{key.index}-{key.attempt}"
