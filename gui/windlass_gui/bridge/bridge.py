"""The bridge: what the windows call, and the only place where other threads' results enter the UI thread.

No method waits. Requests go to the link's network thread, slow work (starting a core, packing a graph) to worker
threads; their answers come back through the inbox, which rings for a frame that empties it.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import msgspec
from PySide6.QtCore import QObject, Signal

from windlass.wire import messages as m
from windlass.wire import tokens
from windlass_gui.bridge import local
from windlass_gui.bridge.frames import Frames
from windlass_gui.bridge.inbox import Inbox
from windlass_gui.bridge.keeper import Keeper
from windlass_gui.bridge.pages import Page, Pages
from windlass_gui.mirror import Mirror
from windlass_gui.models.tables import ShareRow

if TYPE_CHECKING:
    from windlass.client.account import Account

Done = Callable[[dict[str, Any], list[bytes]], None]
"""Gets the reply's data and its payload frames, in the UI thread."""
Failed = Callable[[str], None]
"""Gets one line for people, in the UI thread."""


class Answer(Protocol):
    data: dict[str, Any]
    payload: list[bytes]


class Followed(Protocol):
    """What `Link.subscribe` gives."""

    def change(self, topics: Sequence[str]) -> None: ...


class Link(Protocol):
    """What the bridge needs of `windlass.client.link.Link`; tests give a recording one."""

    def request(self, message: Any, payload: Sequence[bytes] = ()) -> Future[Any]: ...

    def subscribe(self, topics: Sequence[str], callback: Callable[[Any], None]) -> Followed: ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class SubmitProgress:
    """Where a submit or an amend stands: `phase` is packing, uploading, submitted, amended, failed; sizes in bytes."""

    phase: str
    text: str = ""
    done: int = 0
    total: int = 0
    run: int | None = None

    @property
    def over(self) -> bool:
        return self.phase in ("submitted", "amended", "failed")

    @property
    def shown(self) -> str:
        """A line for the status bar, with the share that is done where it is known."""
        return f"{self.text}  {self.done * 100 // self.total} %" if self.total else self.text


@dataclass(frozen=True, slots=True)
class How:
    """What a retry takes along; see `messages.Act`."""

    downstream: bool = False
    upstream: bool = False
    only_failed: bool = False


PLAIN = How()


class Acted(msgspec.Struct, frozen=True):
    """What an act touched, as it was before; see `messages.Act`."""

    items: int = 0
    states: list[int] = []
    runs: int = 0
    picks: list[tuple[int, int, int, int]] = []
    cut: bool = False


class Bridge(QObject):
    """One connection to one core. Owned by the composition root and passed to every window."""

    mirror_changed = Signal(object)
    """`mirror.Changes`, at most once a frame."""
    connection_changed = Signal(str, str)
    """State (off, starting, connecting, up, stopped, refused) and a line for people."""
    failed = Signal(str)
    """A request of a person was not done, and nobody else shows why."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.mirror = Mirror()
        self.frames = Frames(self.frame, self)
        self.inbox = Inbox(self.frames.ring)
        self._calls: deque[Callable[[], None]] = deque()
        """Answers that were taken out of the inbox and are still to be given."""
        self.state = "off"
        self.text = ""
        self.owns_core = False
        """The core was started by this window (it may be left running)."""
        self._link: Link | None = None
        self._keeper: Keeper | None = None
        self._opener: threading.Thread | None = None
        self._again: Callable[[], None] | None = None
        """Begins once more what the last `start_embedded` or `attach` began."""
        self._generation = 0
        self._subscribed: tuple[str, ...] = ()
        self._subscription: Followed | None = None
        self._followed: dict[str, set[int]] = {}
        self._sample_holders: set[str] = set()

    # --- the connection --------------------------------------------------------------------------------------

    def start_embedded(self) -> None:
        """Attach to the user's own core, starting it and an agent for this machine when none runs.

        Both are started again when they die while the window is open.
        """
        self._again = self.start_embedded
        self._connect(local.open_own, "Starting the core…", owns=True)

    def attach(self, address: str) -> None:
        """Attach to another core: a join token, or an endpoint that was enrolled before."""
        self._again = lambda: self.attach(address)
        self._connect(lambda listener: local.open_address(address, listener), f"Connecting to {_named(address)}…")

    @property
    def connections(self) -> int:
        """Raised when a connection is left for another: what was asked over the one before gets no answer any more."""
        return self._generation

    @property
    def can_try_again(self) -> bool:
        """It is not connected, nothing is being tried, and `try_again` may help."""
        return self._again is not None and self.state in ("off", "stopped", "refused")

    def try_again(self) -> None:
        """Start or join the core once more after it was stopped, did not start, or refused."""
        if self.can_try_again and self._again is not None:
            self._again()

    def use_link(self, link: Link, owns: bool = False) -> None:
        """Talk over this link; the state follows from what it tells through `link_phase`."""
        self._link = link
        self.owns_core = owns
        self._subscription, self._subscribed = None, ()
        self._subscribe()

    def link_phase(self, phase: str, reason: str = "") -> None:
        """Any thread: the link's state changed."""
        generation = self._generation
        self.inbox.call(lambda: self._phase(phase, reason) if generation == self._generation else None)

    def shutdown(self, stop_core: bool) -> None:
        """Leave the core. With `stop_core` it ends too, with the agent that was started beside it.

        Waits, but not for long: called when the last window has closed. A core elsewhere is only left.
        """
        self.frames.stop()
        if self._link is None and self._opener is not None:
            # What is being started now, or was since the last frame, would be left behind otherwise.
            self._opener.join(local.START_TIMEOUT)
            self.frame()
        link, self._link = self._link, None
        keeper, self._keeper = self._keeper, None
        self._generation += 1
        if keeper is not None:
            keeper.stop()
        if link is not None:
            local.leave(link, stop_core and self.owns_core)
        self._set_state("off", "")

    def _connect(self, opener: Callable[[local.Listener], Link], text: str, owns: bool = False) -> None:
        self._drop()
        generation = self._generation
        self._set_state("starting" if owns else "connecting", text)

        def phase(name: str, reason: str) -> None:
            self.inbox.call(lambda: self._phase(name, reason) if generation == self._generation else None)

        def work() -> None:
            try:
                link = opener(phase)
            except Exception as error:  # whatever went wrong while starting is for the person, in one line
                reason = str(error) or type(error).__name__
                phase("refused", reason)
                return
            self.inbox.call(lambda: self._opened(link, owns, generation))

        self._opener = threading.Thread(target=work, name="windlass-open", daemon=True)
        self._opener.start()

    def _opened(self, link: Link, owns: bool, generation: int) -> None:
        if generation == self._generation:
            self.use_link(link, owns)
            if owns:
                self._keep()
        else:
            threading.Thread(target=link.close, daemon=True).start()

    def _keep(self) -> None:
        generation = self._generation
        self._keeper = Keeper(lambda *said: self.inbox.call(lambda: self._kept(generation, *said)))
        self._keeper.start()

    def _kept(self, generation: int, state: str, text: str) -> None:
        """The keeper's word: what it says stands until the link is up again."""
        if generation == self._generation and self.state != "up":
            self._set_state(state, text)

    def _drop(self) -> None:
        self._generation += 1
        if self._keeper is not None:
            threading.Thread(target=self._keeper.stop, daemon=True).start()
        self._keeper = None
        if self._link is not None:
            threading.Thread(target=self._link.close, daemon=True).start()
        self._link = None
        self._subscription = None
        self._subscribed = ()
        self.inbox.drop_updates()
        self.mirror.clear()
        self.frames.ring()

    def _phase(self, phase: str, reason: str) -> None:
        if phase == "connecting" and self._keeper is not None:
            if self.state in ("starting", "stopped", "refused"):
                return  # what the keeper said tells more than that the link dials
            reason = ""  # nobody needs to know where on this machine the core was
        if phase == "up" and self._keeper is not None and not self._keeper.working:
            self._keep()  # it had given up, and somebody else has started the core
        texts = {"connecting": "Reconnecting…", "up": "Connected", "closed": "Closed", "refused": "Refused"}
        self._set_state("off" if phase == "closed" else phase, reason or texts.get(phase, phase))

    def _set_state(self, state: str, text: str) -> None:
        if (state, text) != (self.state, self.text):
            self.state, self.text = state, text
            self.connection_changed.emit(state, text)

    # --- what is followed ------------------------------------------------------------------------------------

    def follow(self, run: int | None, holder: str = "main") -> None:
        """Keep this run's tasks, items and attempts in the mirror (None: no run), for as long as `holder` wants."""
        self.follow_all({run} if run is not None else set(), holder)

    def follow_all(self, runs: set[int], holder: str) -> None:
        """As `follow`, for several runs."""
        before = set().union(*self._followed.values())
        self._followed[holder] = set(runs)
        for gone in before - set().union(*self._followed.values()):
            self.mirror.forget(gone)
        self._subscribe()

    def follow_samples(self, holder: str, on: bool) -> None:
        """Machine and attempt curves cost messages; they come only while someone looks at them."""
        (self._sample_holders.add if on else self._sample_holders.discard)(holder)
        self._subscribe()

    def _subscribe(self) -> None:
        runs = sorted(set().union(*self._followed.values())) if self._followed else []
        topics = ("runs", "agents", *(("samples",) if self._sample_holders else ()), *(f"run:{run}" for run in runs))
        if self._link is None or topics == self._subscribed:
            return
        self._subscribed = topics
        if self._subscription is not None:
            self._subscription.change(topics)
            return
        generation = self._generation

        def arrived(message: Any) -> None:
            if generation == self._generation:
                self.inbox.put(message)

        self._subscription = self._link.subscribe(topics, arrived)

    # --- asking ----------------------------------------------------------------------------------------------

    def request(
        self, message: Any, done: Done | None = None, failed: Failed | None = None, payload: Sequence[bytes] = (),
        convert: Callable[[dict[str, Any]], dict[str, Any]] | None = None,
    ) -> None:  # fmt: skip
        """Ask the core. One of the callbacks runs, in the UI thread; without `failed` a failure goes to the signal.

        `convert` turns the reply's data into something else before, in the network thread.
        """
        report = failed or self.failed.emit
        if self._link is None:
            report("Not connected to a core.")
            return
        generation = self._generation

        def finish(future: Future[Any]) -> None:
            if future.cancelled():
                return
            try:
                if generation != self._generation:
                    raise ConnectionError("The connection to the core was left before it answered.")
                answer = future.result()
                data = answer.data if convert is None else convert(answer.data)
            except Exception as error:  # the request's, or that of an answer that is none
                text = str(error) or type(error).__name__
                self.inbox.call(lambda: report(text))
            else:
                if done is not None:
                    self.inbox.call(lambda: done(data, answer.payload))

        try:
            self._link.request(message, payload).add_done_callback(finish)
        except Exception as error:  # a closed link says so at once
            report(str(error))

    def read_pages(
        self, read: Callable[[int], Any], after: int, convert: Callable[[dict[str, Any]], tuple[Page, int | None]],
        take: Callable[[Page, bool], bool], failed: Failed,
    ) -> Pages[Page] | None:  # fmt: skip
        """A long answer, page by page, as `Pages` says; None when there is no core to ask."""
        link, generation = self._link, self._generation
        if link is None:
            failed("Not connected to a core.")
            return None

        def call(do: Callable[[], object]) -> None:
            def still() -> None:
                if generation == self._generation:
                    do()

            self.inbox.call(still)

        pages = Pages(link.request, call, read, convert, take, failed)
        pages.start(after)
        return pages

    def control(
        self, action: str, run: int, task: int | None = None, index: int | None = None, downstream: bool = False,
        value: int = 0, dry: bool = False, done: Callable[[int], None] | None = None,
    ) -> None:  # fmt: skip
        """cancel, retry, pause, resume, priority or delete. `done` gets how many items it touched."""
        verb = "retry-downstream" if action == "retry" and downstream else action
        message = m.Control(0, verb, run, task, index, value, dry)
        self.request(message, lambda data, _: done(int(data.get("items", 0))) if done else None)

    def act(
        self, action: str, picks: Sequence[m.Pick], how: How = PLAIN, dry: bool = False,
        done: Callable[[Acted], None] | None = None, failed: Failed | None = None,
    ) -> None:  # fmt: skip
        """As `control`, on many parts of many runs in one request; `done` gets what it touched (or would, if `dry`)."""
        message = m.Act(0, action, list(picks), how.downstream, how.upstream, how.only_failed, dry)

        def tell(data: dict[str, Any], _payload: list[bytes]) -> None:
            if done is not None:
                done(msgspec.convert(data, Acted))

        self.request(message, tell, failed)

    def agent_control(
        self, action: str, agent: str, done: Callable[[], None] | None = None, failed: Failed | None = None
    ) -> None:
        """drain, undrain, forgive, unforgive or remove."""
        self.request(m.AgentControl(0, action, agent), lambda _data, _payload: done() if done else None, failed)

    def make_token(self, done: Callable[[str], None], role: str = "agent", failed: Failed | None = None) -> None:
        """A fresh join token for one more peer."""
        self.request(m.MakeToken(0, role), lambda data, _: done(str(data["token"])), failed)

    def get_run(self, run: int, done: Callable[[dict[str, Any]], None], failed: Failed | None = None) -> None:
        """The run's document, parameters and rows."""
        self.request(m.GetRun(0, run), lambda data, _: done(data), failed)

    def get_log(
        self, run: int, task: int, index: int, done: Done, failed: Failed | None = None, attempt: int = 0,
        offset: int = 0, limit: int = 262_144, wait: float = 0.0,
    ) -> None:  # fmt: skip
        """A piece of an attempt's log (attempt 0: the latest); see `messages.GetLog`."""
        self.request(m.GetLog(0, run, task, index, attempt, offset, limit, wait), done, failed)

    def get_report(self, run: int, done: Callable[[Account], None], failed: Failed) -> None:
        """What happened to a run, from its whole record: read in a worker thread, as that may take a while."""
        link, generation = self._link, self._generation
        if link is None:
            failed("Not connected to a core.")
            return

        def tell(say: Callable[[], None]) -> None:
            self.inbox.call(lambda: say() if generation == self._generation else None)

        def work() -> None:
            try:
                found = local.report(link, run)
            except Exception as error:  # any reason is one for the person who asked
                reason = str(error) or type(error).__name__
                tell(lambda: failed(reason))
            else:
                tell(lambda: done(found))

        threading.Thread(target=work, name="windlass-report", daemon=True).start()

    def get_shares(self, done: Callable[[list[ShareRow], list[str]], None], failed: Failed) -> None:
        """Who has how much of the machines, whose turn comes first standing first, and the order of ready work."""

        def show(data: dict[str, Any], _payload: list[bytes]) -> None:
            rows = msgspec.convert(data.get("owners", []), list[ShareRow])
            done(sorted(rows, key=lambda row: (row.standing, row.owner)), list(data.get("order", [])))

        self.request(m.GetInfo(0), show, failed)

    def submit(
        self, document: str, folder: Path | None, params: dict[str, Any], callback: Callable[[SubmitProgress], None],
        *, name: str = "", owner: str = "", project: str = "", priority: int = 0, deadline: float = 0.0,
    ) -> None:  # fmt: skip
        """Check, pack, upload and submit a document in a worker thread; `callback` runs in the UI thread.

        `deadline` in seconds after the submit; without an `owner` it is the user's.
        """

        def job(link: Link, progress: local.Progress) -> SubmitProgress:
            run = local.submit(
                link, document, folder, params, progress, name=name, owner=owner, project=project, priority=priority,
                deadline=deadline,
            )  # fmt: skip
            return SubmitProgress("submitted", f"Run {run} submitted", run=run)

        self._work(job, callback)

    def amend(self, run: int, document: str, folder: Path | None, callback: Callable[[SubmitProgress], None]) -> None:
        """As `submit`, but gives a run this document; its folder's files come along where there is a folder."""

        def job(link: Link, progress: local.Progress) -> SubmitProgress:
            changed = local.amend(link, run, document, folder, progress)
            return SubmitProgress("amended", f"Run {run}: {len(changed)} tasks changed", run=run)

        self._work(job, callback)

    def _work(
        self, job: Callable[[Link, local.Progress], SubmitProgress], callback: Callable[[SubmitProgress], None]
    ) -> None:
        link = self._link

        def tell(progress: SubmitProgress) -> None:
            self.inbox.call(lambda: callback(progress))

        if link is None:
            tell(SubmitProgress("failed", "Not connected to a core."))
            return

        def work() -> None:
            try:
                tell(job(link, lambda *args: tell(SubmitProgress(*args))))
            except Exception as error:  # any reason is one for the person who pressed Submit or Retry
                tell(SubmitProgress("failed", str(error) or type(error).__name__))

        threading.Thread(target=work, name="windlass-submit", daemon=True).start()

    # --- once a frame ----------------------------------------------------------------------------------------

    def frame(self) -> None:
        """Take what came since the last frame: first the rows, then the answers that may speak of them."""
        updates, calls = self.inbox.take()
        self._calls += calls
        for update in updates:
            if not update.topic.startswith("run:") or int(update.topic[4:]) in set().union(*self._followed.values()):
                self.mirror.apply(update)
        # One by one from a queue of their own: an answer may open a dialog, and the frames that come while it stands
        # open go on with the next.
        while self._calls:
            try:
                self._calls.popleft()()
            except Exception:
                self.frames.ring()  # one window's mistake must not cost the others their answers
                raise
        changes = self.mirror.take_changes()
        if changes:
            self.mirror_changed.emit(changes)


def _named(address: str) -> str:
    """For the status bar: of a token where it leads, as the rest of it is a secret."""
    if not address.strip().startswith(tokens.PREFIX):
        return address[:60]
    try:
        return tokens.parse_token(address).endpoints[0][:60]
    except tokens.TokenError:
        return f"{tokens.PREFIX}…"
