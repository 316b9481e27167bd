"""Find on the canvas: a bar over it, all matches outlined, from one to the next with Enter."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QLineEdit, QToolButton

from windlass_gui.editor.canvas.match_item import MatchItem
from windlass_gui.editor.canvas.search import TaskSearch
from windlass_gui.look.buttons import flat_button
from windlass_gui.look.icons import icon
from windlass_gui.look.theme import XS, S, Theme

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

WIDTH = 430
"""Pixels, where the canvas is that wide."""


class FindBar(QFrame):
    """Over the upper right corner of the canvas; hidden while nothing is looked for."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view)
        self.setObjectName("find-bar")
        self.view = view
        self.search = TaskSearch(view.session.document)
        self.found: list[str] = []
        self.at = -1
        self.outlines = MatchItem(view.graph.geometry, view.graph.look)
        view.graph.addItem(self.outlines)
        self.words = QLineEdit()
        self.words.setPlaceholderText(self.tr("Find tasks"))
        self.words.setAccessibleName(self.tr("Find tasks"))
        self.words.setToolTip(self.tr("Words in ids, titles, commands or labels"))
        self.words.setClearButtonEnabled(True)
        self.count = QLabel()
        self.count.setMinimumWidth(64)
        self.count.setAlignment(Qt.AlignmentFlag.AlignCenter)
        row = QHBoxLayout(self)
        row.setContentsMargins(S, XS, XS, XS)
        row.setSpacing(XS)
        row.addWidget(self.words, 1)
        row.addWidget(self.count)
        self._buttons: list[tuple[QToolButton, str]] = []
        for name, tip, do in (
            ("up", self.tr("Previous (Shift+Enter)"), lambda: self.step(-1)),
            ("down", self.tr("Next (Enter)"), lambda: self.step(1)),
            ("select", self.tr("Choose all that were found (Ctrl+Enter)"), self.choose_all),
            ("close", self.tr("Leave (Esc)"), self.leave),
        ):
            button = flat_button("", tip, do)
            row.addWidget(button)
            self._buttons.append((button, name))
        self.words.textChanged.connect(lambda _: self.look())
        view.session.changed.connect(lambda _: self._document_changed())
        view.graph.inside_changed.connect(self._outline)
        self.hide()

    def show_theme(self, theme: Theme) -> None:
        self.outlines.style = self.view.graph.look
        for button, name in self._buttons:
            button.setIcon(icon(name, theme))
        self.setStyleSheet(
            f"#find-bar {{ background: {theme.surface2}; border: 1px solid {theme.border}; border-radius: 8px; }}"
            f"#find-bar QLabel {{ color: {theme.muted}; background: transparent; }}"
        )

    def place(self) -> None:
        """To be called when the view has another size."""
        width = min(WIDTH, self.view.width() - 24)
        self.setGeometry(self.view.width() - width - 12, 12, width, self.sizeHint().height())

    def open(self) -> None:
        """Show it with the last words, ready to type over them."""
        self.place()
        self.show()
        self.raise_()
        self.words.setFocus()
        self.words.selectAll()
        if self.words.text():
            self.look()

    def look(self) -> None:
        """Look for the words as they are now, and go to the first match behind what is chosen."""
        current = self.found[self.at] if 0 <= self.at < len(self.found) else ""
        self.found = self.search.matches(self.words.text())
        self.at = self.found.index(current) if current in self.found else 0 if self.found else -1
        self._go()

    def step(self, by: int) -> None:
        """To the next or the previous match, round and round."""
        if self.found:
            self.at = (self.at + by) % len(self.found)
            self._go()

    def choose_all(self) -> None:
        """The matches become the selection; the bar goes, so that something can be done with them."""
        if self.found:
            found = [task for task in self.found if self.view.graph.shown.node_of(task)]
            self.leave()
            self.view.graph.select(found)
            self.view.fit_selection_if_out(animated=True)

    def leave(self) -> None:
        self.view.setFocus()  # first, as a hidden widget's focus would go on as Tab does
        self.hide()
        self.outlines.show_matches((), "")

    def _document_changed(self) -> None:
        self.search.forget()
        if self.isVisible():
            current = self.found[self.at] if 0 <= self.at < len(self.found) else ""
            self.found = self.search.matches(self.words.text())
            self.at = self.found.index(current) if current in self.found else 0 if self.found else -1
            self._outline()

    def _go(self) -> None:
        if self.found:
            self.view.reveal(self.found[self.at])
        self._outline()

    def _outline(self) -> None:
        node_of = self.view.graph.shown.node_of
        current = node_of(self.found[self.at]) if self.found else ""
        if self.isVisible():
            self.outlines.show_matches({node_of(task) for task in self.found} - {""}, current)
        if self.found:
            self.count.setText(self.tr("{} of {}").format(self.at + 1, len(self.found)))
        else:
            self.count.setText(self.tr("none") if self.words.text().strip() else "")
        for button, name in self._buttons:
            button.setEnabled(bool(self.found) or name == "close")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.leave()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.choose_all()
            else:
                self.step(-1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1)
        else:
            super().keyPressEvent(event)
