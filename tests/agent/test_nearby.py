"""Finding cores on the local network, and waiting there to be invited."""

from __future__ import annotations

import json
import os
import threading
from pathlib import Path

import pytest
from tests.ether import Ether
from tests.patience import PATIENCE

from windlass.wire import keys, lan
from windlass_agent import __main__ as program
from windlass_agent import nearby
from windlass_agent.enrol import Joined

KEY = keys.fingerprint("a" * 40)


@pytest.fixture(autouse=True)
def library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lan, "available", lambda: True)


def test_cores_are_listed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ether = Ether()
    ether.say(lan.record(lan.CORE, lan.Peer("desk", ("10.0.0.2", "fd00::2"), 7077, KEY, "0.1.0")))
    ether.say(lan.record(lan.WAITING_AGENT, lan.Peer("barn", ("10.0.0.3",), 0, KEY, "0.1.0")))
    monkeypatch.setattr(nearby.time, "sleep", lambda _: ether.until(lambda: bool(ether.browsers)))
    assert nearby.discover(3, False, ether.open) == 0
    head, line, _, note = capsys.readouterr().out.splitlines()
    assert head.split() == ["CORE", "ADDRESS", "FINGERPRINT", "VERSION"]
    assert line.split() == ["desk", "tcp://10.0.0.2:7077", *KEY.split(), "0.1.0"]
    assert "proves nothing" in note
    ether.browsers.clear()
    assert nearby.discover(3, True, ether.open) == 0
    assert json.loads(capsys.readouterr().out) == {
        "cores": [
            {
                "name": "desk",
                "endpoints": ["tcp://10.0.0.2:7077", "tcp://[fd00::2]:7077"],
                "fingerprint": KEY,
                "version": "0.1.0",
            }
        ]
    }


def test_no_core_has_a_hint_and_a_status(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    ether = Ether()
    monkeypatch.setattr(nearby.time, "sleep", lambda _: ether.until(lambda: bool(ether.browsers)))
    assert nearby.discover(3, True, ether.open) == 1
    out, err = capsys.readouterr()
    assert json.loads(out) == {"cores": []}
    assert "no core was heard of within 3 s" in err
    monkeypatch.setattr(lan, "available", lambda: False)
    assert nearby.discover(3, False, ether.open) == 1
    assert "pip install 'windlass[lan]'" in capsys.readouterr().err


def test_a_machine_waits_until_it_has_joined(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ether, ends = Ether(), []
    read, write = os.pipe()
    waiting = threading.Thread(
        target=lambda: ends.append(nearby.wait_to_be_invited("barn", KEY, tmp_path, read, ether.open))
    )
    waiting.start()
    try:
        ether.until(lambda: bool(ether.records))
        [record] = ether.records.values()
        assert (record.kind, record.words["name"], record.words["fingerprint"]) == (lan.WAITING_AGENT, "barn", KEY)
        Joined(["tcp://10.0.0.2:7077"], "k" * 40).write(tmp_path)
        ether.until(lambda: not ether.records)
        waiting.join(PATIENCE)
    finally:
        os.write(write, b"x")
        waiting.join(PATIENCE)
    assert ends == [0]
    out = capsys.readouterr().out
    assert "waiting to be invited: run `windlass agent --join TOKEN` here" in out
    assert KEY in out
    assert "has joined" in out
    assert nearby.wait_to_be_invited("barn", KEY, tmp_path, read, ether.open) == 1
    assert "has joined a core already" in capsys.readouterr().err
    os.close(read)
    os.close(write)


def test_a_signal_ends_the_waiting_and_a_broken_network_does(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    read, write = os.pipe()
    os.write(write, b"x")
    ether = Ether()
    assert nearby.wait_to_be_invited("barn", KEY, tmp_path, read, ether.open) == 0
    assert nearby.wait_to_be_invited("barn", KEY, tmp_path, read, Ether(fails="no such device").open) == 1
    assert "no such device" in capsys.readouterr().err
    os.close(read)
    os.close(write)


@pytest.mark.parametrize(
    "argv", [["--announce", "--discover"], ["--join", "wl1.x", "--announce"], ["--json"], ["--discover", "--wait", "x"]]
)
def test_what_does_not_go_together_is_said(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        program.arguments(argv)
    assert caught.value.code == 2
    assert "--" in capsys.readouterr().err
