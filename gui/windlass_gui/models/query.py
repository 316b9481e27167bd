"""The filter language of the tables: `state:failed agent:gpu* time>5m -name:test*  text`. Pure: no Qt, no IO.

Terms are apart by spaces and all of them must hold. A term is `field:pattern` (alternatives by commas, `*` and `?` as
in file names; without them the text may stand anywhere in the value), a comparison `field>value` (also `>=`, `<`, `<=`,
`=`), or plain text that may stand in any column. A minus before a term turns it round; double quotes keep spaces
together. Case never matters. What a table's fields are, the table says; this file only knows their kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any, Literal

from windlass.model.units import UnitError, parse_duration, parse_size

Kind = Literal["text", "word", "number", "time", "size"]
"""text: any; word: one of some words; number; time: seconds, written as a duration; size: bytes, written as a size."""

COMPARE: dict[str, Callable[[Any, Any], Any]] = {
    ">": lambda value, bound: value > bound,
    ">=": lambda value, bound: value >= bound,
    "<": lambda value, bound: value < bound,
    "<=": lambda value, bound: value <= bound,
    "=": lambda value, bound: value == bound,
}
"""Work on numbers and on numpy arrays alike."""

_EXAMPLES = {"number": "3", "time": "5m, 90 s or 1h30m", "size": "512MiB or 2GB"}
_HEAD = re.compile(r"([A-Za-z][A-Za-z_-]*)(>=|<=|[:><=])")


@dataclass(frozen=True, slots=True)
class Field:
    """What a filter may ask of a row."""

    name: str
    kind: Kind
    help: str
    """One line, as in: how long it ran."""
    words: tuple[str, ...] = ()
    """What a `word` may be."""


@dataclass(frozen=True, slots=True)
class Term:
    """One condition. `field` None: plain text. `bound` is a comparison's number, in seconds, bytes or as it is."""

    field: Field | None
    op: str
    patterns: tuple[str, ...] = ()
    bound: float = 0.0
    negated: bool = False

    def holds_text(self, value: str) -> bool:
        """Whether a text fits one of the patterns (the minus is not looked at)."""
        low = value.lower()
        return any(_fits(pattern, low, whole=self.whole) for pattern in self.patterns)

    @property
    def whole(self) -> bool:
        """A pattern is the whole value, not a part of it."""
        return self.op == "=" or (self.field is not None and self.field.kind == "word")


class QueryError(ValueError):
    """A filter that cannot be read: where (characters from the start), and what is allowed there."""

    def __init__(self, message: str, start: int, end: int, allowed: str = "", suggestion: str = "") -> None:
        super().__init__(message)
        self.start, self.end = start, max(end, start + 1)
        self.allowed = allowed
        self.suggestion = suggestion

    def sentence(self) -> str:
        """All of it, for people."""
        hint = f"; did you mean “{self.suggestion}”?" if self.suggestion else "."
        allowed = f" Allowed: {self.allowed}" if self.allowed else ""
        return f"{self} (character {self.start + 1}){hint}{allowed}"


@dataclass(frozen=True, slots=True)
class Query:
    """A filter that was read. Without terms everything holds."""

    terms: tuple[Term, ...] = ()
    text: str = field(default="", compare=False)

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields that it asks for."""
        return frozenset(term.field.name for term in self.terms if term.field is not None)

    def holds(self, value: Callable[[str], Any], texts: Callable[[], Iterable[str]]) -> bool:
        """Whether a row fits. `value` gives a field's text or number (None: it has none), `texts` all that it shows."""
        return all(_holds(term, value, texts) != term.negated for term in self.terms)


def _holds(term: Term, value: Callable[[str], Any], texts: Callable[[], Iterable[str]]) -> bool:
    if term.field is None:
        return any(term.holds_text(text) for text in texts())
    found = value(term.field.name)
    if term.field.kind in ("text", "word"):
        return term.holds_text("" if found is None else str(found))
    return found is not None and bool(COMPARE[term.op](found, term.bound))


def _fits(pattern: str, value: str, whole: bool) -> bool:
    if "*" in pattern or "?" in pattern:
        return _compiled(pattern).fullmatch(value) is not None
    return value == pattern if whole else pattern in value


_known: dict[str, re.Pattern[str]] = {}


def _compiled(pattern: str) -> re.Pattern[str]:
    """`*` and `?` as in file names; everything else stands for itself."""
    made = _known.get(pattern)
    if made is None:
        if len(_known) > 200:
            _known.clear()
        # A run of stars says no more than one, and would take long to try.
        text = re.sub(r"\*+", "*", pattern)
        parts = (".*" if char == "*" else "." if char == "?" else re.escape(char) for char in text)
        made = _known[pattern] = re.compile("".join(parts), re.DOTALL)
    return made


# --- reading -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Part:
    """A term as it is written: from `start` to `end` of the line; `name` and `op` are empty for plain text."""

    start: int
    end: int
    negated: bool
    name: str
    op: str
    value: str
    value_start: int


def parts(text: str) -> list[Part]:
    """The line taken apart, whatever it says. Raises QueryError only for a quote that is not closed."""
    found: list[Part] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        start = at
        negated = text[at] == "-" and at + 1 < len(text) and not text[at + 1].isspace()
        at += negated
        head = _HEAD.match(text, at)
        name, op = (head[1], head[2]) if head else ("", "")
        at = value_start = head.end() if head else at
        value: list[str] = []
        quoted = -1
        while at < len(text) and (quoted >= 0 or not text[at].isspace()):
            if text[at] == '"':
                quoted = at if quoted < 0 else -1
            else:
                value.append(text[at])
            at += 1
        if quoted >= 0:
            raise QueryError("This quote is not closed", quoted, len(text), 'text between two "')
        found.append(Part(start, at, negated, name, op, "".join(value), value_start))
    return found


def parse(text: str, fields: Sequence[Field]) -> Query:
    """Raises QueryError at the first mistake.

    >>> parse("time>5m -x", [Field("time", "time", "how long")]).terms[0].bound
    300.0
    """
    by_name = {each.name: each for each in fields}
    return Query(tuple(_term(part, by_name) for part in parts(text)), text)


def _term(part: Part, fields: dict[str, Field]) -> Term:
    if not part.name:
        return Term(None, ":", (part.value.lower(),), negated=part.negated)
    found = fields.get(part.name.lower())
    name_at = part.start + part.negated
    if found is None:
        close = get_close_matches(part.name.lower(), list(fields), n=1, cutoff=0.5)
        raise QueryError(
            f"There is no field “{part.name}” here", name_at, name_at + len(part.name),
            ", ".join(fields), close[0] if close else "",
        )  # fmt: skip
    if not part.value:
        raise QueryError(f"{found.name}{part.op} needs a value", part.start, part.end, allowed_values(found))
    if found.kind in ("text", "word"):
        return _text_term(part, found)
    op = "=" if part.op == ":" else part.op
    try:
        bound = _number(part.value, found.kind)
    except UnitError as error:
        raise QueryError(
            f"{found.name}{part.op}{part.value}: {error}", part.value_start, part.end, allowed_values(found),
            error.suggestion,
        ) from None  # fmt: skip
    return Term(found, op, bound=bound, negated=part.negated)


def _text_term(part: Part, found: Field) -> Term:
    if part.op not in (":", "="):
        raise QueryError(
            f"“{found.name}” is no number, so it cannot be compared by {part.op}",
            part.value_start - len(part.op), part.value_start, f"{found.name}:",
        )  # fmt: skip
    patterns = tuple(each.strip().lower() for each in part.value.split(",") if each.strip())
    if not patterns:
        raise QueryError(f"{found.name}{part.op} needs a value", part.start, part.end, allowed_values(found))
    for pattern in patterns if found.kind == "word" and found.words else ():
        if not any(_fits(pattern, word, whole=True) for word in found.words):
            close = get_close_matches(pattern, found.words, n=1, cutoff=0.4)
            raise QueryError(
                f"“{pattern}” is no {found.name}", part.value_start, part.end, ", ".join(found.words),
                close[0] if close else "",
            )  # fmt: skip
    return Term(found, part.op, patterns, negated=part.negated)


def _number(text: str, kind: Kind) -> float:
    if kind == "time":
        return parse_duration(text)
    if kind == "size":
        return float(parse_size(text))
    try:
        found = float(text)
    except ValueError:
        raise UnitError("is not a number", _EXAMPLES["number"]) from None
    if found != found or found in (float("inf"), float("-inf")):
        raise UnitError("is not a number", _EXAMPLES["number"])
    return found


def allowed_values(found: Field) -> str:
    """What may stand after the field, for people."""
    if found.kind == "word":
        return ", ".join(found.words)
    if found.kind == "text":
        return "text, with * and ? for what may be anything"
    return f"{found.name}> , < , >= , <= or = and {_EXAMPLES[found.kind]}"


# --- completing --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Completion:
    """`text` takes the place of what stands from `start` to the cursor."""

    start: int
    text: str
    help: str


def complete(
    text: str, cursor: int, fields: Sequence[Field], values: Callable[[str], Iterable[str]] = lambda _: ()
) -> list[Completion]:
    """What may come at the cursor. `values` are known values of a text field (names of agents, owners, ...)."""
    before = text[:cursor]
    if before.count('"') % 2:
        return []
    start = len(before) - len(re.split(r"\s", before)[-1])
    word = before[start:]
    start += word.startswith("-")
    word = word.removeprefix("-")
    head = _HEAD.match(word)
    if head is None:
        low = word.lower()
        fitting = [each for each in fields if each.name.startswith(low)]
        return [Completion(start, each.name + (":" if _named(each) else ">"), each.help) for each in fitting]
    found = next((each for each in fields if each.name == head[1].lower()), None)
    if found is None or not _named(found):
        return []
    begun = word[head.end() :]
    last = begun.split(",")[-1]
    known = found.words or sorted(set(values(found.name)))
    low = last.lower()
    place = cursor - len(last)
    return [
        Completion(place, f'"{each}"' if " " in each else each, "")
        for each in known
        if each.lower().startswith(low) and each.lower() != low
    ][:50]


def _named(each: Field) -> bool:
    return each.kind in ("text", "word")


def help_text(fields: Sequence[Field], tr: Callable[[str], str] = str) -> str:
    """The language in plain lines, for a tooltip; `tr` turns each into another language."""
    lines = [tr(f"{each.name}{':' if _named(each) else '> <'}   {{}}").format(tr(each.help)) for each in fields]
    return "\n".join([*lines, "", *map(tr, GENERAL)])


GENERAL = (
    "text   stands anywhere in the row", "-state:skipped   not these", "name:enc*   * and ? as in file names",
    "state:failed,cancelled   any of these", 'name:"two words"   quotes keep spaces',
)  # fmt: skip
