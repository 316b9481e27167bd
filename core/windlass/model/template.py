"""Text with `${{ }}` in it. Write `$${{` for the characters `${{` themselves.

A text that is one whole `${{ }}` keeps the value's type; anything else becomes a text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from windlass.model.expr import Scope, evaluate, to_text
from windlass.model.syntax import MAX_SOURCE, ExprError, Reference, uses

MAX_TEXT = 16 * 1024 * 1024
"""Characters that a rendered text may have."""

_OPEN = re.compile(r"\$\$\{\{|\$\{\{")
_CLOSE = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|\}\}", re.DOTALL)


class Hole:
    """One `${{ }}`: its expression, where it stands in the text, and where the expression's first character is."""

    __slots__ = ("end", "inner", "source", "start")

    def __init__(self, source: str, start: int, inner: int, end: int) -> None:
        self.source = source
        self.start = start
        self.inner = inner
        self.end = end

    def value(self, scope: Scope) -> Any:
        try:
            return evaluate(self.source, scope)
        except ExprError as error:
            raise error.moved(self.inner) from None


Part = str | Hole


@lru_cache(maxsize=4096)
def split(text: str) -> tuple[Part, ...]:
    """Literal texts and holes, in order; the expressions are checked. Raises `ExprError` (offset in the text)."""
    parts: list[Part] = []
    literal: list[str] = []
    at = 0
    while match := _OPEN.search(text, at):
        literal.append(text[at : match.start()])
        if match[0] == "$${{":
            literal.append("${{")
            at = match.end()
            continue
        end = _close(text, match.end())
        if any(literal):
            parts.append("".join(literal))
        literal.clear()
        hole = Hole(text[match.end() : end], match.start(), match.end(), end + 2)
        try:
            uses(hole.source)
        except ExprError as error:
            raise error.moved(hole.inner) from None
        parts.append(hole)
        at = end + 2
    literal.append(text[at:])
    if any(literal):
        parts.append("".join(literal))
    return tuple(parts)


def _close(text: str, start: int) -> int:
    for match in _CLOSE.finditer(text, start, min(len(text), start + MAX_SOURCE + 2)):
        if match[0] == "}}":
            return match.start()
    # Without its strings paired, the nearest end gives the better message.
    end = text.find("}}", start, start + MAX_SOURCE + 2)
    if end < 0:
        raise ExprError(
            "'${{' without its '}}'", start - 3, allowed="${{ expression }}; write $${{ for the text itself"
        )
    return end


def has_holes(text: str) -> bool:
    return "${{" in text and any(isinstance(part, Hole) for part in split(text))


def whole(text: str) -> Hole | None:
    """The hole, when the text is nothing else (spaces around it aside)."""
    if "${{" not in text:
        return None
    parts = [part for part in split(text) if isinstance(part, Hole) or part.strip()]
    return parts[0] if len(parts) == 1 and isinstance(parts[0], Hole) else None


def render(text: str, scope: Scope) -> Any:
    """The value of a template. Raises `ExprError`."""
    hole = whole(text)
    return hole.value(scope) if hole else render_string(text, scope)


def render_string(text: str, scope: Scope) -> str:
    """The template as a text, values put in as they are: for arguments, environment, paths, never for a shell."""
    if "${{" not in text:
        return text
    return limited("".join(part if isinstance(part, str) else to_text(part.value(scope)) for part in split(text)))


def limited(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise ExprError(f"the text is longer than {MAX_TEXT} characters")
    return text


def render_argument(text: str, scope: Scope) -> list[str]:
    """One element of a command list: one argument, whatever the values are.

    Only an element that is one whole `${{ }}` with a list as its value gives several, one for each element.
    """
    if "${{" not in text:
        return [text]
    hole = whole(text)
    value = hole.value(scope) if hole else render_string(text, scope)
    values = [to_text(one) for one in value] if isinstance(value, list | tuple | range) else [to_text(value)]
    for one in values:
        if "\0" in one:
            raise ExprError("an argument of a command cannot hold a NUL character", hole.start if hole else 0)
    return values


def render_data(value: Any, scope: Scope) -> Any:
    """Plain data with templates in its texts (keys stay as they are)."""
    if isinstance(value, str):
        return render(value, scope)
    if isinstance(value, Mapping):
        return {key: render_data(element, scope) for key, element in value.items()}
    if isinstance(value, list | tuple):
        return [render_data(element, scope) for element in value]
    return value


def names(text: str) -> list[Reference]:
    """Every name that the template uses; offsets count in the text. Raises `ExprError`."""
    return list(_names(text)) if "${{" in text else []


def _names(text: str) -> Iterator[Reference]:
    for part in split(text):
        if isinstance(part, Hole):
            for reference in uses(part.source).references:
                yield Reference(reference.path, reference.offset + part.inner)
