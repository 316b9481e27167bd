"""Relative paths and patterns in a graph: what is allowed, and what a pattern matches. No file is looked at."""

from __future__ import annotations

import fnmatch
import re
from functools import lru_cache

MAX_PATH = 1000
_MAGIC = re.compile(r"([*?\[])")
_DRIVE = re.compile(r"[A-Za-z]:[\\/]")


class PathError(ValueError):
    """A path that could leave the directory it is meant for, or that no file can have."""


def check_relative(path: str) -> str:
    """The path in its shortest form, when it is relative and stays inside. Raises `PathError`.

    >>> check_relative("./a//b/"), check_relative("a/../b")
    ('a/b', 'b')
    """
    if not path.strip():
        raise PathError("the path is empty")
    if len(path) > MAX_PATH:
        raise PathError(f"the path is longer than {MAX_PATH} characters")
    if "\0" in path or "\n" in path or "\r" in path:
        raise PathError("the path holds a line break or a NUL character")
    if path.startswith("/"):
        raise PathError("the path is absolute")
    if path == "~" or path.startswith("~/"):
        raise PathError("the path begins in the home directory ('~')")
    if _DRIVE.match(path):
        raise PathError("the path names a drive")
    kept: list[str] = []
    for part in path.split("/"):
        if part == "..":
            if not kept or "**" in kept[-1]:
                raise PathError("the path leaves its directory through '..'")
            kept.pop()
        elif part not in ("", "."):
            kept.append(part)
    return "/".join(kept) or "."


def escape(text: str) -> str:
    """The pattern that matches exactly this text."""
    return _MAGIC.sub(r"[\1]", text)


def is_pattern(text: str) -> bool:
    return _MAGIC.search(text) is not None


@lru_cache(maxsize=4096)
def _segments(pattern: str) -> tuple[re.Pattern[str] | None, ...]:
    """A matcher for each part of the path; None stands for `**`, any number of parts."""
    parts: list[re.Pattern[str] | None] = []
    for part in pattern.split("/"):
        if part == "**":
            if not parts or parts[-1] is not None:
                parts.append(None)
        elif part not in ("", "."):
            parts.append(re.compile(fnmatch.translate(part)))
    return tuple(parts)


def matches(pattern: str, path: str) -> bool:
    """Whether the path has this form: `*` and `?` stay inside one part, `**` is any number of parts.

    >>> matches("part-*.mkv", "part-1.mkv"), matches("*.mkv", "a/b.mkv"), matches("**/*.mkv", "a/b.mkv")
    (True, False, True)
    """
    wanted, parts = _segments(pattern), [part for part in path.split("/") if part not in ("", ".")]
    at = position = 0
    star, mark = -1, 0
    while position < len(parts):
        matcher = wanted[at] if at < len(wanted) else None
        if matcher is None and at < len(wanted):
            star, mark, at = at, position, at + 1
        elif matcher is not None and matcher.match(parts[position]):
            at, position = at + 1, position + 1
        elif star >= 0:
            # Let the last `**` take one part more and try again from there.
            mark += 1
            at, position = star + 1, mark
        else:
            return False
    return all(matcher is None for matcher in wanted[at:])
