"""Whose a run is, and who may say so."""

from __future__ import annotations

from typing import Any

from windlass.server import configfile, settings
from windlass.wire import keys, tokens
from windlass.wire import messages as m


def enrolled(core: Any, name: str, role: str) -> Any:
    """A client on another machine that came in with a token."""
    token = core.client().ask(m.MakeToken, role, 60.0)["token"]
    peer = core.peer(keys.new_pair())
    peer.send(m.Enrol(tokens.parse_token(token).secret, name))
    peer.expect(m.Enrolled)
    peer.send(m.ClientHello("program"))
    peer.expect(m.ClientWelcome)
    return peer


def owner_of(client: Any, run: int) -> str:
    [row] = [row for row in client.ask(m.GetRuns)["runs"] if row["id"] == run]
    return str(row["owner"])


def test_an_admin_may_submit_for_anybody_and_any_project(core: Any, kit: Any) -> None:
    client = core.client()
    run = kit.submit(client, kit.task("t"), owner="ann", project="renders")
    assert owner_of(client, run) == "ann/renders"
    assert [row["owner"] for row in client.ask(m.GetInfo)["owners"]] == ["renders"]


def test_an_operator_is_who_it_was_let_in_as(core: Any, kit: Any) -> None:
    bob = enrolled(core, "bob/boss", "operator")
    run = kit.submit(bob, kit.task("t"), owner="ann")
    assert owner_of(bob, run) == "bob-boss"


def test_an_operator_names_only_projects_that_have_a_weight(start_core: Any, kit: Any) -> None:
    chosen = configfile.parse("[fair-share.weights]\nrenders = 2\n", settings.DECLARED)
    core = start_core(settings=chosen)
    bob = enrolled(core, "bob", "operator")
    run = kit.submit(bob, kit.task("t"), project="renders")
    assert owner_of(bob, run) == "bob/renders"
    answer = kit.submit(bob, kit.task("t"), project="mine", token="t2")
    assert answer.code == "forbidden"
    assert "'mine'" in answer.reason
    assert "core.toml" in answer.reason


def test_a_project_is_one_plain_name(core: Any, kit: Any) -> None:
    client = core.client()
    for project in ("a/b", "x" * 101):
        assert kit.submit(client, kit.task("t"), project=project).code == "forbidden"


def test_two_people_of_one_project_share_its_part_also_after_a_restart(start_core: Any, kit: Any) -> None:
    core = start_core()
    client = core.client()
    for number, (owner, project) in enumerate((("ann", "p"), ("bob", "p"), ("cid", ""))):
        kit.submit(client, kit.task("t"), owner=owner, project=project, token=f"t{number}")
    assert sorted(row["owner"] for row in client.ask(m.GetInfo)["owners"]) == ["cid", "p"]
    core.stop()
    client = start_core().client()
    assert sorted(row["owner"] for row in client.ask(m.GetInfo)["owners"]) == ["cid", "p"]
