"""Words that are tinted in every log, each in a colour of its own; the list is kept."""

from __future__ import annotations

import json
import re

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtGui import QColor, QIcon, QPixmap, QSyntaxHighlighter, QTextCharFormat, QTextDocument
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QMenu, QToolButton, QWidget, QWidgetAction

from windlass_gui.look.theme import XS, Theme, current_theme, mix, theme_switch

TOKENS = ("warn", "accent", "danger", "ok", "muted")
"""The colours, in the order in which words get them."""
KEY = "log/highlights"
MOST = 30
"""Words kept."""


class Highlighter(QSyntaxHighlighter):
    """Tints the words; case does not matter. Without words it costs nothing."""

    def __init__(self, document: QTextDocument) -> None:
        super().__init__(document)
        self._own = document
        self._words: list[str] = []
        self._pattern: re.Pattern[str] | None = None
        self._formats: list[QTextCharFormat] = []
        self.setDocument(None)

    def set_words(self, words: list[str]) -> None:
        self._words = list(words)
        longest = sorted(range(len(words)), key=lambda at: -len(words[at]))
        groups = "|".join(f"(?P<w{at}>{re.escape(words[at])})" for at in longest)
        self._pattern = re.compile(groups, re.IGNORECASE) if words else None
        self.restyle()

    def restyle(self) -> None:
        theme = current_theme()
        self._formats = []
        for at in range(len(self._words)):
            made = QTextCharFormat()
            made.setBackground(color_of(at, theme))
            made.setForeground(theme.color("text"))
            self._formats.append(made)
        # Given anew, the whole text is looked at once more.
        self.setDocument(None)
        if self._words:
            self.setDocument(self._own)

    def highlightBlock(self, text: str) -> None:
        if self._pattern is None:
            return
        for match in self._pattern.finditer(text):
            if match.lastgroup is not None:
                self.setFormat(match.start(), match.end() - match.start(), self._formats[int(match.lastgroup[1:])])


def color_of(place: int, theme: Theme) -> QColor:
    """A background on which text stays readable."""
    return mix(theme.color("surface"), theme.color(TOKENS[place % len(TOKENS)]), 0.35)


class HighlightButton(QToolButton):
    """Opens the list: type a word to add it, click one to take it away."""

    changed = Signal(list)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.words: list[str] = []
        self._settings: QSettings | None = None
        self.setText(self.tr("Words"))
        self.setToolTip(self.tr("Words to tint wherever they stand in a log"))
        self.setProperty("role", "flat")
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self._menu = QMenu(self)
        self._menu.aboutToShow.connect(self._fill)
        self.setMenu(self._menu)

    def remember(self, settings: QSettings) -> None:
        """The words of last time, and keep what changes."""
        try:
            kept = json.loads(str(settings.value(KEY) or "[]"))
            words = [str(word) for word in kept if str(word)] if isinstance(kept, list) else []
        except ValueError:
            words = []
        self._settings = settings
        self.set_words(words[:MOST])

    def set_words(self, words: list[str]) -> None:
        self.words = words
        self.setText(self.tr("Words ({})").format(len(words)) if words else self.tr("Words"))
        if self._settings is not None:
            self._settings.setValue(KEY, json.dumps(words))
        self.changed.emit(words)

    def add(self, word: str) -> None:
        word = word.strip()
        if word and word.lower() not in [known.lower() for known in self.words] and len(self.words) < MOST:
            self.set_words([*self.words, word])

    def _fill(self) -> None:
        self._menu.clear()
        line = QLineEdit()
        line.setPlaceholderText(self.tr("Add a word"))
        line.setMinimumWidth(180)
        line.returnPressed.connect(lambda: self.add(line.text()))
        line.returnPressed.connect(self._menu.close)
        holder = QWidget()
        row = QHBoxLayout(holder)
        row.setContentsMargins(XS, XS, XS, XS)
        row.addWidget(line)
        entry = QWidgetAction(self._menu)
        entry.setDefaultWidget(holder)
        self._menu.addAction(entry)
        for place, word in enumerate(self.words):
            swatch = QPixmap(12, 12)
            swatch.fill(color_of(place, theme_switch().theme))
            action = self._menu.addAction(QIcon(swatch), word.replace("&", "&&"))
            action.setToolTip(self.tr("Take it off the list"))
            action.triggered.connect(
                lambda _=False, word=word: self.set_words([known for known in self.words if known != word])
            )
        if not self.words:
            self._menu.addAction(self.tr("No words yet")).setEnabled(False)
        line.setFocus(Qt.FocusReason.PopupFocusReason)
