"""The local network by multicast DNS: the one place that knows the library for it."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Callable, Iterator

from zeroconf import Error, ServiceBrowser, ServiceInfo, ServiceListener, Zeroconf
from zeroconf import InterfaceChoice as Choice

from windlass.wire.lan import Record

TTL = 120
"""Seconds after which others forget who did not say that it goes: a killed process, a pulled cable."""
ASK = 1500
"""Milliseconds to wait for the details of one that was heard of."""

# It tells every datagram that it could not send or read, on networks that come and go.
logging.getLogger("zeroconf").setLevel(logging.CRITICAL)


class Multicast:
    """A `lan.Network`. Opening it takes some milliseconds, publishing about two seconds, closing less than one."""

    def __init__(self, addresses: tuple[str, ...] = ()) -> None:
        """Through the interfaces with these addresses; none of IPv4 among them: through all."""
        version4 = [address for address in addresses if ":" not in address]
        self._dns = Zeroconf(interfaces=version4 or Choice.All)
        self._published: list[ServiceInfo] = []

    def publish(self, record: Record) -> None:
        info = ServiceInfo(
            record.kind,
            f"{record.instance}.{record.kind}",
            port=record.port,
            properties=dict(record.words),
            parsed_addresses=list(record.addresses),
            # A name of its own: whose name the machine's is on this network, somebody else has settled.
            server=f"windlass-{record.instance[-16:]}.local.",
            host_ttl=TTL,
            other_ttl=TTL,
        )
        with _as_os_error():
            self._dns.register_service(info, allow_name_change=True)
        self._published.append(info)

    def browse(self, kind: str, here: Callable[[Record], None], gone: Callable[[str], None]) -> None:
        with _as_os_error():
            ServiceBrowser(self._dns, kind, listener=_Listener(kind, here, gone))

    def close(self) -> None:
        try:
            for info in self._published:
                with _as_os_error():
                    self._dns.unregister_service(info)
        finally:
            self._dns.close()


class _Listener(ServiceListener):
    def __init__(self, kind: str, here: Callable[[Record], None], gone: Callable[[str], None]) -> None:
        self._kind = kind
        self._here = here
        self._gone = gone

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        with contextlib.suppress(Error, OSError):
            info = zc.get_service_info(type_, name, ASK)
            if info is not None:
                words = {key: value or "" for key, value in info.decoded_properties.items()}
                self._here(Record(self._kind, name, tuple(info.parsed_addresses()), info.port or 0, words))

    update_service = add_service

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        self._gone(name)


@contextlib.contextmanager
def _as_os_error() -> Iterator[None]:
    try:
        yield
    except Error as error:
        raise OSError(str(error) or type(error).__name__) from error
