"""Who is known: keys with roles, and the one-time secrets by which new keys become known."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from windlass.store import records
from windlass.store.reader import Reader
from windlass.store.store import Store
from windlass.wire import roles
from windlass.wire.clock import epoch
from windlass.wire.lan import own_addresses
from windlass.wire.tokens import JoinToken, format_token

MAX_TTL = 30 * 86400.0
"""Seconds; no token is good for longer."""


MOST = 10_000
"""Tokens that are good at a time."""


class EnrolError(Exception):
    """This secret lets nobody in; the text says why, without helping a guesser."""


class Access:
    def __init__(self, store: Store, reader: Reader, clock: Callable[[], float] = epoch) -> None:
        self._clock = clock
        self._store = store
        self._reader = reader
        self._peers = {public: (role, name) for public, role, name in reader.peers()}
        self._fresh: dict[str, tuple[str, float, str | None]] = {}
        """Tokens written in this life, which the reader may not see yet."""

    def authorise_local(self, public: str, role: str, name: str) -> None:
        """A key of this user on this machine: known while this core lives, not recorded."""
        self._peers[public] = (role, name)

    def role(self, public: str) -> str | None:
        """None: unknown."""
        peer = self._peers.get(public)
        return peer[0] if peer else None

    def knows(self, public: str) -> bool:
        return public in self._peers

    def name(self, public: str) -> str:
        peer = self._peers.get(public)
        return peer[1] if peer else ""

    def make_token(self, role: str, ttl: float, endpoints: list[str], core_public: str) -> str:
        """A string that lets one peer in; written with the current turn."""
        if role not in roles.ROLES:
            raise ValueError(f"no role {role!r}; the roles are {', '.join(roles.ROLES)}")
        if not 0 < ttl <= MAX_TTL:
            raise ValueError(f"a token lives between 0 and {MAX_TTL:.0f} seconds, not {ttl}")
        secret = secrets.token_urlsafe(24)
        now = self._clock()
        row = (role, now + ttl, None)
        self._fresh = {digest: known for digest, known in self._fresh.items() if known[1] > now}
        if len(self._fresh) >= MOST:
            raise ValueError(f"{MOST:,} tokens have been made that have not expired yet, the most at a time")
        self._fresh[_digest(secret)] = row
        self._store.write(records.TOKEN, [(_digest(secret), *row)])
        return format_token(JoinToken(endpoints, core_public, secret, role))

    def enrol(self, public: str, secret: str, name: str, now: float) -> str:
        """The role this secret gives to this key; written with the current turn."""
        digest = _digest(secret)
        token = self._fresh.get(digest) or self._reader.token(digest)
        if token is None:
            raise EnrolError("this token is not known here")
        role, expires, used_by = token
        if used_by == public:
            return role  # the answer to the first time was lost
        if used_by is not None:
            raise EnrolError("this token was already used; ask for a new one")
        if now > expires:
            raise EnrolError("this token has expired; ask for a new one")
        self._fresh[digest] = (role, expires, public)
        self._peers[public] = (role, name)
        self._store.write(records.TOKEN, [(digest, role, expires, public)])
        self._store.write(records.PEER, [(public, role, name[:200], now)])
        return role


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def reachable_endpoints(endpoint: str, addresses: Callable[[], list[str]] | None = None) -> list[str]:
    """Addresses others can dial: a wildcard becomes this machine's own addresses, the best guess first."""
    scheme, _, rest = endpoint.partition("://")
    host, _, port = rest.rpartition(":")
    if host.strip("[]") not in ("0.0.0.0", "::", "*"):
        return [endpoint]
    return [f"{scheme}://{_bracketed(address)}:{port}" for address in (addresses or own_addresses)()]


def is_loopback(endpoint: str) -> bool:
    """Whether only this machine can dial it."""
    host = endpoint.partition("://")[2].rpartition(":")[0].strip("[]")
    return host == "localhost" or host == "::1" or host.startswith("127.")


def _bracketed(address: str) -> str:
    return f"[{address}]" if ":" in address else address
