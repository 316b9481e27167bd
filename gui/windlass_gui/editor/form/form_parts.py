"""Parts of the inspector that are no plain fields: what a task runs and how often, and what it needs."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QComboBox, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form import fields as f
from windlass_gui.editor.form.captioned import CAPTION, SIDE, Captioned
from windlass_gui.editor.form.field_edit import MIXED, may_shrink
from windlass_gui.look.icons import icon
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import SMALL, Theme
from windlass_gui.look.tick_box import TickBox
from windlass_gui.look.tips import plain_tip

KINDS = ("shell", "arguments", "script", "python")
ARRAYS = ("single", "foreach", "matrix")


def kind_of(raw: Mapping[str, Any]) -> str:
    if "command" in raw:
        return "arguments" if isinstance(raw["command"], (list, tuple)) else "shell"
    return next((kind for kind in ("script", "python") if kind in raw), "")


def array_of(raw: Mapping[str, Any]) -> str:
    return next((array for array in ("foreach", "matrix") if raw.get(array) is not None), "single")


def as_kind(raw: Mapping[str, Any], kind: str) -> dict[str, object]:
    """The fields to set so that a task is of another kind; its text is carried over where that makes sense."""
    old = raw.get("command", raw.get("script", raw.get("python")))
    if isinstance(old, (list, tuple)):
        text = " ".join(f.show_text(part) for part in old)
    else:
        text = f.show_text(old).strip()
    new: dict[str, object] = {
        key: None for key in ("command", "script", "shell", "python", "args", "kwargs") if key in raw
    }
    made: dict[str, dict[str, object]] = {
        "shell": {"command": text or "echo hello"},
        "arguments": {"command": text.split() or ["echo", "hello"]},
        "script": {"script": (text or "echo hello") + "\n"},
        "python": {"python": "module:function"},
    }
    return new | made[kind]


def as_array(raw: Mapping[str, Any], array: str) -> dict[str, object]:
    new: dict[str, object] = {key: None for key in ("foreach", "matrix") if key in raw}
    if array == "foreach":
        new["foreach"] = {"range": 10}
    elif array == "matrix":
        new["matrix"] = {"size": [1, 2, 3]}
    return new


class Pick(Captioned):
    """A caption and a choice of what all of the chosen tasks are."""

    picked = Signal(str)

    def __init__(self, label: str, name: str, options: Mapping[str, str], theme: Theme) -> None:
        super().__init__()
        caption = _caption(label, theme)
        self.choice = QComboBox()
        self.choice.setObjectName(f"pick-{name}")
        self.choice.setAccessibleName(label)
        self.choice.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        may_shrink(self.choice)
        self._keys = list(options)
        for key, words in options.items():
            self.choice.addItem(words, key)
        self.choice.activated.connect(lambda at: self.picked.emit(self._keys[at]))
        self.arrange(caption, self.choice)

    def show_kinds(self, kinds: set[str]) -> None:
        one = next(iter(kinds)) if len(kinds) == 1 else ""
        self.choice.setPlaceholderText(self.tr(MIXED) if len(kinds) > 1 else self.tr("Choose…"))
        self.choice.setCurrentIndex(self._keys.index(one) if one in self._keys else -1)


class NeedsPart(QWidget):
    """The tasks that one task needs, each with its own switches, and a line to add one more."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._session: EditorSession | None = None
        self._task = ""
        self._needs: tuple[tuple[str, bool], ...] | None = None
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        self._rows: list[QWidget] = []
        self.locked = QLabel(self.tr("Links are made one task at a time, or on the canvas."))
        self.locked.setWordWrap(True)
        self.locked.setStyleSheet(f"color: {theme.muted};")
        self.line = QLineEdit()
        self.line.setObjectName("field-needs")
        self.line.setPlaceholderText(self.tr("a task before it"))
        self.line.setAccessibleName(self.tr("Add a need"))
        self.line.setToolTip(self.tr("The id of a task that must have succeeded before; Enter adds it"))
        self.line.returnPressed.connect(self.add)
        self.line.textEdited.connect(self._judge)
        self._said = QLabel()
        self._said.setWordWrap(True)
        self._said.setStyleSheet(f"color: {theme.danger}; font-size: {SMALL}px;")
        self._said.hide()
        self._adder = Captioned()
        self._adder.arrange(_caption(self.tr("Add"), theme), self.line)
        self._column.addWidget(self.locked)
        self._column.addWidget(self._adder)
        self._column.addWidget(self._said)

    def show_needs(self, session: EditorSession, task: str | None) -> None:
        """Of one task; None: several are chosen."""
        self.locked.setVisible(task is None)
        self._adder.setVisible(task is not None)
        needs = session.document.facts[task].needs if task in session.document.facts else ()
        if (session, task or "", needs) == (self._session, self._task, self._needs):
            return
        self._session, self._task, self._needs = session, task or "", needs
        self.line.clear()
        self._said.hide()
        for row in self._rows:
            row.hide()
            row.deleteLater()
        self._rows = [self._row(need, each) for need, each in needs]
        for place, row in enumerate(self._rows):
            self._column.insertWidget(place, row)

    def _row(self, need: str, each: bool) -> QWidget:
        row = Captioned()
        box = TickBox(self.tr("item by item"))
        box.setChecked(each)
        box.setAccessibleName(self.tr("{}: item by item").format(need))
        box.setToolTip(self.tr("Item 1 waits only for item 1 of the other, and so on"))
        box.toggled.connect(partial(self._set_each, need))
        gone = QToolButton()
        gone.setIcon(icon("close", self._theme, "muted"))
        gone.setAutoRaise(True)
        gone.setFixedSize(SIDE + 4, SIDE + 4)
        gone.setToolTip(self.tr("Do not wait for “{}” any more").format(need))
        gone.setAccessibleName(gone.toolTip())
        gone.clicked.connect(lambda: self._remove(need))
        row.arrange(_caption(need, self._theme), box, last=gone)
        return row

    def _set_each(self, need: str, on: bool) -> None:
        if self._session is not None:
            self._session.set_each(need, self._task, on)

    def _remove(self, need: str) -> None:
        if self._session is not None:
            self._session.remove((), [(need, self._task)])

    def _judge(self, text: str) -> None:
        reason = ""
        if text.strip() and self._session is not None and text.strip() in self._session.document.facts:
            reason = self._session.document.refusal(text.strip(), self._task)
        self._said.setText(spoken(reason))
        self._said.setVisible(bool(reason))

    def add(self) -> None:
        """Link what stands in the line."""
        name, session = self.line.text().strip(), self._session
        if not name or session is None:
            return
        if name not in session.document.facts:
            self._said.setText(self.tr("There is no task “{}”").format(name))
            self._said.show()
        elif session.link(name, self._task):
            self.line.setFocus(Qt.FocusReason.OtherFocusReason)


def _caption(text: str, theme: Theme) -> QLabel:
    caption = QLabel()
    caption.setText(caption.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, CAPTION))
    caption.setToolTip(plain_tip(text))
    caption.setStyleSheet(f"color: {theme.muted};")
    return caption
