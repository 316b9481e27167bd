"""Who says on the local network that it is here: cores, and machines that wait to be invited. A hint, never trust.

What is announced is what anybody may know: a name, addresses, a port, the fingerprint of a public key and a version.
What is heard may come from anybody, so it is judged field by field, cut, and limited in number; nobody is let in by it.
Only a join token does that, and it brings the core's key along. How the words travel (DNS service discovery, RFC 6763,
by multicast, RFC 6762) is `mdns.py`'s matter; without its library (`pip install 'windlass[lan]'`) nobody says or hears
anything.
"""

from __future__ import annotations

import importlib.util
import ipaddress
import logging
import re
import socket
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from windlass import __version__

log = logging.getLogger(__name__)

CORE = "_windlass._tcp.local."
WAITING_AGENT = "_windlass-agent._tcp.local."

MOST = 64
"""Peers of one kind that are remembered; whoever floods the network hides others, but costs no more memory."""
MOST_ADDRESSES = 8
LONGEST = 60
"""Characters of a name that are shown. A label of DNS has 63 bytes."""

FINGERPRINT = re.compile(r"[0-9a-f]{4}( [0-9a-f]{4}){3}")
VERSION = re.compile(r"[0-9A-Za-z.+-]{1,30}")


@dataclass(frozen=True, slots=True)
class Record:
    """One service as the network carries it; nothing in it is checked."""

    kind: str
    """`CORE` or `WAITING_AGENT`"""
    instance: str
    """Unique among its kind on this network"""
    addresses: tuple[str, ...]
    port: int
    words: Mapping[str, str]
    """The TXT record"""


@dataclass(frozen=True, slots=True, order=True)
class Peer:
    """One that says that it is here, in a form that can be shown. Whether it is true nobody knows."""

    name: str
    addresses: tuple[str, ...]
    port: int
    fingerprint: str
    """`keys.fingerprint` of its public key"""
    version: str = ""


class Network(Protocol):
    """What `mdns.Multicast` does, and a fake in tests. Its methods may block for seconds and raise `OSError`."""

    def publish(self, record: Record) -> None: ...

    def browse(self, kind: str, here: Callable[[Record], None], gone: Callable[[str], None]) -> None:
        """`here` for one that is new or has changed, `gone` with its instance; from a thread of the network's."""

    def close(self) -> None:
        """Take back what was published, and listen no longer."""


Opener = Callable[[tuple[str, ...]], Network]
"""Opens the network through the interfaces with these addresses; none: through all."""


def available() -> bool:
    """Whether the library is installed; it is not loaded by this."""
    return importlib.util.find_spec("zeroconf") is not None


def multicast(addresses: tuple[str, ...] = ()) -> Network:
    """The local network, through the interfaces with these addresses, or all."""
    from windlass.wire.mdns import Multicast  # loads the library, which only who uses it shall pay for

    return Multicast(addresses)


def own_addresses() -> list[str]:
    """This machine's addresses, without loopback if there is any other."""
    import psutil

    found: list[str] = []
    for family in (socket.AF_INET, socket.AF_INET6):
        for addresses in psutil.net_if_addrs().values():
            found += [a.address for a in addresses if a.family == family and not a.address.startswith("fe80")]
    outer = [address for address in found if not address.startswith("127.") and address != "::1"]
    return outer or found or ["127.0.0.1"]


def record(kind: str, peer: Peer) -> Record:
    """What a peer says of itself."""
    label = re.sub(r"[^\w-]+", "-", peer.name).encode()[:40].decode(errors="ignore")
    # Two agents of one machine have the same name, but not the same key.
    return Record(
        kind,
        f"{label}-{peer.fingerprint.replace(' ', '')}",
        peer.addresses[:MOST_ADDRESSES],
        peer.port,
        {"name": peer.name[:LONGEST], "fingerprint": peer.fingerprint, "version": peer.version},
    )


def judge(found: Record) -> Peer | None:
    """What was heard, if it can be shown to people; None if it is not what a Windlass says."""
    name = "".join(c for c in found.words.get("name", "") if c.isprintable()).strip()[:LONGEST]
    fingerprint = found.words.get("fingerprint", "")
    version = found.words.get("version", "")
    addresses = tuple(sorted(filter(_is_address, found.addresses), key=lambda address: (":" in address, address)))
    if not name or not addresses or not FINGERPRINT.fullmatch(fingerprint) or not 0 <= found.port < 65536:
        return None
    version = version if VERSION.fullmatch(version) else ""
    return Peer(name, addresses[:MOST_ADDRESSES], found.port, fingerprint, version)


def myself(name: str, addresses: list[str], port: int, fingerprint: str) -> Peer:
    """As this process would announce itself."""
    name = name or socket.gethostname().partition(".")[0]
    return Peer(name, tuple(filter(_is_address, addresses)), port, fingerprint, __version__)


def announce_core(endpoints: list[str], fingerprint: str, open_network: Opener = multicast) -> Presence | None:
    """Say that a core can be dialled here; None where it cannot be said: no library, or no plain address.

    `endpoints` are those that others can dial. Nothing is said through interfaces on which the core does not listen.
    """
    if not available():
        return None
    split = [endpoint.partition("://")[2].rpartition(":") for endpoint in endpoints]
    addresses = [host.strip("[]") for host, _, _ in split]
    here = myself("", addresses, int(split[0][2]) if split else 0, fingerprint)
    if not here.addresses:
        return None
    return Presence(CORE, here, open_network)


class Presence:
    """Says from now on, in a thread of its own, that this process is here. What goes wrong is logged once."""

    def __init__(self, kind: str, here: Peer, open_network: Opener = multicast) -> None:
        self._thread = _Background(
            lambda: open_network(here.addresses), lambda network: network.publish(record(kind, here)), self._told
        )
        self.problem = ""
        """Why nobody hears it; empty as long as nothing is known to be wrong"""
        self._thread.start()

    def _told(self, problem: str) -> None:
        self.problem = problem
        log.warning("the local network is not told that this is here: %s", problem)

    def close(self, patience: float = 1.0) -> None:
        """Take it back, for at most so many seconds; what is not taken back is forgotten in two minutes."""
        self._thread.end(patience)


class Watch:
    """Who of one kind is here, as far as heard. `changed` is called from another thread, whenever `peers` differ."""

    def __init__(self, kind: str, changed: Callable[[], None] = lambda: None, open_network: Opener = multicast) -> None:
        self.problem = ""
        """Why nothing is heard; empty as long as nothing is known to be wrong"""
        self._changed = changed
        self._lock = threading.Lock()
        self._heard: dict[str, Peer] = {}
        self._thread = _Background(
            lambda: open_network(()), lambda network: network.browse(kind, self._here, self._gone), self._failed
        )
        self._thread.start()

    def peers(self) -> list[Peer]:
        """By name."""
        with self._lock:
            return sorted(set(self._heard.values()))

    def close(self, patience: float = 0.0) -> None:
        """`changed` is not called from now on, but for a call that is on its way."""
        self._thread.end(patience)

    def _here(self, found: Record) -> None:
        known = judge(found)
        with self._lock:
            before = self._heard.get(found.instance)
            if known is None:
                self._heard.pop(found.instance, None)
            elif before is not None or len(self._heard) < MOST:
                self._heard[found.instance] = known
            if self._heard.get(found.instance) == before:
                return
        self._tell()

    def _gone(self, instance: str) -> None:
        with self._lock:
            if self._heard.pop(instance, None) is None:
                return
        self._tell()

    def _failed(self, problem: str) -> None:
        self.problem = problem
        self._tell()

    def _tell(self) -> None:
        if not self._thread.ended.is_set():
            self._changed()


class _Background(threading.Thread):
    """Opens the network, does one thing on it, and keeps it open until `end`. A daemon: nobody has to wait for it."""

    def __init__(
        self, open_network: Callable[[], Network], use: Callable[[Network], None], failed: Callable[[str], None]
    ) -> None:
        super().__init__(name="lan", daemon=True)
        self._open_network = open_network
        self._use = use
        self._failed = failed
        self.ended = threading.Event()

    def run(self) -> None:
        network: Network | None = None
        # Whatever the library or the network does: it is a hint that is missing, nothing else.
        try:
            network = self._open_network()
            self._use(network)
            self.ended.wait()
        except Exception as error:
            if not self.ended.is_set():
                self._failed(str(error) or type(error).__name__)
        try:
            if network is not None:
                network.close()
        except Exception as error:
            log.debug("while leaving the local network: %s", error)

    def end(self, patience: float) -> None:
        self.ended.set()
        self.join(patience)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True
