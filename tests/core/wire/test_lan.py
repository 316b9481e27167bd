"""What is said on the local network, and how little of what is heard there is believed."""

from __future__ import annotations

import importlib.util
import logging
import sys
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.ether import Ether
from tests.patience import PATIENCE

from windlass.wire import keys, lan

KEY = keys.fingerprint("a" * 40)
BARN = lan.Peer("barn", ("192.168.1.7", "fd00::7"), 7077, KEY, "0.1.0")

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("zeroconf") is None, reason="needs the library: pip install '.[lan]'"
)


def heard(**change: object) -> lan.Record:
    good: dict[str, object] = {
        "kind": lan.CORE,
        "instance": "x",
        "addresses": ("192.168.1.7",),
        "port": 7077,
        "words": {"name": "barn", "fingerprint": KEY, "version": "0.1.0"},
    }
    return lan.Record(**(good | change))  # type: ignore[arg-type]


def test_what_is_said_is_what_is_heard() -> None:
    assert lan.judge(lan.record(lan.CORE, BARN)) == BARN


def test_what_cannot_be_shown_is_dropped_or_cut() -> None:
    words = {"name": "barn", "fingerprint": KEY}
    assert lan.judge(heard(words={**words, "name": "\x1b[31m\n"})) == lan.Peer("[31m", ("192.168.1.7",), 7077, KEY)
    assert lan.judge(heard(words={**words, "name": "\n \u202e"})) is None
    assert lan.judge(heard(words={**words, "fingerprint": "trust me"})) is None
    assert lan.judge(heard(words={**words, "fingerprint": KEY + "\n"})) is None
    assert lan.judge(heard(addresses=("barn.example", "1.2.3"))) is None
    assert lan.judge(heard(port=70000)) is None
    long = lan.judge(heard(words={**words, "name": "b" * 500, "version": "<b>"}))
    assert long is not None
    assert (len(long.name), long.version) == (lan.LONGEST, "")
    many = lan.judge(heard(addresses=tuple(f"10.0.0.{n}" for n in range(200))))
    assert many is not None
    assert len(many.addresses) == lan.MOST_ADDRESSES


@given(st.text(max_size=300))
def test_any_name_fits_into_a_label_of_dns(name: str) -> None:
    assert len(lan.record(lan.CORE, lan.Peer(name, (), 1, KEY)).instance.encode()) <= 63


def test_a_core_announces_itself_where_it_listens_until_it_ends() -> None:
    ether = Ether()
    told = lan.announce_core(["tcp://192.168.1.7:7077", "tcp://[fd00::7]:7077"], KEY, ether.open)
    assert told is not None
    ether.until(lambda: bool(ether.records))
    [record] = ether.records.values()
    known = lan.judge(record)
    assert known is not None
    assert (known.addresses, known.port, known.fingerprint) == (BARN.addresses, 7077, KEY)
    assert ether.opened == [BARN.addresses]
    told.close(PATIENCE)
    assert not ether.records


def test_a_core_is_announced_only_where_it_can_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    ether = Ether()
    assert lan.announce_core(["tcp://barn.example:7077"], KEY, ether.open) is None
    monkeypatch.setattr(lan, "available", lambda: False)
    assert lan.announce_core(["tcp://192.168.1.7:7077"], KEY, ether.open) is None
    assert not ether.opened


def test_a_network_that_fails_is_told_once_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        told = lan.announce_core(["tcp://192.168.1.7:7077"], KEY, Ether(fails="no such device").open)
        assert told is not None
        told._thread.join(PATIENCE)
    assert told.problem == "no such device"
    assert [record.getMessage() for record in caplog.records] == [
        "the local network is not told that this is here: no such device"
    ]
    told.close()


def test_who_comes_changes_and_goes_is_told_once_each() -> None:
    ether, bell = Ether(), threading.Semaphore(0)
    ether.say(heard(kind=lan.WAITING_AGENT))
    watch = lan.Watch(lan.CORE, lambda: bell.release(), ether.open)
    ether.until(lambda: bool(ether.browsers))
    assert watch.peers() == []
    ether.say(lan.record(lan.CORE, BARN))
    ether.say(lan.record(lan.CORE, BARN))
    assert watch.peers() == [BARN]
    ether.say(heard(instance="y", words={"name": "attic", "fingerprint": KEY}))
    assert [peer.name for peer in watch.peers()] == ["attic", "barn"]
    ether.say(heard(instance="y", words={}))
    ether.silence("y")
    assert watch.peers() == [BARN]
    assert [bell.acquire(blocking=False) for _ in range(4)] == [True, True, True, False]
    watch.close(PATIENCE)
    ether.say(heard(instance="z"))
    assert not bell.acquire(blocking=False)


def test_a_flood_is_bounded() -> None:
    ether = Ether()
    watch = lan.Watch(lan.CORE, open_network=ether.open)
    ether.until(lambda: bool(ether.browsers))
    for number in range(3 * lan.MOST):
        ether.say(heard(instance=str(number), port=number))
    assert len(watch.peers()) == lan.MOST
    watch.close()


def test_the_library_is_not_loaded_by_knowing_of_it() -> None:
    import subprocess

    code = "import sys, windlass.wire.lan as lan; assert lan.available(); sys.exit('zeroconf' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.slow
def test_over_a_real_network_on_loopback() -> None:
    if not _multicast_works():
        pytest.skip("multicast does not come back on this machine's loopback")
    from windlass.wire.mdns import Multicast

    turn = threading.Semaphore(0)
    watch = lan.Watch(lan.CORE, turn.release, lambda _: Multicast(("127.0.0.1",)))
    here = lan.Peer("barn, the red one", ("127.0.0.1",), 7077, keys.fingerprint(keys.new_pair().public), "0.1.0")
    told = lan.Presence(lan.CORE, here, Multicast)
    try:
        while here not in watch.peers():
            assert turn.acquire(timeout=PATIENCE), (told.problem, watch.problem)
        told.close(PATIENCE)
        while here in watch.peers():
            assert turn.acquire(timeout=PATIENCE), "it went, and that was not heard"
    finally:
        told.close(PATIENCE)
        watch.close(PATIENCE)


def _multicast_works() -> bool:
    """Whether a datagram to the group of multicast DNS reaches a listener on this machine."""
    import socket
    import struct

    group, port = "224.0.0.251", 0
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as ear,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as mouth,
    ):
        try:
            ear.bind(("", port))
            member = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton("127.0.0.1"))
            ear.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
            ear.settimeout(2)
            mouth.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
            mouth.sendto(b"heard?", (group, ear.getsockname()[1]))
            return ear.recv(16) == b"heard?"
        except OSError:
            return False
