"""The document and its undo: whatever is done and undone, the text is what it was."""

from __future__ import annotations

from typing import Any

import pytest

from windlass_gui.editor.document.document import Change
from windlass_gui.editor.document.facts import needs_of, node_facts
from windlass_gui.editor.document.session import EditorSession

from .conftest import GRAPH


def test_listeners_hear_which_tasks_changed(session: EditorSession) -> None:
    heard: list[Change] = []
    session.document.listen(heard.append)
    session.set_field("work", "title", "Work")
    session.rename("split", "cut")
    assert heard[0].changed == {"work"}
    assert (heard[1].added, heard[1].removed, heard[1].changed) == ({"cut"}, {"split"}, {"work"})


def test_comments_and_quotes_survive_an_edit(session: EditorSession) -> None:
    session.set_field("join", "title", "Join")
    for kept in ("# the name", '"echo split"   # quoted on purpose', "# The last one.", "      echo two\n"):
        assert kept in session.document.text


def test_refusals_say_why(session: EditorSession) -> None:
    refusal = session.document.refusal
    assert refusal("split", "split") == "A task cannot need itself"
    assert "already" in refusal("split", "work")
    assert "split → work → join → split" in refusal("join", "split")
    assert refusal("split", "join") == ""


def test_tasks_are_removed_in_whatever_form_they_come(session: EditorSession) -> None:
    session.remove(iter(["work", "join"]), iter([("split", "work")]))
    assert list(session.document.facts) == ["split"]
    assert session.undo.count() == 1
    session.undo.undo()
    assert session.document.text == GRAPH


def test_a_refused_edit_leaves_no_step(session: EditorSession) -> None:
    said: list[str] = []
    session.refused.connect(said.append)
    assert not session.link("join", "split")
    assert not session.rename("work", "join")
    assert not session.rename("work", "not an id")
    assert session.paste("[1, 2") == []
    assert session.undo.count() == 0
    assert len(said) == 4
    assert session.document.text == GRAPH


def test_small_moves_in_series_are_one_step(session: EditorSession) -> None:
    for step in range(1, 5):
        session.move({"work": (300.0 + 10 * step, 0.0)}, series=True)
    assert session.undo.count() == 1
    session.undo.undo()
    assert session.document.text == GRAPH


def test_pasted_tasks_get_free_ids_and_keep_their_links(session: EditorSession) -> None:
    fresh = session.paste(session.copied(["split", "work"]))
    facts = session.document.facts
    assert fresh == ["split-2", "work-2"]
    assert facts["work-2"].needs == (("split-2", False),)
    assert facts["work-2"].position == (340.0, 40.0)
    assert session.paste(session.copied(["join"])) == ["join-2"]
    assert session.document.facts["join-2"].needs == ()


def test_a_link_becomes_item_by_item_and_keeps_the_inputs(session: EditorSession) -> None:
    session.set_field("work", "inputs", ["split.outputs"])
    session.set_each("split", "work", True)
    assert session.document.facts["work"].needs == (("split", True),)
    assert session.document.task("work")["inputs"] == ["split.outputs"]


def test_text_that_cannot_be_read_is_held_and_mended(session: EditorSession) -> None:
    session.apply_text("tasks: [unclosed")
    session.check_now()
    assert session.document.unreadable
    assert set(session.document.facts) == {"split", "work", "join"}, "the last good state stays"
    assert session.document.problems
    assert session.add_task("command", (0, 0))
    assert session.undo.count() == 1, "nothing is edited in a text that cannot be read"
    session.undo.undo()
    assert session.document.text == GRAPH
    assert set(session.document.facts) == {"split", "work", "join"}


@pytest.mark.parametrize(
    ("raw", "needs"),
    [
        (None, ()),
        ("a", (("a", False),)),
        (["a", "a", {"task": "b", "each": True}, 3, {"each": 1}], (("a", False), ("b", True))),
        ({"task": "a", "each": True}, (("a", True),)),
    ],
)
def test_needs_in_any_spelling(raw: Any, needs: object) -> None:
    assert needs_of(raw) == needs


def test_facts_never_raise() -> None:
    for raw in (None, 3, "x", [], {"position": ["a", 2]}, {"title": {"a": 1}, "command": {"x": 1}, "needs": 3}):
        assert node_facts("t", raw).id == "t"
