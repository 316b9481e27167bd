"""The shorter way between processes of one machine: the same conversation, through a Unix socket instead of loopback.

A core that listens on a TCP port also listens on an abstract Unix socket, whose name follows from its public key and
the port. Whoever is about to dial a loopback address looks whether that name is there, and whether it is a process of
the same user that listens. CURVE protects it as it does the other; the kernel just does less on the way. Nothing else
knows of it: addresses are told, shown and remembered as `tcp://`, and where there is no such socket TCP it is.
"""

from __future__ import annotations

import os
import socket
import struct
import sys

_CREDENTIALS = struct.Struct("3i")
"""`struct ucred`: process, user, group."""


def name(public: str, port: int) -> str:
    """The abstract name of the core with this key on this port, without the zero byte that it begins with."""
    # A hundred bits of the key. In hex, because a key may hold any character, of which addresses know some.
    return f"windlass-{port}-{public[:16].encode().hex()}"


def beside(endpoint: str, public: str) -> str | None:
    """Where a core that listens on this TCP endpoint also listens; None where there is no such thing."""
    port = endpoint.rpartition(":")[2]
    if not sys.platform.startswith("linux") or not endpoint.startswith("tcp://") or not port.isdecimal():
        return None
    return f"ipc://@{name(public, int(port))}"


def nearest(endpoint: str, public: str) -> str:
    """What to dial in order to reach `endpoint`: the local twin of a loopback address, if this user's core is there."""
    host = endpoint.partition("://")[2].rpartition(":")[0].strip("[]")
    if not (host.startswith("127.") or host in ("localhost", "::1")):
        return endpoint
    twin = beside(endpoint, public)
    return twin if twin is not None and _is_ours(twin.removeprefix("ipc://@")) else endpoint


def _is_ours(abstract: str) -> bool:
    """Whether a process of this user listens there. Somebody else's would only keep us from our core."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(f"\0{abstract}")
            found = probe.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
        except OSError:
            return False
    return bool(_CREDENTIALS.unpack(found)[1] == os.getuid())
