"""`--param name=value`: typed by the rules of a YAML scalar and by the default that the graph declares."""

from __future__ import annotations

import difflib
import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from windlass.cli.common import UserError

_INT = re.compile(r"[-+]?[0-9]+\Z")
_HEX = re.compile(r"0x[0-9a-fA-F]+\Z|0o[0-7]+\Z")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?\Z")
_WORDS = {"true": True, "false": False, "null": None, "~": None}
_KINDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list", dict: "a map"}


def parse_params(given: Sequence[str], declared: Mapping[str, Any]) -> dict[str, Any]:
    """The values for a run; `UserError` names what is wrong and what there is."""
    values: dict[str, Any] = {}
    for text in given:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name:
            raise UserError(f"--param {text}: write it as NAME=VALUE")
        if name not in declared:
            raise UserError(f"--param {text}: the graph has no parameter '{name}'; {_known(name, declared)}")
        values[name] = typed(name, value, declared[name])
    return values


def scalar(text: str) -> Any:
    """A value as YAML 1.2 reads a plain scalar.

    >>> [scalar(text) for text in ("28", "0x1f", "1.5", "1e3", "true", "null", "sample.mp4", "1.2.3", "no")]
    [28, 31, 1.5, 1000.0, True, None, 'sample.mp4', '1.2.3', 'no']
    """
    plain = text.strip()
    if plain in _WORDS or plain.lower() in ("true", "false", "null"):
        return _WORDS[plain.lower()]
    if _INT.match(plain):
        return int(plain) if len(plain) < 4000 else text
    if _HEX.match(plain):
        return int(plain, 0)
    if _FLOAT.match(plain):
        number = float(plain)
        return number if math.isfinite(number) else text
    if len(plain) >= 2 and plain[0] == plain[-1] and plain[0] in "'\"":
        return plain[1:-1]
    if plain[:1] in ("[", "{"):
        try:
            return json.loads(plain)
        except (ValueError, RecursionError):
            return text
    return text


def typed(name: str, text: str, default: Any) -> Any:
    """The value as the default's type wants it."""
    if isinstance(default, str):
        plain = text.strip()
        quoted = len(plain) >= 2 and plain[0] == plain[-1] and plain[0] in "'\""
        return plain[1:-1] if quoted else text
    value = scalar(text)
    if default is None:
        return value
    kind = type(default)
    if kind is float and type(value) is int:
        return float(value)
    if kind is int and type(value) is float and value.is_integer():
        return int(value)
    if type(value) is kind:
        return value
    example = f"such as {json.dumps(default, default=str)[:60]}"
    hint = "; a list or map is written as JSON" if kind in (list, dict) else ""
    raise UserError(f"--param {name}={text}: '{name}' is {_KINDS.get(kind, kind.__name__)}, {example}{hint}")


def _known(name: str, declared: Mapping[str, Any]) -> str:
    if not declared:
        return "it declares none (see `params:` in the document)"
    close = difflib.get_close_matches(name, declared, n=1)
    listed = f"it has: {', '.join(declared)}"
    return f"did you mean '{close[0]}'? {listed}" if close else listed
