"""The events of YAML and JSON: what stands where in a text, before it has any meaning.

Three readers give the same events: libyaml where PyYAML brings it (some ten times as fast), ruamel.yaml (which
says more about what is wrong), and one for JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

__all__ = ["CError", "Event", "fast_parser_reads", "fast_yaml_events", "json_events", "yaml_events"]

try:
    from yaml import YAMLError as CError
    from yaml.cyaml import CParser
except ImportError:  # pragma: no cover - a build of PyYAML without libyaml
    CParser = None
    CError = ValueError

_OTHER_BREAKS = re.compile("[\x85\u2028\u2029]")
"""Line breaks in YAML 1.1 only, where the two parsers differ."""


class Event:
    __slots__ = ("anchor", "end", "kind", "plain", "start", "tag", "value")

    def __init__(
        self,
        kind: str,
        start: int,
        end: int,
        value: Any = None,
        anchor: str | None = None,
        plain: bool = False,
        tag: str | None = None,
    ) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.value = value
        self.anchor = anchor
        self.plain = plain
        self.tag = tag


def fast_parser_reads(text: str) -> bool:
    """Whether libyaml is there and reads this text as YAML 1.2."""
    return CParser is not None and not _OTHER_BREAKS.search(text)


def fast_yaml_events(text: str) -> Iterator[Event]:
    """Raises `CError`, `ValueError` or `TypeError`."""
    return _converted(_parsed_by_c(text))


def yaml_events(text: str) -> Iterator[Event]:
    """Raises whatever ruamel.yaml raises."""
    from ruamel.yaml import YAML  # slow to import, and rarely needed where libyaml is there

    return _converted(YAML(typ="safe", pure=True).parse(text))


def _converted(events: Iterator[Any]) -> Iterator[Event]:
    """Both parsers' events have the same names and fields."""
    for event in events:
        start, end = event.start_mark.index, event.end_mark.index
        match type(event).__name__:
            case "ScalarEvent":
                plain = not event.style and event.implicit[0]
                yield Event("scalar", start, end, event.value, event.anchor, plain, _tag(event))
            case "MappingStartEvent":
                yield Event("map", start, start, None, event.anchor, False, _tag(event))
            case "SequenceStartEvent":
                yield Event("list", start, start, None, event.anchor, False, _tag(event))
            case "MappingEndEvent" | "SequenceEndEvent":
                yield Event("end", start, end)
            case "AliasEvent":
                yield Event("alias", start, end, event.anchor)
            case "DocumentStartEvent":
                yield Event("document", start, end)


def _tag(event: Any) -> str | None:
    return str(event.tag) if event.tag is not None else None


def _parsed_by_c(text: str) -> Iterator[Any]:
    parser = CParser(text)
    try:
        while parser.check_event():
            yield parser.get_event()
    finally:
        parser.dispose()


_JSON = re.compile(
    r"""[ \t\r\n,:]*(?:(?P<string>"(?:[^"\\]|\\.)*")|(?P<open>[\[{])|(?P<close>[\]}])"""
    r"""|(?P<word>[^\s,:\[\]{}"]+))""",
    re.DOTALL,
)


def json_events(text: str) -> Iterator[Event]:
    """The events of JSON that the real parser has accepted, or whose depth is in question."""
    for match in _JSON.finditer(text):
        kind = match.lastgroup or ""
        found, start, end = match[kind], match.start(kind), match.end(kind)
        if kind == "open":
            yield Event("map" if found == "{" else "list", start, end)
        elif kind == "close":
            yield Event("end", start, end)
        elif kind == "string":
            try:
                value = json.loads(found, strict=False)
            except ValueError:
                value = found[1:-1]
            yield Event("scalar", start, end, value)
        else:
            special = {"NaN": ".nan", "Infinity": ".inf", "-Infinity": "-.inf"}.get(found, found)
            yield Event("scalar", start, end, special, None, True)
