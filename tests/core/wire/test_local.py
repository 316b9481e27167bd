"""The shorter way on one machine: who dials it, who does not, and what happens where it is taken."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterator

import pytest

from windlass.server.links import Links
from windlass.wire import keys, local

TCP = "tcp://127.0.0.1:*"


PAIR = keys.new_pair()
KEY = PAIR.public


@pytest.fixture
def links() -> Iterator[Links]:
    made = Links(PAIR)
    yield made
    made.close()


def test_who_dials_a_loopback_address_gets_the_local_socket(links: Links) -> None:
    endpoint = links.bind(TCP)
    port = endpoint.rpartition(":")[2]
    twin = local.beside(endpoint, KEY)
    assert twin is not None
    assert twin.startswith("ipc://@windlass-")
    for host in ("127.0.0.1", "127.0.1.1", "localhost", "[::1]"):
        assert local.nearest(f"tcp://{host}:{port}", KEY) == twin


def test_others_dial_what_they_were_told(links: Links) -> None:
    endpoint = links.bind(TCP)
    port = int(endpoint.rpartition(":")[2])
    for other in (f"tcp://192.0.2.1:{port}", f"tcp://127.0.0.1:{port + 1}", "ipc:///tmp/x", "tcp://127.0.0.1:*", "x"):
        assert local.nearest(other, KEY) == other
    assert local.nearest(endpoint, keys.new_pair().public) == endpoint, "another core was there before"
    assert local.beside("ipc:///tmp/x", KEY) is None


def test_the_socket_goes_with_the_core() -> None:
    made = Links(PAIR)
    endpoint = made.bind(TCP)
    assert local.nearest(endpoint, KEY) != endpoint
    made.close()
    assert local.nearest(endpoint, KEY) == endpoint


def test_another_users_socket_is_not_dialled(links: Links, monkeypatch: pytest.MonkeyPatch) -> None:
    endpoint = links.bind(TCP)
    monkeypatch.setattr(os, "getuid", lambda: 4711)
    assert local.nearest(endpoint, KEY) == endpoint


def test_a_core_whose_name_is_taken_listens_on_tcp(links: Links, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with socket.socket(socket.AF_UNIX) as squatter, caplog.at_level(logging.WARNING):
        squatter.bind("\0" + local.name(KEY, port))
        assert links.bind(f"tcp://127.0.0.1:{port}") == f"tcp://127.0.0.1:{port}"
        assert "will use TCP" in caplog.text
        assert local.nearest(f"tcp://127.0.0.1:{port}", KEY).startswith("tcp://"), "nobody listens there"
