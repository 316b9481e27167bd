"""What is wrong with a text that is no YAML or JSON, in plain words: what to do about it, and where it began.

A parser says what it stumbled over ("mapping values are not allowed here"), often lines behind the mistake. From its
words, its two marks and the lines around them this finds the mistake that people make, such as a colon without a space.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from json import JSONDecodeError

    from ruamel.yaml.error import MarkedYAMLError

_CLOSING = {"[": "]", "{": "}"}
_KEY = re.compile(r"""\s*(?:- +)*(?:[^\s"'\[\]{}#&*!|>%@`:][^:#]*|"[^"]*"|'[^']*')(:)(?=\s|$)""")
"""A key, up to its colon."""
_TIGHT = re.compile(r"\s*(?:- +)*[\w.-]+(:)(?=[^\s/\\:])")
"""A key whose colon has no space behind it; not an address or a path."""


class Mistake(NamedTuple):
    """Its words, and where it is: an offset in the text, None when nobody knows."""

    words: str
    at: int | None


def yaml_mistake(error: MarkedYAMLError, text: str) -> Mistake:
    """What the parser's complaint about this text most probably means."""
    marks = (error.problem_mark, error.context_mark)
    at, began = (mark.index if mark is not None else None for mark in marks)
    at = began if at is None else at
    problem, context = str(error.problem or ""), str(error.context or "")
    if at is None:
        return Mistake(f"not valid YAML: {problem or context or 'cannot be read'}", None)
    found = _of_characters(problem, context, text, at, began)
    if found is None and "flow" in context and began is not None:
        found = _in_brackets(problem, text, at, began)
    if found is None and "mapping values are not allowed" in problem:
        found = _of_colon(text, at)
    if found is None and "could not find expected ':'" in problem:
        found = _without_colon(text, at if began is None else began)
    if found is None and "expected <block end>" in problem:
        found = _of_block(problem, text, at)
    if found is not None:
        return found
    more = f" ({context})" if context and problem else ""
    return Mistake(f"not valid YAML: {problem or context}{more}", at)


def _of_characters(problem: str, context: str, text: str, at: int, began: int | None) -> Mistake | None:
    """Signs that begin or end something where nobody meant it."""
    sign = text[at : at + 1]
    if sign == "\t":
        return Mistake("a tab cannot be used for indentation: use spaces", at)
    if sign in ("%", "@", "`") and "cannot start" in problem:
        return Mistake(f"a value cannot begin with {sign!r}: put it into quotes", at)
    if "document start" in problem and (directive := re.search(r"^%", text, re.MULTILINE)) is not None:
        return Mistake("a line cannot begin with '%': put the value into quotes", directive.start())
    if began is None:
        return None
    if "quoted scalar" in context:
        if "unknown escape" in problem:
            wrong = text[at - 1 : at + 1] if text[at - 1 : at] == "\\" else "\\" + sign
            return Mistake(f"'{wrong}' means nothing in double quotes: write '\\{wrong}', or use single quotes", at)
        if "unexpected end" in problem or "document separator" in problem:
            return Mistake(f"this quote is never closed: add {text[began]} where the text ends", began)
    if "scanning an anchor" in context or "scanning an alias" in context:
        return Mistake(f"a value cannot begin with {text[began]!r}: put it into quotes", began)
    if "block scalar" in context:
        head = text[began : began + 1]
        return Mistake(
            f"behind {head!r} the text begins in the next line, indented; for a text in this line use quotes", began
        )
    return None


def _in_brackets(problem: str, text: str, at: int, began: int) -> Mistake | None:
    """Between `[` or `{` and what should close it."""
    sign = text[at : at + 1]
    opened = text[began : began + 1]
    if sign == "{" and text[at - 1 : at] in ("{", "$"):
        return Mistake("put ${{ }} into quotes: its braces mean something else here", at - 1)
    if "node content" in problem:
        return Mistake(f"a value is missing before {sign!r}" if sign else "a value is missing here", at)
    if opened not in _CLOSING:
        return None
    closing = _CLOSING[opened]
    if sign in ("]", "}"):
        return Mistake(f"'{opened}' is closed by '{sign}': write '{closing}'", at)
    if "\n" in text[began:at] or not sign:
        return Mistake(f"this '{opened}' is never closed: add '{closing}' behind its last entry", began)
    return Mistake(f"a ',' is missing before this, or the '{closing}' that ends the '{opened}'", at)


def _of_colon(text: str, at: int) -> Mistake:
    """A colon where no key can be: the mistake is in this line or in the one above."""
    start, line = _line_at(text, at)
    key = _KEY.match(line)
    if key is not None and start + key.start(1) < at:
        return Mistake("a second ': ' in one line: put the value into quotes", at)
    above = _line_above(text, start)
    if above is not None:
        over, upper = above
        if (tight := _TIGHT.match(upper)) is not None and _KEY.match(upper) is None:
            return Mistake("a space is missing after this ':'", over + tight.start(1))
        if _indent(upper) < _indent(line):
            if _KEY.match(upper) is not None:
                return Mistake(
                    "this line is indented below one that has a value already: indent both alike, or remove that value",
                    start + _indent(line),
                )
            return Mistake("a ':' is missing at the end of this line", over + _indent(upper))
    return Mistake("a ':' where none can stand: put the value into quotes, or mend the indentation", at)


def _without_colon(text: str, began: int) -> Mistake:
    """A line that stands where keys do and has no colon."""
    start, line = _line_at(text, began)
    if (tight := _TIGHT.match(line)) is not None:
        return Mistake("a space is missing after this ':'", start + tight.start(1))
    return Mistake("a ':' is missing in this line: write NAME: VALUE", began)


def _of_block(problem: str, text: str, at: int) -> Mistake:
    """Something among the lines of a list or mapping that does not belong to it."""
    sign = text[at : at + 1]
    start, _ = _line_at(text, at)
    before = text[start:at].rstrip()
    if sign in ("]", "}"):
        return Mistake(f"a '{sign}' too many, or the bracket that it closes is missing", at)
    if before.endswith(('"', "'")):
        inside = "''" if before.endswith("'") else '\\"'
        return Mistake(f"text behind the closing quote: quote all of it; a quote inside is written {inside}", at)
    if before.endswith(("]", "}")):
        return Mistake(f"text behind '{before[-1]}': put the whole value into quotes", at)
    if "'-'" in problem:
        return Mistake("a list entry '-' stands among keys: indent it below the key that it belongs to", at)
    if "'?'" in problem:
        return Mistake("a key stands among the entries of a list: begin it with '- ', or mend the indentation", at)
    return Mistake("the indentation of this line fits no line above: indent it like those that it belongs to", at)


def _line_at(text: str, at: int) -> tuple[int, str]:
    """Where the line with this offset begins, and its text."""
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", start)
    return start, text[start : end if end >= 0 else len(text)].rstrip("\r")


def _line_above(text: str, start: int) -> tuple[int, str] | None:
    """The nearest line before the one that begins at `start` that says something, and where it begins."""
    while start > 0:
        start, line = _line_at(text, start - 1)
        if line.strip() and not line.lstrip().startswith("#"):
            return start, line
    return None


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


_JSON = (
    ("Expecting ',' delimiter", "a ',' is missing before this, or a closing bracket"),
    ("Expecting ':' delimiter", "a ':' is missing before this"),
    ("Expecting property name", "a name in double quotes is missing here, or a ',' before it is too many"),
    ("Illegal trailing comma", "this ',' is too many: a closing bracket follows"),
    ("Expecting value", "a value is missing here: text stands in double quotes"),
    ("Unterminated string", "this quote is never closed: add '\"' where the text ends"),
    ("Invalid control character", "a line break or tab inside a text: write \\n or \\t"),
    ("Invalid \\", "this '\\' means nothing in a text: write '\\\\'"),
    ("Extra data", "something stands behind the end: a file holds one document"),
)


def json_mistake(error: JSONDecodeError) -> Mistake:
    """The same of a text that is no JSON."""
    words = next((words for start, words in _JSON if error.msg.startswith(start)), f"not valid JSON: {error.msg}")
    return Mistake(words, error.pos)
