"""A small graph, its session and its canvas."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.inspector import Inspector
from windlass_gui.look.theme import apply_theme, load_theme

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


@pytest.fixture(scope="module")
def made_inspector(qapp: QApplication, qt_words: list[str]) -> Iterator[Inspector]:
    """One for a module: it is shown one session after the other, as in the app."""
    apply_theme(qapp, "dark")
    made = Inspector(load_theme("dark"))
    yield made
    made.deleteLater()


@pytest.fixture
def empty_inspector(made_inspector: Inspector) -> Iterator[Inspector]:
    """Without a session, as it is at the start."""
    made = made_inspector
    made.resize(340, 700)
    made.show()
    yield made
    made.show_session(None, None)
    made.filter.clear()
    made.hide()


@pytest.fixture
def inspector(view: GraphView, session: EditorSession, empty_inspector: Inspector) -> Inspector:
    empty_inspector.show_session(session, view.graph)
    return empty_inspector
