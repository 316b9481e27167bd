"""The box for source text: keys, colours, marks, search, and small changes that leave the cursor where it is."""

from __future__ import annotations

import re

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot
from tests.depth import examples

from windlass_gui.editor.text.code import CodeEdit, FindBar, Mark
from windlass_gui.editor.text.code.patch import hunks, plain_text, put_text
from windlass_gui.editor.text.outline import Outline
from windlass_gui.look.theme import contrast, load_theme

from .conftest import GRAPH


def _edit(qtbot: QtBot, language: str, text: str = "", theme: str = "dark") -> CodeEdit:
    made = CodeEdit(language, load_theme(theme))
    qtbot.addWidget(made)
    made.resize(600, 400)
    made.setPlainText(text)
    made.show()
    made.setFocus()
    return made


def test_enter_and_tab_indent_as_the_language_does(qtbot: QtBot) -> None:
    edit = _edit(qtbot, "python")
    QTest.keyClicks(edit, "def f():")
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClicks(edit, "return 1")
    assert edit.toPlainText() == "def f():\n    return 1"
    QTest.keyClick(edit, Qt.Key.Key_Return)
    QTest.keyClick(edit, Qt.Key.Key_Backspace)
    QTest.keyClicks(edit, "x")
    assert edit.toPlainText() == "def f():\n    return 1\nx"
    edit.selectAll()
    QTest.keyClick(edit, Qt.Key.Key_Tab)
    assert edit.toPlainText() == "    def f():\n        return 1\n    x"
    QTest.keyClick(edit, Qt.Key.Key_Backtab)
    assert edit.toPlainText() == "def f():\n    return 1\nx"
    QTest.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    assert edit.toPlainText() == "# def f():\n#     return 1\n# x"
    QTest.keyClick(edit, Qt.Key.Key_Slash, Qt.KeyboardModifier.ControlModifier)
    assert edit.toPlainText() == "def f():\n    return 1\nx"


def _colors(edit: CodeEdit, line: int) -> dict[str, str]:
    """Words of a line -> their colour."""
    block = edit.document().findBlockByNumber(line)
    text, found = block.text(), {}
    for part in block.layout().formats():
        for word in re.findall(r"\S+", text[part.start : part.start + part.length]):
            found[word] = part.format.foreground().color().name()
    return found


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_colours_can_be_read(qtbot: QtBot, theme: str) -> None:
    tokens = load_theme(theme)
    for language, text in (
        ("yaml", GRAPH),
        ("python", '@x\ndef f(a="b"):\n    """Long\n    text."""\n    return 12  # why\n'),
        ("shell", 'for f in *.txt; do\n  echo "$f" ${{ item }} # why\ndone\necho "over\nlines"\n'),
    ):
        edit = _edit(qtbot, language, text, theme)
        seen = {color for line in range(edit.blockCount()) for color in _colors(edit, line).values()}
        assert len(seen) >= 4
        for color in seen:
            assert contrast(color, tokens.surface) >= 4.5, (language, color)
            assert contrast(color, QColor(tokens.surface2).name()) >= 4.5, "on the line of the cursor"


def test_strings_over_lines_keep_their_colour(qtbot: QtBot) -> None:
    edit = _edit(qtbot, "python", 'x = """one\ntwo\nthree"""\nreturn\n')
    colors = [_colors(edit, line) for line in range(4)]
    assert colors[1]["two"] == colors[0]['"""one'] == colors[2]['three"""'] != colors[3]["return"]


def test_a_long_text_is_coloured_where_it_is_seen(qtbot: QtBot) -> None:
    edit = _edit(qtbot, "yaml", "key: 1\n" * 5000)
    assert _colors(edit, 3)
    assert not _colors(edit, 4000)
    edit.go_to(4001)
    qtbot.waitUntil(lambda: bool(_colors(edit, 4000)))


def test_marks_stand_at_their_lines(qtbot: QtBot) -> None:
    edit = _edit(qtbot, "yaml", GRAPH)
    edit.set_marks([Mark(3, 1, "warning", "doubtful"), Mark(3, 1, "error", "wrong"), Mark(99, 1, "error", "outside")])
    assert [(mark.line, mark.severity) for mark in edit.marks] == [(3, "error"), (99, "error")]
    assert any(
        shown.format.underlineStyle() != shown.format.UnderlineStyle.NoUnderline for shown in edit.extraSelections()
    )
    assert not edit.grab().isNull()


def test_find_goes_round(qtbot: QtBot) -> None:
    edit = _edit(qtbot, "text", "one two\ntwo one\n")
    bar = FindBar(edit, load_theme("dark"))
    qtbot.addWidget(bar)
    QTest.keyClick(edit, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert bar.isVisible()
    QTest.keyClicks(bar.box, "two")
    places = [edit.textCursor().selectionStart()]
    for modifier in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.ShiftModifier):
        QTest.keyClick(bar.box, Qt.Key.Key_Return, modifier)
        places.append(edit.textCursor().selectionStart())
    assert places == [4, 8, 4, 8]
    assert "2" in bar._count.text()
    QTest.keyClick(bar.box, Qt.Key.Key_Escape)
    assert not bar.isVisible()


LINES = st.lists(st.sampled_from(["a", "b", "", "äö", "x: 🙂 1", "x: 🙂 2", "    c"]), max_size=12)


@given(LINES, LINES)
@settings(max_examples=examples(200), deadline=None)
def test_hunks_make_the_new_lines(old: list[str], new: list[str]) -> None:
    made = list(old)
    for hunk in hunks(old, new):
        made[hunk.first : hunk.last] = hunk.lines
    assert made == new


@given(LINES, LINES)
@settings(max_examples=examples(80), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_patched_box_holds_the_new_text(qapp: object, old: list[str], new: list[str]) -> None:
    edit = CodeEdit("text", load_theme("dark"))
    edit.setPlainText("\n".join(old))
    put_text(edit, "\n".join(new))
    assert plain_text(edit) == "\n".join(new)


def test_the_cursor_and_the_view_stay(qtbot: QtBot) -> None:
    lines = [f"line {number}" for number in range(300)]
    edit = _edit(qtbot, "text", "\n".join(lines))
    edit.go_to(150, 3)
    top = edit.firstVisibleBlock().text()
    changed = put_text(edit, "\n".join(["new", *lines[:20], "and more", *lines[21:200], "changed", *lines[201:]]))
    assert edit.textCursor().block().text() == "line 149"
    assert edit.textCursor().positionInBlock() == 2
    assert edit.firstVisibleBlock().text() == top
    assert [plain_text(edit).split("\n")[at] for at in changed] == ["new", "and more", "changed"]


def test_the_outline_knows_whose_line_it_is() -> None:
    text = GRAPH.replace("  join:", '  "join":')
    lines = text.split("\n")
    outline = Outline(lines)
    assert outline.tasks == ["split", "work", "join"]
    assert outline.task_at(lines.index("      echo two")) == "join"
    assert outline.task_at(2) == ""
    assert outline.line_of("work") == lines.index("  work:")
    assert outline.line_of("nobody") is None
    assert Outline(['{"tasks": {"a": 1}}']).tasks == []
    assert Outline(["tasks:", "  a:", "    command: x", "name: b", "  c:"]).task_at(4) == ""
