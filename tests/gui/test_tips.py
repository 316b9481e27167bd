"""Words of tasks and machines are shown in tool tips as they are: never as HTML."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import Qt as QtGuiTools
from PySide6.QtGui import QTextDocument

import windlass_gui
from windlass_gui.look.tips import plain_tip
from windlass_gui.mirror import Mirror
from windlass_gui.models.items import ItemsModel

SAID = 'expected <img src="file:///etc/passwd">\n  but <b>got</b> &lt;'


def _shown(tip: str) -> str:
    """As a tool tip shows it."""
    if not QtGuiTools.mightBeRichText(tip):
        return tip
    document = QTextDocument()
    document.setHtml(tip)
    assert "img" not in document.toHtml().replace("&lt;img", "")
    return document.toPlainText()


@pytest.mark.parametrize("text", [SAID, "<b>bold</b>", "&amp;", "plain", "a < b and c > d", ""])
def test_a_tip_looks_as_its_text_is_written(qapp: object, text: str) -> None:
    assert _shown(plain_tip(text)) == text


def test_what_needs_no_care_stays_as_it_is() -> None:
    assert plain_tip("a < b\nc") == "a < b\nc"


def test_a_tables_tip_shows_what_a_task_said_as_text(qapp: object, make: Any) -> None:
    mirror = Mirror()
    mirror.feed(make.snapshot("runs", runs=[make.run()]))
    attempt = make.attempt(state="exited", outcome="error", error=SAID)
    states = {0: bytes([5])}
    mirror.feed(make.snapshot("run:1", run=make.run(), tasks=[make.task(count=1)], states=states, attempts=[attempt]))
    run = mirror.run(1)
    assert run is not None
    model = ItemsModel()
    model.show(run, 0)
    assert _shown(model.data(model.index(0, 0), Qt.ItemDataRole.ToolTipRole)) == SAID


def test_boxes_show_what_others_say_as_text() -> None:
    """A box that guesses what is HTML would show the name of a machine, or a reason, as another one."""
    made = 0
    for path in sorted(Path(windlass_gui.__file__).parent.rglob("*.py")):
        for part in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(part, ast.FunctionDef):
                calls = {_name(call) for call in ast.walk(part) if isinstance(call, ast.Call)}
                if "QMessageBox" in calls:
                    made += 1
                    assert "setTextFormat" in calls, f"{path.name}, {part.name}: which format has its text?"
    assert made > 5


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
