"""Keys, homes, tokens and roles."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.wire import homes, keys, roles, tokens
from windlass.wire import messages as m


def test_a_key_is_made_once_and_kept_private(tmp_path: Path) -> None:
    path = tmp_path / "config" / keys.CORE_KEY
    pair = keys.load_or_create(path)
    assert keys.load_or_create(path) == pair
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert keys.is_public_key(pair.public)
    assert pair.secret not in repr(pair)
    assert [file.name for file in path.parent.iterdir()] == [keys.CORE_KEY]


@pytest.mark.parametrize("text", ["", "{", "[]", '{"public": "x"}', '{"public": 1, "secret": 2}', "\x00"])
def test_a_damaged_key_file_is_told_by_name(tmp_path: Path, text: str) -> None:
    path = tmp_path / "some.key"
    path.write_text(text)
    with pytest.raises(keys.KeyFileError, match=r"some\.key"):
        keys.load_or_create(path)


def test_a_key_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "some.key"
    keys.load_or_create(path)
    path.chmod(0o644)
    with pytest.raises(keys.KeyFileError, match="chmod 600"):
        keys.load(path)


def test_keys_that_do_not_belong_together(tmp_path: Path) -> None:
    path = tmp_path / "some.key"
    one, two = keys.new_pair(), keys.new_pair()
    path.write_text(f'{{"public": "{one.public.replace(chr(92), "")}", "secret": "{two.secret}"}}')
    path.chmod(0o600)
    with pytest.raises(keys.KeyFileError, match="damaged"):
        keys.load(path)


def test_core_json_is_found_and_removed_by_its_owner_only(tmp_path: Path) -> None:
    assert keys.CoreFile.read(tmp_path) is None
    mine = keys.CoreFile("tcp://127.0.0.1:1", "k" * 40, os.getpid(), "one")
    mine.write(tmp_path)
    assert keys.CoreFile.read(tmp_path) == mine
    other = keys.CoreFile("tcp://127.0.0.1:2", "k" * 40, os.getpid(), "two")
    other.write(tmp_path)
    mine.remove(tmp_path)
    assert keys.CoreFile.read(tmp_path) == other
    other.remove(tmp_path)
    assert keys.CoreFile.read(tmp_path) is None
    keys.CoreFile.path(tmp_path).write_bytes(b"\xff{")
    assert keys.CoreFile.read(tmp_path) is None


def test_homes_follow_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_HOME", str(tmp_path))
    assert homes.config_dir() == tmp_path / "config"
    assert homes.core_dir() == tmp_path / "data" / "core"
    assert homes.agent_dir() == tmp_path / "data" / "agent"
    assert stat.S_IMODE(homes.core_dir().stat().st_mode) == 0o700


@given(st.lists(st.text(min_size=1, max_size=30), min_size=1, max_size=3), st.text(min_size=1, max_size=40))
def test_a_token_comes_back(endpoints: list[str], secret: str) -> None:
    token = tokens.JoinToken(endpoints, "k" * 40, secret, "agent")
    text = tokens.format_token(token)
    assert tokens.parse_token(f"  {text[:10]}\n {text[10:]} ") == token


@given(st.text(max_size=60))
def test_what_is_no_token_is_told(text: str) -> None:
    for candidate in (text, tokens.PREFIX + text):
        try:
            tokens.parse_token(candidate)
        except tokens.TokenError:
            pass


def test_every_message_a_peer_may_send_has_a_role() -> None:
    from_core = {
        m.Enrolled, m.Refused, m.WhoAreYou, m.Welcome, m.Alive, m.Assign, m.AssignRange, m.Stop, m.Ack, m.Forget,
        m.Shutdown,
        m.BlobDone, m.ClientWelcome, m.Reply, m.Failure, m.Snapshot, m.Delta, m.LogWant,
        m.FindPrograms, m.AssignTasks,
    }  # fmt: skip
    named = set().union(*roles.ALLOWED.values()) | {m.Enrol}
    assert named == set(m.MESSAGES) - from_core
    assert roles.ALLOWED[roles.VIEWER] < roles.ALLOWED[roles.OPERATOR] < roles.ALLOWED[roles.ADMIN]
    assert not roles.allowed(None, m.ClientHello)
    assert roles.allowed(None, m.Enrol)
    assert not roles.allowed("nobody", m.ClientHello)
    assert not roles.allowed(roles.AGENT, m.Submit)
    assert not roles.allowed(roles.VIEWER, m.Control)
    assert not roles.allowed(roles.VIEWER, m.Amend)
    assert roles.allowed(roles.VIEWER, m.Explain)
    assert not roles.allowed(roles.AGENT, m.Explain)
    assert roles.allowed(roles.OPERATOR, m.Amend)
