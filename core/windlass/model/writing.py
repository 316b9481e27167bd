"""New tasks as source, many of them at once: most of their fields are short words that need no YAML writer."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from windlass.model.blocks import dump, shift, styled

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./ -]*(?<! )")
"""Texts that mean themselves without quotes, inside of brackets too; all but `_WORDS`."""
_WORDS = frozenset(("true", "false", "null", "yes", "no", "on", "off", "y", "n"))
_LIST = 40
"""Characters of a list that stands on one line for certain."""


class TaskWriter:
    """Writes as `blocks.dump` does; `like` is source whose lists show how a person indents them."""

    def __init__(self, like: str) -> None:
        self._like = like
        self._known: dict[str, str] = {}
        """Fields that were written before, by what they say."""

    def text(self, task: str, fields: Mapping[str, Any]) -> str:
        """A task's lines, the first with its id."""
        if not fields or not _is_plain(task):
            body = styled(dict(fields))
            body.fa.set_block_style()
            return dump({task: body}, self._like)
        return f"{task}:\n" + "".join(shift(self._field(field, value), 2) for field, value in fields.items())

    def _field(self, field: str, value: Any) -> str:
        short = _short(value) if _is_plain(field) else None
        if short is not None:
            return f"{field}: {short}\n"
        what = f"{field} {value!r}"
        if what not in self._known:
            self._known[what] = dump({field: styled(value)}, self._like)
        return self._known[what]


def _is_plain(text: str) -> bool:
    return _PLAIN.fullmatch(text) is not None and text.lower() not in _WORDS


def _short(value: Any) -> str | None:
    """A value on one line as anybody would write it; None when it takes more thought."""
    if type(value) is int or (type(value) is str and _is_plain(value)):
        return str(value)
    if type(value) is not list or not value:
        return None
    if all(type(one) is int or (type(one) is str and _is_plain(one)) for one in value):
        text = f"[{', '.join(map(str, value))}]"
        return text if len(text) <= _LIST else None
    return None
