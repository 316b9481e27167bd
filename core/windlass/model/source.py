"""Source text becomes plain data, with every limit checked on the way; places are looked up again when asked for.

YAML is read from the parser's events and never constructed by a library: no tag can make an object, aliases share
what they name and are counted as if copied, depth and size are bounded, keys are texts and unique.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import msgspec

from windlass.model.events import CError, Event, fast_parser_reads, fast_yaml_events, json_events, yaml_events
from windlass.model.mistakes import json_mistake, yaml_mistake
from windlass.model.problems import Path, Report, shown

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 50
MAX_NODES = 5_000_000
"""Values in a document, aliases counted as if copied."""
MAX_ALIASED = 200_000
"""Values that aliases alone may stand for."""
MAX_DIGITS = 400
KEY_LIMIT = 1000

_TAG = "tag:yaml.org,2002:"
_INT = re.compile(r"[-+]?\d+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?")
_SPECIAL = re.compile(r"([-+]?)\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WORDS = {
    "": None, "~": None, "null": None, "Null": None, "NULL": None,
    "true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False,
}  # fmt: skip
_MAYBE = frozenset("~nNtTfF.+-0123456789")


class Unreadable(Exception):
    """The text cannot be read on; the problem has been reported."""


class Span(msgspec.Struct, frozen=True):
    """Where a value stands: offsets in the text."""

    key: int
    start: int
    end: int


class _Frame:
    """A list or mapping that is being read."""

    __slots__ = ("anchor", "key", "key_at", "merges", "name", "nodes", "path", "target")

    def __init__(self, target: dict[str, Any] | list[Any], anchor: str | None, nodes: int) -> None:
        self.target = target
        self.anchor = anchor
        self.nodes = nodes
        """How many nodes had been counted when this one began."""
        self.key: str | None = None
        """The key whose value comes next."""
        self.name = ""
        """The last key, also while its value is being read."""
        self.key_at = 0
        self.merges: list[Any] = []
        self.path: Path | None = None
        """Its place, when something at or below it is looked for."""


class Source:
    """A document's text and its plain data."""

    def __init__(self, text: str, fmt: str, report: Report) -> None:
        self.text = text
        self.fmt = fmt
        self.report = report
        self.anchors = False
        """The text shares values through anchors, so that no part of it can be read alone."""
        self.keys: dict[Path, int] = {}
        """Where the keys of the outermost mapping and of those directly in it stand, once the text has been read."""
        self._lines: list[int] | None = None
        self._wanted: set[Path] | None = None
        self._found: dict[Path, Span] = {}

    # --- places ---------------------------------------------------------------------------------------------

    def line_column(self, offset: int) -> tuple[int, int]:
        """Line and column, both from 1."""
        if self._lines is None:
            self._lines = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", self.text))]
        line = bisect_right(self._lines, offset)
        return line, offset - self._lines[line - 1] + 1

    def locate(self, paths: set[Path]) -> dict[Path, Span]:
        """The places of these paths; of the nearest one around it where a path has none of its own."""
        wanted = {path[:length] for path in paths for length in range(len(path) + 1)}
        self._wanted, self._found = wanted, {}
        kept, self.report = self.report, Report()
        keys, self.keys = self.keys, {}
        try:
            if self.fmt == "json":
                self._build(json_events(self.text))
            else:
                self._build_yaml()
        except Unreadable:
            pass
        finally:
            self._wanted, self.report, self.keys = None, kept, keys
        places: dict[Path, Span] = {}
        for path in paths:
            near = path
            while near and near not in self._found:
                near = near[:-1]
            span = self._found.get(near, Span(0, 0, 0))
            places[path] = span if near == path else Span(span.key, span.key, span.end)
        return places

    # --- reading --------------------------------------------------------------------------------------------

    def read(self) -> Any:
        """The document's data. Raises `Unreadable` when nothing can be said beyond what was reported."""
        if self.fmt == "json":
            return self._read_json()
        return self._build_yaml()

    def fail(self, code: str, message: str, offset: int | None = None, **more: str) -> Unreadable:
        line, column = self.line_column(offset) if offset is not None else (0, 0)
        self.report.add((), code, message, line=line, column=column, **more)  # type: ignore[arg-type]
        return Unreadable()

    def _read_json(self) -> Any:
        """The fast parser first; what it cannot vouch for (duplicates, NaN, depth) is read again with places."""

        def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
            made = dict(found)
            if len(made) != len(found):
                raise _Doubtful
            return made

        def constant(text: str) -> Any:
            raise _Doubtful

        def integer(text: str) -> int:
            if len(text) > MAX_DIGITS:
                raise _Doubtful
            return int(text)

        try:
            if "\\ud" in self.text.lower():
                # Perhaps half of a surrogate pair, which no file name or command can hold.
                raise _Doubtful
            data = json.loads(self.text, object_pairs_hook=pairs, parse_constant=constant, parse_int=integer)
        except (_Doubtful, RecursionError):
            return self._read_slowly()
        except json.JSONDecodeError as error:
            raise self._bad_json(error) from None
        return data if _depth_ok(data) else self._read_slowly()

    def _read_slowly(self) -> Any:
        try:
            json.loads(self.text, parse_int=len)
        except json.JSONDecodeError as error:
            raise self._bad_json(error) from None
        except RecursionError:
            # Reading the events tells where it becomes too deep.
            pass
        return self._build(json_events(self.text))

    def _bad_json(self, error: json.JSONDecodeError) -> Unreadable:
        return self.fail("json-syntax", *json_mistake(error))

    def _build_yaml(self) -> Any:
        """The fast parser first. Where it stumbles the other one reads anew: its word counts, and it says more."""
        if fast_parser_reads(self.text):
            told = len(self.report.drafts)
            try:
                return self._build(fast_yaml_events(self.text))
            except (CError, ValueError, TypeError):
                del self.report.drafts[told:]
                self._found.clear()
                self.keys.clear()
        return self._build(self._ruamel_events())

    def _ruamel_events(self) -> Iterator[Event]:
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
        from ruamel.yaml.reader import ReaderError

        try:
            yield from yaml_events(self.text)
        except MarkedYAMLError as error:
            raise self.fail("yaml-syntax", *yaml_mistake(error, self.text)) from None
        except ReaderError as error:
            at = error.position if isinstance(error.position, int) else 0
            code = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "?")
            raise self.fail("character", f"the character U+{code:04X} is not allowed: remove it", at) from None
        except (YAMLError, ValueError, TypeError, IndexError, AttributeError, KeyError, AssertionError) as error:
            # The parser itself stumbled over something odd; that is a fact about the document, not about us.
            summary = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise self.fail("yaml-syntax", f"cannot be read as YAML: {summary}", 0) from None

    def _build(self, events: Iterator[Event]) -> Any:
        stack: list[_Frame] = []
        anchors: dict[str, tuple[Any, int]] = {}
        nodes = aliased = documents = 0
        root: Any = None
        for event in events:
            if self._wanted is not None and len(self._found) == len(self._wanted):
                break
            kind = event.kind
            if kind == "document":
                documents += 1
                if documents > 1:
                    raise self.fail("many-documents", "a second document begins here; a file holds one", event.start)
                continue
            frame = stack[-1] if stack else None
            if kind == "end":
                if frame is None:
                    raise self.fail("json-syntax", "a closing bracket without its partner", event.start)
                stack.pop()
                if frame.merges and isinstance(frame.target, dict):
                    self._merge(frame)
                if frame.anchor:
                    anchors[frame.anchor] = (frame.target, nodes - frame.nodes)
                continue
            nodes += 1
            self.anchors |= event.anchor is not None
            if nodes > MAX_NODES:
                raise self.fail("too-large", f"more than {MAX_NODES} values in one document", event.start)
            is_key = frame is not None and isinstance(frame.target, dict) and frame.key is None
            if is_key:
                assert frame is not None
                self._key(frame, event, anchors)
                if len(stack) == 1:
                    self.keys[(frame.name,)] = event.start
                elif len(stack) == 2:
                    self.keys[stack[0].name, frame.name] = event.start
                continue
            if kind == "alias":
                name = str(event.value)
                if any(outer.anchor == name for outer in stack):
                    raise self.fail("alias-cycle", f"the alias *{name} stands inside of what it names", event.start)
                if name not in anchors:
                    words = f"'*{name}' stands for a value called '&{name}', and there is none above"
                    raise self.fail("alias-unknown", f"{words}; if it is a text, put it into quotes", event.start)
                value, size = anchors[name]
                nodes += size
                aliased += size
                if aliased > MAX_ALIASED:
                    raise self.fail(
                        "alias-bomb",
                        f"aliases stand for more than {MAX_ALIASED} values",
                        event.start,
                        allowed="write the values out, or use `defaults`",
                    )
            elif kind == "scalar":
                value = self._scalar(event)
                if event.anchor:
                    anchors[event.anchor] = (value, 1)
            else:
                if event.tag is not None and event.tag not in (_TAG + "map", _TAG + "seq"):
                    self._bad_tag(event)
                value = {} if kind == "map" else []
            path = self._note(frame, event) if self._wanted is not None else None
            if frame is None:
                root = value
            elif isinstance(frame.target, list):
                frame.target.append(value)
            else:
                assert frame.key is not None
                self._put(frame, value)
            if kind in ("map", "list"):
                stack.append(_Frame(value, event.anchor, nodes))
                stack[-1].path = path
                if len(stack) > MAX_DEPTH:
                    raise self.fail("too-deep", f"nested deeper than {MAX_DEPTH} levels", event.start)
        return root

    def _key(self, frame: _Frame, event: Event, anchors: dict[str, tuple[Any, int]]) -> None:
        value = event.value
        if event.kind == "alias":
            value = anchors.get(str(event.value), (None, 0))[0]
        if event.kind not in ("scalar", "alias") or not isinstance(value, str):
            if self.text[event.start - 1 : event.start + 1] == "{{":
                raise self.fail("key", "put ${{ }} into quotes: its braces mean something else here", event.start)
            raise self.fail("key", "a key is a text, not a list or a mapping", event.start)
        if event.anchor:
            anchors[event.anchor] = (value, 1)
        if len(value) > KEY_LIMIT:
            raise self.fail("key", f"a key of more than {KEY_LIMIT} characters", event.start)
        frame.key = frame.name = value
        frame.key_at = event.start

    def _put(self, frame: _Frame, value: Any) -> None:
        key, frame.key = frame.key, None
        target = frame.target
        assert isinstance(target, dict)
        assert key is not None
        if key == "<<" and self.fmt == "yaml" and isinstance(value, dict | list):
            frame.merges.append(value)
        elif key in target:
            line, column = self.line_column(frame.key_at)
            words = f"{shown(key)} stands here a second time: remove one, or give it another name"
            self.report.add((), "duplicate-key", words, line=line, column=column, found=shown(key))
        else:
            target[key] = value

    def _merge(self, frame: _Frame) -> None:
        """YAML's `<<: *anchor`: what is written out comes first, then the earlier one of several."""
        target = frame.target
        assert isinstance(target, dict)
        for merged in frame.merges:
            for one in merged if isinstance(merged, list) else [merged]:
                if isinstance(one, dict):
                    for key, value in one.items():
                        target.setdefault(key, value)

    def _scalar(self, event: Event) -> Any:
        text = event.value
        if not isinstance(text, str):
            # From JSON, where the value is known already.
            return text
        if event.tag is not None and event.tag != "!":
            return self._tagged(event, text)
        if not event.plain:
            return self._clean(text, event)
        if text in _WORDS:
            return _WORDS[text]
        if text[0] in _MAYBE:
            return self._number(text, event)
        return self._clean(text, event)

    def _clean(self, text: str, event: Event) -> str:
        if not text.isascii():
            try:
                text.encode()
            except UnicodeEncodeError:
                raise self.fail("character", "half of a surrogate pair is no character", event.start) from None
        return text

    def _number(self, text: str, event: Event) -> Any:
        if _INT.fullmatch(text):
            if len(text) > MAX_DIGITS:
                raise self.fail("number", f"a number of {len(text)} digits", event.start)
            return int(text, 0) if text[:2] in ("0o", "0x") else int(text)
        if _FLOAT.fullmatch(text):
            return float(text)
        if special := _SPECIAL.fullmatch(text):
            return float(special[0].replace(".", ""))
        return self._clean(text, event)

    def _tagged(self, event: Event, text: str) -> Any:
        plain = Event("scalar", event.start, event.end, text, None, True, None)
        value = self._scalar(plain) if text else None
        match (event.tag or "").removeprefix(_TAG):
            case "str":
                return self._clean(text, event)
            case "int" if isinstance(value, int) and not isinstance(value, bool):
                return value
            case "float" if isinstance(value, int | float) and not isinstance(value, bool):
                return float(value)
            case "bool" if isinstance(value, bool):
                return value
            case "null":
                return None
        return self._bad_tag(event)

    def _bad_tag(self, event: Event) -> None:
        tag = (event.tag or "").replace(_TAG, "!!")
        line, column = self.line_column(event.start)
        self.report.add(
            (), "tag", f"the tag {shown(tag)} is not allowed: a graph is plain data and makes no objects",
            line=line, column=column, found=shown(tag), allowed="no tags",
        )  # fmt: skip

    # --- noting places --------------------------------------------------------------------------------------

    def _note(self, frame: _Frame | None, event: Event) -> Path | None:
        """Keep the place of a value that is looked for; its path, if so. What is inside of others is passed over."""
        assert self._wanted is not None
        path: Path = ()
        if frame is not None:
            if frame.path is None:
                return None
            last = frame.name if isinstance(frame.target, dict) else len(frame.target)
            path = (*frame.path, last)
        if path not in self._wanted:
            return None
        if path not in self._found:
            key = frame.key_at if frame is not None and isinstance(frame.target, dict) else event.start
            # A value that is left out has no place of its own (and the two parsers differ about it).
            start = key if event.kind == "scalar" and event.start == event.end else event.start
            self._found[path] = Span(key, start, event.end)
        return path


class _Doubtful(Exception):
    """JSON that needs to be read again with places."""


def _depth_ok(data: Any) -> bool:
    level = [data] if isinstance(data, dict | list) else []
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
        if not level:
            return True
    return False


def decode(raw: str | bytes, report: Report) -> str:
    """The text, without a byte order mark. Raises `Unreadable` for anything but UTF-8, and for what is too large."""
    if len(raw) > MAX_BYTES:
        report.add((), "too-large", f"larger than {MAX_BYTES // 2**20} MiB", found=f"{len(raw)} bytes")
        raise Unreadable
    if isinstance(raw, str):
        return raw.removeprefix("\ufeff")
    for mark, name in (
        (b"\xff\xfe\0\0", "UTF-32"),
        (b"\0\0\xfe\xff", "UTF-32"),
        (b"\xff\xfe", "UTF-16"),
        (b"\xfe\xff", "UTF-16"),
    ):
        if raw.startswith(mark):
            report.add((), "encoding", f"the file is {name}; save it as UTF-8", line=1, column=1, allowed="UTF-8")
            raise Unreadable
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        found = f"byte 0x{raw[error.start]:02x}"
        message = "not UTF-8: these bytes are no character"
        report.add((), "encoding", message, line=line, column=column, found=found, allowed="UTF-8")
        raise Unreadable from None
    return text


def guess_format(name: str, text: str) -> str:
    """`json` or `yaml`, by the file's name, else by its first character."""
    lowered = name.lower()
    if lowered.endswith(".json"):
        return "json"
    if lowered.endswith((".yaml", ".yml")):
        return "yaml"
    if text.lstrip()[:1] == "{":
        try:
            json.loads(text)
            return "json"
        except (ValueError, RecursionError):
            pass
    return "yaml"
