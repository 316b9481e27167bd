"""What a person says when a graph is submitted, and what was said the last times."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from PySide6.QtCore import QSettings

from windlass.model.units import UnitError, parse_duration

KEPT = 12
"""Submissions that are remembered of a graph."""
GRAPHS = 200
"""Graphs of which some are."""
_KEY = "submits"


@dataclass(frozen=True, slots=True)
class SubmitOptions:
    """`deadline` in seconds after the submit, 0: none. `text` is the document, empty: as it is open."""

    params: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    priority: int = 0
    deadline: float = 0.0
    owner: str = ""
    project: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Earlier:
    """A submission that was made before. `due` is what was typed for the deadline."""

    at: float
    params: dict[str, Any]
    name: str = ""
    priority: int = 0
    due: str = ""
    owner: str = ""
    project: str = ""

    @property
    def words(self) -> str:
        """`2026-11-23 18:30  quality=80, fast=yes`."""
        when = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.at))
        shown = [f"{name}={_short(value)}" for name, value in self.params.items()]
        more = [self.name] if self.name else []
        return "  ".join(filter(None, (when, ", ".join([*more, *shown])[:90])))


def _short(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= 24 else text[:23] + "…"


class SubmitHistory:
    """In the app's settings, by graph: its file where it has one, else its name."""

    def __init__(self, settings: QSettings, clock: Callable[[], float] = time.time) -> None:
        self._settings = settings
        self._clock = clock

    def of(self, graph: str) -> list[Earlier]:
        """Newest first; what cannot be read is left out."""
        found: list[Earlier] = []
        for entry in self._all().get(_hash(graph), []):
            try:
                made = Earlier(**entry)
                if isinstance(made.params, dict) and isinstance(made.at, int | float):
                    found.append(made)
            except TypeError:
                continue
        return found

    def add(self, graph: str, options: SubmitOptions, due: str) -> None:
        """The same once more only moves to the front."""
        entry = asdict(
            Earlier(
                self._clock(), options.params, options.name, options.priority, due, options.owner, options.project
            )
        )  # fmt: skip
        try:
            entry = json.loads(json.dumps(entry))
        except (TypeError, ValueError):
            return  # values that no JSON can hold (a date) are not remembered
        everything = self._all()
        key = _hash(graph)
        same = {name: value for name, value in entry.items() if name != "at"}
        others = [e for e in everything.pop(key, []) if {k: v for k, v in e.items() if k != "at"} != same]
        everything = {key: [entry, *others][:KEPT], **dict(list(everything.items())[: GRAPHS - 1])}
        self._settings.setValue(_KEY, json.dumps(everything))

    def _all(self) -> dict[str, list[dict[str, Any]]]:
        try:
            found = json.loads(str(self._settings.value(_KEY) or "{}"))
        except ValueError:
            return {}
        if not isinstance(found, dict):
            return {}
        return {str(key): [e for e in entries if isinstance(e, dict)] for key, entries in found.items()
                if isinstance(entries, list)}  # fmt: skip


def _hash(graph: str) -> str:
    return hashlib.sha256(graph.encode()).hexdigest()[:24]


DUE_HINT = "2 h, 45 min, or a time such as 18:30 or 2026-12-24 06:00"


def parse_due(text: str, now: float) -> float:
    """Seconds from `now` of a duration, a time of the day (the next one), or a date with a time; 0 for nothing.

    Raises `ValueError` that says what may stand there.
    """
    text = text.strip()
    if not text:
        return 0.0
    for form in ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M", "%Y-%m-%d"):
        try:
            at = time.mktime(time.strptime(text, form))
        except (ValueError, OverflowError):
            continue
        if at <= now:
            raise ValueError(f"“{text}” is over")
        return at - now
    try:
        clock = time.strptime(text, "%H:%M")
    except ValueError:
        pass
    else:
        today = time.localtime(now)
        at = time.mktime((*today[:3], clock.tm_hour, clock.tm_min, 0, *today[6:8], -1))
        return at - now if at > now else at + 86400 - now
    try:
        seconds = parse_duration(text)
    except UnitError:
        raise ValueError(f"“{text}” is no time: {DUE_HINT}") from None
    if seconds <= 0:
        raise ValueError(f"“{text}” leaves no time")
    return seconds
