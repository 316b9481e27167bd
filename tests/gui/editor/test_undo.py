"""Any sequence of edits, undone fully, gives the identical document and text; canvas and text never disagree."""

from __future__ import annotations

import json
import os

import pytest
from hypothesis import HealthCheck, example, given, settings

from windlass_gui.editor.document.session import EditorSession

from .agreeing import agree
from .any_edits import OPERATIONS, do_edit
from .conftest import GRAPH

ODD_INDENTS = """\
windlass: 1
# not at the key's indentation
   # nor this one
name: odd
tasks:
      deep:
            command: x
            position:
            - 1
            - 2
            env:
                  A: "1"


      # above flat
      flat: {command: [echo, "a: b"], needs: [deep], position: [5, 5]}
      none:
      listed:
            needs:
            -   deep
            -   task: flat
                each: true
            command: >-
                folded
                # no comment
      # below the last

# at the end
"""
ANCHORS = """\
windlass: 1
name: shared
tasks:
  a: &t {command: x, position: [1, 2]}  # one
  b:
    <<: *t
    title: B
    needs: [a]
"""
QUOTED = """\
"windlass": 1
'name': "quoted"
"tasks":
  "a":
    "command": "echo \\x41"
    'needs': []
  'b':   # second
    command: 'it''s'
    needs: ["\\x61"]
    position: [0, 100]
  c:
    script: |
      echo

      # done
"""
MARKERS = "%YAML 1.2\n---\nwindlass: 1\nname: x\ntasks:\n  a:\n    command: x\n...\n"
DUPLICATES = "windlass: 1\ntasks:\n  a: {command: x}\n  a: {command: y}\n"
TEXTS = {
    "small": GRAPH,
    "odd indents": ODD_INDENTS,
    "anchors": ANCHORS,
    "quoted keys": QUOTED,
    "CRLF": GRAPH.replace("\n", "\r\n"),
    "no final newline": QUOTED.rstrip("\n"),
    "no final newline after a key": "windlass: 1\ntasks:\n  a:\n    command: x\n  b:",
    "duplicate keys": DUPLICATES,
    "markers": MARKERS,
    "byte order mark": "\ufeff" + GRAPH,
    "json": json.dumps({"windlass": 1, "tasks": {"a": {"command": "x"}, "b": {"command": "y", "needs": ["a"]}}}),
    "in braces": "windlass: 1\ntasks: {a: {command: x}, b: {command: y, needs: [a]}}\n",
    "blank lines kept": "windlass: 1\ntasks:\n  a:\n    script: |+\n      x\n\n\n  b:\n    command: >2+\n      y\n\n",
    "nothing": "windlass: 1\nname: untitled\ntasks: {}\n",
    "tasks in between": "tasks:\n  a:\n    command: x\n# the name\nname: n\nwindlass: 1\n",
}


@pytest.mark.parametrize("name", TEXTS)
@given(operations=OPERATIONS)
@settings(
    max_examples=int(os.environ.get("UNDO_EXAMPLES", "12")),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(operations=[("move", 1, 2), ("text", 3, 5), ("undo", 0, 0), ("undo", 0, 0)])
def test_undone_fully_the_text_is_identical_and_redone_too(
    qapp: object, name: str, operations: list[tuple[str, int, int]]
) -> None:
    session = EditorSession(TEXTS[name])
    document = session.document
    facts = document.facts
    for what, one, two in operations:
        do_edit(session, what, one, two)
        agree(document)
    while session.undo.canRedo():
        session.undo.redo()
    done = document.text
    while session.undo.canUndo():
        session.undo.undo()
        agree(document)
    assert document.text == TEXTS[name]
    assert document.unreadable or document.facts == facts
    while session.undo.canRedo():
        session.undo.redo()
        agree(document)
    assert document.text == done
