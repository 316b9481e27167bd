"""The executor: takes assignments, starts each when its resources fit, and reports every end exactly once.

It owns the attempts of this machine. It knows nothing of the link: the loop feeds it messages and takes its news
through an `Outbox`. It never blocks; `epoll` tells when there is something for `ready`.
"""

from __future__ import annotations

import contextlib
import os
import select
from collections import deque
from collections.abc import Iterable, Sequence

from windlass.blobs.store import BlobStore, is_hash
from windlass.model.graph import Call, FileRef
from windlass.wire import limits
from windlass.wire.clock import epoch
from windlass.wire.messages import (
    Assign,
    AssignItem,
    AssignRange,
    AssignTasks,
    AttemptSample,
    Bundle,
    Held,
    Key,
    LogData,
    LogWant,
    Stop,
    Welcome,
)
from windlass.wire.results import blob_ref
from windlass_agent import procs
from windlass_agent.attempts import FETCHING, RUNNING, STAGING, WAITING, Attempt, Group, Id, Kind, id_of, kind_of
from windlass_agent.cgroup import PIDS
from windlass_agent.chains import Chains
from windlass_agent.commands import Commands
from windlass_agent.finish import Finisher
from windlass_agent.functions import CROWDED, Functions
from windlass_agent.shop import Outbox, Settings, Shop
from windlass_agent.stock import PATIENCE
from windlass_agent.trees import remove_tree
from windlass_agent.wardenlink import WardenDied, WardenLink, kill_leftovers
from windlass_agent.wardenwire import (
    FromWarden,
    Recalled,
    Spawned,
    SpawnFailed,
    Tail,
    TailData,
    clock,
)

QUIET = 0.004
"""Most seconds for which runners are not listened to."""
QUIET_CHAINS = 0.012
"""The same of wardens: a command's end costs the core and the agent five times as much when it comes alone."""
MEMORY_CHECK = 0.25
"""Seconds between looks at attempts that declared their memory, where the kernel does not keep them within it."""
MEMORY_CHECK_SOON = 0.05
"""The same when one of them grew so fast that it may be over its memory before the next look."""


class Executor:
    def __init__(self, settings: Settings, store: BlobStore, outbox: Outbox) -> None:
        self.settings = settings
        kill_leftovers(settings.agent)
        self._shop = shop = Shop(settings, store, outbox)
        self._outbox = outbox
        remove_tree(shop.work)
        shop.work.mkdir(mode=0o700, parents=True)
        self._finisher = Finisher(shop)
        self.commands = Commands(shop, self._finisher)
        self.chains = Chains(shop, self.commands)
        shop.left = self.chains.left
        self.functions = Functions(shop, self._finisher, self.commands)
        self.transfers = shop.transfers
        self._groups: dict[tuple[int, int], Group] = {}
        """By run and task; tasks of one kind have one together."""
        self._kinds: dict[Kind, Group] = {}
        self._bundles: dict[tuple[int, int, int], Bundle] = {}
        self._leaving: set[int] = set()
        """Runs that are over, and some of whose attempts still end."""
        self._doubtful: set[int] = set()
        """Runs of which the core does not know any more, since its last welcome, that we hold something."""
        self._doubt_until = 0.0
        self._tails: dict[int, tuple[Key, LogWant]] = {}
        self._next_tail = 0
        self._young: deque[tuple[float, Attempt]] = deque()
        """Commands that began a moment ago, by when they are to be reported."""
        self._memory_check: float | None = None
        self._last_use: dict[Id, tuple[float, float]] = {}
        shop.warden_ready = self._warden_ready
        shop.watch_warden(shop.wardens.first)
        shop.watch(shop.worker.fileno(), lambda _: shop.worker.deliver())

    # --- the loop's side -----------------------------------------------------------------------------------

    def fileno(self) -> int:
        return self._shop.epoll.fileno()

    def ready(self) -> int:
        """Handle what the processes and threads have; how many ends that were. To be settled after that."""
        before = self.functions.handled + self.commands.handled
        for fd, _ in self._shop.epoll.poll(0):
            action = self._shop.actions.get(fd)
            if action is not None:
                action(fd)
        return self.functions.handled + self.commands.handled - before

    @property
    def quiet(self) -> float:
        """Seconds for which the helpers need not be listened to, as they have more to do: ends come as batches then.

        0 while somebody may wait for one of them.
        """
        if self.functions.awaited:
            return 0.0
        if self.chains.busy:
            return min(QUIET_CHAINS, 0.75 * self.chains.ahead)  # some is left for the way there and back
        return 0.0 if self._shop.contended else min(QUIET, self.functions.ahead)

    def due(self) -> None:
        """Do what its time has come for. To be settled after that."""
        now = clock()
        self.functions.due(now)
        self.transfers.due(now)
        while self._young and self._young[0][0] <= now:
            attempt = self._young.popleft()[1]
            if attempt.state == RUNNING and not attempt.reported and attempt.id in self._shop.attempts:
                self._outbox.started(attempt.report_started(attempt.pid))
                self.chains.spread(attempt)
        if self._memory_check is not None and now >= self._memory_check:
            self._check_memory(now)

    def next_deadline(self) -> float | None:
        """By `wardenwire.clock`."""
        soonest = self.functions.next_deadline()
        young, attempts = self._young, self._shop.attempts
        while young and young[0][1].id not in attempts:
            young.popleft()  # it ended before that
        for at in (self.transfers.next_deadline(), self._memory_check, young[0][0] if young else None):
            if at is not None and (soonest is None or at < soonest):
                soonest = at
        return soonest

    def settle(self) -> None:
        """Place what can be placed, and send the wardens their orders. After anything that may have changed that."""
        if self._shop.dirty:
            self._place()
        for link in self._shop.wardens.links:
            if not link.idle:
                self._order()
                return

    def _order(self) -> None:
        """Send the wardens what they are to do."""
        for link in list(self._shop.wardens.links):
            try:
                done = link.flush()
            except WardenDied:
                self._warden_died(link)
                continue
            events = select.EPOLLIN | (0 if done else select.EPOLLOUT)
            if events != link.watched:
                link.watched = events
                self._shop.epoll.modify(link.fileno(), events)
            link.idle = done

    # --- taking work ---------------------------------------------------------------------------------------

    def assign(self, message: Assign, payload: Sequence[bytes]) -> None:
        for new in message.bundles:
            self._take_bundle(new)
        for place, item in enumerate(message.items):
            self._assign(item.key, item, payload[place] if place < len(payload) else b"")
        self._shop.dirty = True
        self.settle()

    def assign_range(self, message: AssignRange, payload: Sequence[bytes]) -> None:
        """The same for neighbours of one array, which share all but their index and arguments."""
        for new in message.bundles:
            self._take_bundle(new)
        run, task, number, epoch = message.run, message.task, message.attempt, message.epoch
        shared = AssignItem(Key(run, task, message.first, number, epoch), message.version)
        plain = len(payload) < message.count
        for place in range(message.count):
            key = Key(run, task, message.first + place, number, epoch)
            self._assign(key, shared, b"" if plain else payload[place])
        self._shop.dirty = True
        self.settle()

    def assign_tasks(self, message: AssignTasks, payload: Sequence[bytes]) -> None:
        """The same for single tasks of one kind, which differ by their arguments and the results that they need."""
        for new in message.bundles:
            self._take_bundle(new)
        number = message.version
        plain = AssignItem(Key(message.run, message.kind, 0, 0, message.epoch), number)
        results = message.results
        for place, key in enumerate(message.attempt_keys()):
            item = AssignItem(key, number, results=results[place]) if results and results[place] else plain
            self._assign(key, item, payload[place] if place < len(payload) else b"", message.kind)
        self._shop.dirty = True
        self.settle()

    def _assign(self, key: Key, item: AssignItem, payload: bytes, kind: int | None = None) -> None:
        """`kind`: what its bundle has in the place of the task."""
        attempts = self._shop.attempts
        id = key.run, key.task, key.index, key.attempt
        if id in attempts or self._outbox.holds(id):
            return  # sent again after a lost link
        task = key.task if kind is None else kind
        group = self._groups.get((key.run, task))
        bundle = self._bundles.get((key.run, task, item.version))
        if group is None or bundle is None or not group.takes(bundle):
            self._outbox.rejected(key, "unknown bundle")
            return
        if item.alone:
            group = Group(bundle, alone=True)
        attempt = attempts[id] = Attempt(group, bundle, key, item, payload)
        if bundle is group.present and not item.files and attempt.plain:
            self._shop.queue(attempt)  # all that the bundle needs was seen to be here
        elif missing := self._missing(bundle, item):
            self._fetch(attempt, missing)
        else:
            if not item.files and attempt.plain:
                group.present = bundle
            self._shop.queue(attempt)

    def _take_bundle(self, bundle: Bundle) -> None:
        key = (bundle.run, bundle.task)
        self._leaving.discard(bundle.run)
        self._doubtful.discard(bundle.run)
        if not self._shop.ledger.possible(bundle.spec.resources):
            return  # its attempts are rejected: the core's picture of this machine is wrong
        self._bundles[*key, bundle.version] = bundle
        group = self._groups.get(key)
        kind = kind_of(bundle)
        if kind is not None:
            shared = self._kinds.get(kind)
            if shared is None:
                shared = self._kinds[kind] = Group(bundle)
            self._groups[key] = shared
        elif group is None or (bundle.version >= group.bundle.version and not group.takes(bundle)):
            self._groups[key] = Group(bundle)  # what the one before holds ends as it began
        elif bundle.version >= group.bundle.version:
            group.renew(bundle)
        if bundle.version > 8 and group is not None:
            for version in [known for known in self._bundles if known[:2] == key and known[2] < bundle.version - 8]:
                del self._bundles[version]

    def _missing(self, bundle: Bundle, item: AssignItem) -> dict[str, int | None]:
        """Blobs that have to come first, with their sizes where they are known."""
        wanted: dict[str, int | None] = {}
        if isinstance(bundle.spec.action, Call):
            wanted[bundle.spec.action.function] = None
        for ref in _refs(bundle, item):
            wanted[ref.hash] = ref.size
        self._shop.stock.need(bundle.run, wanted)
        has = self.transfers.has
        return {digest: size for digest, size in wanted.items() if not has(digest)}

    def _fetch(self, attempt: Attempt, missing: dict[str, int | None]) -> None:
        attempt.state = FETCHING
        attempt.pending = set(missing)

        def arrived(digest: str, error: str) -> None:
            attempt.pending.discard(digest)
            if attempt.state != FETCHING or attempt.id not in self._shop.attempts:
                return
            if error:
                attempt.state = STAGING
                self._finisher.fail(attempt, "failed", f"a file that it needs could not be brought here: {error}")
            elif not attempt.pending:
                attempt.staged_in = clock() - now
                attempt.state = WAITING
                self._shop.queue(attempt)
                self._shop.dirty = True

        now = clock()
        for digest, size in missing.items():
            if is_hash(digest):
                self.transfers.want(digest, size, arrived, now)
            else:
                arrived(digest, "its name is no hash")

    def _place(self) -> None:
        """Start what fits, the tasks taking turns: first those of which nothing runs."""
        shop = self._shop
        shop.dirty = False
        if shop.used:
            shop.clear_up()
        if not shop.order:
            shop.contended = False
            return
        waiting = []
        for group in shop.order:
            group.listed = bool(group.queue)
            if group.listed:
                waiting.append(group)
        shop.order.clear()
        without = [group for group in waiting if not (group.lanes or group.chains)]
        for group in without:
            self._place_group(group)
        without = [group for group in without if group.queue and not (group.lanes or group.chains)]
        shop.contended = bool(without)
        for group in waiting:
            if group.queue and (group.lanes or group.chains):
                self._place_group(group)
        # Who got nothing stands before who got something, also the next time.
        rest = list(without)
        for group in waiting:
            if not group.queue:
                group.listed = False
            elif group.lanes or group.chains:
                rest.append(group)
        shop.order.extendleft(reversed(rest))
        if without:
            shop.crowded = clock() + CROWDED
            if self.functions.make_way(without[0]):
                self._place_group(without[0])

    def _place_group(self, group: Group) -> None:
        if group.bundle.spec.resources.memory and self._memory_check is None and not self._shop.kernel_limits:
            self._memory_check = clock() + MEMORY_CHECK
        if group.function:
            self.functions.place(group)
        else:
            self.chains.place(group)

    # --- the wardens ---------------------------------------------------------------------------------------

    def _warden_ready(self, link: WardenLink) -> None:
        try:
            messages = link.receive()
        except WardenDied:
            self._warden_died(link)
            return
        for message in messages:
            self._from_warden(message)

    def _from_warden(self, message: FromWarden) -> None:
        if isinstance(message, TailData):
            self._tail_data(message)
            return
        if isinstance(message, Recalled):
            self._shop.dirty = True
            for given_up in self.chains.recalled(message):
                self._drop(given_up, given_up.cause or "recalled")
            return
        lane = self.functions.lanes.get(message.id)
        if lane is not None:
            if isinstance(message, Spawned):
                lane.pid = message.pid
            else:
                self.functions.ended(lane, message)
            return
        attempt = self._shop.by_spawn.get(message.id)
        if attempt is None:
            return
        if isinstance(message, Spawned):
            self.commands.spawned(attempt, message)
            self._young.append((clock() + self.settings.started_after, attempt))
        elif isinstance(message, SpawnFailed):
            self.commands.failed(attempt, message)
        else:
            self.commands.ended(attempt, message)

    def _warden_died(self, link: WardenLink) -> None:
        """Kill all that it had started, report it, and go on with another one."""
        shop = self._shop
        shop.unwatch(link.fileno())
        if self.settings.groups is not None:
            self.settings.groups.bury(link.held)
        link.bury()
        now = epoch()
        running = [attempt for attempt in shop.by_spawn.values() if attempt.spawn in link.held]
        lanes = [lane for lane in self.functions.lanes.values() if lane.spawn in link.held]
        new = shop.wardens.replace(link)
        if new is not None:
            shop.watch_warden(new)
        waiting = [attempt.spawn for attempt in running if attempt.ahead and not attempt.first]
        for given_up in self.chains.recalled(Recalled(waiting)):
            self._drop(given_up, given_up.cause or "recalled")
        for attempt in running:
            if attempt.spawn:
                self.commands.lost(attempt, now)
        for lane in lanes:
            self.functions.ended(lane, None)
        self._tails.clear()
        shop.dirty = True

    def renew_lease(self, until: float) -> None:
        """The warden stops everything at `until` (by `wardenwire.clock`), even if this process hangs."""
        self._shop.wardens.lease(until)
        self.settle()

    # --- stopping ------------------------------------------------------------------------------------------

    def stop(self, message: Stop) -> None:
        for key in message.keys:
            attempt = self._shop.attempts.get(id_of(key))
            if attempt is None:
                if not self._outbox.holds(id_of(key)):
                    self._outbox.rejected(key, "not held")
                continue
            self._stop(attempt, message.grace, message.reason, message.if_waiting)
        self.settle()

    def _stop(self, attempt: Attempt, grace: float, cause: str, only_waiting: bool = False) -> None:
        if attempt.state == RUNNING and attempt.lane is not None:
            self.functions.recall(attempt)
        if attempt.state in (WAITING, FETCHING):
            self._drop(attempt, "recalled" if only_waiting else cause)
        elif only_waiting:
            if attempt.spawn and not attempt.pid:
                attempt.back = True
                self._shop.wardens.recall([attempt.spawn])
        elif attempt.state == RUNNING and attempt.lane is not None:
            self.functions.stop(attempt, grace, cause)
        elif attempt.state == RUNNING:
            self.commands.stop(attempt, grace, cause)
        else:
            attempt.cause = attempt.cause or cause  # its files are being looked after; that ends by itself
            self._finisher.abandon(attempt)

    def _drop(self, attempt: Attempt, reason: str) -> None:
        """Give back one that has not begun."""
        with contextlib.suppress(ValueError):
            attempt.group.queue.remove(attempt)
        attempt.state = STAGING  # a blob that arrives later does not queue it again
        del self._shop.attempts[attempt.id]
        if attempt.cwd is not None:
            self._shop.give_dir(attempt.cwd)
        self._outbox.rejected(attempt.key, reason)

    def stop_all(self, grace: float, cause: str) -> None:
        """The lease has ended, or the agent ends."""
        for attempt in list(self._shop.attempts.values()):
            self._stop(attempt, grace, cause)
        self.settle()

    @property
    def idle(self) -> bool:
        return not self._shop.attempts

    # --- the core's view -----------------------------------------------------------------------------------

    def held(self) -> list[Held]:
        """What this agent still has, for HELLO; ends that are not acknowledged are the spool's to tell."""
        return [
            Held(
                attempt.key,
                "waiting" if attempt.state in (WAITING, FETCHING) or attempt.ahead else "running",
                attempt.item.gpus,
            )
            for attempt in self._shop.attempts.values()
        ]

    def welcome(self, message: Welcome) -> None:
        """Go on, but without what the core does not want any more. Attempts keep the keys they were given under."""
        stopped = {id_of(key) for key in message.stop}
        for attempt in list(self._shop.attempts.values()):
            if attempt.id in stopped:
                self._stop(attempt, 1.0, "stale")
        self.transfers.connected(clock())
        self._doubtful = {run for run, _ in self._groups}
        self._doubt_until = clock() + PATIENCE
        self.settle()

    def forget(self, runs: Iterable[int]) -> None:
        """These runs have ended: their bundles, runners, code and blobs may go, once none of their attempts is left."""
        gone = set(runs)
        busy = {attempt.key.run for attempt in self._shop.attempts.values()}
        self._leaving = (self._leaving - gone) | (gone & busy)
        gone -= busy
        for key in [key for key in self._groups if key[0] in gone]:
            del self._groups[key]
        for kind in [kind for kind in self._kinds if kind[0] in gone]:
            del self._kinds[kind]
        for old in [old for old in self._bundles if old[0] in gone]:
            del self._bundles[old]
        for run in gone:
            self.functions.forget(run)
            self._shop.stock.over(run)

    def tidy(self, now: float) -> None:
        """Now and then: let go of what no run needs any more."""
        if self._doubtful and now >= self._doubt_until:
            self._leaving |= self._doubtful  # what comes of them is sent with all that it needs
            self._doubtful = set()
        if self._leaving:
            self.forget(self._leaving)
        self._shop.stock.tidy(now)

    def log_want(self, want: LogWant) -> None:
        """Answer with the log so far; of an attempt that is not here, that it has ended."""
        attempt = self._shop.attempts.get(id_of(want.key))
        if attempt is None or attempt.state != RUNNING:
            ended = attempt is None
            self._outbox.send(LogData(want.key, want.offset, 0, ended), [b""])
        elif attempt.lane is not None:
            offset, size, shed, data = self.functions.tail(attempt, want.offset, _capped(want.limit))
            self._outbox.send(LogData(want.key, offset, size, False, shed), [data])
        else:
            self._next_tail += 1
            self._tails[self._next_tail] = (want.key, want)
            self._shop.wardens.send(Tail(attempt.spawn, self._next_tail, want.offset, _capped(want.limit)))
            if len(self._tails) > 1000:
                self._tails.pop(next(iter(self._tails)))  # its attempt ended before the warden saw the order
            self.settle()

    def _tail_data(self, message: TailData) -> None:
        found = self._tails.pop(message.token, None)
        if found is not None:
            self._outbox.send(LogData(found[0], message.offset, message.size, False, message.shed), [message.data])

    # --- looking at what runs ------------------------------------------------------------------------------

    def _running(self) -> list[tuple[Attempt, int]]:
        """Attempts whose processes exist, with the first one's id."""
        running = [(attempt, attempt.pid) for attempt in self._shop.by_spawn.values() if attempt.pid]
        for lane in self.functions.lanes.values():
            current = lane.current()
            if current is not None and lane.pid:
                current[0].started = current[1]
                running.append((current[0], lane.pid))
        return running

    def sample(self) -> list[AttemptSample]:
        """A point of the curve of each attempt that has run for a while. Once a second, so the wardens are seen to."""
        self._shop.wardens.look()
        now = epoch()
        samples = []
        uses: dict[Id, tuple[float, float]] = {}
        for attempt, pid in self._running():
            if now - attempt.started < self.settings.sample_after:
                continue
            tree = procs.tree(pid)
            if len(tree) > PIDS:
                self._stop(attempt, 0.0, "crowd")
            use = procs.use_of(tree)
            attempt.peak = max(attempt.peak, use.memory)
            uses[attempt.id] = (now, use.cpu)
            before = self._last_use.get(attempt.id)
            if before is not None and now > before[0]:
                cpu = max(0.0, use.cpu - before[1])
                attempt.usage_cpu += cpu
                samples.append(AttemptSample(attempt.key, now, cpu / (now - before[0]), use.memory))
        self._last_use = uses
        return samples

    def _check_memory(self, now: float) -> None:
        """End what uses more memory than it declared, and look sooner at what may do so soon."""
        again = MEMORY_CHECK
        for attempt, pid in self._running():
            limit = attempt.bundle.spec.resources.memory
            if not limit or attempt.cause:
                continue
            use = procs.use_of(procs.tree(pid))
            grown = use.memory - attempt.peak
            attempt.peak = max(attempt.peak, use.memory)
            if use.memory > limit:
                self._stop(attempt, 0.0, "oom")
            elif grown > (limit - use.memory) / 2:
                again = MEMORY_CHECK_SOON
        declared = any(attempt.bundle.spec.resources.memory for attempt in self._shop.attempts.values())
        self._memory_check = now + again if declared else None

    def close(self) -> None:
        """End everything now; nothing is reported any more."""
        self._shop.wardens.close()
        self._shop.worker.close()
        for lane in list(self.functions.lanes.values()):
            self.functions._forget(lane)
        self._shop.epoll.close()
        with contextlib.suppress(OSError):
            remove_tree(self._shop.work)
        os.makedirs(self._shop.work, exist_ok=True)
        if self.settings.groups is not None:
            self.settings.groups.close()


def _refs(bundle: Bundle, item: AssignItem) -> Iterable[FileRef]:
    yield from bundle.files
    yield from item.files
    for results in (bundle.results, item.results):
        for data in results.values():
            for one in data if isinstance(data, list) else (data,):
                if one[:1] == b"b" and (ref := blob_ref(one)) is not None:
                    yield ref


def _capped(limit: int) -> int:
    return max(1, min(limit, limits.CHUNK))
