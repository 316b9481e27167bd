"""Before an agent has joined: which cores say that they are here, and saying that this machine waits to be invited."""

from __future__ import annotations

import json
import os
import select
import sys
import time
from pathlib import Path

from windlass.wire import lan
from windlass_agent.enrol import Joined

NOTHING = 1
"""Exit status: no core was heard of, or nothing can be said or heard at all."""

MISSING = "the local network needs a library that is not installed: pip install 'windlass[lan]'"
PROVES = "A name on the network proves nothing. Join with a token from whoever runs the core; compare the fingerprint."
LOOK = 0.5
"""Seconds between two looks whether somebody has joined this agent meanwhile."""


def discover(wait: float, as_json: bool, open_network: lan.Opener = lan.multicast) -> int:
    """Print the cores that are heard of within so many seconds."""
    if not lan.available():
        return _failed(MISSING)
    watch = lan.Watch(lan.CORE, open_network=open_network)
    try:
        time.sleep(wait)
        cores, problem = watch.peers(), watch.problem
    finally:
        watch.close()
    if as_json:
        print(json.dumps({"cores": [_row(core) for core in cores]}))
    elif cores:
        _table([("CORE", "ADDRESS", "FINGERPRINT", "VERSION"), *(_cells(core) for core in cores)])
        print(f"\n{PROVES}")
    if cores:
        return 0
    if problem:
        return _failed(f"the local network cannot be listened to: {problem}")
    return _failed(
        f"no core was heard of within {wait:g} s. One that listens to the network (windlass core --bind"
        " tcp://0.0.0.0:7077) is, unless multicast is blocked on the way; a join token works without"
    )


def wait_to_be_invited(
    name: str, fingerprint: str, data: Path, signals: int, open_network: lan.Opener = lan.multicast
) -> int:
    """Announce this machine until an agent with this data directory has joined, or a signal comes (`signals`).

    The directory is not locked, so that `windlass agent --join` can run meanwhile.
    """
    if Joined.read(data) is not None:
        return _failed("this agent has joined a core already; to work for it: windlass agent")
    if not lan.available():
        return _failed(MISSING)
    me = lan.myself(name, lan.own_addresses(), 0, fingerprint)
    presence = lan.Presence(lan.WAITING_AGENT, me, open_network)
    print(
        f"{me.name}, fingerprint {fingerprint}, at {', '.join(me.addresses)}\n"
        "waiting to be invited: run `windlass agent --join TOKEN` here, the app shows this machine under Add a machine",
        flush=True,
    )
    try:
        while Joined.read(data) is None:
            if presence.problem:
                return _failed(f"the local network is not told: {presence.problem}")
            if select.select([signals], [], [], LOOK)[0]:
                os.read(signals, 64)
                return 0
    finally:
        presence.close()
    print("this machine has joined a core")
    return 0


def _failed(text: str) -> int:
    print(f"windlass agent: {text}", file=sys.stderr)
    return NOTHING


def _where(core: lan.Peer) -> list[str]:
    return [f"tcp://[{a}]:{core.port}" if ":" in a else f"tcp://{a}:{core.port}" for a in core.addresses]


def _row(core: lan.Peer) -> dict[str, object]:
    return {
        "name": core.name,
        "endpoints": _where(core),
        "fingerprint": core.fingerprint,
        "version": core.version,
    }


def _cells(core: lan.Peer) -> tuple[str, str, str, str]:
    return core.name, _where(core)[0], core.fingerprint, core.version


def _table(rows: list[tuple[str, ...]]) -> None:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
