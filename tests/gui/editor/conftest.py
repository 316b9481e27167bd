"""A small graph, its session and its canvas."""

from __future__ import annotations

import pytest
from pytestqt.qtbot import QtBot

from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.inspector import Inspector
from windlass_gui.look.theme import load_theme

GRAPH = """\
# A graph with everything that an edit could spoil.
windlass: 1
name: small   # the name
params: {size: 4}
tasks:
  split:
    command: "echo split"   # quoted on purpose
    outputs: [a.txt]
    position: [0, 0]

  work:
    needs: [split]
    foreach: {range: 3}
    command: [echo, "${{ item }}"]
    position: [300, 0]
  # The last one.
  join:
    needs: [work]
    script: |
      echo one
      echo two
    position: [600, 0]
"""


@pytest.fixture
def session(qapp: object) -> EditorSession:
    return EditorSession(GRAPH)


@pytest.fixture
def view(session: EditorSession, qtbot: QtBot) -> GraphView:
    view = GraphView(session, load_theme("dark"))
    qtbot.addWidget(view)
    view.resize(1000, 600)
    view.show()
    view.fit()
    return view


@pytest.fixture
def inspector(view: GraphView, session: EditorSession, qtbot: QtBot) -> Inspector:
    made = Inspector(load_theme("dark"))
    qtbot.addWidget(made)
    made.resize(340, 700)
    made.show()
    made.show_session(session, view.graph)
    return made
