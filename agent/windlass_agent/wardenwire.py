"""What the agent and its warden tell each other: batches of these records, one batch a frame.

`id` is the agent's number of a spawn, never reused in the agent's life. Clocks: `time` fields are seconds since the
epoch, `until` counts by `clock()`.
"""

from __future__ import annotations

import msgspec

from windlass.wire.clock import boot

clock = boot
"""By which deadlines and leases are counted, in all processes of an agent."""


class Bounds(msgspec.Struct, array_like=True, frozen=True):
    """What a process may use, set before it begins."""

    group: str = ""
    """The control group that is made for it (a path); empty: none."""
    memory: int = 0
    """Bytes that the group may use; 0: any."""
    cpus: float = 0.0
    """Its weight against other groups, in CPUs; 0: as usual."""
    pins: tuple[int, ...] = ()
    """The only CPUs that it may run on; empty: any."""


class Spawn(msgspec.Struct, array_like=True, tag=1):
    """Run a command in `cwd` with `env` added to the warden's own, its output kept in a log spilled to `log`."""

    id: int
    argv: list[str]
    env: dict[str, str]
    cwd: str
    log: str
    cap: int
    timeout: float | None = None
    grace: float = 5.0
    lane: int = 0
    """Those of one lane run one after the other; 0 begins at once."""
    fds: int = 0
    """For a runner, which is no program but a copy of the warden: this many descriptors come with the batch and are its
    descriptors from 3 on."""
    limits: Bounds | None = None


class Kill(msgspec.Struct, array_like=True, tag=2):
    """TERM to the group, `grace` seconds, KILL to all of it; `cause` comes back in `Ended`."""

    id: int
    grace: float
    cause: str


class Tail(msgspec.Struct, array_like=True, tag=3):
    id: int
    token: int
    offset: int
    limit: int


class Lease(msgspec.Struct, array_like=True, tag=4):
    """Unless this is renewed before `until`, stop everything: the agent hangs, or is stopped itself."""

    until: float


class Recall(msgspec.Struct, array_like=True, tag=9):
    """Do not begin these, if they have not begun; answered by `Recalled` with those that will not."""

    ids: list[int]


class Recalled(msgspec.Struct, array_like=True, tag=10):
    ids: list[int]


class Spawned(msgspec.Struct, array_like=True, tag=5):
    id: int
    pid: int
    time: float


class SpawnFailed(msgspec.Struct, array_like=True, tag=6):
    id: int
    error: str
    time: float
    errno: int | None = None


class Ended(msgspec.Struct, array_like=True, tag=7):
    """`status` as of wait(2). All processes of the attempt are gone (`left` says how many could not be killed)."""

    id: int
    status: int
    started: float
    ended: float
    cpu: float
    memory: int
    read: int
    written: int
    cause: str
    log: bytes
    log_file: str
    shed: int
    left: int = 0


class TailData(msgspec.Struct, array_like=True, tag=8):
    id: int
    token: int
    offset: int
    size: int
    shed: int
    data: bytes


ToWarden = Spawn | Kill | Tail | Lease | Recall
FromWarden = Spawned | SpawnFailed | Ended | TailData | Recalled

encode = msgspec.msgpack.Encoder().encode
decode_to_warden = msgspec.msgpack.Decoder(list[ToWarden]).decode
decode_from_warden = msgspec.msgpack.Decoder(list[FromWarden]).decode
