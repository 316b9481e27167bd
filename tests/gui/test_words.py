"""All that a person reads goes through Qt's `tr`: looked for in the sources, and seen in another language."""

from __future__ import annotations

import ast
import importlib.util
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QCoreApplication, QLocale
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QTabBar,
    QTableView,
    QTabWidget,
    QTreeView,
    QWidget,
)

import windlass_gui
from windlass_gui.files.recovery import Kept, Lost
from windlass_gui.files.recovery_dialog import RecoveryDialog
from windlass_gui.look import language as language_room
from windlass_gui.look.language import Language, spoken
from windlass_gui.window.main_window import MainWindow

pytestmark = pytest.mark.slow

SOURCES = Path(windlass_gui.__file__).parent
ROOT = Path(__file__).parents[2]
SHOWN_BY = frozenset({
    "setText", "setWindowTitle", "setToolTip", "setStatusTip", "setPlaceholderText", "setAccessibleName",
    "setAccessibleDescription", "setTitle", "addAction", "addMenu", "addTab", "insertTab", "setTabText",
    "setTabToolTip", "addButton", "showMessage", "setInformativeText", "setLabelText", "setHeaderLabels", "setSuffix",
    "setPrefix", "addRow", "setWhatsThis", "setDetailedText", "setIconText", "setEmptyLabel", "setSpecialValueText",
    "information", "warning", "critical", "question", "about", "getOpenFileNames", "getSaveFileName",
    "QLabel", "QPushButton", "QAction", "QCheckBox", "QRadioButton", "QGroupBox", "QDockWidget", "QToolBar", "QMenu",
    "QMessageBox", "TickBox", "Hinted", "QTreeWidgetItem", "QListWidgetItem", "QTableWidgetItem", "Table",
})  # fmt: skip
"""Calls whose strings a person sees or hears."""
THROUGH = frozenset({"tr", "_tr", "translate"})
WORD = re.compile(r"[A-Za-z]{2}")
KEYS = re.compile(r"\b(Ctrl|Shift|Alt|Meta|Del|Ins|Esc|Tab|PgDown|PgUp|Home|End|Left|Right|Up|Down|Space|F\d+)\b")
NAMES = frozenset({"Windlass", "[*] — Windlass"})
"""The product's name is the same in every language."""


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _bare(node: ast.AST) -> Iterator[tuple[int, str]]:
    """Words in an argument that did not go through `tr`, with their lines."""
    if isinstance(node, ast.Call):
        if _name(node) == "format" and isinstance(node.func, ast.Attribute):
            yield from _bare(node.func.value)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, str) and WORD.search(node.value) and node.value not in NAMES:
            yield node.lineno, node.value
    elif isinstance(node, ast.JoinedStr):
        for part in node.values:
            yield from _bare(part) if isinstance(part, ast.Constant) else ()
    elif isinstance(node, ast.IfExp):
        yield from (*_bare(node.body), *_bare(node.orelse))
    elif isinstance(node, ast.BinOp):
        yield from (*_bare(node.left), *_bare(node.right))
    elif isinstance(node, (ast.List, ast.Tuple)):
        for part in node.elts:
            yield from _bare(part)


def untranslated(source: str) -> list[tuple[int, str]]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and _name(node) in SHOWN_BY:
            for argument in [*node.args, *(word.value for word in node.keywords if word.arg in ("text", "title"))]:
                found += _bare(argument)
    return found


def test_the_search_finds_what_it_should() -> None:
    source = (
        'label.setText("Hello there")\nlabel.setText(self.tr("Hello"))\nbox.addItem("x")\n'
        'label.setText(f"{n} tasks")\nlabel.setText(self.tr("{} tasks").format(n))\nQLabel("a" if x else "Bye")\n'
        'label.setText("·" + str(n))\nbutton.setToolTip(_tr("Fine"))\n'
    )
    assert untranslated(source) == [(1, "Hello there"), (4, " tasks"), (6, "Bye")]


def test_no_visible_words_bypass_tr() -> None:
    found = [
        f"{path.relative_to(SOURCES)}:{line}: {words!r}"
        for path in sorted(SOURCES.rglob("*.py"))
        for line, words in untranslated(path.read_text("utf-8"))
    ]
    assert not found, "wrap these in self.tr() or a module's _tr():\n" + "\n".join(found)


def _load_tool() -> ModuleType:
    spec = importlib.util.spec_from_file_location("windlass_strings", ROOT / "tools" / "strings.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


strings = _load_tool()


def _brackets(path: Path, qm: Path) -> None:
    """A language in which every text is the same, between brackets."""
    tree = ET.parse(path)
    for message in tree.getroot().iter("message"):
        said = message.find("translation")
        assert said is not None
        said.attrib.pop("type", None)
        said.text = f"⟦{message.findtext('source')}⟧"
    tree.write(path, "utf-8", xml_declaration=True)
    assert strings.compile_file(path) == qm


@pytest.fixture(scope="module")
def translation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a translation made of all that was collected from the sources."""
    folder = tmp_path_factory.mktemp("translations")
    strings.write(strings.collect(), folder / "windlass_de.ts", "de")
    _brackets(folder / "windlass_de.ts", folder / "windlass_de.qm")
    return folder


@pytest.fixture
def pseudo(qapp: QApplication, translation: Path) -> Iterator[Language]:
    language = language_room.follow_system(qapp, translation, QLocale("de_AT"))
    assert language is not None
    yield language
    language_room.remove(qapp)


def _texts(root: QWidget) -> Iterator[tuple[str, str]]:
    """Every text of a window and its parts, with the class that shows it."""
    for widget in (root, *root.findChildren(QWidget)):
        kind = type(widget).__name__
        if kind.startswith("qt_") or widget.objectName().startswith("qt_"):
            continue
        yield kind, widget.toolTip()
        yield kind, widget.accessibleName()
        if widget.isWindow():
            yield kind, widget.windowTitle()
        if isinstance(widget, (QLabel, QAbstractButton)):
            yield kind, widget.text()
        elif isinstance(widget, QLineEdit):
            yield kind, widget.placeholderText()
        elif isinstance(widget, QComboBox):
            yield from ((kind, widget.itemText(at)) for at in range(widget.count()))
        elif isinstance(widget, QTabBar):
            yield from ((kind, widget.tabText(at)) for at in range(widget.count()))
        elif isinstance(widget, QMenu):
            yield kind, widget.title()
        if isinstance(widget, QTabWidget):
            yield from ((kind, widget.tabText(at)) for at in range(widget.count()))
        if isinstance(widget, (QTableView, QTreeView)) and widget.model() is not None:
            header = widget.horizontalHeader() if isinstance(widget, QTableView) else widget.header()
            yield from (
                (kind, str(widget.model().headerData(at, header.orientation()) or ""))
                for at in range(widget.model().columnCount())
            )
    for action in root.findChildren(QAction):
        yield "QAction", action.text()
        yield "QAction", action.toolTip() if action.text() else ""


def _left(root: QWidget, names: set[str]) -> list[tuple[str, str]]:
    """Texts that the other language did not reach; `names` are a document's own words."""
    left = []
    for kind, text in _texts(root):
        rest = re.sub(r"^[\w-]+(:|> <)   ", "", text, flags=re.MULTILINE)  # of the filter's language
        rest = re.sub(r"<[^>]*>", "", rest)
        while (fewer := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)) != rest:
            rest = fewer
        for name in sorted(names, key=len, reverse=True):
            rest = rest.replace(name, "")
        rest = re.sub(
            r"(Ctrl|Shift|Alt|Meta|Del|Ins|Esc|Tab|PgDown|PgUp|Home|End|Left|Right|Up|Down|Space|F\d+)\b", "", rest
        )
        if WORD.search(rest):
            left.append((kind, text))
    return left


def test_every_text_of_every_window_is_translated(pseudo: Language, window: MainWindow, tmp_path: Path) -> None:
    from windlass_resources.samples import list_samples

    path = tmp_path / "dawn.yaml"
    path.write_text("windlass: 1\nname: dawn\ntasks:\n  fetch: {command: xx, position: [0, 0]}\n")
    window.open_file(path)
    names = {"dawn.yaml", "dawn", "fetch", "xx", "Windlass", "windlass", str(path), "YAML", "CPU", "GPU", "KiB", "MiB"}
    for sample in list_samples():
        names |= {sample.title, sample.description, sample.name, *sample.missing()}
    for action in window.findChildren(QAction):  # keys are Qt's to translate, and it has a translation of its own
        names |= {keys.toString(keys.SequenceFormat.NativeText) for keys in action.shortcuts()}
    names.add(QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText))
    names |= {QCoreApplication.translate("QPlatformTheme", word) for word in ("Close", "Cancel", "OK")}
    names |= {QCoreApplication.translate("QTabBar", f"Scroll {side}") for side in ("Left", "Right")}
    lost = [Lost(path, Kept("dawn", "", 0.0, str(path)), 1, 2)]
    dialogs: list[QWidget] = [window, window.show_settings(), RecoveryDialog(lost, window)]
    window.page.view.graph.select(["fetch"]) if window.page.view is not None else None
    left = [f"{type(root).__name__}: {kind}: {text!r}" for root in dialogs for kind, text in _left(root, names)]
    for root in dialogs:
        if isinstance(root, QDialog):
            root.close()
    assert not left, "\n".join(sorted(set(left)))


def test_what_the_core_says_is_translated_with_its_parts(pseudo: Language) -> None:
    assert spoken("failed") == "⟦failed⟧"
    assert spoken("run 7 is paused") == "⟦run 7 is paused⟧"
    assert spoken("task 'twoo' has no item 9: there are 3") == "⟦task 'twoo' has no item 9: there are 3⟧"
    joined = spoken("run 7 is paused; waits for items: none is left, more may be added")
    assert joined == "⟦run 7 is paused⟧; ⟦waits for items: none is left, more may be added⟧"
    assert spoken("Zebra x") == "Zebra x", "a name, or another version's sentence, stays as it is"


def test_a_translation_may_put_the_parts_in_another_order(qapp: QApplication, tmp_path: Path) -> None:
    path = tmp_path / "windlass_de.ts"
    strings.write({"Sentences": {"%1 waits for %2": "x.py:1"}}, path, "de")
    text = path.read_text("utf-8").replace(
        '<translation type="unfinished" />', "<translation>auf %2 wartet %1</translation>"
    )
    path.write_text(text, "utf-8")
    strings.compile_file(path)
    assert strings.read(path) == {("Sentences", "%1 waits for %2"): "auf %2 wartet %1"}
    language_room.follow_system(qapp, tmp_path, QLocale("de_DE"))
    assert spoken("join waits for encode") == "auf encode wartet join"
    language_room.remove(qapp)
    assert spoken("join waits for encode") == "join waits for encode"


def test_bringing_up_to_date_keeps_what_was_translated(tmp_path: Path) -> None:
    path = tmp_path / "windlass_de.ts"
    strings.write({"Menus": {"Open": "a.py:1", "Gone": "a.py:2"}}, path, "de")
    path.write_text(
        path.read_text("utf-8").replace('<translation type="unfinished" />', "<translation>x</translation>")
    )
    assert strings.write({"Menus": {"Open": "a.py:7", "New": "a.py:9"}}, path, "de") == (2, 1)
    assert strings.read(path) == {("Menus", "Open"): "x"}


@pytest.mark.parametrize("name", ["en_GB", "fr_FR"])
def test_without_a_translation_nothing_changes(qapp: QApplication, translation: Path, name: str) -> None:
    assert language_room.follow_system(qapp, translation, QLocale(name)) is None
    assert spoken("failed") == "failed"


FROM_OUTSIDE = frozenset({"note", "message", "blocked", "failing", "error", "sentence"})
"""Attributes that hold sentences of others."""


def test_sentences_of_others_go_through_spoken() -> None:
    """Where such an attribute is handed to what shows it."""
    found = []
    for path in sorted(SOURCES.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and _name(node) in SHOWN_BY:
                for argument in node.args:
                    if isinstance(argument, ast.Attribute) and argument.attr in FROM_OUTSIDE:
                        found.append(f"{path.relative_to(SOURCES)}:{node.lineno}: {ast.unparse(argument)}")
    assert not found, "wrap these in spoken():\n" + "\n".join(found)
