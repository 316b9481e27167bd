"""Which programs no agent has: asked of all, kept for a while, and never claimed of one that said nothing."""

from __future__ import annotations

from typing import Any

import pytest

from windlass.server import programs
from windlass.wire import messages as m


def _agents(core: Any, count: int) -> list[Any]:
    made = []
    for number in range(count):
        agent = core.agent()
        agent.hello(name=f"a{number}")
        made.append(agent)
    return made


def test_only_what_every_agent_lacks_is_missing(core: Any) -> None:
    client, (one, two) = core.client(), _agents(core, 2)
    client.send(m.GetPrograms(1, ["ffmpeg", "blender", "gcc", "bin/sh", "gcc"]))
    for agent, missing in ((one, ["ffmpeg", "blender"]), (two, ["ffmpeg", "gcc"])):
        asked = agent.expect(m.FindPrograms)
        assert asked.names == ["ffmpeg", "blender", "gcc"]
        agent.send(m.ProgramsFound(asked.ticket, missing))
    assert client.expect(m.Reply).data == {"missing": ["ffmpeg"], "agents": 2, "answered": 2}
    again = client.ask(m.GetPrograms, ["blender", "ffmpeg"])
    assert again == {"missing": ["ffmpeg"], "agents": 2, "answered": 2}
    assert one.silent()


def test_without_agents_nothing_is_missing(core: Any) -> None:
    assert core.client().ask(m.GetPrograms, ["ffmpeg"]) == {"missing": [], "agents": 0, "answered": 0}


def test_one_that_says_nothing_may_have_it(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "PATIENCE", 0.1)
    client, (one, two) = core.client(), _agents(core, 2)
    client.send(m.GetPrograms(1, ["ffmpeg"]))
    asked = one.expect(m.FindPrograms)
    one.send(m.ProgramsFound(asked.ticket, ["ffmpeg"]))
    two.send(m.ProgramsFound(asked.ticket, ["ffmpeg"]))  # not its question
    assert client.expect(m.Reply).data == {"missing": [], "agents": 2, "answered": 1}


def test_what_was_known_is_not_kept_for_ever(core: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(programs, "MOST", 5)
    monkeypatch.setattr(programs, "FRESH", 0.0)
    client, (agent,) = core.client(), _agents(core, 1)
    for number in range(12):
        client.send(m.GetPrograms(number + 1, [f"program{number}"]))
        asked = agent.expect(m.FindPrograms)
        agent.send(m.ProgramsFound(asked.ticket, asked.names))
    client.ask(m.GetAgents)
    agent.hello(name="a0")
    assert len(core.server.programs._known["a0"]) <= 7
