"""All that a person reads goes through Qt's `tr`: looked for in the sources, and seen in another language."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QTranslator
from PySide6.QtGui import QAction
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
from windlass_gui.window.main_window import MainWindow

SOURCES = Path(windlass_gui.__file__).parent
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


class _Pseudo(QTranslator):
    """A language in which every text is the same, between brackets."""

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str:
        return f"⟦{source}⟧" if source else source

    def isEmpty(self) -> bool:
        return False


@pytest.fixture
def pseudo(qapp: QApplication) -> Iterator[None]:
    translator = _Pseudo()
    qapp.installTranslator(translator)
    yield
    qapp.removeTranslator(translator)


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
        rest = re.sub(r"<[^>]*>", "", text)
        while (fewer := re.sub(r"⟦[^⟦⟧]*⟧", "", rest)) != rest:
            rest = fewer
        rest = re.sub(
            r"(Ctrl|Shift|Alt|Meta|Del|Ins|Esc|Tab|PgDown|PgUp|Home|End|Left|Right|Up|Down|Space|F\d+)\b", "", rest
        )
        for name in sorted(names, key=len, reverse=True):
            rest = rest.replace(name, "")
        if WORD.search(rest):
            left.append((kind, text))
    return left


def test_every_text_of_every_window_is_translated(pseudo: None, window: MainWindow, tmp_path: Path) -> None:
    from windlass_resources.samples import list_samples

    path = tmp_path / "dawn.yaml"
    path.write_text("windlass: 1\nname: dawn\ntasks:\n  fetch: {command: xx, position: [0, 0]}\n")
    window.open_file(path)
    names = {"dawn.yaml", "dawn", "fetch", "xx", "Windlass", "windlass", str(path), "YAML", "CPU", "GPU", "KiB", "MiB"}
    names |= {"No agent is known"}  # the model's own sentences, as the checker's, are the same on the command line
    for sample in list_samples():
        names |= {sample.title, sample.description, sample.name, *sample.missing()}
    lost = [Lost(path, Kept("dawn", "", 0.0, str(path)), 1, 2)]
    dialogs: list[QWidget] = [window, window.show_settings(), RecoveryDialog(lost, window)]
    window.page.view.graph.select(["fetch"]) if window.page.view is not None else None
    left = [f"{type(root).__name__}: {kind}: {text!r}" for root in dialogs for kind, text in _left(root, names)]
    for root in dialogs:
        if isinstance(root, QDialog):
            root.close()
    assert not left, "\n".join(sorted(set(left)))
