"""A form of the inspector: sections that fold, with a row for each field; rows of what is folded come when needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from PySide6.QtCore import QSettings, QSize, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from windlass_gui.editor.form.field_edit import FieldEdit
from windlass_gui.editor.form.form_row import Row
from windlass_gui.editor.form.forms import SECTIONS
from windlass_gui.editor.form.schema_form import Entry, Seen, value_at
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import M, S, Theme


class Folds:
    """Which sections are folded; remembered where there are settings."""

    def __init__(self, settings: QSettings | None) -> None:
        self._settings = settings
        kept = settings.value("inspector/folds") if settings is not None else None
        self._folded = {name: folded for name, (_, folded) in SECTIONS.items()}
        if isinstance(kept, list):
            self._folded.update({name: name in kept for name in self._folded})

    def __getitem__(self, name: str) -> bool:
        return self._folded[name]

    def __setitem__(self, name: str, folded: bool) -> None:
        self._folded[name] = folded
        if self._settings is not None:
            # A list of no or one text comes back as something else; the empty name keeps it a list.
            self._settings.setValue("inspector/folds", ["", "", *(name for name, on in self._folded.items() if on)])


@dataclass(slots=True)
class State:
    """What a form shows: of one task, of several, or of the graph."""

    seen: Mapping[str, Seen] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    kinds: frozenset[str] = frozenset()
    """What all of the tasks are: shell, foreach, ..."""
    several: bool = False
    problems: Mapping[str, str] = field(default_factory=dict)
    """Key -> what the checker says of it."""


class Section(QWidget):
    """A heading that folds, parts that its owner adds, and rows."""

    folded_changed = Signal(str, bool)
    row_entered = Signal(str, object)

    def __init__(
        self, name: str, entries: list[Entry], theme: Theme, made: Callable[[Row], None], parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.name = name
        self.entries = entries
        self.rows: list[Row] = []
        self.title = self.tr(SECTIONS[name][0])
        self._theme = theme
        self._made = made
        self._count = 0
        self.header = QToolButton()
        self.header.setObjectName(f"section-{name}")
        self.header.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.header.setIconSize(QSize(14, 14))
        self.header.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)
        self.header.setStyleSheet(
            f"QToolButton {{ border: none; border-bottom: 1px solid {theme.border}; text-align: left; font-weight: 600;"
            f" padding: 5px 0 3px 0; }} QToolButton:hover {{ color: {theme.accent}; }}"
            f" QToolButton:focus {{ border: 2px solid {theme.accent}; border-radius: 4px; padding: 3px 0 2px 0; }}"
        )
        self.header.clicked.connect(lambda: self.folded_changed.emit(self.name, self.is_open))
        self.body = QWidget()
        self._column = QVBoxLayout(self.body)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(6)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, S)
        layout.setSpacing(6)
        layout.addWidget(self.header)
        layout.addWidget(self.body)
        self.set_open(False)

    @property
    def is_open(self) -> bool:
        return not self.body.isHidden()

    def set_open(self, on: bool) -> None:
        if on:
            self.build()
        self.body.setVisible(on)
        self.header.setIcon(icon("down" if on else "right", self._theme, "muted"))
        self.header.setToolTip(self.tr("Fold") if on else self.tr("Unfold"))
        self._show_title()

    def show_count(self, count: int) -> None:
        self._count = count
        self._show_title()

    def _show_title(self) -> None:
        more = self.tr("  · {} set").format(self._count) if self._count and not self.is_open else ""
        self.header.setText(self.title + more)
        self.header.setAccessibleName(self.title)

    def add_part(self, part: QWidget, last: bool = False) -> None:
        """Something of its own above the rows, or below them."""
        if last:
            self.build()
            self._column.addWidget(part)
        else:
            self._column.insertWidget(0, part)

    def build(self) -> None:
        """Make the rows, once."""
        if self.rows or not self.entries:
            return
        for entry in self.entries:
            row = Row(entry, self._theme)
            row.entered.connect(self.row_entered)
            self.rows.append(row)
            self._column.addWidget(row)
            self._made(row)


class Form(QWidget):
    """The sections of the entries, one below the other."""

    entered = Signal(str, object)

    def __init__(
        self, entries: Iterable[Entry], theme: Theme, folds: Folds, made: Callable[[Row], None],
        more: Iterable[str] = (), parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        """`made` is told of each new row; `more` are sections that have parts and no rows."""
        super().__init__(parent)
        self._folds = folds
        self._words = ""
        self._state = State()
        by_section: dict[str, list[Entry]] = {name: [] for name in SECTIONS}
        for entry in entries:
            by_section[entry.section].append(entry)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(M, 0, S, M)
        layout.setSpacing(0)
        self.sections: dict[str, Section] = {}
        for name, found in by_section.items():
            if found or name in more:
                section = Section(name, found, theme, made)
                section.row_entered.connect(self.entered)
                section.folded_changed.connect(self._fold)
                layout.addWidget(section)
                self.sections[name] = section
        for name, section in self.sections.items():
            section.set_open(not folds[name])

    @property
    def rows(self) -> list[Row]:
        """Those that are made by now."""
        return [row for section in self.sections.values() for row in section.rows]

    def row(self, key: str) -> Row:
        """The row of a key that goes with what is shown, unfolded. KeyError when there is none."""
        for section in self.sections.values():
            if any(entry.key == key for entry in section.entries):
                section.build()
                self._fill(section)
                for row in section.rows:
                    if row.key == key and self._applies(row.entry):
                        if not section.is_open:
                            section.set_open(True)
                        return row
        raise KeyError(key)

    def key_of(self, path: tuple[str | int, ...]) -> str:
        """The entry that a place of the document belongs to; empty when there is none."""
        parts = [str(part) for part in path if isinstance(part, str)]
        keys = {entry.key for section in self.sections.values() for entry in section.entries if self._applies(entry)}
        for length in range(len(parts), 0, -1):
            key = ".".join(parts[:length])
            if key in keys:
                return key
            inside = sorted(name for name in keys if name.startswith(key + "."))
            if inside:
                return inside[0]
        return ""

    def label(self, key: str) -> str:
        """What the field of a key is called."""
        entries = (entry for section in self.sections.values() for entry in section.entries)
        return next(entry.field.label for entry in entries if entry.key == key)

    def _fold(self, name: str, folded: bool) -> None:
        self._folds[name] = folded
        section = self.sections[name]
        section.set_open(not folded)
        if not folded:
            self._fill(section)

    def filter(self, words: str) -> None:
        """Only fields whose name, key or help has the words; all again without words."""
        self._words = words.strip()
        for name, section in self.sections.items():
            section.set_open(bool(self._words) or not self._folds[name])
            self._fill(section)

    # --- what is shown -------------------------------------------------------------------------------------

    def is_open(self, key: str) -> bool:
        """The section of a key is unfolded."""
        return any(
            section.is_open for section in self.sections.values() for entry in section.entries if entry.key == key
        )

    def prepare(self, state: State) -> None:
        """Know which fields there are, before they are filled."""
        self._state = state

    def show_state(self, state: State) -> None:
        self._state = state
        for section in self.sections.values():
            section.show_count(sum(1 for entry in section.entries if self._is_set(entry)))
            self._fill(section)

    def _is_set(self, entry: Entry) -> bool:
        seen = self._state.seen.get(entry.key)
        return seen is not None and seen.count > 0 and self._applies(entry)

    def _applies(self, entry: Entry) -> bool:
        return not entry.only or bool(self._state.kinds & set(entry.only))

    def _fill(self, section: Section) -> None:
        state, shown = self._state, 0
        for row in section.rows:
            visible = self._applies(row.entry) and (not self._words or row.matches(self._words))
            row.setVisible(visible)
            shown += visible
            if not visible:
                continue
            locked = self.tr(row.entry.alone) if state.several and row.entry.alone else ""
            row.show_seen(state.seen.get(row.key, Seen()), value_at(state.defaults, row.key), locked)
            if isinstance(row.editor, FieldEdit):
                row.editor.show_problem(state.problems.get(row.key, ""))
        section.setVisible(shown > 0 or not self._words)
