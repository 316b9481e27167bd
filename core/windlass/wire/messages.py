"""Every message of the wire, typed.

A message is `[type][header][payload...]`: one byte that names the class, the header as a msgpack array, and
payload frames that nobody on the way decodes. Batches travel as lists of small array-like structs, because one
frame of a hundred passes many times faster than a hundred frames.

Times are seconds since the epoch by the sender's clock, durations are seconds, sizes are bytes. An attempt is
always named by its whole key: run, task (position in the graph), index (position in the array), number, and
the lease epoch under which the agent got it.
"""

from __future__ import annotations

from typing import Any

import msgspec

from windlass.model.graph import FileRef, Gpu, Resources, Task

PROTOCOL = 3
"""Raised when peers of different versions could misunderstand each other."""


class Key(msgspec.Struct, frozen=True, array_like=True):
    """One attempt: `run`, `task`, `index`, `attempt` name it; `epoch` is the agent's lease when it was given."""

    run: int
    task: int
    index: int
    attempt: int
    epoch: int


class Message(msgspec.Struct, array_like=True, frozen=True):
    """Base of all messages; the codec knows the subclasses by their place in `MESSAGES`."""


# --- enrolment -------------------------------------------------------------------------------------------


class Enrol(Message, frozen=True):
    """The only message an unknown key may send: it brings the one-time secret of a token."""

    secret: str
    name: str
    protocol: int = PROTOCOL


class Enrolled(Message, frozen=True):
    role: str


class Refused(Message, frozen=True):
    """The core will not go on with this peer; `code` is one of unknown-key, bad-secret, protocol, role, busy."""

    code: str
    reason: str


class WhoAreYou(Message, frozen=True):
    """The core got a frame from a connection it does not know (it restarted, or the link did): say HELLO again."""


# --- agent to core ---------------------------------------------------------------------------------------


class AgentFacts(msgspec.Struct, array_like=True, frozen=True):
    """What a machine is. `labels` are what `where:` constrains: os, arch, hostname, and the user's own."""

    name: str
    resources: Resources
    labels: dict[str, str]
    gpus: list[str] = []
    cpu_model: str = ""
    pid: int = 0
    version: str = ""
    devices: list[Gpu] = []
    """The GPUs that it offers, which the core gives out by their index; `gpus` are only their names."""


class Held(msgspec.Struct, array_like=True, frozen=True):
    """An attempt the agent still holds when it says HELLO. `state` is waiting, running, exited (spooled) or
    stopped (spooled, and it ended because the agent stopped it in order)."""

    key: Key
    state: str
    gpus: tuple[int, ...] = ()
    """Devices that it was given."""


class AgentHello(Message, frozen=True):
    """`agent` is the id the agent chose once and keeps; `epoch` the lease it last had (0: none)."""

    agent: str
    facts: AgentFacts
    epoch: int
    held: list[Held]
    now: float
    protocol: int = PROTOCOL


class Sample(msgspec.Struct, array_like=True, frozen=True):
    """One point of the machine's curve."""

    time: float
    cpu: float
    """0..1 of all CPUs."""
    memory: int
    memory_total: int
    disk_free: int
    net_in: int = 0
    net_out: int = 0
    gpu: float = -1.0
    """0..1, mean of the GPUs; -1 without one."""
    disk_total: int = 0
    """Of the disk with the agent's directory; 0: not known."""
    disk_read: int = 0
    """Bytes a second, of all disks of the machine."""
    disk_written: int = 0
    kept: int = -1
    """Bytes of the artifacts and inputs that the agent keeps; -1: not counted yet."""


class AttemptSample(msgspec.Struct, array_like=True, frozen=True):
    """One point of a long attempt's curve: CPUs in use and resident memory of its processes."""

    key: Key
    time: float
    cpu: float
    memory: int


class Heartbeat(Message, frozen=True):
    """Sent every `Welcome.heartbeat` seconds, or when `Alive.beat` says; the core answers with `Alive`, which renews
    the lease."""

    now: float
    samples: list[Sample] = []
    attempts: list[AttemptSample] = []


class StartedItem(msgspec.Struct, array_like=True, frozen=True):
    key: Key
    time: float
    pid: int = 0


class Started(Message, frozen=True):
    """Attempts that began to run and have not ended yet (short ones are only ever reported by `Exited`)."""

    items: list[StartedItem]


class Usage(msgspec.Struct, array_like=True, frozen=True):
    """What an attempt consumed, from the kernel's accounting."""

    cpu: float = 0.0
    """User and system seconds."""
    memory: int = 0
    """Peak resident bytes."""
    read: int = 0
    written: int = 0


class Exit(msgspec.Struct, array_like=True, frozen=True):
    """How an attempt ended. The payload frame of the same position in `Exited` is its result (may be empty)."""

    key: Key
    outcome: str
    """ok, nonzero, signal, timeout, oom, spawn_error, stopped (by the agent, in order), crashed (with the agent's
    helper process), failed (a Python exception, lost outputs, ...)."""
    code: int
    """Exit code, or the signal's number."""
    started: float
    ended: float
    usage: Usage = Usage()
    error: str = ""
    """One line for people; a remote traceback follows after a newline."""
    outputs: list[FileRef] = []
    log: bytes = b""
    """The whole log when it is small (records of `logs.py`), else its last records."""
    log_ref: FileRef | None = None
    """The blob with the whole log when it is not small; the core holds it before this message is sent."""
    log_shed: int = 0
    """Bytes of output left out of the middle because of the cap."""
    staged: tuple[float, float] | None = None
    """Seconds of staging: until its inputs were here and laid out, and until its outputs and log were kept and the core
    had them. They lie before `started` and behind `ended`. None: next to nothing."""


class Exited(Message, frozen=True):
    """A batch of ends; kept by the agent, on disk, until `Ack` names them. One payload frame each, in order."""

    items: list[Exit]


class Succeeded(Message, frozen=True):
    """Plain ends of one run's items, as columns: what `Exited` says of most of them, at a tenth of the cost.

    Plain is an end with outcome ok, exit code 0, no error, log or outputs, nothing read or written, and a result (a
    payload frame each, as in `Exited`) that is no reference to a blob. `batch` is a number that the agent chooses, new
    for each message of its process; `Ack.batches` names it.
    """

    batch: int
    run: int
    task: int
    epoch: int
    items: list[int]
    """Indexes; the lists that follow have a value for each."""
    attempts: list[int]
    started: list[float]
    ended: list[float]
    cpu: list[float]
    """User and system seconds."""
    memory: list[int]
    """Peak resident bytes."""
    tasks: list[int] = []
    """The task of each item, where they are of several; empty: all are of `task`."""


class Rejected(Message, frozen=True):
    """Attempts the agent did not begin (recalled, unknown bundle, draining); they count for nothing."""

    keys: list[Key]
    reason: str


class AgentGoodbye(Message, frozen=True):
    """The agent ends in order: what it held has been stopped and reported."""

    reason: str


# --- core to agent ---------------------------------------------------------------------------------------


class Welcome(Message, frozen=True):
    """The lease: the agent stops its attempts itself when `lease` seconds pass without an `Alive`.

    `keep` are held attempts that go on, `stop` those to be stopped (and their results forgotten).
    """

    epoch: int
    heartbeat: float
    lease: float
    keep: list[Key]
    stop: list[Key]


class Alive(Message, frozen=True):
    now: float
    beat: float = 0.0
    """Seconds until the next heartbeat, this once; 0: `Welcome.heartbeat`. With many agents they beat less often,
    and several at the same moment, so that they wake the core once."""


class Bundle(msgspec.Struct, frozen=True, array_like=True):
    """All that the items of one task share, sent once to each agent before the first of them.

    `version` rises when a retry upstream changes `files` or `results`. `results` are other tasks' results for
    `${{ tasks.NAME.result }}`, encoded as in `results.py` (a list for an array), passed through undecoded.
    """

    run: int
    task: int
    version: int
    run_name: str
    spec: Task
    params: dict[str, Any]
    files: list[FileRef] = []
    results: dict[str, bytes | list[bytes]] = {}
    statuses: dict[str, str] = {}
    outputs: dict[str, list[str]] = {}
    """Paths of other tasks' output files, for `${{ tasks.NAME.outputs }}`; the files themselves are in `files`."""


class AssignItem(msgspec.Struct, array_like=True, frozen=True):
    """One attempt to run. The payload frame of the same position holds pickled arguments (`Call` only).

    `value` is the msgpack of the item's value where the agent cannot derive it from the spec and the index
    (a `foreach` over outputs or results); `files` and `results` add to the bundle's (needs with `each`).
    An attempt that asks for GPUs is never sent ahead: it can start at once on the `gpus` it names.
    """

    key: Key
    version: int
    value: bytes = b""
    files: list[FileRef] = []
    results: dict[str, bytes | list[bytes]] = {}
    gpus: tuple[int, ...] = ()
    """Devices of the agent that are its own, or of which it has a part (`gpu_memory` without `gpus`)."""
    alone: bool = False
    """It may be what ends helper processes: it gets one of its own."""


class Assign(Message, frozen=True):
    """Attempts for this agent, after the bundles that they need. The agent starts each when its resources fit."""

    bundles: list[Bundle]
    items: list[AssignItem]

    def attempt_keys(self) -> list[Key]:
        return [item.key for item in self.items]


class AssignRange(Message, frozen=True):
    """As `Assign`, for neighbours of one array that bring nothing of their own but their arguments.

    Attempt number `attempt` of each of the items first..first+count-1. One payload frame an item, or none at all.
    """

    bundles: list[Bundle]
    run: int
    task: int
    version: int
    epoch: int
    attempt: int
    first: int
    count: int

    def attempt_keys(self) -> list[Key]:
        indexes = range(self.first, self.first + self.count)
        return [Key(self.run, self.task, index, self.attempt, self.epoch) for index in indexes]

    def apart(self) -> Assign:
        """The same with a record for each item."""
        return Assign(self.bundles, [AssignItem(key, self.version) for key in self.attempt_keys()])


class AssignTasks(Message, frozen=True):
    """As `Assign`, for single tasks of one kind: functions that need their arguments and other tasks' results alone.

    The kind's bundle has `kind` (negative) in the place of the task, and no results. One payload frame a task, or none.
    """

    bundles: list[Bundle]
    run: int
    kind: int
    version: int
    epoch: int
    tasks: list[int]
    attempts: list[int]
    """The attempt number of each."""
    results: list[dict[str, bytes | list[bytes]]]
    """What each needs, as in `Bundle`; empty: nothing, none of them."""

    def attempt_keys(self) -> list[Key]:
        named = zip(self.tasks, self.attempts, strict=True)
        return [Key(self.run, task, 0, number, self.epoch) for task, number in named]

    def apart(self) -> Assign:
        """The same with a record for each item."""
        results = self.results or [{} for _ in self.tasks]
        items = zip(self.attempt_keys(), results, strict=True)
        return Assign(self.bundles, [AssignItem(key, self.version, results=found) for key, found in items])


class Stop(Message, frozen=True):
    """End these: TERM, `grace` seconds, KILL of the whole group. Repeated until the agent reports an end.

    With `if_waiting` only those that have not started are given back, as `Rejected`.
    """

    keys: list[Key]
    grace: float = 5.0
    if_waiting: bool = False
    reason: str = "cancelled"


class Ack(Message, frozen=True):
    """These ends are durable (or refused as stale): the agent may forget them. `batches` are those of `Succeeded`."""

    keys: list[Key]
    batches: list[int] = []


class Forget(Message, frozen=True):
    """These runs have ended: bundles, and blobs only they used, may go."""

    runs: list[int]


class Shutdown(Message, frozen=True):
    """End in order (an embedded agent whose core is being stopped)."""


# --- blobs, both ways: the receiver always pulls, so a slow one is never flooded -----------------------


class BlobOffer(Message, frozen=True):
    """ "I have this; pull it if you lack it." Answered by `BlobWant`s, or by `BlobDone` at once."""

    hash: str
    size: int


class BlobWant(Message, frozen=True):
    """Send `length` bytes from `offset`. The receiver keeps a few of these in flight: that is the flow control."""

    hash: str
    offset: int
    length: int


class BlobChunk(Message, frozen=True):
    """One payload frame with the bytes asked for."""

    hash: str
    offset: int
    size: int
    """Of the whole blob."""


class BlobDone(Message, frozen=True):
    """The receiver holds the whole blob, durably, its hash checked."""

    hash: str


class BlobMissing(Message, frozen=True):
    """The one asked does not hold it (or its copy is damaged)."""

    hash: str
    reason: str = ""


# --- client to core: each request carries `req`, echoed in the answer ----------------------------------


class ClientHello(Message, frozen=True):
    name: str
    protocol: int = PROTOCOL
    tells: bool = False
    """It says `Seen`, so the core need not send more news than it reads."""


class ClientWelcome(Message, frozen=True):
    """`core` is a random id of this core's life: when it changes, the core restarted."""

    core: str
    role: str
    version: str


class Submit(Message, frozen=True):
    """Start a run. Acknowledged by `Reply({"run": id})` once it is durable.

    `document` is the graph's source text (kept for people) and `graph` its msgpack; `files` are the blobs of its
    folder that it uses, offered and pulled before this message. `token` makes a repeated submit harmless: the same
    token gives the same run. Payload frames: for `Call` tasks, see `AppendItems`.
    """

    req: int
    token: str
    graph: bytes
    document: str
    params: dict[str, Any]
    files: list[FileRef]
    name: str = ""
    owner: str = ""
    priority: int = 0
    open_tasks: list[int] = []
    """Tasks that go on growing by `AppendItems` until `CloseTask`."""
    hidden: bool = False
    """A session of the Python API (an Executor): listed only on request."""
    project: str = ""
    """What it is done for: the fair share is then the project's, not the owner's. See `server/owners.py`."""
    deadline: float = 0.0
    """Seconds after the submit by which each task should have ended that has no earlier one of its own; 0: none."""


class AppendItems(Message, frozen=True):
    """More items for an open task; one payload frame: msgpack list of bytes, each an item's pickled arguments.

    `first` is the index of the first one, so that a repeated append is harmless. Answered once durable.
    """

    req: int
    run: int
    task: int
    first: int
    count: int


class CloseTask(Message, frozen=True):
    req: int
    run: int
    task: int


class Amend(Message, frozen=True):
    """Change a run's graph, document and files, for attempts that are given from now on; those that run go on.

    The structure must be the same: parameters, tasks in their order, what each needs and fans out over. Otherwise
    `Failure` bad-request names the first difference. `files` are all the files that the graph takes from its folder,
    uploaded before; None: they stay as they are. Answered once durable by `Reply({"tasks": [ids of tasks that work
    otherwise now, also by a changed file], "files": [paths that changed]})`. Said again it changes nothing more, and
    names nothing.
    """

    req: int
    run: int
    graph: bytes
    document: str
    files: list[FileRef] | None = None


class Explain(Message, frozen=True):
    """Why an item waits; without `index` the task's next one that could begin.

    -> Reply({"sentence": one line for people, "cause": a word, "state", "needs": what has not ended, "until",
    "agents": what keeps each from taking it (the first 500), "groups": all of them counted by the same words, "ahead":
    [{"run", "items"}] that go first, "start": when it should begin or None, "because": the same for where a chain of
    needs begins, ...}); see `sched/reasons.py`.
    """

    req: int
    run: int
    task: int
    index: int | None = None


class Control(Message, frozen=True):
    """Act on what is named: a run (`task` None), a task (`index` None) or an item.

    `action`: cancel, retry (what failed or was cancelled, and what was skipped because of it), retry-downstream
    (the named ones in any terminal state, with everything after them), pause, resume, priority (`value`), delete.
    Answered by `Reply({"items": how many it touched})`; with `dry` nothing changes.
    """

    req: int
    action: str
    run: int
    task: int | None = None
    index: int | None = None
    value: int = 0
    dry: bool = False


class AgentControl(Message, frozen=True):
    """`action`: drain, undrain, forgive (one that was set aside as sick), unforgive (it is set aside again, for as long
    as it would have been), remove (only one that is down)."""

    req: int
    action: str
    agent: str


class GetRuns(Message, frozen=True):
    """-> Reply({"runs": [RunRow as dict]}), newest first."""

    req: int
    limit: int = 100
    hidden: bool = False


class GetRun(Message, frozen=True):
    """-> Reply({"run": RunRow, "tasks": [TaskRow], "document": str, "params": {...}}).

    With `task` only that one's row, and no document: the others may be many.
    """

    req: int
    run: int
    task: int | None = None


class GetItems(Message, frozen=True):
    """-> Reply({"items": [ItemRow], "next": index | None}) of one task, by state if given."""

    req: int
    run: int
    task: int
    start: int = 0
    limit: int = 1000
    states: list[str] = []


class GetAttempts(Message, frozen=True):
    """-> Reply({"attempts": [AttemptRow], "next": seq | None}), in the order of their ends; all tasks when None.

    `after` is the `seq` of the last row already known. `running` adds the ones that have not ended.
    """

    req: int
    run: int
    task: int | None = None
    index: int | None = None
    after: int = 0
    limit: int = 1000
    running: bool = True


class GetAgents(Message, frozen=True):
    """-> Reply({"agents": [AgentRow]})."""

    req: int


class GetResults(Message, frozen=True):
    """Ends of a run's items after `after` (a `seq`), waiting up to `wait` seconds until there is at least one.

    -> Reply({"results": [[seq, task, index, state, error, FileRef | None]], "run_state": ...}) and one payload
    frame a result. A result over `limits.INLINE_RESULT` travels as a blob, named by the FileRef. The client
    asks again when it has digested these: a slow client costs the core nothing.

    With `packed`, successes that were written together stay together: Reply({..., "packs": [[seq of the first, task,
    [indexes]]]}), whose payload frames, a msgpack list of results each, follow those of `results`.

    With `credits` the question stands: more answers follow without being asked for, so many besides the last one. All
    but the last carry `more`, the `after` from which the question goes on. How much is told before the next question
    is bounded all the same (`server/waits.py`).
    """

    req: int
    run: int
    after: int
    limit: int = 2000
    wait: float = 30.0
    task: int | None = None
    """Only this task's items."""
    packed: bool = False
    credits: int = 0


class WaitRun(Message, frozen=True):
    """-> Reply({"run": RunRow}) at the moment the run has ended, durably; or after `wait` seconds."""

    req: int
    run: int
    wait: float = 30.0


class GetOutputs(Message, frozen=True):
    """-> Reply({"files": [[task id, index | -1 for a task that is no array, FileRef]], "next": cursor | None})."""

    req: int
    run: int
    task: int | None = None
    after: int = 0


class GetLog(Message, frozen=True):
    """The log of an attempt (0: the latest) from byte `offset` of its records, at most `limit` bytes.

    -> Reply({"attempt": n, "offset": o, "size": s, "shed": bytes, "ended": bool, "state": ...}) and one payload
    frame. With `wait`, answered when there is more or the attempt has ended. A negative offset counts from the end.
    """

    req: int
    run: int
    task: int
    index: int
    attempt: int = 0
    offset: int = 0
    limit: int = 262_144
    wait: float = 0.0


class GetInfo(Message, frozen=True):
    """-> Reply({"version", "core", "endpoint", "uptime", "counters": {...}, "store": path, ...})."""

    req: int


class MakeToken(Message, frozen=True):
    """-> Reply({"token": str}) that lets one peer of `role` (agent, viewer, operator, admin) enrol within `ttl`."""

    req: int
    role: str
    ttl: float = 3600.0


class Subscribe(Message, frozen=True):
    """Follow these topics instead of those before: "runs", "agents", "samples", "run:ID". Each begins with a snapshot.

    But those of `keep`, which were followed before and missed nothing, just go on.
    """

    topics: list[str]
    keep: list[str] = []


class StopCore(Message, frozen=True):
    """End the core in order; running attempts of embedded agents are stopped, those of others go on."""

    req: int
    agents: bool = False


# --- core to client --------------------------------------------------------------------------------------


class Reply(Message, frozen=True):
    req: int
    data: dict[str, Any]


class Failure(Message, frozen=True):
    """The request was not done. `code`: not-found, bad-request, forbidden, busy, too-many (of its kind wait already),
    internal."""

    req: int
    code: str
    reason: str


class Snapshot(Message, frozen=True):
    """The whole of a topic. `data` has the same keys as a delta's; `seq` is where the deltas go on."""

    topic: str
    seq: int
    data: dict[str, Any]


class Delta(Message, frozen=True):
    """What changed since `seq - 1`; a gap in `seq` means: subscribe again. See `rows.py` for `data`."""

    topic: str
    seq: int
    data: dict[str, Any]


# --- core and agent: live logs ---------------------------------------------------------------------------


class LogWant(Message, frozen=True):
    """Core to agent: bytes of a running attempt's log. A negative offset counts from the end."""

    key: Key
    offset: int
    limit: int


class LogData(Message, frozen=True):
    """Agent to core; one payload frame with whole records. `size` is the log's length now."""

    key: Key
    offset: int
    size: int
    ended: bool
    shed: int = 0


# --- the store over its life -------------------------------------------------------------------------------


class Backup(Message, frozen=True):
    """Make a copy of the core's data in a file on the core's machine. -> Reply({"job": n}); see `GetJob`."""

    req: int
    path: str
    """Absolute, and not there yet."""
    blobs: bool = True


class Prune(Message, frozen=True):
    """Delete ended runs with all that only they need.

    A run goes when it ended more than `older_than` seconds ago and does not belong to the newest `keep` of those in
    `states`; at least one of the two is given. -> Reply({"job": n}). With `dry` nothing is deleted; the job's result
    says what would be: {"runs": [{"run", "name", "state", "ended", "attempts", "bytes"}], "bytes", "blobs",
    "blob_bytes", "stale", "stale_bytes"}. `only` names the runs of such a list: none but they go.
    """

    req: int
    older_than: float | None = None
    keep: int | None = None
    states: list[str] = []
    """succeeded, failed, cancelled; all of them when empty."""
    dry: bool = False
    only: list[int] | None = None


class GetJob(Message, frozen=True):
    """-> Reply({"state": running | done | failed, "done", "total", "error", "result": {...}})."""

    req: int
    job: int


class GetColumns(Message, frozen=True):
    """A run's ended attempts as columns, for who looks at many: a chart, a grid of items, an estimate.

    -> Reply({"count", "next": seq | None, "last": seq, "task", "index", "attempt", "slot": u32, "agent": u16,
    "outcome": u8, "started", "ended": f64 (NaN: never), "memory": i64; each as little-endian bytes, "agents": [name],
    "outcomes": [name]}), in the order of their ends between answers, in none within one. `agent` and `outcome` count
    through the lists. Where any was staged there are "staged_in" and "staged_out": f32, as in `rows.AttemptRow`. An
    answer looks at some `limit` attempts of the run; with `task`, those of others are left out of it. `last` is where
    to go on when more have ended.
    """

    req: int
    run: int
    task: int | None = None
    after: int = 0
    limit: int = 20_000


class GetFailures(Message, frozen=True):
    """Items of a run that have failed and were not tried again since, those alike together (`model/failures.py`).

    -> Reply({"groups": [{"key", "outcome", "code", "line": the first one's last line of error output, "items": [[task,
    index, attempt, agent's name]]}], "next": seq | None, "last": seq}), from those that ended behind `after` on.
    `last` is where to go on when more have failed. Items without an attempt have number 0.
    """

    req: int
    run: int
    after: int = 0
    limit: int = 250


class GetCurve(Message, frozen=True):
    """CPUs and memory of an attempt over its time: while it runs, and afterwards where it ended badly.

    -> Reply({"time": [...], "cpu": [...], "memory": [...]}), empty when there is none (it was too short to be looked
    at, or went well).
    """

    req: int
    run: int
    task: int
    index: int
    attempt: int


class GetAgent(Message, frozen=True):
    """One agent, by its id, with its past.

    -> Reply({"agent": AgentRow, "attempts": [AttemptRow], "titles": [[run, task, name]], "searched": ends looked
    through, "whole": whether that is all there are, "events": [EventRow], "singles": [[run, task]] of the titles that
    are no arrays}); both lists the newest first, at most `limit` attempts. Those that run come from "run:ID" topics.
    """

    req: int
    agent: str
    limit: int = 100


class Pick(msgspec.Struct, array_like=True, frozen=True):
    """A part of a run to act on: all of it (`task` None), a task, or items of a task.

    `items` are stretches, first..last-1 each; none: all of the task. `value` is the run's new priority.
    """

    run: int
    task: int | None = None
    items: list[tuple[int, int]] = []
    value: int = 0


class Act(Message, frozen=True):
    """As `Control`, on many parts of many runs at once. All is checked before anything is done.

    `action`: cancel, retry, pause, resume, priority, delete (the last four take whole runs). A retry takes what failed
    or was cancelled, and what was skipped because of it; with `downstream` all that has ended, and everything after it,
    but with `only_failed` begins only at what failed or was cancelled; with `upstream` what the picks need counts as
    picked too. -> Reply({"items": how many, "states": how many of them are in each state (as `ItemState`), "runs": how
    many runs, "picks": [[run, task, first, last]], "cut": whether those are only the first `PICKS_SHOWN`}), as it was
    before. With `dry` nothing changes.
    """

    req: int
    action: str
    picks: list[Pick]
    downstream: bool = False
    upstream: bool = False
    only_failed: bool = False
    dry: bool = False


class GetPrograms(Message, frozen=True):
    """Which of these programs none of the connected agents has.

    -> Reply({"missing": [names that every agent said it lacks], "agents": n, "answered": n}). An agent that does not
    answer in time may have any of them. At most 200 names, without slashes.
    """

    req: int
    names: list[str]


class FindPrograms(Message, frozen=True):
    """Core to agent: which of these do you lack?"""

    ticket: int
    names: list[str]


class ProgramsFound(Message, frozen=True):
    """Agent to core: of the names of a ticket, those that are not on its path."""

    ticket: int
    missing: list[str]


class Seen(Message, frozen=True):
    """Client to core: so many more bytes of snapshots and deltas (type and header frames) were read."""

    size: int


MESSAGES: tuple[type[Message], ...] = (
    Enrol, Enrolled, Refused, WhoAreYou,
    AgentHello, Heartbeat, Started, Exited, Rejected, AgentGoodbye,
    Welcome, Alive, Assign, Stop, Ack, Forget, Shutdown,
    BlobOffer, BlobWant, BlobChunk, BlobDone, BlobMissing,
    ClientHello, ClientWelcome, Submit, AppendItems, CloseTask, Control, AgentControl,
    GetRuns, GetRun, GetItems, GetAttempts, GetAgents, GetResults, GetOutputs, GetLog, GetInfo, MakeToken,
    Subscribe, StopCore, Reply, Failure, Snapshot, Delta, LogWant, LogData, Amend, Explain,
    Succeeded, AssignRange, Backup, Prune, GetJob, WaitRun,
    GetColumns, GetFailures, GetCurve,
    Act,
    GetPrograms, FindPrograms, ProgramsFound, GetAgent,
    Seen,
    AssignTasks,
)  # fmt: skip
"""A message's type byte is its place here plus one: append only."""
