"""What the checker says: every problem with its place, what was found, what is allowed, and what may be meant."""

from __future__ import annotations

import re
from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Literal

import msgspec

Path = tuple[str | int, ...]
"""Where in the document: keys and positions from the top, such as `("tasks", "encode", "needs", 0)`."""

MOST = 200
"""Problems that are reported; a document with more is told how many were left out."""

_PLAIN = re.compile(r"[\w-]+")


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong (`error`: the graph cannot run) or doubtful (`warning`)."""

    message: str
    code: str
    """A short name of the kind of problem, which stays the same when the wording changes."""
    severity: Literal["error", "warning"] = "error"
    line: int = 0
    """From 1; 0 when the problem has no place."""
    column: int = 0
    """From 1, in characters."""
    path: Path = ()
    field: str = ""
    """The path as text: `tasks.encode.needs[0]`."""
    found: str = ""
    allowed: str = ""
    suggestion: str = ""
    task: str = ""

    def __str__(self) -> str:
        place = f"{self.line}:{self.column}: " if self.line else ""
        where = f"{self.field}: " if self.field else ""
        found = f", found {self.found}" if self.found else ""
        allowed = f"; allowed: {self.allowed}" if self.allowed else ""
        hint = f"; did you mean '{self.suggestion}'?" if self.suggestion else ""
        return f"{place}{self.severity}: {where}{self.message}{found}{allowed}{hint}"


class Draft(msgspec.Struct):
    """A problem before its place in the text is looked up, which is only done when there is one."""

    problem: Problem
    at_key: bool = False
    """The place is the field's name, not its value."""
    text: str | None = None
    """The value, when `offset` says where in it."""
    offset: int = 0


class Report:
    """Collects problems; knows paths, not places."""

    def __init__(self) -> None:
        self.drafts: list[Draft] = []
        self.left_out = 0

    @property
    def errors(self) -> int:
        return self.left_out + sum(draft.problem.severity == "error" for draft in self.drafts)

    def add(
        self,
        path: Path,
        code: str,
        message: str,
        *,
        found: str = "",
        allowed: str = "",
        suggestion: str = "",
        at_key: bool = False,
        text: str | None = None,
        offset: int = 0,
        severity: Literal["error", "warning"] = "error",
        line: int = 0,
        column: int = 0,
    ) -> None:
        if len(self.drafts) >= MOST:
            self.left_out += 1
            return
        problem = Problem(
            message=message,
            code=code,
            severity=severity,
            line=line,
            column=column,
            path=path,
            field=field_name(path),
            found=found,
            allowed=allowed,
            suggestion=suggestion,
            task=str(path[1]) if len(path) > 1 and path[0] == "tasks" else "",
        )
        self.drafts.append(Draft(problem, at_key, text, offset))


def field_name(path: Path) -> str:
    """
    >>> field_name(("tasks", "encode", "needs", 0))
    'tasks.encode.needs[0]'
    """
    text = ""
    for key in path:
        if isinstance(key, int):
            text += f"[{key}]"
        elif _PLAIN.fullmatch(key):
            text += f".{key}" if text else key
        else:
            text += f"[{key[:60]!r}]"
    return text


def shown(value: Any, limit: int = 60) -> str:
    """A value as it is quoted in a message: short, on one line, whatever it holds."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"a mapping of {len(value)}" if value else "an empty mapping"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, str):
        return repr(value if len(value) <= limit else value[: limit - 3] + "...")
    text = str(value)
    return text if len(text) <= limit else text[: limit - 3] + "..."


def closest(name: str, known: Sequence[str]) -> str:
    """The known name that may be meant, or nothing."""
    if len(known) > 2000:
        # difflib costs much a candidate: only look at names that begin or end alike.
        known = [one for one in known if one[:2] == name[:2] or one[-2:] == name[-2:]][:2000]
    lowered = {one.lower(): one for one in reversed(known)}
    if name.lower() in lowered:
        return lowered[name.lower()]
    close = get_close_matches(name, known, n=1, cutoff=0.6)
    return close[0] if close else ""
