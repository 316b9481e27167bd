"""Log records to lines for people. Pure: no Qt.

What a program wrote is data, never markup or commands: terminal colours become styles, everything else that a terminal
would obey (cursor movement, titles, control characters, reordering of text) is dropped or made visible.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

from windlass.wire.logs import HEADER, NOTE, Record

LINE_LIMIT = 4000
"""Characters after which a line goes on in the next one: a view cannot lay out endless lines quickly."""
CONTINUED = "↪ "

_ESCAPE = re.compile(
    r"\x1b\[([0-9;:]*)m"  # colours and weight
    r"|\x1b\[[0-?]*[ -/]*[@-~]"  # other control sequences
    r"|\x1b[\]PX^_].*?(?:\x07|\x1b\\)"  # titles, links and other strings
    r"|\x1b[ -/]*[0-~]",
    re.DOTALL,
)
_PARTIAL = re.compile(r"\x1b(?:\[[0-?]*[ -/]*|[\]PX^_][^\x07\x1b]{0,4096}|[ -/]*)?\Z")
_VISIBLE = {code: f"^{chr(code ^ 64)}" for code in (*range(32), 127) if code not in (9, 10)}
_VISIBLE.update({code: f"<{code:02X}>" for code in range(0x80, 0xA0)})
_VISIBLE.update(
    {
        code: f"<{code:04X}>"
        for code in (0x061C, *range(0x200E, 0x2010), *range(0x2028, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
    }
)


class Style(NamedTuple):
    """Terminal colours by number (0..15) or as `#rrggbb`; None is the default."""

    fg: int | str | None = None
    bg: int | str | None = None
    bold: bool = False
    italic: bool = False
    underline: bool = False


PLAIN = Style()


class Span(NamedTuple):
    text: str
    style: Style


@dataclass(slots=True)
class Line:
    """One line; `stream` as in `wire.logs`."""

    time: float
    stream: int
    spans: list[Span] = field(default_factory=list)
    offset: int = field(default=0, compare=False)
    """About where in the log it begins, in bytes of its records."""

    @property
    def text(self) -> str:
        return "".join(span.text for span in self.spans)


def visible(text: str) -> str:
    """Control characters and those that reorder text, made visible. Tabs stay."""
    return text.translate(_VISIBLE)


class LogText:
    """Feeds on records and gives lines. The last line may still be open: it is given again when it grows."""

    def __init__(self, offset: int = 0) -> None:
        self._at = offset
        """Where the next record stands in the log."""
        self._here = offset
        self._decoders = {stream: codecs.getincrementaldecoder("utf-8")("replace") for stream in (1, 2, 3)}
        self._rest = {1: "", 2: "", 3: ""}
        self._style = {1: PLAIN, 2: PLAIN, 3: PLAIN}
        self._open: Line | None = None
        self._length = 0

    def feed(self, records: Iterable[Record]) -> tuple[bool, list[Line]]:
        """New lines, and whether the first of them replaces the last one given before (it was open and grew)."""
        replaces = self._open is not None
        lines: list[Line] = [self._open] if self._open is not None else []
        for record in records:
            self._here = self._at + HEADER.size
            self._at = self._here + len(record.data)
            self._feed(record, lines)
        return replaces, lines

    def _feed(self, record: Record, lines: list[Line]) -> None:
        stream = record.stream
        if self._open is not None and self._open.stream != stream:
            self._open = None
        text = self._rest[stream] + self._decoders[stream].decode(record.data)
        if stream == NOTE:
            text = text if text.endswith("\n") else text + "\n"
        # A sequence (or a carriage return whose newline may follow) that is cut waits for the rest.
        cut = _PARTIAL.search(text)
        at = cut.start() if cut else len(text) - 1 if text.endswith("\r") else len(text)
        text, self._rest[stream] = text[:at], text[at:]
        for number, part in enumerate(text.replace("\r\n", "\n").split("\n")):
            if number:
                if self._open is None:
                    self._begin(record, lines)
                self._open = None
            if part:
                self._add(part, record, lines)
            self._here += 1 + (len(part) if part.isascii() else len(part.encode("utf-8", "replace")))

    def _begin(self, record: Record, lines: list[Line]) -> Line:
        self._open = Line(record.time, record.stream, offset=self._here)
        self._length = 0
        lines.append(self._open)
        return self._open

    def _add(self, part: str, record: Record, lines: list[Line]) -> None:
        line = self._open or self._begin(record, lines)
        if part.isprintable() and self._length + len(part) <= LINE_LIMIT:
            # Most of all text: nothing in it to obey or to cut.
            line.spans.append(Span(part, self._style[record.stream]))
            self._length += len(part)
            return
        *overwritten, part = part.split("\r")
        if overwritten:
            # A progress bar goes back to the line's start: what stood there is painted over (colours go on).
            for old in overwritten:
                self._spans(old, record.stream)
            line.spans.clear()
            self._length = 0
        for span in self._spans(part, record.stream):
            text = span.text
            while self._length + len(text) > LINE_LIMIT:
                room = LINE_LIMIT - self._length
                line.spans.append(Span(text[:room], span.style))
                text = text[room:]
                line = self._begin(record, lines)
                line.spans.append(Span(CONTINUED, PLAIN))
            if text:
                line.spans.append(Span(text, span.style))
                self._length += len(text)

    def _spans(self, text: str, stream: int) -> list[Span]:
        spans: list[Span] = []
        at = 0
        for match in _ESCAPE.finditer(text):
            if match.start() > at:
                spans.append(Span(visible(text[at : match.start()]), self._style[stream]))
            if match[1] is not None:
                self._style[stream] = restyle(self._style[stream], match[1])
            at = match.end()
        if at < len(text):
            spans.append(Span(visible(text[at:]), self._style[stream]))
        return spans


def restyle(style: Style, codes: str) -> Style:
    """A style after `ESC [ codes m`."""
    numbers = [int(part) if part.isdigit() else 0 for part in re.split("[;:]", codes)][:64]
    at = 0
    while at < len(numbers):
        code = numbers[at]
        at += 1
        if code == 0:
            style = PLAIN
        elif code == 1:
            style = style._replace(bold=True)
        elif code == 3:
            style = style._replace(italic=True)
        elif code == 4:
            style = style._replace(underline=True)
        elif code == 22:
            style = style._replace(bold=False)
        elif code == 23:
            style = style._replace(italic=False)
        elif code == 24:
            style = style._replace(underline=False)
        elif 30 <= code <= 37 or 90 <= code <= 97:
            style = style._replace(fg=code - 30 if code < 90 else code - 82)
        elif 40 <= code <= 47 or 100 <= code <= 107:
            style = style._replace(bg=code - 40 if code < 100 else code - 92)
        elif code == 39:
            style = style._replace(fg=None)
        elif code == 49:
            style = style._replace(bg=None)
        elif code in (38, 48):
            color, at = _extended(numbers, at)
            style = style._replace(fg=color) if code == 38 else style._replace(bg=color)
    return style


def _extended(numbers: list[int], at: int) -> tuple[int | str | None, int]:
    """`5;N` (256 colours) or `2;R;G;B` at `at`, and where the codes go on."""
    if at < len(numbers) and numbers[at] == 5 and at + 1 < len(numbers):
        number = numbers[at + 1]
        if number < 16:
            return number, at + 2
        if number < 232:
            steps = (0, 95, 135, 175, 215, 255)
            cube = number - 16
            return f"#{steps[cube // 36]:02x}{steps[cube // 6 % 6]:02x}{steps[cube % 6]:02x}", at + 2
        grey = min(255, 8 + 10 * (number - 232))
        return f"#{grey:02x}{grey:02x}{grey:02x}", at + 2
    if at < len(numbers) and numbers[at] == 2 and at + 3 < len(numbers):
        red, green, blue = (min(255, part) for part in numbers[at + 1 : at + 4])
        return f"#{red:02x}{green:02x}{blue:02x}", at + 4
    return None, len(numbers)
