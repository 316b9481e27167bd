"""Reading single values of a document: texts, numbers, units, paths. Everything wrong is reported, nothing raises."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from windlass.model import fields
from windlass.model.paths import PathError, check_relative
from windlass.model.problems import Path, Report, closest, shown
from windlass.model.syntax import ExprError
from windlass.model.template import split
from windlass.model.units import UnitError, check_number, parse_duration, parse_size

LARGEST = 2**63
"""Whole numbers from here on do not fit into a message."""


class ValueReader:
    """Each method judges one value at one place and gives it, or a harmless stand-in after a report."""

    def __init__(self, report: Report) -> None:
        self.report = report

    def text(self, path: Path, raw: Any, *, limit: int = 1_000_000, empty: bool = True) -> str | None:
        if not isinstance(raw, str):
            hint = f'"{raw}"' if isinstance(raw, int | float) and not isinstance(raw, bool) else ""
            self.report.add(path, "type", "not a text", found=shown(raw), allowed="a text", suggestion=hint)
            return None
        if not raw.strip() and not empty:
            self.report.add(path, "empty", "it is empty", found=shown(raw), allowed="a text")
        if len(raw) > limit:
            self.report.add(path, "too-large", f"longer than {limit} characters", found=str(len(raw)))
            return raw[:limit]
        if "\0" in raw:
            self.report.add(path, "character", "a NUL character is not allowed", found=shown(raw))
        return raw

    def mapping(self, path: Path, raw: Any, what: str) -> dict[str, Any]:
        if raw is None:
            return {}
        if not isinstance(raw, dict):
            self.report.add(path, "type", "not a mapping", found=shown(raw), allowed=f"a mapping: {what}")
            return {}
        return dict(raw)

    def plain(self, path: Path, value: Any) -> None:
        """Data that travels: no NaN, no infinities, no integers that a message cannot hold."""
        stack: list[tuple[Path, Any]] = [(path, value)]
        while stack:
            at, current = stack.pop()
            if isinstance(current, dict):
                stack.extend(((*at, key), element) for key, element in current.items())
            elif isinstance(current, list):
                stack.extend(((*at, place), element) for place, element in enumerate(current))
            elif isinstance(current, float) and not math.isfinite(current):
                message = "NaN and infinity are not allowed"
                self.report.add(at, "number", message, found=shown(current), allowed="a finite number")
            elif isinstance(current, int) and not -LARGEST <= current < 2 * LARGEST:
                message = "a whole number of more than 64 bits"
                self.report.add(at, "number", message, found=shown(current), allowed="write it as a text")

    def truth(self, path: Path, raw: Any) -> bool | None:
        if isinstance(raw, bool):
            return raw
        hint = {"yes": "true", "on": "true", "no": "false", "off": "false"}.get(str(raw).lower(), "")
        self.report.add(path, "type", "not true or false", found=shown(raw), allowed="true, false", suggestion=hint)
        return None

    def number(self, path: Path, raw: Any, *, most: float, integer: bool = False) -> float:
        allowed = f"a {'whole ' if integer else ''}number from 0 to {most:g}"
        if isinstance(raw, bool) or not isinstance(raw, int | float):
            self.report.add(path, "number", "not a number", found=shown(raw), allowed=allowed)
            return 0
        try:
            check_number(raw, "the number", allowed)
            if raw > most:
                raise UnitError("more than any machine has", allowed)
            if integer and raw != int(raw):
                raise UnitError("not a whole number", allowed)
        except UnitError as error:
            self.report.add(path, "number", str(error), found=shown(raw), allowed=allowed)
            return 0
        return raw

    def whole(self, path: Path, raw: Any, least: int, most: int) -> int | None:
        if isinstance(raw, bool) or not isinstance(raw, int) or not least <= raw <= most:
            allowed = f"a whole number from {least} to {most}"
            self.report.add(path, "number", "not a whole number in range", found=shown(raw), allowed=allowed)
            return None
        return raw

    def size(self, path: Path, raw: Any) -> int:
        try:
            size = parse_size(0 if raw is None else raw)
        except UnitError as error:
            self.unit(path, raw, error)
            return 0
        if 0 < size < 65536 and isinstance(raw, int):
            message = "this is so little that a unit may be missing"
            self.report.add(path, "unit", message, found=f"{raw} bytes", suggestion=f"{raw} MiB", severity="warning")
        return size

    def duration(self, path: Path, raw: Any) -> float | None:
        try:
            seconds = parse_duration(raw)
            if seconds == 0:
                raise UnitError("the duration is zero", "more than 0 s, or leave the field out")
        except UnitError as error:
            self.unit(path, raw, error)
            return None
        return seconds

    def wait(self, path: Path, raw: Any, default: float) -> float:
        """A duration that may be zero."""
        if raw is None:
            return default
        try:
            return parse_duration(raw)
        except UnitError as error:
            self.unit(path, raw, error)
            return default

    def unit(self, path: Path, raw: Any, error: UnitError) -> None:
        self.report.add(path, "unit", str(error), found=shown(raw), allowed=error.allowed, suggestion=error.suggestion)

    def position(self, path: Path, raw: Any) -> tuple[float, float] | None:
        if raw is None:
            return None
        numbers = raw if isinstance(raw, list) else []
        good = [n for n in numbers if isinstance(n, int | float) and not isinstance(n, bool) and abs(n) < 1e9]
        if len(good) != 2 or len(numbers) != 2:
            self.report.add(path, "position", "not a position", found=shown(raw), allowed="[x, y], two numbers")
            return None
        return (float(good[0]), float(good[1]))

    def inside(self, path: Path, text: str, place: str) -> bool:
        """Whether the path stays inside, as far as its literal parts tell; the rest is judged when it is rendered."""
        try:
            parts = split(text)
            check_relative("".join(part if isinstance(part, str) else "x" for part in parts))
        except ExprError as error:
            self.expression(path, text, error)
            return False
        except PathError as error:
            allowed = f"a path inside {place}"
            hint = text.lstrip("/") if text.startswith("/") and place == "the work directory" else ""
            self.report.add(path, "path", str(error), found=shown(text), allowed=allowed, suggestion=hint)
            return False
        return True

    def paths(self, path: Path, raw: Any, place: str) -> list[str]:
        if raw is None:
            return []
        entries = raw if isinstance(raw, list) else [raw]
        found: list[str] = []
        for position, entry in enumerate(entries):
            at: Path = (*path, position) if isinstance(raw, list) else path
            if not isinstance(entry, str):
                self.report.add(at, "type", "a path is a text", found=shown(entry), allowed="a path or pattern")
            elif self.inside(at, entry, place):
                found.append(entry)
        return found

    def known(self, path: Path, body: dict[str, Any], names: dict[str, Any], what: str) -> None:
        for name in body:
            if name not in names:
                self.unknown((*path, name), name, tuple(names), what)

    def unknown(self, path: Path, name: str, names: Sequence[str], what: str, allowed: str = "") -> None:
        meant = fields.MEANT.get(name.lower(), "")
        hint = meant if meant in names else closest(name, names)
        self.report.add(
            path, "unknown-field", f"unknown {what} {shown(name)}", found=shown(name),
            allowed=allowed or ", ".join(names), suggestion=hint, at_key=True,
        )  # fmt: skip

    def expression(self, path: Path, text: str, error: ExprError) -> None:
        self.report.add(
            path, "expression", error.message, found=shown(text), allowed=error.allowed,
            suggestion=error.suggestion, text=text, offset=error.offset,
        )  # fmt: skip
