"""Where the core is and with which key we come: the address of a link.

An address is `tcp://HOST:PORT` (or `HOST:PORT`), a join token (`wl1...`), or nothing at all: then it is what the
local core wrote into `core.json`. Cores that were joined by a token are remembered with their public keys in the
config directory, so that afterwards their address is enough.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from windlass.client.errors import CoreUnreachable
from windlass.wire import homes, keys, tokens

KNOWN_CORES = "cores.json"
ADDRESS_VARIABLE = "WINDLASS_CORE"
"""Environment variable with the address to use when none is given."""
NO_CORE = (
    "no core is running here. Start one with `windlass core` (or run a graph at once with `windlass run GRAPH`), "
    "or name another machine's with --core ADDRESS"
)


@dataclass(frozen=True, slots=True)
class Target:
    """One core, and the key pair to meet it with. `secret` is a token's, sent once to be let in."""

    endpoint: str
    public: str
    own: keys.KeyPair
    secret: str | None = None


Locate = Callable[[], Target]
"""Called before each attempt to dial, so that a core that came back elsewhere is found."""


def locate(address: str | None = None, core_key: str | None = None, *, home: Path | None = None) -> Locate:
    """How to find the core of this address. `home` overrides the user's directories, as `WINDLASS_HOME` does."""
    address = address or (None if home else os.environ.get(ADDRESS_VARIABLE)) or None
    if address is None:
        return lambda: _local(home)
    if address.startswith(tokens.PREFIX):
        try:
            token = tokens.parse_token(address)
        except tokens.TokenError as error:
            raise CoreUnreachable(f"{error}; ask for a new one with `windlass token`") from None
        return _joining(token, home)
    endpoint = address if "://" in address else f"tcp://{address}"
    known = _known(home)
    public = core_key or known.get(endpoint)
    if public is None:
        there = f" (known: {', '.join(sorted(known))})" if known else ""
        raise CoreUnreachable(
            f"the key of the core at {endpoint} is not known here{there}; join it once with a token: on the core's "
            f"machine run `windlass token --role operator`, here give that string as --core"
        )
    if not keys.is_public_key(public):
        raise CoreUnreachable(f"{public!r} is not a core's public key (40 characters)")
    return lambda: Target(endpoint, public, _own(home))


def remember(endpoint: str, public: str, home: Path | None = None) -> None:
    """Note a core's key, so that its address is enough from now on."""
    path = _config(home) / KNOWN_CORES
    known = _known(home) | {endpoint: public}
    temporary = path.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(known, indent=1) + "\n")
    os.replace(temporary, path)


def _joining(token: tokens.JoinToken, home: Path | None) -> Locate:
    """The token's endpoints in turn, one an attempt."""
    turn = 0

    def next_target() -> Target:
        nonlocal turn
        endpoint = token.endpoints[turn % len(token.endpoints)]
        turn += 1
        return Target(endpoint, token.core, _own(home), token.secret)

    return next_target


def _local(home: Path | None) -> Target:
    core = keys.CoreFile.read(home / "data" / "core" if home else None)
    if core is None:
        raise CoreUnreachable(NO_CORE)
    return Target(core.endpoint, core.public, _own(home))


def _own(home: Path | None) -> keys.KeyPair:
    return keys.load_or_create(_config(home) / keys.CLIENT_KEY)


def _config(home: Path | None) -> Path:
    return homes.private_dir(home / "config") if home else homes.config_dir()


def _known(home: Path | None) -> dict[str, str]:
    with suppress(OSError, ValueError):
        raw = json.loads((_config(home) / KNOWN_CORES).read_text())
        if isinstance(raw, dict):
            return {str(key): str(value) for key, value in raw.items()}
    return {}
