"""Joining a remote core with the one string it printed, once; after that the agent's own key is enough."""

from __future__ import annotations

import logging
import os
import random
import time
from pathlib import Path

import msgspec
import zmq

from windlass.wire.codec import WireError, decode, encode
from windlass.wire.keys import KeyPair
from windlass.wire.messages import PROTOCOL, Enrol, Enrolled, Refused
from windlass.wire.tokens import JoinToken
from windlass_agent.link import Link

log = logging.getLogger(__name__)
PATIENCE = 5.0
"""Seconds to wait for an answer of one address."""


class EnrolError(Exception):
    """The core does not let this agent in; the text is for people."""


class Joined(msgspec.Struct, frozen=True):
    """What is remembered of the core that was joined."""

    endpoints: list[str]
    core: str

    def write(self, data: Path) -> None:
        path = data / "joined.json"
        partial = path.with_suffix(".new")
        descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(msgspec.json.encode(self))
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)

    @staticmethod
    def read(data: Path) -> Joined | None:
        try:
            return msgspec.json.decode((data / "joined.json").read_bytes(), type=Joined)
        except (OSError, msgspec.MsgspecError):
            return None


def enrol(token: JoinToken, key: KeyPair, name: str) -> Joined:
    """Bring the secret to the core, for as long as it takes to reach it. `EnrolError` when it refuses."""
    wait = 0.2
    with zmq.Context() as context:
        link = Link(context, key)
        while True:
            for endpoint in token.endpoints:
                try:
                    link.open(endpoint, token.core)
                except zmq.ZMQError as error:
                    raise EnrolError(f"the token's address {endpoint} is none: {error}") from None
                link.send(encode(Enrol(token.secret, name, PROTOCOL)))
                link.flush()
                if _answered(link):
                    link.close()
                    # The address that answered first the next time.
                    others = [other for other in token.endpoints if other != endpoint]
                    return Joined([endpoint, *others], token.core)
                link.close()
            log.warning("no core answers at %s; trying again", ", ".join(token.endpoints))
            time.sleep(wait * (0.5 + random.random()))
            wait = min(10.0, wait * 2)


def _answered(link: Link) -> bool:
    assert link.socket is not None
    end = time.monotonic() + PATIENCE
    while (left := end - time.monotonic()) > 0:
        link.flush()
        if not link.socket.poll(int(left * 1000) + 1):
            return False
        for frames in link.receive():
            try:
                message, _ = decode(frames)
            except WireError:
                continue
            if isinstance(message, Enrolled):
                return True
            if isinstance(message, Refused):
                raise EnrolError(f"the core refuses this agent: {message.reason}")
    return False
