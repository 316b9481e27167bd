"""Colours for source text: YAML, Python, shell and plain text, in the theme's own colours.

One regular expression a language finds everything that has a colour; a string that is still open at the end of its
line is the state that the next line begins with. Colours are the sixteen of the terminal, which a test holds to
WCAG AA on the surface of both themes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QColor, QFont, QSyntaxHighlighter, QTextBlock, QTextCharFormat, QTextDocument

from windlass_gui.look.theme import Theme

_HOLE = re.compile(r"\$\{\{.*?\}\}")
_DONE = 1 << 20
"""In a block's state: it has its colours. The lower bits say which string is open."""


@dataclass(frozen=True, slots=True)
class Language:
    """`tokens` has a named group for each role; `open` are strings that may go on over lines."""

    tokens: re.Pattern[str]
    open: tuple[str, ...] = ()
    comment: str = "#"
    indent: int = 4
    deeper: re.Pattern[str] = re.compile(r"(?!)")
    """A line after which the next one stands further in."""


def _words(text: str) -> str:
    return r"\b(?:" + "|".join(text.split()) + r")\b"


_PYTHON_WORDS = _words(
    "and as assert async await break class continue def del elif else except finally for from global if import in is "
    "lambda nonlocal not or pass raise return try while with yield match case"
)
_SHELL_WORDS = _words(
    "if then else elif fi for while until do done case esac in function return exit set export local readonly shift "
    "trap cd echo printf test source"
)
_NUMBER = r"(?P<number>\b\d[\w.]*)"
_COMMENT = r"(?P<comment>(?:(?<=\s)|^)#.*$)"

LANGUAGES: dict[str, Language] = {
    "yaml": Language(
        re.compile(
            r"(?P<comment>(?:(?<=\s)|^)#.*$)"
            r"|(?P<key>^\s*(?:- )?[\w.$-]+(?=\s*:(?:\s|$))|(?<=[{,]\s)[\w-]+(?=:\s)|(?<={)[\w-]+(?=:\s))"
            r"|(?P<string>\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*')"
            r"|(?P<keyword>\b(?:true|false|null)\b)"
            r"|(?P<number>(?<![\w.-])-?\d[\d.]*(?:\s?(?:[KMGT]i?B|min|ms|h|s|d)\b)?(?![\w.]))"
        ),
        indent=2,
        deeper=re.compile(r":\s*(?:[|>][+-]?)?\s*$"),
    ),
    "python": Language(
        re.compile(
            rf"{_COMMENT}|(?P<open>\"\"\"|''')"
            r"|(?P<string>[rbfuRBFU]{0,2}(?:\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'))"
            r"|(?P<name>(?<=def )\w+|(?<=class )\w+|@[\w.]+)"
            rf"|(?P<keyword>{_PYTHON_WORDS})|(?P<constant>{_words('True False None self')})|{_NUMBER}"
        ),
        open=('"""', "'''"),
        deeper=re.compile(r":\s*(?:#.*)?$"),
    ),
    "shell": Language(
        re.compile(
            rf"{_COMMENT}|(?P<string>\"(?:[^\"\\]|\\.)*\"|'[^']*')|(?P<open>\"|')"
            r"|(?P<name>\$(?:\w+|[@*#?$!-]|\{(?!\{)[^}]*\}))"
            rf"|(?P<keyword>{_SHELL_WORDS})|(?P<constant>(?<=\s)--?[A-Za-z][\w-]*)|{_NUMBER}"
        ),
        open=('"', "'"),
        indent=2,
        deeper=re.compile(r"(?:\bthen|\bdo|\{|\bin|\()\s*$"),
    ),
    "text": Language(re.compile(r"(?!)")),
}


class Highlighter(QSyntaxHighlighter):
    """`visible` (if given) bounds the work to blocks that are seen; `show_range` colours those that come into view."""

    def __init__(
        self, document: QTextDocument, language: str, theme: Theme, visible: Callable[[], range] | None = None
    ) -> None:
        super().__init__(document)
        self._language = LANGUAGES[language]
        self._visible = visible
        self._formats: dict[str, QTextCharFormat] = {}
        self.show_theme(theme)

    def set_language(self, language: str) -> None:
        if LANGUAGES[language] is not self._language:
            self._language = LANGUAGES[language]
            self.rehighlight()

    def show_theme(self, theme: Theme) -> None:
        green, yellow, blue, magenta, cyan = (QColor(color) for color in theme.ansi[2:7])
        self._formats = {
            "key": _format(blue, bold=True),
            "string": _format(green),
            "comment": _format(theme.color("muted"), italic=True),
            "keyword": _format(magenta, bold=True),
            "constant": _format(cyan),
            "number": _format(cyan),
            "name": _format(blue),
            "hole": _format(yellow, bold=True),
        }
        self._formats["open"] = self._formats["string"]
        self.rehighlight()

    def show_range(self, first: QTextBlock, count: int) -> None:
        """Colour the blocks that have come into view."""
        block = first
        for _ in range(count):
            if not block.isValid():
                return
            if block.userState() < _DONE:
                self.rehighlightBlock(block)
            block = block.next()

    def highlightBlock(self, text: str) -> None:
        if self._visible is not None and self.currentBlock().blockNumber() not in self._visible():
            return
        language, at = self._language, 0
        before = self.previousBlockState()
        still = before & (_DONE - 1) if before >= _DONE else 0
        if still and still <= len(language.open):
            at = self._close(text, 0, language.open[still - 1])
            self.setFormat(0, at if at >= 0 else len(text), self._formats["string"])
            still = 0 if at >= 0 else still
        while 0 <= at <= len(text) and not still:
            match = language.tokens.search(text, at)
            if match is None:
                break
            role = match.lastgroup or ""
            end = match.end()
            if role == "open":
                end = self._close(text, match.end(), match[0])
                if end < 0:
                    still, end = language.open.index(match[0]) + 1, len(text)
            self.setFormat(match.start(), end - match.start(), self._formats[role])
            at = max(end, match.start() + 1)
        for hole in _HOLE.finditer(text):
            self.setFormat(hole.start(), hole.end() - hole.start(), self._formats["hole"])
        self.setCurrentBlockState(_DONE + still)

    @staticmethod
    def _close(text: str, at: int, delimiter: str) -> int:
        """Behind the delimiter that ends an open string; -1 when it goes on."""
        while (place := text.find(delimiter, at)) > 0 and text[place - 1] == "\\":
            at = place + 1
        return place + len(delimiter) if place >= 0 else -1


def _format(color: QColor, bold: bool = False, italic: bool = False) -> QTextCharFormat:
    result = QTextCharFormat()
    result.setForeground(color)
    result.setFontItalic(italic)
    if bold:
        result.setFontWeight(QFont.Weight.DemiBold)
    return result
