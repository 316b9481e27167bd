"""The inspector: every field of the chosen tasks, each edit one undo step; the graph's own when nothing is chosen.

The forms are made from the format's schema (`schema_form.py`). Several tasks are edited at once: a field shows what
all of them say, or that they differ, and what is entered is set in all of them as one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form import fields as f
from windlass_gui.editor.form.field_edit import FieldEdit, Switch
from windlass_gui.editor.form.fields import Field
from windlass_gui.editor.form.fleet import Fleet
from windlass_gui.editor.form.form import Folds, Form, State
from windlass_gui.editor.form.form_parts import ARRAYS, KINDS, NeedsPart, Pick, array_of, as_array, as_kind, kind_of
from windlass_gui.editor.form.form_row import Row
from windlass_gui.editor.form.forms import SCALAR
from windlass_gui.editor.form.schema_form import Entry, Seen, gather, graph_form, task_form, with_value
from windlass_gui.editor.form.suggest import Known, in_field
from windlass_gui.editor.form.told import FitLine, ProblemBox
from windlass_gui.editor.text.code import LANGUAGES
from windlass_gui.editor.text.code.completing import Completer
from windlass_gui.editor.text.code.offers import Offer
from windlass_gui.look.language import spoken
from windlass_gui.look.tab_order import order_tabs
from windlass_gui.look.theme import M, S, Theme

MAIN = ("command", "script", "python")
NARROWEST = 220
"""Pixels below which a field would be cut off, its caption above it."""
WAIT_FROM = 500
"""Tasks from which on an edit of all of them shows the waiting cursor."""

IDENTITY = Entry(
    Field("id", "Id", "Its name in the file: letters, digits, - and _", f.parse_text, f.show_text, mono=True),
    "task", alone="Each task has an id of its own",
)  # fmt: skip


class Inspector(QWidget):
    """Right of the canvas. Shows the scene's selection of one session at a time."""

    wanted = Signal()
    """The keyboard is about to come to one of its fields."""

    def __init__(
        self, theme: Theme, settings: QSettings | None = None, fleet: Fleet | None = None,
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(parent)
        self._fleet = fleet
        self.setAccessibleName(self.tr("Inspector"))
        self.setMinimumWidth(NARROWEST)
        self._theme = theme
        self.session: EditorSession | None = None
        self.scene: GraphScene | None = None
        self.tasks: tuple[str, ...] = ()
        """The chosen ones, in the document's order."""
        self._folds = Folds(settings)
        self.filter = QLineEdit()
        self.filter.setPlaceholderText(self.tr("Find a field"))
        self.filter.setAccessibleName(self.tr("Find a field"))
        self.filter.setToolTip(self.tr("Shows the fields whose name or help has these words"))
        self.filter.setClearButtonEnabled(True)
        self.filter.textChanged.connect(self._filter)
        self._scroll = QScrollArea()
        self._scroll.setAccessibleName(self.tr("Fields"))
        self._scroll.setWidgetResizable(True)
        self._scroll.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab goes on to its fields
        self._scroll.setFrameShape(QFrame.Shape.NoFrame)
        self._scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, S, 0, 0)
        layout.setSpacing(0)
        top = QVBoxLayout()
        top.setContentsMargins(M, 0, M, S)
        top.addWidget(self.filter)
        layout.addLayout(top)
        layout.addWidget(self._scroll, 1)
        if fleet is not None:
            fleet.changed.connect(self._show_fit)
        self._order_soon = QTimer(self)
        self._order_soon.setSingleShot(True)
        self._order_soon.timeout.connect(lambda: order_tabs(self))
        self._build()

    # --- building ------------------------------------------------------------------------------------------

    def _build(self) -> None:
        """Make both forms, in this theme's look."""
        theme = self._theme
        page = QWidget()
        page.setObjectName("inspector-page")
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        self._heading = QLabel()
        self._heading.setWordWrap(True)
        self._heading.setContentsMargins(M, 0, M, S)
        self._problems = ProblemBox(theme)
        self._nothing = QLabel()
        self._nothing.setWordWrap(True)
        self._nothing.setContentsMargins(M, S, M, S)
        self._nothing.setStyleSheet(f"color: {theme.muted};")
        self._nothing.hide()
        self.task_form = Form((IDENTITY, *task_form()), theme, self._folds, self._made, ("needs", "items"))
        self.graph_form = Form(graph_form(), theme, self._folds, self._made)
        self.kind = Pick(self.tr("Kind"), "kind", dict(zip(KINDS, (
            self.tr("Shell line"), self.tr("Program"), self.tr("Script"), self.tr("Python function"),
        ), strict=True)), theme)  # fmt: skip
        self.array = Pick(self.tr("Runs"), "array", dict(zip(ARRAYS, (
            self.tr("Runs once"), self.tr("Once for each value"), self.tr("Once for each combination"),
        ), strict=True)), theme)  # fmt: skip
        self.needs = NeedsPart(theme)
        Completer(self.needs.line, partial(self._suggest, "needs"))
        self.fit = FitLine(theme)
        self.kind.picked.connect(self.change_kind)
        self.array.picked.connect(self.change_array)
        for name, widget in (("action", self.kind), ("items", self.array), ("needs", self.needs)):
            self.task_form.sections[name].add_part(widget)
        self.task_form.sections["resources"].add_part(self.fit, last=True)
        self.task_form.entered.connect(self._enter)
        self.graph_form.entered.connect(self._enter_graph)
        for part in (self._heading, self._problems, self._nothing, self.task_form, self.graph_form):
            column.addWidget(part)
        column.addStretch(1)
        before = self._scroll.takeWidget()
        if before is not None:
            # Not deleted at once: what rebuilds the forms may be a signal of one of their own boxes.
            before.hide()
            before.deleteLater()
        self._scroll.setWidget(page)
        self._show()
        self._filter(self.filter.text())

    def _made(self, row: Row) -> None:
        """A row is new."""
        self._order_soon.start()
        if isinstance(row.editor, FieldEdit):
            row.editor.offer(partial(self._suggest, row.key))
            if row.key.startswith("resources.") or row.key == "where":
                row.editor.typed.connect(self._show_fit)

    # --- what is shown -------------------------------------------------------------------------------------

    @property
    def task(self) -> str | None:
        """The only chosen task."""
        return self.tasks[0] if len(self.tasks) == 1 else None

    @property
    def form(self) -> Form:
        return self.task_form if self.tasks else self.graph_form

    def show_session(self, session: EditorSession | None, scene: GraphScene | None) -> None:
        self.flush()
        self._take_back()
        if self.session is not None:
            self.session.changed.disconnect(self._refresh)
            self.session.checked.disconnect(self._show)
        if self.scene is not None:
            self.scene.selection_changed.disconnect(self._selection_changed)
        self.session, self.scene, self.tasks = session, scene, ()
        if session is not None and scene is not None:
            session.changed.connect(self._refresh)
            session.checked.connect(self._show)
            scene.selection_changed.connect(self._selection_changed)
            self.tasks = self._chosen()
        self._show()

    def show_theme(self, theme: Theme) -> None:
        if theme != self._theme:
            self._theme = theme
            self._build()

    def _chosen(self) -> tuple[str, ...]:
        if self.scene is None or self.session is None:
            return ()
        facts, chosen = self.session.document.facts, self.scene.selected
        if len(chosen) < 2:
            return tuple(task for task in chosen if task in facts)
        return tuple(task for task in facts if task in chosen)

    def _selection_changed(self) -> None:
        self.flush()
        self._take_back()
        self.tasks = self._chosen()
        self._show()

    def _refresh(self, _: object = None) -> None:
        if self.session is not None:
            facts = self.session.document.facts
            self.tasks = tuple(task for task in self.tasks if task in facts)
        self._show()

    def _raws(self) -> list[Mapping[str, Any]]:
        session = self.session
        return [] if session is None else [session.document.task(task) for task in self.tasks]

    def _show(self) -> None:
        """Everything as the document and the selection are now."""
        session = self.session
        self.task_form.setVisible(bool(self.tasks))
        self.graph_form.setVisible(session is not None and not self.tasks)
        self.filter.setVisible(session is not None)
        self._show_heading()
        if session is None:
            self._problems.hide()
            return
        if self.tasks:
            self._show_tasks(session)
        else:
            seen = gather([session.document.raw], graph_form())
            self.graph_form.show_state(self._with_problems(self.graph_form, State(seen), ()))
        if self.filter.text():
            self.form.filter(self.filter.text())
        self._show_nothing()

    def _show_tasks(self, session: EditorSession) -> None:
        raws = self._raws()
        kinds, arrays = {kind_of(raw) for raw in raws}, {array_of(raw) for raw in raws}
        self.kind.show_kinds(kinds)
        self.array.show_kinds(arrays)
        self.needs.show_needs(session, self.task)
        self._order_soon.start()
        seen = gather(raws, task_form())
        seen["id"] = Seen(self.task, 0, mixed=self.task is None)
        defaults = session.document.raw.get("defaults")
        shared = frozenset((kinds if len(kinds) == 1 else set()) | (arrays if len(arrays) == 1 else set()))
        state = State(seen, defaults if isinstance(defaults, Mapping) else {}, shared, len(raws) > 1)
        self._set_language(seen["shell"])
        self.task_form.show_state(self._with_problems(self.task_form, state, ("tasks", self.task or "")))
        self._show_fit()

    def _set_language(self, shell: Seen) -> None:
        words = str(shell.value or "sh").split()
        name = words[0].rpartition("/")[2] if words else "sh"
        language = "python" if name.startswith("python") else "shell" if name.endswith("sh") else "text"
        for row in self.task_form.rows:
            if row.key == "script" and isinstance(row.editor, FieldEdit) and language in LANGUAGES:
                row.editor.set_language(language)

    def _suggest(self, key: str, text: str, at: int) -> Offer | None:
        """What may stand at a place of a field."""
        if self.session is None:
            return None
        machines = self._fleet.machines if self._fleet is not None else ()
        return in_field(key, text, at, self.task or "", Known(self.session.document.raw, machines))

    def _show_fit(self) -> None:
        """On how many of the agents what is asked for could run, with what is being typed."""
        session = self.session
        if session is None or not self.tasks or self._fleet is None:
            self.fit.hide()
            return
        typed: dict[str, object] = {}
        for row in self.task_form.rows:
            if isinstance(row.editor, FieldEdit) and row.editor.dirty and not row.isHidden():
                if row.editor.reason:
                    return  # it says so itself
                typed[row.key] = row.editor.value
        self.fit.tell(session, self.tasks, typed, self._fleet)

    def _show_heading(self) -> None:
        text = ""
        if self.session is None:
            text = self.tr("Open or make a graph: what is chosen in it is edited here.")
        elif len(self.tasks) > 1:
            text = self.tr("<b>{:,} tasks chosen</b><br>What is entered is set in all of them, as one step.")
            text = text.format(len(self.tasks))
        elif not self.tasks:
            text = self.tr("The graph itself. Choose a task to edit it.")
        self._heading.setText(text)
        self._heading.setStyleSheet(f"color: {self._theme.muted};")
        self._heading.setVisible(bool(text))

    def _with_problems(self, form: Form, state: State, base: tuple[str, ...]) -> State:
        """The checker's findings, each at its field; those without a field stand at the top."""
        document = self.session.document if self.session is not None else None
        at_fields: dict[str, str] = {}
        rest: list[str] = []
        wrong = False
        form.prepare(state)
        for problem in document.problems if document is not None and not state.several else ():
            if problem.path[: len(base)] != base or (not base and problem.path[:1] == ("tasks",)):
                continue
            key = form.key_of(problem.path[len(base) :])
            if key and key not in at_fields:
                at_fields[key] = spoken(f.told(problem, len(problem.path)))
            if not key or not form.is_open(key):
                label = self.tr(form.label(key)) + ": " if key else ""
                rest.append(label + spoken(problem.message))
                wrong |= problem.severity == "error"
        self._problems.tell(rest, wrong)
        return replace(state, problems=at_fields)

    def _filter(self, words: str) -> None:
        self.task_form.filter(words)
        self.graph_form.filter(words)
        self._show_nothing()

    def _show_nothing(self) -> None:
        """Say so where no field is left of those that were looked for."""
        words = self.filter.text().strip()
        found = any(not section.isHidden() for section in self.form.sections.values())
        self._nothing.setText(self.tr("No field here is called “{}” or says so in its help.").format(words))
        self._nothing.setVisible(bool(words) and not found and self.session is not None)

    # --- places --------------------------------------------------------------------------------------------

    def ensureWidgetVisible(self, widget: QWidget) -> None:
        self._scroll.ensureWidgetVisible(widget)

    def field(self, key: str) -> FieldEdit:
        """The field by its key; KeyError when this task has none such."""
        editor = self.form.row(key).editor
        if not isinstance(editor, FieldEdit):
            raise KeyError(key)
        return editor

    def switch(self, key: str) -> Switch:
        """The choice or box by its key; KeyError when there is none such."""
        editor = self.form.row(key).editor
        if isinstance(editor, FieldEdit):
            raise KeyError(key)
        return editor

    def go_to(self, path: tuple[str | int, ...]) -> bool:
        """Choose the task of a place in the document, and put the keyboard into its field."""
        if self.scene is None:
            return False
        self.wanted.emit()
        inside = path[2:] if path[:1] == ("tasks",) else path
        task = str(path[1]) if path[:1] == ("tasks",) and len(path) > 1 else ""
        self.scene.select([task] if task else ())
        self.filter.clear()
        if inside[:1] == ("needs",):
            self.task_form.sections["needs"].set_open(True)
            self._scroll.ensureWidgetVisible(self.needs.line)
            self.needs.line.setFocus(Qt.FocusReason.OtherFocusReason)
            return True
        key = self.form.key_of(inside)
        if not key:
            return False
        row = self.form.row(key)
        self._scroll.ensureWidgetVisible(row)
        row.outline()
        return True

    def edit_main_field(self) -> None:
        """Put the cursor into what the task runs; once more opens it in a larger box."""
        self.wanted.emit()
        for key in MAIN if self.tasks else ("name",):
            try:
                edit = self.field(key)
            except KeyError:
                continue
            if edit.box.hasFocus():
                edit.open_large()
            else:
                edit.box.setFocus(Qt.FocusReason.ShortcutFocusReason)
                self.ensureWidgetVisible(edit)
            return

    # --- entering ------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Take what is typed but not entered, before a save, a submit or another selection."""
        for row in (*self.task_form.rows, *self.graph_form.rows):
            if isinstance(row.editor, FieldEdit) and not row.isHidden() and row.editor.dirty:
                row.editor.enter()

    def _take_back(self) -> None:
        """What is typed for one task must not stand in the form of another."""
        for row in (*self.task_form.rows, *self.graph_form.rows):
            if isinstance(row.editor, FieldEdit):
                row.editor.take_back()

    def _label(self, what: str) -> str:
        if self.task is not None:
            return self.tr("change {} of “{}”").format(what, self.task)
        return self.tr("change {} of {:,} tasks").format(what, len(self.tasks))

    def _enter(self, key: str, value: object) -> None:
        if self.session is None or not self.tasks:
            return
        if key == "id":
            self._rename(value)
            return
        top, _, last = key.rpartition(".")
        name = top if top and SCALAR.get(top) == last else last
        changes = {}
        for task, raw in zip(self.tasks, self._raws(), strict=True):
            field, whole = with_value(raw, key, value)
            changes[task] = {field: whole}
        self._change(changes, self._label(name))

    def _change(self, changes: Mapping[str, Mapping[str, object]], label: str) -> None:
        assert self.session is not None
        slow = len(changes) >= WAIT_FROM
        if slow:
            QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            self.session.change_tasks(changes, label)
        finally:
            if slow:
                QGuiApplication.restoreOverrideCursor()

    def _enter_graph(self, key: str, value: object) -> None:
        if self.session is not None:
            field, whole = with_value(self.session.document.raw, key, value)
            self.session.set_graph_field(field, whole)

    def _rename(self, value: object) -> None:
        if self.session is None or self.scene is None or self.task is None:
            return
        old = self.task
        if isinstance(value, str) and self.session.rename(old, value):
            self.scene.select([value])
        else:
            self._show()

    def change_kind(self, kind: str) -> None:
        """What the chosen tasks run."""
        raws = dict(zip(self.tasks, self._raws(), strict=True))
        changes = {task: as_kind(raw, kind) for task, raw in raws.items() if kind_of(raw) != kind}
        if changes:
            self._change(changes, self._label(self.tr("the kind")))

    def change_array(self, array: str) -> None:
        """How often the chosen tasks run."""
        raws = dict(zip(self.tasks, self._raws(), strict=True))
        changes = {task: as_array(raw, array) for task, raw in raws.items() if array_of(raw) != array}
        if changes:
            self._change(changes, self._label(self.tr("the items")))
