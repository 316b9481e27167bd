"""Other resources for what of a run still waits: the run's document is amended, and what runs goes on as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QFormLayout, QLabel, QLineEdit, QVBoxLayout, QWidget
from shiboken6 import isValid

from windlass.model.document import check_text
from windlass.model.edit import DocumentText
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.editor.document.document import Document
from windlass_gui.editor.form.fields import judged, parse_yaml, show_text
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import M
from windlass_gui.models import format as fmt
from windlass_gui.panes.undo import UndoStrip


class Line(NamedTuple):
    key: str
    """The document's field, or `group.key` inside a mapping."""
    label: str
    hint: str


LINES = (
    Line("resources.cpus", "CPUs", "How many CPUs it keeps busy; 0.5 shares one"),
    Line("resources.memory", "Memory", "What to reserve, such as 512 MiB"),
    Line("resources.gpus", "GPUs", "Whole GPUs for itself"),
    Line("resources.gpu-memory", "GPU memory", "What each of its GPUs must have; without GPUs, a part of one"),
    Line("timeout", "Timeout", "How long one attempt may take, such as 10 min"),
)


def amended(text: str, tasks: Sequence[str], values: dict[str, Any]) -> str:
    """The document with these fields (None: removed) of these tasks changed, everything else as it was."""
    document = Document(text)
    edit = DocumentText(text)
    for task in tasks:
        raw = document.task(task)
        resources = dict(raw.get("resources") or {})
        for key, value in values.items():
            group, _, name = key.rpartition(".")
            if group:
                resources = {each: known for each, known in resources.items() if each != name}
                if value is not None:
                    resources[name] = value
            elif value is not None:
                edit.set_field(task, key, value)
            elif key in raw:
                edit.remove_field(task, key)
        if resources != dict(raw.get("resources") or {}):
            if resources:
                edit.set_field(task, "resources", resources)
            else:
                edit.remove_field(task, "resources")
    return edit.to_text()


class ResourcesDialog(QDialog):
    """Empty lines leave a field as it is; what is typed is checked as in the inspector."""

    def __init__(
        self, bridge: Bridge, run: int, tasks: Sequence[int], strip: UndoStrip, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Resources of what still waits"))
        self.setMinimumWidth(460)
        self.bridge, self.run, self.strip = bridge, run, strip
        mirror = bridge.mirror.run(run)
        rows = [mirror.tasks[task] for task in tasks if task < len(mirror.tasks)] if mirror is not None else []
        self.tasks = [row.id for row in rows]
        waiting = sum(row.counts.pending + row.counts.ready + row.counts.backoff for row in rows)
        running = sum(row.counts.active for row in rows)
        self.document = ""
        self.sent = False
        """The change is on its way."""
        names = ", ".join(self.tasks[:3]) + ("…" if len(self.tasks) > 3 else "")
        self.note = QLabel(
            self.tr("{} of {} wait and will ask for this from now on; {} that run go on as they are.").format(
                self.tr("1 item") if waiting == 1 else self.tr("{} items").format(fmt.count(waiting)),
                names, fmt.count(running),
            )
        )  # fmt: skip
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.note.setWordWrap(True)
        self.note.setProperty("role", "muted")
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.lines: dict[str, QLineEdit] = {}
        for field in LINES:
            line = QLineEdit()
            line.setPlaceholderText(self.tr("as it is"))
            line.setToolTip(field.hint)
            line.setAccessibleName(field.label)
            line.textChanged.connect(self._check)
            form.addRow(field.label, line)
            self.lines[field.key] = line
        self.error = QLabel()
        self.error.setProperty("role", "error")
        self.error.setTextFormat(Qt.TextFormat.PlainText)
        self.error.setWordWrap(True)
        self.buttons = QDialogButtonBox()
        self.yes = self.buttons.addButton(self.tr("Change"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.yes.setProperty("role", "primary")
        self.buttons.addButton(self.tr("Leave as it is"), QDialogButtonBox.ButtonRole.RejectRole)
        self.buttons.accepted.connect(self._send)
        self.buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(M, M, M, M)
        layout.setSpacing(M)
        layout.addWidget(self.note)
        layout.addLayout(form)
        layout.addWidget(self.error)
        layout.addStretch(1)
        layout.addWidget(self.buttons)
        self._check()
        bridge.get_run(run, self._told, self._refused)

    def _refused(self, reason: str) -> None:
        if isValid(self):  # it may be closed before the core answers
            self.sent = False
            self.error.setText(spoken(reason))
            self._enable()
        elif self.sent:
            self.bridge.failed.emit(reason)

    def _told(self, data: dict[str, Any]) -> None:
        """The run's document: say what the tasks ask for now."""
        if not isValid(self):
            return
        self.document = str(data.get("document") or "")
        graph = check_text(self.document).graph if self.document else None
        if graph is None:
            self.error.setText(self.tr("This run was made by a program: its graph cannot be changed here."))
            self.document = ""
        else:
            document = Document(self.document)
            for field in LINES:
                group, _, name = field.key.rpartition(".")
                said = {_at(document.task(task), group, name) for task in self.tasks}
                shown = show_text(next(iter(said))) if len(said) == 1 and None not in said else ""
                self.lines[field.key].setPlaceholderText(
                    self.tr("{} now").format(shown) if shown else self.tr("as it is")
                )
        self._check()

    def values(self) -> dict[str, Any]:
        """What was typed. Raises ValueError naming the field that is wrong."""
        found: dict[str, Any] = {}
        for field in LINES:
            text = self.lines[field.key].text().strip()
            if not text:
                continue
            try:
                found[field.key] = judged(field.key, parse_yaml)(text)
            except ValueError as error:
                raise ValueError(f"{field.label}: {error}") from None
        return found

    def _check(self) -> None:
        if self.document:
            self.error.setText("")
        self._enable()

    def _enable(self) -> None:
        try:
            values = self.values()
        except ValueError as error:
            self.error.setText(spoken(str(error)))
            values = {}
        self.yes.setEnabled(bool(values and self.document and self.tasks) and not self.sent)

    def _send(self) -> None:
        before = self.document
        text = amended(before, self.tasks, self.values())
        found = check_text(text)
        if found.graph is None:
            problems = [str(problem) for problem in found.problems if problem.severity == "error"]
            self._refused("\n".join(problems[:3]))
            return

        bridge, run, strip = self.bridge, self.run, self.strip
        words = self.tr("What waits of run {} asks for other resources").format(run)

        def done(_data: dict[str, Any], _payload: list[bytes]) -> None:
            strip.say(words, lambda: bridge.request(_message(run, before)))
            if isValid(self):
                self.accept()

        self.sent = True
        self._enable()
        bridge.request(_message(run, text), done, self._refused)


def _at(raw: Any, group: str, name: str) -> Any:
    inner = (raw.get(group) or {}) if group else raw
    found = inner.get(name) if hasattr(inner, "get") else None
    return found if isinstance(found, str | int | float | None) else str(found)


def _message(run: int, text: str) -> m.Amend:
    """The run's files stay as they are."""
    return m.Amend(0, run, msgspec.msgpack.encode(check_text(text).graph), text, None)
