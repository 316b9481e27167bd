"""Which tasks some words are found in; without Qt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from windlass_gui.editor.document.document import Document

_FIELDS = ("title", "description", "command", "script", "python", "args", "where")


class TaskSearch:
    """Reads every task once; `forget` when the document has changed."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._texts: dict[str, str] | None = None

    def forget(self) -> None:
        self._texts = None

    def matches(self, words: str) -> list[str]:
        """The tasks, in the text's order, in whose id, title, description, action or labels all the words stand."""
        wanted = words.casefold().split()
        if not wanted:
            return []
        if self._texts is None:
            document = self._document
            self._texts = {task: searched(task, document.task(task)) for task in document.facts}
        return [task for task, text in self._texts.items() if all(word in text for word in wanted)]


def searched(task: str, raw: Mapping[str, Any]) -> str:
    """What is looked through of a task."""
    return "\n".join([task, *(part for field in _FIELDS for part in _words(raw.get(field)))]).casefold()


def _words(value: object) -> Iterable[str]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield str(key)
            yield from _words(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        for inner in value:
            yield from _words(inner)
    elif value is not None:
        yield str(value)
