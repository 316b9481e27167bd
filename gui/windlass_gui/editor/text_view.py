"""The document as YAML: read it, edit it, apply it as one undo step."""

from __future__ import annotations

import re

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextCharFormat, QTextCursor, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPlainTextEdit, QPushButton, QTextEdit, QVBoxLayout, QWidget

from windlass.model.document import check_text
from windlass_gui.editor.session import EditorSession
from windlass_gui.theme import Theme, mix, mono_font

CHECK_DELAY = 300
"""Milliseconds without typing before what was typed is checked."""


class YamlHighlighter(QSyntaxHighlighter):
    """Keys, comments, strings and `${{ }}`."""

    _KEY = re.compile(r"^(\s*(?:- )?)([\w.-]+)(?=\s*:)")
    _HOLE = re.compile(r"\$\{\{.*?\}\}")
    _STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'")
    _COMMENT = re.compile(r"(?:^|\s)#.*$")

    def __init__(self, document: QTextDocument, theme: Theme) -> None:
        super().__init__(document)
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        self._key = self._format(theme.color("accent"), bold=True)
        self._hole = self._format(mix(theme.color("text"), theme.color("warn"), 0.8))
        self._string = self._format(mix(theme.color("text"), theme.color("ok"), 0.7))
        self._comment = self._format(theme.color("muted"), italic=True)
        self.rehighlight()

    @staticmethod
    def _format(color: QColor, bold: bool = False, italic: bool = False) -> QTextCharFormat:
        result = QTextCharFormat()
        result.setForeground(color)
        result.setFontItalic(italic)
        if bold:
            result.setFontWeight(QFont.Weight.DemiBold)
        return result

    def highlightBlock(self, text: str) -> None:
        for pattern, style in ((self._STRING, self._string), (self._HOLE, self._hole), (self._COMMENT, self._comment)):
            for match in pattern.finditer(text):
                self.setFormat(match.start(), match.end() - match.start(), style)
        key = self._KEY.match(text)
        if key:
            self.setFormat(key.start(2), len(key[2]), self._key)


class TextView(QWidget):
    """Follows the document while nothing is typed; what is typed waits for Apply (Ctrl+Enter)."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.session: EditorSession | None = None
        self._theme = theme
        self._line = 0
        self.edit = QPlainTextEdit()
        self.edit.setAccessibleName(self.tr("The graph as YAML"))
        self.edit.setFont(mono_font(12))
        self.edit.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.edit.setTabStopDistance(4 * self.edit.fontMetrics().horizontalAdvance(" "))
        self._highlighter = YamlHighlighter(self.edit.document(), theme)
        self._status = QLabel()
        self._status.setWordWrap(True)
        self.apply_button = QPushButton(self.tr("Apply"))
        self.apply_button.setToolTip(self.tr("Make this the document, as one undo step (Ctrl+Enter)"))
        self.apply_button.setShortcut("Ctrl+Return")
        self.apply_button.clicked.connect(self.apply)
        self.revert_button = QPushButton(self.tr("Revert"))
        self.revert_button.setToolTip(self.tr("Forget what was typed here"))
        self.revert_button.clicked.connect(self.revert)
        foot = QHBoxLayout()
        foot.setContentsMargins(8, 4, 8, 6)
        foot.setSpacing(8)
        foot.addWidget(self._status, 1)
        foot.addWidget(self.revert_button)
        foot.addWidget(self.apply_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.edit, 1)
        layout.addLayout(foot)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(CHECK_DELAY)
        self._timer.timeout.connect(self._check)
        self.edit.textChanged.connect(self._typed)
        self.show_theme(theme)
        self._show_state()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._highlighter.show_theme(theme)
        self._mark()

    def show_session(self, session: EditorSession | None) -> None:
        if self.session is not None:
            self.session.changed.disconnect(self._follow)
        self.session = session
        if session is not None:
            session.changed.connect(self._follow)
        self.revert()

    @property
    def dirty(self) -> bool:
        return self.session is not None and self.edit.toPlainText() != self.session.document.text

    def _follow(self, _: object = None) -> None:
        if self.session is None:
            return
        if self.edit.document().isModified():
            self._show_state(self.tr("The canvas was changed meanwhile: Apply puts this text in its place"))
        else:
            self.revert()

    def revert(self) -> None:
        """Show the document's text, keeping the place."""
        bar = self.edit.verticalScrollBar().value()
        self.edit.setPlainText(self.session.document.text if self.session is not None else "")
        self.edit.document().setModified(False)
        self.edit.verticalScrollBar().setValue(bar)
        self._line = 0
        self._mark()
        self._show_state()

    def apply(self) -> None:
        """Make what was typed the document, if it can be read."""
        if self.session is None or not self.dirty:
            return
        text = self.edit.toPlainText()
        self.edit.document().setModified(False)
        self.session.apply_text(text)
        self.session.check_now()
        self._show_state()

    def go_to(self, line: int) -> None:
        """Put the cursor at the start of a line (from 1)."""
        block = self.edit.document().findBlockByNumber(max(0, line - 1))
        self.edit.setTextCursor(QTextCursor(block))
        self.edit.centerCursor()
        self.edit.setFocus(Qt.FocusReason.OtherFocusReason)

    def _typed(self) -> None:
        self._show_state()
        self._timer.start()

    def _show_state(self, problem: str = "") -> None:
        dirty = self.dirty
        self.edit.setReadOnly(self.session is None)
        self.apply_button.setEnabled(dirty)
        self.revert_button.setEnabled(dirty)
        if problem:
            self._status.setText(problem)
            self._status.setStyleSheet(f"color: {self._theme.danger};")
            return
        if self.session is None:
            text = self.tr("No graph is open.")
        elif dirty:
            text = self.tr("Changed here, not applied yet")
        else:
            text = self.tr("The same document as on the canvas")
        self._status.setText(text)
        self._status.setStyleSheet(f"color: {self._theme.muted};")

    def _check(self) -> None:
        if not self.dirty:
            self._line = 0
            self._mark()
            return
        problems = check_text(self.edit.toPlainText()).problems
        first = problems[0] if problems else None
        self._line = first.line or 0 if first else 0
        self._show_state(self.tr("Line {}: {}").format(first.line, first.message) if first else "")
        self._mark()

    def _mark(self) -> None:
        """Tint the line of the first problem."""
        marks: list[QTextEdit.ExtraSelection] = []
        if self._line:
            mark = QTextEdit.ExtraSelection()
            mark.cursor = QTextCursor(self.edit.document().findBlockByNumber(self._line - 1))
            mark.format.setBackground(self._theme.tint("failed", 0.3))
            mark.format.setProperty(QTextCharFormat.Property.FullWidthSelection, True)
            marks.append(mark)
        self.edit.setExtraSelections(marks)
