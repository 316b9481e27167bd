"""Attempts that are programs: laid out, given to the warden, judged by what it reports."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from windlass.blobs.store import BlobError
from windlass.wire.messages import Usage
from windlass.wire.results import blob_ref
from windlass_agent.attempts import RUNNING, STAGING, Attempt
from windlass_agent.files import FilesError, stage
from windlass_agent.finish import Finisher, Report, is_own_trouble
from windlass_agent.outcome import End, judge, kernel_kills
from windlass_agent.pinning import threads_env
from windlass_agent.prepare import PrepareError, base_env, prepare
from windlass_agent.shop import Shop
from windlass_agent.wardenwire import Ended, Kill, Spawn, Spawned, SpawnFailed, clock

if TYPE_CHECKING:
    from windlass.model.render import Rendered

INLINE_STAGE = 4 * 1024 * 1024
"""Bytes of inputs up to which copying them does not hold up the loop noticeably."""


class Commands:
    def __init__(self, shop: Shop, finisher: Finisher) -> None:
        self._shop = shop
        self._finisher = finisher
        self._kernel_kills = kernel_kills()
        self.handled = 0
        """Ends heard of so far."""

    def begin(self, attempt: Attempt) -> None:
        """Its resources are taken and its blobs are here: lay out its files and start it."""
        attempt.state = STAGING
        try:
            rendered = prepare(attempt, self.whole)
        except (PrepareError, BlobError) as error:
            self._finisher.fail(attempt, "failed", str(error))
            return
        attempt.outputs = rendered.outputs
        try:
            attempt.cwd = self._shop.take_dir()
        except OSError as error:
            self._finisher.unprepared(attempt, error)
            return
        attempt.since = clock()
        if rendered.kind == "script":
            attempt.script = f"{self._shop.work}/{self._shop.name(attempt)}.script"
        if sum(ref.size for ref in attempt.files) <= INLINE_STAGE:
            try:
                self._lay_out(attempt, rendered)
            except (OSError, FilesError, BlobError) as error:
                self._staged(attempt, rendered, error)
                return
            self._staged(attempt, rendered, None)
        else:
            self._shop.worker.submit(
                lambda: self._lay_out(attempt, rendered), lambda _, error: self._staged(attempt, rendered, error)
            )

    def _lay_out(self, attempt: Attempt, rendered: Rendered) -> None:
        lay_out(self._shop, attempt, rendered.workdir)
        if attempt.script:
            Path(attempt.script).write_text(rendered.text)

    def _staged(self, attempt: Attempt, rendered: Rendered, error: Exception | None) -> None:
        if error is not None:
            self._finisher.unprepared(attempt, error)
            return
        if attempt.cause:
            self._finisher.fail(attempt, "stopped", f"stopped before it began ({attempt.cause})")
            return
        assert attempt.cwd is not None
        if attempt.files:
            attempt.staged_in += clock() - attempt.since
        argv = rendered.argv
        if attempt.script:
            argv = [*argv, attempt.script]
        spec = attempt.bundle.spec
        attempt.spawn = self._shop.next_spawn()

        attempt.state = RUNNING
        grant = attempt.chain.grant if attempt.chain else None
        self._shop.by_spawn[attempt.spawn] = attempt
        self._shop.wardens.spawn(
            Spawn(
                id=attempt.spawn,
                argv=argv,
                env={
                    **threads_env(spec.resources.cpus),
                    **self._shop.gpu_env(grant.gpus if grant else ()),
                    **rendered.env,
                    **base_env(attempt),
                    "WINDLASS_SPAWN": str(attempt.spawn),
                },
                cwd=os.path.join(attempt.cwd, rendered.workdir) if rendered.workdir != "." else str(attempt.cwd),
                log=f"{self._shop.work}/{self._shop.name(attempt)}.log",
                cap=self._shop.settings.log_cap,
                timeout=spec.timeout,
                lane=attempt.chain.id if attempt.chain else 0,
                limits=self._shop.limits(attempt.spawn, grant),
            ),
            attempt.chain.warden if attempt.chain else None,
        )

    def whole(self, data: bytes) -> bytes:
        """A result's bytes, brought in from its blob if it has one."""
        ref = blob_ref(data)
        return self._shop.store.read(ref.hash) if ref is not None else data

    # --- what the warden says ------------------------------------------------------------------------------

    def spawned(self, attempt: Attempt, message: Spawned) -> None:
        attempt.pid = message.pid
        attempt.started = message.time

    def failed(self, attempt: Attempt, message: SpawnFailed) -> None:
        del self._shop.by_spawn[message.id]
        self._shop.left(attempt)
        attempt.started = message.time
        if is_own_trouble(message.errno) or (attempt.cwd is not None and not attempt.cwd.is_dir()):
            self._finisher.give_back(attempt, message.error)
        else:
            self._finisher.fail(attempt, "spawn_error", message.error)

    def ended(self, attempt: Attempt, message: Ended) -> None:
        del self._shop.by_spawn[message.id]
        self._shop.left(attempt)
        self.handled += 1
        attempt.started = message.started
        kills = 0
        if message.status and not message.cause:
            kills = kernel_kills()
        by_kernel, self._kernel_kills = kills > self._kernel_kills, max(kills, self._kernel_kills)
        end = judge(
            message.status,
            message.cause,
            timeout=attempt.timeout,
            memory=max(message.memory, attempt.peak),
            declared=attempt.bundle.spec.resources.memory,
            killed_by_kernel=by_kernel,
        )
        if end.outcome == "ok":
            attempt.group.measured(message.ended - message.started)
        usage = Usage(message.cpu, max(message.memory, attempt.peak), message.read, message.written)
        report = Report(end, message.ended, usage)
        report.log, report.shed = message.log, message.shed
        report.log_file = Path(message.log_file) if message.log_file else None
        self._finisher.finish(attempt, report)

    def lost(self, attempt: Attempt, now: float) -> None:
        """The warden died, and this was killed with it."""
        del self._shop.by_spawn[attempt.spawn]
        self._shop.left(attempt)
        attempt.started = attempt.started or now
        # Not its own doing: it runs again, and only several times in a row count against it.
        end = End("crashed", 9, "the agent's helper process died; this attempt was killed")
        self._finisher.finish(attempt, Report(end, now, Usage(0.0, attempt.peak)))

    def stop(self, attempt: Attempt, grace: float, cause: str) -> None:
        attempt.cause = attempt.cause or cause
        if attempt.spawn in self._shop.by_spawn:
            # If it has not begun, it need not: one of the two orders finds it.
            self._shop.wardens.recall([attempt.spawn])
            self._shop.wardens.send(Kill(attempt.spawn, grace, cause))


def lay_out(shop: Shop, attempt: Attempt, workdir: str) -> None:
    """Put the inputs into the attempt's directory. Raises `OSError`, `FilesError`, `BlobError`."""
    assert attempt.cwd is not None
    files = attempt.files
    if files:
        attempt.staged = stage(shop.store, files, attempt.cwd)
    if workdir != ".":
        os.makedirs(attempt.cwd / workdir, exist_ok=True)
