"""Which lines of a document's text are which task's, found without parsing: it is asked at every move of the cursor."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

_KEY = re.compile(r"""( +)(?:"([^"]+)"|'([^']+)'|([^\s#'"{}\[\],&*!|>%@`-][^:#]*?))\s*:(?:\s|$)""")
_TASKS = re.compile(r"""["']?tasks["']?\s*:\s*(?:#.*)?$""")


class Outline:
    """Of YAML whose tasks stand in a block; other texts (JSON, braces) have no lines to tell apart."""

    def __init__(self, lines: Sequence[str]) -> None:
        self.tasks: list[str] = []
        self._starts: list[int] = []
        self._end = len(lines)
        start = next((at for at, line in enumerate(lines) if _TASKS.match(line)), None)
        if start is None:
            return
        indent = 0
        for at in range(start + 1, len(lines)):
            line = lines[at]
            bare = line.lstrip(" ")
            if not bare or bare[0] == "#":
                continue
            depth = len(line) - len(bare)
            if not depth:
                self._end = at
                break
            indent = indent or depth
            if depth == indent and (match := _KEY.match(line)):
                self.tasks.append(match[2] or match[3] or match[4])
                self._starts.append(at)

    def task_at(self, line: int) -> str:
        """The task of a line (from 0); empty outside of all."""
        place = bisect_right(self._starts, line) - 1
        return self.tasks[place] if place >= 0 and line < self._end else ""

    def line_of(self, task: str) -> int | None:
        """Where a task begins (from 0)."""
        return self._starts[self.tasks.index(task)] if task in self.tasks else None
