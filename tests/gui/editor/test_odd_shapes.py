"""Documents that are YAML but no graph: every edit is made or refused with a reason, and undone to the same text."""

from __future__ import annotations

import pytest

from windlass_gui.editor.document.session import EditorSession

from .any_edits import EDITS, do_edit

HEAD = "windlass: 1\n"
ODD = (
    "tasks: [1]",
    "tasks: 5",
    "tasks:",
    "tasks: {a: 5, b: {command: x}}",
    "tasks: {a: [x], b: {needs: 7}}",
    "tasks: {a: {command: x, needs: {b: 1}, position: here}, b: {foreach: 3, inputs: 4, env: [1]}}",
    "tasks: {1: {command: x}, b: {needs: [[1], {task: 7}, {tusk: 1}, null], apart: 3, resources: [cpus]}}",
    "tasks:\n  a: 5\n  b:\n    command: x\n    needs: {a: true}\n",
    "tasks: {a: {command: x}}\ncanvas: [1, 2]",
    "tasks: {a: {command: x}}\ncanvas: {frames: 5, notes: {a: 1}}",
    "tasks: {a: {command: x}}\ncanvas: {frames: {f: 5, g: {tasks: 3, within: [1]}}, notes: [4, {position: a}]}",
    "tasks: {a: {command: x}}\nparams: [1]\nlimits: 3\ndefaults: 7\nname: [1]",
)
PIECE = "tasks: {c: {command: [x], needs: [d]}, d: {command: [x]}}\ncanvas: {frames: {both: {tasks: [c, d]}}}"


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.usefixtures("qapp")
def test_an_edit_of_what_is_no_graph_is_made_or_refused(odd: str) -> None:
    text = HEAD + odd + "\n"
    session = EditorSession(text)
    refused: list[str] = []
    session.refused.connect(refused.append)

    def undone() -> None:
        while session.undo.canUndo():
            session.undo.undo()
        assert session.document.text == text

    for what in dict.fromkeys(EDITS):
        for one in range(4):
            do_edit(session, what, one, one + 1)
            undone()
    edits = session.canvas
    for name in (edits.frame(list(session.document.facts)), *session.document.frames):
        edits.fold([name], True)
        edits.color_frame(name, "blue")
        edits.put_into(list(session.document.facts), name)
        edits.unframe(name)
    edits.add_note((1, 2), "note")
    edits.change_note(0, "change", text="other")
    edits.remove_note(0)
    session.paste(PIECE, (3.0, 4.0))
    session.check_now()
    undone()
    assert all(refused)
