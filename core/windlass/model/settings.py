"""Reading the task fields that `defaults` may hold too: resources, retries, environment, constraints and so on."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from typing import Any

from windlass.model import constraints, fields, ids
from windlass.model.graph import Limits, Resources, RetryPolicy
from windlass.model.ids import is_id
from windlass.model.problems import Path, closest, shown
from windlass.model.values import ValueReader

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


class SettingsReader(ValueReader):
    """The settings of one task, or the defaults of all."""

    def fields(self, path: Path, body: dict[str, Any]) -> dict[str, Any]:
        """The fields that `defaults` may hold too, as arguments of `Task`."""
        made: dict[str, Any] = {}
        readers: dict[str, tuple[str, Callable[[Path, Any], Any]]] = {
            "env": ("env", self.env),
            "workdir": ("workdir", self.workdir),
            "resources": ("resources", self.resources),
            "where": ("where", self.where),
            "placement": ("placement", self.placement),
            "exclusive": ("exclusive", self.truth),
            "pin": ("pin", self.truth),
            "limit": ("limit", self.counted),
            "groups": ("groups", self.groups),
            "priority": ("priority", self.priority),
            "retries": ("retries", self.retries),
            "timeout": ("timeout", self.duration),
            "deadline": ("deadline", self.duration),
            "continue-on-error": ("continue_on_error", self.truth),
        }
        for name, (attribute, read) in readers.items():
            if body.get(name) is not None:
                value = read((*path, name), body[name])
                if value is not None:
                    made[attribute] = value
        if path == ("defaults",) and "shell" in body:
            self.shell((*path, "shell"), body["shell"])
        return made

    def resources(self, path: Path, raw: Any) -> Resources:
        body = self.mapping(path, raw, "cpus, memory, disk, gpus, gpu-memory, named")
        for name in body:
            if name not in fields.RESOURCES:
                allowed = ", ".join(fields.RESOURCES) + "; put other counted things under `named`"
                self.unknown((*path, name), name, tuple(fields.RESOURCES), "resource", allowed)
        named = self.mapping((*path, "named"), body.get("named"), "names with amounts")
        amounts = {name: self.number((*path, "named", name), value, most=1e9) for name, value in named.items()}
        return Resources(
            cpus=self.number((*path, "cpus"), body.get("cpus", 1.0), most=100_000),
            memory=self.size((*path, "memory"), body.get("memory", 0)),
            disk=self.size((*path, "disk"), body.get("disk", 0)),
            gpus=int(self.number((*path, "gpus"), body.get("gpus", 0), most=10_000, integer=True)),
            named={name: amount for name, amount in amounts.items() if amount},
            gpu_memory=self.size((*path, "gpu-memory"), body.get("gpu-memory", 0)),
        )

    def placement(self, path: Path, raw: Any) -> str | None:
        known = ("pack", "spread")
        if raw in known:
            return str(raw)
        hint = closest(raw, known) if isinstance(raw, str) else ""
        message = "not a way to choose agents"
        self.report.add(path, "placement", message, found=shown(raw), allowed="pack or spread", suggestion=hint)
        return None

    def counted(self, path: Path, raw: Any) -> int | None:
        return self.whole(path, raw, 1, 1_000_000_000)

    def groups(self, path: Path, raw: Any) -> list[str]:
        return self.names(path, raw, "group")

    def names(self, path: Path, raw: Any, what: str) -> list[str]:
        """A name or a list of names, each once."""
        found: dict[str, None] = {}
        for place, entry in enumerate(raw if isinstance(raw, list) else [raw]):
            at: Path = (*path, place) if isinstance(raw, list) else path
            if not is_id(entry):
                allowed = f"{ids.ALLOWED}; one or a list"
                self.report.add(at, "name", f"not a name of a {what}", found=shown(entry), allowed=allowed)
            elif entry in found:
                self.report.add(at, "duplicate", f"'{entry}' stands here twice", found=shown(entry))
            else:
                found[entry] = None
        return list(found)

    def limits(self, path: Path, raw: Any) -> Limits:
        body = self.mapping(path, raw, "running, groups")
        self.known(path, body, fields.LIMITS, "field of limits")
        sizes: dict[str, int] = {}
        for name, most in self.mapping((*path, "groups"), body.get("groups"), "groups with their sizes").items():
            if not is_id(name):
                what = "not a name of a group"
                self.report.add(
                    (*path, "groups", name), "name", what, found=shown(name), allowed=ids.ALLOWED, at_key=True
                )
            elif (size := self.counted((*path, "groups", name), most)) is not None:
                sizes[name] = size
        running = self.counted((*path, "running"), body["running"]) if body.get("running") is not None else None
        return Limits(running, sizes)

    def priority(self, path: Path, raw: Any) -> int | None:
        return self.whole(path, raw, -1_000_000, 1_000_000)

    def retries(self, path: Path, raw: Any) -> RetryPolicy | None:
        if isinstance(raw, int) and not isinstance(raw, bool):
            most = self.whole(path, raw, 0, 10_000)
            return None if most is None else RetryPolicy(max=most)
        if not isinstance(raw, dict):
            allowed = "a whole number, or a mapping such as {max: 3, backoff: 10 s}"
            self.report.add(path, "number", "not a number of retries", found=shown(raw), allowed=allowed)
            return None
        self.known(path, raw, fields.RETRIES, "field of retries")
        base = RetryPolicy()
        factor = self.number((*path, "factor"), raw.get("factor", base.factor), most=1000)
        if "factor" in raw and 0 <= factor < 1:
            message = "waits cannot become shorter"
            self.report.add((*path, "factor"), "number", message, found=shown(factor), allowed="at least 1")
        codes = {name: self.codes((*path, name), raw.get(name)) for name in ("only-on", "never-on")}
        return RetryPolicy(
            max=self.whole((*path, "max"), raw.get("max", 1), 0, 10_000) or 0,
            backoff=self.wait((*path, "backoff"), raw.get("backoff"), base.backoff),
            factor=factor,
            max_backoff=self.wait((*path, "max-backoff"), raw.get("max-backoff"), base.max_backoff),
            only_on=codes["only-on"],
            never_on=codes["never-on"],
        )

    def codes(self, path: Path, raw: Any) -> tuple[int, ...]:
        if raw is None:
            return ()
        entries = raw if isinstance(raw, list) else [raw]
        found = [self.whole((*path, place), code, 0, 255) for place, code in enumerate(entries)]
        return tuple(code for code in found if code is not None)

    def env(self, path: Path, raw: Any) -> dict[str, str]:
        made: dict[str, str] = {}
        for name, value in self.mapping(path, raw, "names with values").items():
            if not _VARIABLE.fullmatch(name):
                allowed = "letters, digits and `_`, not beginning with a digit"
                self.report.add(
                    (*path, name), "name", "not a variable's name", found=shown(name), allowed=allowed, at_key=True
                )
            elif isinstance(value, str):
                made[name] = self.text((*path, name), value) or ""
            elif value is None or isinstance(value, int | float):
                made[name] = "" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
            else:
                self.report.add((*path, name), "type", "a variable holds a text", found=shown(value), allowed="a text")
        return made

    def workdir(self, path: Path, raw: Any) -> str:
        text = self.text(path, raw) or "."
        self.inside(path, text, "the work directory")
        return text

    def where(self, path: Path, raw: Any) -> list[str]:
        if isinstance(raw, dict):
            found: list[str] = []
            for label, value in raw.items():
                if isinstance(value, dict | list) or value is None:
                    self.report.add((*path, label), "type", "a label's value is a text", found=shown(value))
                else:
                    text = str(value).lower() if isinstance(value, bool) else str(value)
                    found.append(f"{label} == {shlex.quote(text)}")
            return [text for text in found if self.constraint(path, text)]
        entries = raw if isinstance(raw, list) else [raw]
        kept: list[str] = []
        for place, entry in enumerate(entries):
            at: Path = (*path, place) if isinstance(raw, list) else path
            if not isinstance(entry, str):
                self.report.add(at, "type", "not a condition", found=shown(entry), allowed=constraints.ALLOWED)
            elif self.constraint(at, entry):
                kept.append(entry)
        return kept

    def constraint(self, path: Path, text: str) -> bool:
        try:
            constraints.parse(text)
        except constraints.ConstraintError as error:
            self.report.add(
                path, "where", str(error), found=shown(text), allowed=error.allowed, suggestion=error.suggestion,
                text=text, offset=error.offset,
            )  # fmt: skip
            return False
        return True

    def shell(self, path: Path, raw: Any) -> str:
        text = self.text(path, raw, empty=False) if raw is not None else "sh -e"
        try:
            if text and not shlex.split(text):
                raise ValueError("it is empty")
        except ValueError as error:
            self.report.add(path, "shell", f"not an interpreter: {error}", found=shown(raw), allowed="bash, python3 -u")
        return text or "sh -e"
