"""Attempts that are Python functions: which runner gets which, how far ahead, and what happens when one dies."""

from __future__ import annotations

import contextlib
import os
import select
from pathlib import Path

from windlass.blobs.store import BlobError, sha256
from windlass.model.graph import Call, FileRef, PythonCall
from windlass.wire import limits
from windlass.wire.clock import epoch
from windlass.wire.messages import Usage
from windlass.wire.results import blob_ref
from windlass_agent.attempts import RUNNING, STAGING, WAITING, Attempt, Group
from windlass_agent.commands import INLINE_STAGE, Commands, lay_out
from windlass_agent.files import FilesError, stage
from windlass_agent.finish import Finisher, Report, is_own_trouble
from windlass_agent.lanes import Lane, Tag
from windlass_agent.ledger import Grant
from windlass_agent.logs import LogSink
from windlass_agent.outcome import End, judge
from windlass_agent.pinning import threads_env
from windlass_agent.prepare import PrepareError, base_env, prepare
from windlass_agent.runnerwire import DESCRIPTORS, Done, Item, Output, Refused
from windlass_agent.shop import Shop
from windlass_agent.trees import remove_tree
from windlass_agent.wardenwire import Ended, Kill, Spawn, SpawnFailed, clock

AHEAD = 0.02
"""Seconds of work that a runner is fed ahead."""
SLICE = 0.002
"""The same while others wait for the resources that it holds."""
CROWDED = 0.1
"""Seconds for which that goes on after the last of them got its place: who came once may come again."""
DEPTH = 2048
"""Attempts that it is fed ahead at most."""
LONG = 0.05
"""Seconds from which on the way between the processes does not matter: nothing is fed ahead."""
CHECK = 0.05
"""Seconds between looks at a lane that runs one attempt for long."""
LOOK = 0.01
"""Seconds of silence after which a lane with several is looked at: a short end may wait there behind a long one."""
BAD_STARTS = 3
"""Runners of a tag in a row that die before they begin anything, after which their attempts fail."""


class Functions:
    def __init__(self, shop: Shop, finisher: Finisher, commands: Commands) -> None:
        self._shop = shop
        self._finisher = finisher
        self._commands = commands
        self.lanes: dict[int, Lane] = {}
        """By the warden's number."""
        self._by_fd: dict[int, Lane] = {}
        self._idle: list[Lane] = []
        self._code: dict[tuple[int, int, int], tuple[str, Path | None]] = {}
        """(run, task, version) -> what code its runners import, and where it stands"""
        self._bad_starts: dict[Tag, int] = {}
        self.handled = 0
        """Ends heard of so far; the loop looks at how fast this grows."""

    # --- placing -------------------------------------------------------------------------------------------

    def place(self, group: Group) -> None:
        """Give the group's waiting attempts to runners, as far as resources reach."""
        queue, ledger = group.queue, self._shop.ledger
        request = group.bundle.spec.resources
        pin = group.bundle.spec.pin
        room = ledger.times(request, len(queue), pin)
        lanes = len(group.lanes) + room
        if not lanes:
            return
        depth = self._depth(group) if len(queue) > 1 else 1
        share = max(1, min(depth, -(-len(queue) // lanes)))
        for _ in range(room):
            if not queue or not ledger.has(request, queue[0].item.gpus):
                break
            grant = ledger.take(request, pin, queue[0].item.gpus)
            try:
                lane = self._lane_for(group, grant)
            except (OSError, FilesError, BlobError) as error:
                ledger.give(grant)
                self._finisher.unprepared(queue.popleft(), error)
                continue
            lane.group, lane.grant = group, grant
            group.lanes.append(lane)
            self._feed(lane, share)
        if not queue or self._shop.contended:
            return
        for lane in list(group.lanes):
            if queue and not lane.ending and not lane.stuck and len(lane.sent) <= depth // 2:
                self._feed(lane, min(depth - len(lane.sent), max(1, -(-len(queue) // len(group.lanes)))))

    def _depth(self, group: Group) -> int:
        if group.mean < 0 or group.mean > LONG or group.devices:
            return 1
        ahead = SLICE if clock() < self._shop.crowded else AHEAD
        return max(2, min(DEPTH, int(ahead / max(group.mean, 1e-6))))

    def make_way(self, group: Group) -> bool:
        """Take back what a runner has ahead, where that is much and its resources would do for the group's next one.

        Whether there is room now; else there will be when it has done what it is at.
        """
        request = group.bundle.spec.resources
        if group.bundle.spec.pin or request.gpus or request.gpu_memory:
            return False
        for lane in sorted(self.lanes.values(), key=lambda lane: len(lane.sent)):
            holder, grant = lane.group, lane.grant
            if holder is None or grant is None or holder is group or len(lane.sent) * holder.mean <= SLICE:
                continue
            if lane.stuck or not self._shop.ledger.would_fit(request, grant):
                continue
            self._requeue(lane.take_back())
            self._hear(lane)
            return lane.group is not holder
        return False

    def _share(self, group: Group) -> int:
        """What one of its lanes may be fed now, so that none is left without while another has a long queue."""
        return max(1, min(self._depth(group), -(-len(group.queue) // max(1, len(group.lanes)))))

    def _feed(self, lane: Lane, count: int) -> None:
        group = lane.group
        assert group is not None
        queue = group.queue
        plain: dict[str, list[Attempt]] = {}
        others = []
        for _ in range(min(count, len(queue))):
            attempt = queue.popleft()
            action = attempt.bundle.spec.action
            if not (attempt.plain and isinstance(action, Call)):
                others.append(attempt)
            elif (calls := plain.get(action.function)) is not None:
                calls.append(attempt)
            else:
                plain[action.function] = [attempt]
        for digest, calls in plain.items():
            lane.feed_calls(calls, lane.function(digest, self._shop.store))
        for attempt in others:
            self._give(lane, attempt)
        if not lane.sent:
            self._rest(lane)
            return
        if not lane.flush():
            self._shop.actions[lane.input_fd] = self._writable
            with contextlib.suppress(FileExistsError):
                self._shop.epoll.register(lane.input_fd, select.EPOLLOUT)
            self._by_fd[lane.input_fd] = lane
        if lane.check_at is None:
            lane.check_at = clock() + (LOOK if len(lane.sent) > 1 else CHECK)

    def _writable(self, fd: int) -> None:
        lane = self._by_fd.get(fd)
        if lane is None or lane.ending or lane.flush():
            self._by_fd.pop(fd, None)
            self._shop.unwatch(fd)

    def _give(self, lane: Lane, attempt: Attempt) -> None:
        """Put one into the runner's queue, or finish it as failed."""
        bundle = attempt.bundle
        action = bundle.spec.action
        item = Item(0, 0, attempt.payload)
        try:
            if isinstance(action, Call):
                item.function = lane.function(action.function, self._shop.store)
                if bundle.results or attempt.item.results:
                    found = {**bundle.results, **attempt.item.results}
                    item.results = {name: self._named(data) for name, data in found.items()}
            if (not attempt.group.light or attempt.item.files) and not self._prepare(attempt, item):
                return
        except (PrepareError, OSError, FilesError, BlobError) as error:
            if isinstance(error, PrepareError):
                self._finisher.fail(attempt, "failed", str(error))
            else:
                self._finisher.unprepared(attempt, error)
            return
        attempt.state = RUNNING
        lane.feed(attempt, item)

    def _named(self, data: bytes | list[bytes]) -> bytes | list[bytes]:
        """Results for the runner: a blob by its file's name."""
        if isinstance(data, list):
            return [self._one_named(one) for one in data]
        return self._one_named(data)

    def _one_named(self, data: bytes) -> bytes:
        ref = blob_ref(data)
        return b"@" + os.fsencode(self._shop.store.path(ref.hash)) if ref is not None else data

    def _prepare(self, attempt: Attempt, item: Item) -> bool:
        """Lay out files and fill in arguments; False when that goes on in a thread, after which it queues again."""
        spec = attempt.bundle.spec
        rendered = prepare(attempt, self._commands.whole)
        attempt.outputs = rendered.outputs
        if isinstance(spec.action, PythonCall):
            from windlass_agent.rendering import encode_args  # here: see there

            item.target = spec.action.target
            item.args = encode_args(rendered)
            code = self._code_of(attempt.group)[1]
            item.path = str(code) if code else ""
        if attempt.cwd is None:
            attempt.since = clock()
            attempt.cwd = self._shop.take_dir()
            if sum(ref.size for ref in attempt.files) > INLINE_STAGE:
                attempt.state = STAGING
                workdir = rendered.workdir
                self._shop.worker.submit(
                    lambda: lay_out(self._shop, attempt, workdir), lambda _, error: self._staged(attempt, error)
                )
                return False
            lay_out(self._shop, attempt, rendered.workdir)
            self._laid_out(attempt)
        item.cwd = str(attempt.cwd / rendered.workdir)
        item.env = {**rendered.env, **base_env(attempt)}
        return True

    def _staged(self, attempt: Attempt, error: Exception | None) -> None:
        if error is not None:
            self._finisher.unprepared(attempt, error)
        elif attempt.cause:
            self._finisher.fail(attempt, "stopped", f"stopped before it began ({attempt.cause})")
        else:
            self._laid_out(attempt)
            self._requeue([attempt])

    @staticmethod
    def _laid_out(attempt: Attempt) -> None:
        if attempt.files:
            attempt.staged_in += clock() - attempt.since

    def _requeue(self, attempts: list[Attempt]) -> None:
        for attempt in reversed(attempts):
            attempt.state = WAITING
            self._shop.queue(attempt, first=True)
        self._shop.dirty = True

    # --- runners -------------------------------------------------------------------------------------------

    def _code_of(self, group: Group) -> tuple[str, Path | None]:
        """The graph's own modules for this task: a name for this state of them, and a directory that holds them."""
        bundle = group.bundle
        key = (bundle.run, bundle.task, bundle.version)
        found = self._code.get(key)
        if found is not None:
            return found
        action = bundle.spec.action
        files: list[FileRef] = []
        if isinstance(action, PythonCall):
            top = action.target.partition(":")[0].partition(".")[0] + "/"
            files = [ref for ref in bundle.files if ref.path.endswith(".py") or ref.path.startswith(top)]
        if not files:
            found = ("", None)
        else:
            text = "\n".join(sorted(f"{ref.path} {ref.hash}" for ref in files))
            name = sha256(text.encode()).hexdigest()[:16]
            path = self._shop.work / f"code-{bundle.run}-{name}"
            if not path.exists():
                partial = path.with_name(path.name + ".new")
                remove_tree(partial)
                partial.mkdir(parents=True)
                stage(self._shop.store, files, partial)
                partial.rename(path)
            found = (name, path)
        self._code[key] = found
        return found

    def _lane_for(self, group: Group, grant: Grant) -> Lane:
        """An idle runner that may serve this group, or a new one."""
        request, gpus = grant.request, grant.gpus
        memory = request.memory if self._shop.kernel_limits else 0
        tag = (group.bundle.run, self._code_of(group)[0], gpus, grant.pins, request.cpus, memory)
        for place, lane in enumerate(self._idle):
            if lane.tag == tag and not group.alone:
                return self._idle.pop(place)
        # Runners of other runs or versions make room, so that the machine does not fill up with idle ones.
        while self._idle and len(self.lanes) > max(2, int(self._shop.settings.resources.cpus)):
            self._end(self._idle.pop(0))
        spawn = self._shop.next_spawn()
        home = self._shop.work / f"runner-{spawn}"
        home.mkdir(parents=True, exist_ok=True)
        lane = Lane(spawn, tag, home)
        if group.alone:
            lane.warden = self._shop.own_warden(hatches=True)
        self.lanes[spawn] = lane
        self._by_fd[lane.results] = lane
        self._shop.watch(lane.results, self._ready)
        self._shop.wardens.spawn(
            Spawn(
                id=spawn,
                argv=[],
                env={
                    **threads_env(request.cpus),
                    **self._shop.gpu_env(gpus),
                    "WINDLASS_SPAWN": str(spawn),
                    "PYTHONDONTWRITEBYTECODE": "1",  # for what it starts
                },
                cwd=str(home),
                log="",
                cap=0,
                fds=DESCRIPTORS,
                limits=self._shop.limits(spawn, grant),
            ),
            lane.warden,
            lane.passed,
        )
        return lane

    def _rest(self, lane: Lane) -> None:
        """It has nothing to do: its resources are free."""
        if lane.group is not None:
            lane.group.lanes.remove(lane)
            lane.group = None
        if lane.grant is not None:
            self._shop.ledger.give(lane.grant)
            lane.grant = None
        lane.check_at = None
        self._shop.dirty = True
        if lane.warden is not None:
            self._end(lane)
        elif not lane.ending and not lane.dead:
            lane.idle_since = clock()
            self._idle.append(lane)

    # --- hearing -------------------------------------------------------------------------------------------

    def _ready(self, fd: int) -> None:
        lane = self._by_fd.get(fd)
        if lane is None:
            return
        self._hear(lane)
        if lane.finished:
            self._shop.unwatch(fd)

    def _hear(self, lane: Lane) -> None:
        """Handle what the runner said, and give it more."""
        messages = lane.receive()
        if lane.finished and not lane.dead:
            # It is gone, or user code broke its pipe or its memory. Either way its end comes from the warden.
            self._shop.wardens.send(Kill(lane.spawn, 0.0, ""))
        for message in messages:
            if isinstance(message, Done):
                self._done(lane, message)
            elif isinstance(message, Output):
                self._output(lane, message)
            else:
                self._refused(lane, message)
        group = lane.group
        if group is not None and messages:
            more = group.queue and not (lane.ending or self._shop.contended or group.devices)
            if not lane.sent:
                if more:
                    self._feed(lane, self._share(group))
                else:
                    self._rest(lane)
            elif more and not lane.stuck and len(lane.sent) <= self._depth(group) // 2:
                self._feed(lane, min(self._share(group), self._depth(group) - len(lane.sent)))
            if lane.check_at is not None:
                lane.check_at = clock() + (LOOK if len(lane.sent) > 1 else CHECK)

    def _take(self, lane: Lane, seq: int) -> Attempt | None:
        sent = lane.sent
        if sent and sent[0].seq == seq:
            return sent.popleft()
        for attempt in sent:
            if attempt.seq == seq:
                sent.remove(attempt)
                return attempt
        return None

    def _done(self, lane: Lane, message: Done) -> None:
        attempt = self._take(lane, message.seq)
        if attempt is None:
            return
        self.handled += 1
        lane.stuck = False
        self._bad_starts.pop(lane.tag, None)
        attempt.group.measured(message.ended - message.started)
        if (
            message.ok
            and attempt.cwd is None
            and attempt.log is None
            and not (message.file or attempt.peak)
            and len(message.payload) <= limits.INLINE_RESULT
        ):
            # The quick path: nothing to look after.
            del self._shop.attempts[attempt.id]
            self._shop.outbox.succeeded(attempt, message)
            return
        attempt.started = message.started
        outcome = "ok" if message.ok else "failed"
        usage = Usage(message.cpu, max(message.memory, attempt.peak))
        report = Report(End(outcome, 0, message.error), message.ended, usage)
        report.payload = message.payload
        report.result_file = Path(message.file) if message.file else None
        self._close_log(attempt, report)
        self._finisher.finish(attempt, report)

    def _close_log(self, attempt: Attempt, report: Report) -> None:
        if attempt.log is not None:
            report.log, file = attempt.log.finish(report.ended)
            report.log_file = Path(file) if file else None
            report.shed = attempt.log.shed
            attempt.log = None

    def _output(self, lane: Lane, message: Output) -> None:
        for attempt in lane.sent:
            if attempt.seq == message.seq:
                self._log_of(attempt).write(message.time, message.stream, message.data)
                return

    def _log_of(self, attempt: Attempt) -> LogSink:
        if attempt.log is None:
            path = f"{self._shop.work}/{self._shop.name(attempt)}.log"
            attempt.log = LogSink(path, self._shop.settings.log_cap, limits.INLINE_LOG)
        return attempt.log

    def _refused(self, lane: Lane, message: Refused) -> None:
        attempt = self._take(lane, message.seq)
        if attempt is not None:
            attempt.lane = None
            self._requeue([attempt])

    # --- a runner's death ----------------------------------------------------------------------------------

    def ended(self, lane: Lane, message: Ended | SpawnFailed | None) -> None:
        """It is gone (None: with the warden). Only what it was running ends with it; the rest goes to others."""
        lane.ending, ending = True, lane.ending  # it gets no more
        self._hear(lane)
        while not lane.drained and not lane.finished:
            self._hear(lane)
        lane.ending = ending
        current = lane.current()
        rest = lane.take_back()
        victim = current[0] if current else None
        stray = [attempt for attempt in lane.sent if attempt is not victim]
        rest = sorted([*stray, *rest], key=lambda attempt: attempt.seq)
        lane.sent.clear()
        words = lane.last_words()
        now = epoch()
        if isinstance(message, Ended):
            now = message.ended
        if victim is not None and current is not None:
            for stream, data in words:
                self._log_of(victim).write(now, stream, data)
            self._end_victim(victim, current[1], now, message)
        elif isinstance(message, SpawnFailed) and is_own_trouble(message.errno):
            for attempt in rest:
                self._finisher.give_back(attempt, message.error)
            rest = []
        elif rest and message is not None:
            bad = self._bad_starts[lane.tag] = self._bad_starts.get(lane.tag, 0) + 1
            if bad >= BAD_STARTS or isinstance(message, SpawnFailed):
                text = b"".join(data for _, data in words).decode("utf-8", "replace").strip()
                why = message.error if isinstance(message, SpawnFailed) else text[-2000:]
                self._finisher.fail(rest.pop(0), "spawn_error", f"the Python runner died at its start\n{why}")
                self._bad_starts.pop(lane.tag, None)
        lane.dead = True
        if lane in self._idle:
            self._idle.remove(lane)
        else:
            self._rest(lane)
        self._forget(lane)
        self._requeue(rest)

    def _end_victim(self, attempt: Attempt, since: float, now: float, message: Ended | SpawnFailed | None) -> None:
        attempt.started = since
        usage = Usage(0.0, attempt.peak)
        if isinstance(message, Ended):
            usage = Usage(max(0.0, attempt.usage_cpu), max(message.memory, attempt.peak))
            end = judge(
                message.status,
                attempt.cause or ("oom" if message.cause == "oom" else ""),
                timeout=attempt.timeout,
                memory=max(message.memory, attempt.peak),
                declared=attempt.bundle.spec.resources.memory,
                killed_by_kernel=False,
            )
            if end.outcome == "ok" or (end.outcome == "nonzero" and not attempt.cause):
                code = os.WEXITSTATUS(message.status)
                end = End("nonzero", code, f"the function ended its process (exit status {code})")
            elif end.outcome == "signal":
                end = End("signal", end.code, f"the process that ran the function was {end.error}")
        else:
            end = End("crashed", 9, "the agent's helper process died; this attempt was killed")
        report = Report(end, now, usage)
        self._close_log(attempt, report)
        self._finisher.finish(attempt, report)

    def _end(self, lane: Lane) -> None:
        """No more is fed; it ends when it has done what it has."""
        if not lane.ending:
            self._shop.unwatch(lane.input_fd)
            self._by_fd.pop(lane.input_fd, None)
            lane.end()

    def _forget(self, lane: Lane) -> None:
        self._shop.unwatch(lane.results)
        self._by_fd.pop(lane.results, None)
        self._end(lane)
        lane.close()
        del self.lanes[lane.spawn]
        remove_tree(lane.home)
        if lane.warden is not None:
            self._shop.let_go(lane.warden)

    # --- stopping, looking ---------------------------------------------------------------------------------

    def recall(self, attempt: Attempt) -> bool:
        """Take it back from its runner, with all others that have not begun; whether it had not begun itself."""
        lane = attempt.lane
        if lane is None:
            return attempt.state == WAITING
        self._requeue(lane.take_back())
        if not lane.sent:
            self._rest(lane)
        return attempt.lane is None

    def stop(self, attempt: Attempt, grace: float, cause: str) -> None:
        """End the runner that runs it, after its other attempts have been taken back."""
        attempt.cause = attempt.cause or cause
        lane = attempt.lane
        if lane is None:
            return
        self._requeue([other for other in lane.take_back() if other is not attempt])
        self._end(lane)
        self._shop.wardens.send(Kill(lane.spawn, grace, cause))

    def check(self, lane: Lane, now: float) -> None:
        """Look at what a lane has been doing for a while: report it, time it out, move what waits behind it."""
        if lane.news and not lane.finished:
            lane.check_at = now + LOOK
            self._hear(lane)
            return
        current = lane.current()
        if current is None:
            lane.check_at = now + CHECK if lane.sent else None
            return
        attempt, since = current
        age = epoch() - since
        attempt.started = since
        again = 1.0
        if age < self._shop.settings.started_after:
            again = CHECK
        elif not attempt.reported:
            self._shop.outbox.started(attempt.report_started(lane.pid))
        if attempt.timeout is not None and not attempt.cause:
            if age >= attempt.timeout:
                self.stop(attempt, 2.0, "timeout")
            else:
                again = min(again, attempt.timeout - age)
        if len(lane.sent) > 1 and age > CHECK and not lane.ending:
            lane.stuck = True
            self._requeue(lane.take_back())
        lane.check_at = now + max(again, 0.001)

    def due(self, now: float) -> None:
        for lane in list(self.lanes.values()):
            if lane.check_at is not None and now >= lane.check_at:
                self.check(lane, now)
        limit = self._shop.settings.runner_idle
        for lane in list(self._idle):
            if now >= lane.idle_since + limit:
                self._idle.remove(lane)
                self._end(lane)

    @property
    def awaited(self) -> bool:
        """Some runner was given a single one, which may be over in a moment, and may be what somebody waits for."""
        for lane in self.lanes.values():
            if len(lane.sent) == 1 and lane.group is not None and lane.group.mean < LONG:
                current = lane.current()
                if current is None or epoch() - current[1] < LONG:
                    return True
        return False

    @property
    def ahead(self) -> float:
        """Seconds for which some runner has more to do than one attempt, as far as is known."""
        return max(
            (len(lane.sent) * lane.group.mean for lane in self.lanes.values() if len(lane.sent) > 1 and lane.group),
            default=0.0,
        )

    def next_deadline(self) -> float | None:
        soonest = None
        if self._idle:  # the first has been idle longest
            soonest = self._idle[0].idle_since + self._shop.settings.runner_idle
        for lane in self.lanes.values():
            at = lane.check_at
            if at is not None and (soonest is None or at < soonest):
                soonest = at
        return soonest

    def forget(self, run: int) -> None:
        """The run is over: its warm runners and its code may go."""
        for lane in list(self._idle):
            if lane.tag[0] == run:
                self._idle.remove(lane)
                self._end(lane)
        for key in [key for key in self._code if key[0] == run]:
            _, path = self._code.pop(key)
            if path is not None:
                remove_tree(path)

    def tail(self, attempt: Attempt, offset: int, limit: int) -> tuple[int, int, int, bytes]:
        """(offset, size, shed, records) of a function's log so far."""
        if attempt.log is None:
            return 0, 0, 0, b""
        start, data = attempt.log.tail(offset, limit)
        return start, attempt.log.size, attempt.log.shed, data
