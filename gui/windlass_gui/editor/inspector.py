"""The inspector: the chosen task's common fields, each edit one undo step; the graph's own when nothing is chosen."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFormLayout,
    QFrame,
    QLabel,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.editor import fields as f
from windlass_gui.editor import forms
from windlass_gui.editor.field_edit import ChoiceEdit, FieldEdit, Switch, TickEdit
from windlass_gui.editor.fields import Choice, Field, Tick
from windlass_gui.editor.scene import GraphScene
from windlass_gui.editor.session import EditorSession
from windlass_gui.theme import Theme
from windlass_gui.tick_box import TickBox

KINDS = ("shell", "arguments", "script", "python")
ARRAYS = ("single", "foreach", "matrix")
CAPTION = 92
"""Width of what stands left of a field, in pixels."""
OFFERED_CHECKED = 200
"""Up to this many tasks, only those are offered as needs that would not close a circle; asking takes its time."""


class Inspector(QScrollArea):
    """Right of the canvas. Shows the scene's selection of one session at a time."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setAccessibleName(self.tr("Inspector"))
        self._theme = theme
        self.session: EditorSession | None = None
        self.scene: GraphScene | None = None
        self.task: str | None = None
        self._edits: list[FieldEdit] = []
        self._switches: list[Switch] = []
        self._rebuild()

    # --- what is shown -------------------------------------------------------------------------------------

    def show_session(self, session: EditorSession | None, scene: GraphScene | None) -> None:
        self.flush()
        if self.session is not None:
            self.session.changed.disconnect(self._refresh)
            self.session.checked.disconnect(self._show_problems)
        if self.scene is not None:
            self.scene.selection_changed.disconnect(self._selection_changed)
        self.session, self.scene, self.task = session, scene, None
        if session is not None and scene is not None:
            session.changed.connect(self._refresh)
            session.checked.connect(self._show_problems)
            scene.selection_changed.connect(self._selection_changed)
        self._rebuild()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._rebuild()

    def flush(self) -> None:
        """Take what is typed but not entered, before a save, a submit or another selection."""
        for edit in list(self._edits):
            # An edit may make the form anew; those of the form before are gone then.
            if edit in self._edits and edit.dirty:
                edit.enter()

    def edit_main_field(self) -> None:
        """Put the cursor into what the task runs."""
        main = ("field-command", "field-script", "field-python", "field-name")
        for edit in self._edits:
            if edit.box.objectName() in main:
                edit.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.ensureWidgetVisible(edit)
                return

    def field(self, key: str) -> FieldEdit:
        """The field by its key; KeyError when this task has none such."""
        for edit in self._edits:
            if edit.field.key == key:
                return edit
        raise KeyError(key)

    def switch(self, key: str) -> Switch:
        """The choice or box by its key; KeyError when there is none such."""
        for switch in self._switches:
            if switch.field.key == key:
                return switch
        raise KeyError(key)

    def _selection_changed(self) -> None:
        selected = self.scene.selected if self.scene is not None else set()
        self.flush()
        task = next(iter(selected)) if len(selected) == 1 else None
        if task != self.task or task is None:
            self.task = task
            self._rebuild()

    def _shape(self) -> tuple[object, ...]:
        """What decides which fields there are; when it changes, the form is made anew."""
        raw = self._raw()
        return (self.task, _kind(raw), _array(raw), tuple(need for need, _ in self._needs()))

    def _raw(self) -> Mapping[str, Any]:
        if self.session is None:
            return {}
        return self.session.document.task(self.task) if self.task else self.session.document.raw

    def _needs(self) -> tuple[tuple[str, bool], ...]:
        facts = self.session.document.facts if self.session is not None else {}
        return facts[self.task].needs if self.task in facts else ()

    # --- building -------------------------------------------------------------------------------------------

    def _rebuild(self) -> None:
        self._edits, self._switches = [], []
        page = QWidget()
        page.setObjectName("inspector-page")
        column = QVBoxLayout(page)
        column.setContentsMargins(12, 8, 12, 16)
        column.setSpacing(6)
        self._problems = QLabel()
        self._problems.setWordWrap(True)
        self._problems.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._problems.hide()
        column.addWidget(self._problems)
        session, scene = self.session, self.scene
        if session is None or scene is None:
            column.addWidget(self._note(self.tr("Open or make a graph: what is chosen in it is edited here.")))
        elif len(scene.selected) > 1:
            column.addWidget(self._heading(self.tr("{} tasks chosen").format(len(scene.selected))))
            column.addWidget(self._note(self.tr("Choose one to edit it. Drag moves them, Delete removes them.")))
        elif self.task is not None and self.task in session.document.facts:
            self._task_form(column, self.task)
        else:
            self._graph_form(column)
        column.addStretch(1)
        self._built = self._shape()
        before = self.takeWidget()
        if before is not None:
            # Not deleted at once: what rebuilds the form may be a signal of one of its own boxes.
            before.hide()
            before.deleteLater()
        self.setWidget(page)
        self._fill()
        self._show_problems()

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setStyleSheet(f"color: {self._theme.text}; font-weight: 600; padding-top: 8px;")
        return label

    def _note(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setStyleSheet(f"color: {self._theme.muted};")
        return label

    def _form(self, column: QVBoxLayout, heading: str) -> QFormLayout:
        column.addWidget(self._heading(heading))
        form = QFormLayout()
        form.setContentsMargins(0, 0, 0, 0)
        form.setHorizontalSpacing(10)
        form.setVerticalSpacing(6)
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        form.setRowWrapPolicy(QFormLayout.RowWrapPolicy.DontWrapRows)
        form.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop)
        column.addLayout(form)
        return form

    def _row(self, form: QFormLayout, label: str, widget: QWidget, hint: str = "") -> None:
        caption = QLabel(label)
        caption.setFixedWidth(CAPTION)
        caption.setStyleSheet(f"color: {self._theme.muted}; padding-top: 5px;")
        caption.setToolTip(hint)
        caption.setBuddy(widget)
        form.addRow(caption, widget)

    def _add(self, form: QFormLayout, field: Field, enter: Callable[[object], object] | None = None) -> FieldEdit:
        edit = FieldEdit(field, self._theme)
        edit.entered.connect(enter or partial(self._enter, field.key))
        self._edits.append(edit)
        self._row(form, self.tr(field.label), edit, self.tr(field.hint))
        return edit

    def _add_switch(self, form: QFormLayout, field: Choice | Tick) -> None:
        switch: Switch = ChoiceEdit(field) if isinstance(field, Choice) else TickEdit(field)
        if isinstance(switch, ChoiceEdit):
            _may_shrink(switch)
        switch.entered.connect(partial(self._enter, field.key))
        self._switches.append(switch)
        self._row(form, self.tr(field.label) if isinstance(field, Choice) else "", switch, self.tr(field.hint))

    def _graph_form(self, column: QVBoxLayout) -> None:
        for heading, group in (
            (self.tr("Graph"), forms.GRAPH),
            (self.tr("How many at once, in each run"), forms.GRAPH_LIMITS),
        ):
            form = self._form(column, heading)
            for field in group:
                self._add(form, field, partial(self._enter_graph, field.key))
        column.addWidget(self._note(self.tr("Choose a task to edit it.")))

    def _task_form(self, column: QVBoxLayout, task: str) -> None:
        raw = self._raw()
        form = self._form(column, self.tr("Task"))
        identity = Field("id", "Id", "Its name in the file: letters, digits, - and _", f.parse_text, f.show_text,
                         mono=True)  # fmt: skip
        self._add(form, identity, self._rename)
        self._add(form, forms.TITLE)
        self._add(form, forms.DESCRIPTION)
        self._what_it_runs(column, raw)
        self._what_it_needs(column, task)
        self._items(column, raw)
        for heading, group in (
            (self.tr("Files"), forms.FILES),
            (self.tr("Resources"), forms.RESOURCES),
            (self.tr("Where it runs"), forms.PLACE),
            (self.tr("How many at once"), forms.LIMITS),
            (self.tr("When it runs"), forms.ORDER),
            (self.tr("When it fails or hangs"), forms.FAILURE),
            (self.tr("More"), forms.MORE),
        ):
            form = self._form(column, heading)
            for field in group:
                if isinstance(field, Field):
                    self._add(form, field)
                else:
                    self._add_switch(form, field)

    def _what_it_runs(self, column: QVBoxLayout, raw: Mapping[str, Any]) -> None:
        form = self._form(column, self.tr("What it runs"))
        kind = _kind(raw)
        choice = QComboBox()
        choice.setAccessibleName(self.tr("Kind"))
        _may_shrink(choice)
        for key, label in zip(
            KINDS,
            (self.tr("Shell line"), self.tr("Program with arguments"), self.tr("Script"), self.tr("Python function")),
            strict=True,
        ):
            choice.addItem(label, key)
        choice.setCurrentIndex(KINDS.index(kind) if kind else -1)
        choice.setPlaceholderText(self.tr("Choose…"))
        choice.activated.connect(lambda at: self._change_kind(KINDS[at]))
        self._row(form, self.tr("Kind"), choice)
        shown: dict[str, tuple[Field, ...]] = {
            "shell": (forms.COMMAND,),
            "arguments": (forms.ARGUMENTS,),
            "script": (forms.SCRIPT, forms.SHELL),
            "python": (forms.PYTHON, forms.ARGS, forms.KWARGS),
        }
        for field in shown.get(kind, ()):
            self._add(form, field)

    def _what_it_needs(self, column: QVBoxLayout, task: str) -> None:
        form = self._form(column, self.tr("Needs"))
        session = self.session
        if session is None:
            return
        for need, each in self._needs():
            box = TickBox(self.tr("item by item"))
            box.setChecked(each)
            box.setToolTip(self.tr("Item 1 waits only for item 1 of the other, and so on"))
            box.toggled.connect(lambda on, need=need: session.set_each(need, task, on))
            self._row(form, need, box)
        choice = QComboBox()
        choice.setAccessibleName(self.tr("Add a need"))
        _may_shrink(choice)
        choice.addItem(self.tr("Add…"))
        choice.activated.connect(lambda at: session.link(choice.itemData(at), task) if at else None)
        choice.setToolTip(self.tr("Tasks that may come before this one"))
        offered = [other for other in session.document.facts if other != task]
        if len(offered) <= OFFERED_CHECKED:
            offered = [other for other in offered if not session.document.refusal(other, task)]
        for other in offered:
            choice.addItem(session.document.facts[other].label, other)
        self._row(form, "", choice)

    def _items(self, column: QVBoxLayout, raw: Mapping[str, Any]) -> None:
        form = self._form(column, self.tr("Items"))
        choice = QComboBox()
        choice.setAccessibleName(self.tr("Items"))
        _may_shrink(choice)
        for label in (self.tr("Runs once"), self.tr("Once for each value"), self.tr("Once for each combination")):
            choice.addItem(label)
        array = _array(raw)
        choice.setCurrentIndex(ARRAYS.index(array))
        choice.activated.connect(lambda at: self._change_array(ARRAYS[at]))
        self._row(form, self.tr("Runs"), choice)
        if array == "foreach":
            self._add(form, forms.FOREACH)
        elif array == "matrix":
            self._add(form, forms.MATRIX)

    # --- keeping up with the document ------------------------------------------------------------------------

    def _refresh(self, _: object = None) -> None:
        if self.session is not None and self.task is not None and self.task not in self.session.document.facts:
            self.task = None
        if self._shape() != self._built:
            self._rebuild()
        else:
            self._fill()

    def _fill(self) -> None:
        raw = self._raw()
        defaults = self.session.document.raw.get("defaults") if self.session is not None else None
        for edit in self._edits:
            key = edit.field.key
            if key == "id":
                edit.show_value(self.task)
                continue
            default = _at(defaults, key) if self.task else None
            hint = self.tr("{} (the graph's default)").format(f.show_text(default)) if default is not None else ""
            edit.show_value(_at(raw, key), hint)
        for switch in self._switches:
            switch.show_value(_at(raw, switch.field.key), _at(defaults, switch.field.key))

    def _show_problems(self) -> None:
        document = self.session.document if self.session is not None else None
        lines = []
        if document is not None and self.task is not None:
            lines = [problem.message for problem in document.problems if document.task_of(problem) == self.task]
        self._problems.setText("\n".join(f"• {line}" for line in lines[:5]))
        self._problems.setStyleSheet(
            f"color: {self._theme.text}; background: {self._theme.tint('failed', 0.2).name()};"
            f"border: 1px solid {self._theme.danger}; border-radius: 6px; padding: 6px;"
        )
        self._problems.setVisible(bool(lines))

    # --- entering ---------------------------------------------------------------------------------------------

    def _enter(self, key: str, value: object) -> None:
        if self.session is not None and self.task is not None:
            field, whole = _inside(self._raw(), key, value)
            name = key.rpartition(".")[2]
            self.session.set_field(self.task, field, whole, self.tr("change {} of “{}”").format(name, self.task))

    def _enter_graph(self, key: str, value: object) -> None:
        if self.session is not None:
            field, whole = _inside(self._raw(), key, value)
            self.session.set_graph_field(field, whole)

    def _rename(self, value: object) -> None:
        if self.session is None or self.scene is None or self.task is None:
            return
        old = self.task
        if isinstance(value, str) and self.session.rename(old, value):
            self.scene.select([value])
        else:
            self._fill()

    def _change_kind(self, kind: str) -> None:
        """Carry the text over from the old kind where that makes sense."""
        raw = self._raw()
        if self.session is None or self.task is None or kind == _kind(raw):
            return
        old = raw.get("command", raw.get("script", raw.get("python")))
        if isinstance(old, (list, tuple)):
            text = " ".join(f.show_text(part) for part in old)
        else:
            text = f.show_text(old).strip()
        cleared = dict.fromkeys(("command", "script", "shell", "python", "args", "kwargs"))
        present: dict[str, object] = {key: None for key in cleared if key in raw}
        new: dict[str, dict[str, object]] = {
            "shell": {"command": text or "echo hello"},
            "arguments": {"command": text.split() or ["echo", "hello"]},
            "script": {"script": (text or "echo hello") + "\n"},
            "python": {"python": "module:function"},
        }
        present.update(new[kind])
        self.session.set_fields(self.task, present, self.tr("change the kind of “{}”").format(self.task))

    def _change_array(self, array: str) -> None:
        raw = self._raw()
        if self.session is None or self.task is None or array == _array(raw):
            return
        new: dict[str, object] = {key: None for key in ("foreach", "matrix") if key in raw}
        if array == "foreach":
            new["foreach"] = {"range": 10}
        elif array == "matrix":
            new["matrix"] = {"size": [1, 2, 3]}
        self.session.set_fields(self.task, new, self.tr("change the items of “{}”").format(self.task))


def _may_shrink(choice: QComboBox) -> None:
    """The longest entry must not make the whole form wider than its dock."""
    choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    choice.setMinimumContentsLength(6)


def _kind(raw: Mapping[str, Any]) -> str:
    if "command" in raw:
        return "arguments" if isinstance(raw["command"], (list, tuple)) else "shell"
    return next((kind for kind in ("script", "python") if kind in raw), "")


def _array(raw: Mapping[str, Any]) -> str:
    return next((array for array in ("foreach", "matrix") if raw.get(array) is not None), "single")


def _inside(raw: Mapping[str, Any], key: str, value: object) -> tuple[str, object]:
    """The field to set, and to what, so that `key` (`field`, or `field.name` in a mapping) has this value."""
    field, dot, name = key.partition(".")
    if not dot:
        return field, value
    before = f.plain_data(raw.get(field))
    mapping = before if isinstance(before, dict) else {}
    if value is None:
        mapping.pop(name, None)
    else:
        mapping[name] = value
    return field, mapping or None


def _at(raw: object, key: str) -> Any:
    for part in key.split("."):
        raw = raw.get(part) if isinstance(raw, Mapping) else None
    return raw
