"""`where`: conditions on an agent's labels, such as `os == linux`, `hostname == gpu*`, `not slow`.

    condition := word                      the label is there (`*` and `?` match any label's name)
               | word ("==" | "!=") value  the label's value matches; a missing label is unequal to everything
               | word ("<" | "<=" | ">" | ">=") number
               | word ["not"] in "[" value, ... "]"
               | "not" condition | condition ("and" | "or") condition | "(" condition ")"

All conditions of a task must hold. Values are compared as text without regard to case, as numbers for `<` and `>`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache

MAX_SOURCE = 1000
MAX_DEPTH = 30

_TOKEN = re.compile(
    r"""\s*(?:(?P<string>'[^']*'|"[^"]*")|(?P<operator>==|!=|<=|>=|<|>|\[|\]|\(|\)|,)"""
    r"""|(?P<word>[^\s,\[\]()<>=!'"]+)|(?P<bad>\S))"""
)
ALLOWED = "conditions such as: os == linux, hostname == gpu*, memory_gb >= 16, arch in [x86_64, aarch64], not slow"


class ConstraintError(ValueError):
    """A condition that cannot be read; `offset` is where, in characters."""

    def __init__(self, message: str, offset: int, suggestion: str = "") -> None:
        super().__init__(message)
        self.offset = offset
        self.suggestion = suggestion
        self.allowed = ALLOWED


Test = Callable[[Mapping[str, str]], bool]


@dataclass(frozen=True, slots=True)
class Constraint:
    """A parsed condition."""

    source: str
    test: Test
    labels: tuple[str, ...]
    """The labels that it looks at, for messages about why nothing fits."""

    def __repr__(self) -> str:
        return f"<Constraint {self.source}>"


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value


def _equals(label: str, patterns: tuple[str, ...]) -> Test:
    lowered = tuple(pattern.lower() for pattern in patterns)

    def test(labels: Mapping[str, str]) -> bool:
        value = labels.get(label)
        return value is not None and any(fnmatchcase(value.lower(), pattern) for pattern in lowered)

    return test


def _compares(label: str, operator: str, bound: float) -> Test:
    def test(labels: Mapping[str, str]) -> bool:
        # A label that is missing or no number gives NaN, for which every comparison is false.
        value = _number(labels.get(label, "nan"))
        return {
            "<": value < bound,
            "<=": value <= bound,
            ">": value > bound,
            ">=": value >= bound,
        }[operator]

    return test


def _present(pattern: str) -> Test:
    if not any(sign in pattern for sign in "*?["):
        return lambda labels: pattern in labels
    return lambda labels: any(fnmatchcase(name, pattern) for name in labels)


def _both(left: Test, right: Test) -> Test:
    return lambda labels: left(labels) and right(labels)


def _either(left: Test, right: Test) -> Test:
    return lambda labels: left(labels) or right(labels)


def _inverse(test: Test) -> Test:
    return lambda labels: not test(labels)


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.tokens = [(match.lastgroup or "", match[match.lastgroup or 0], match.start(match.lastgroup or 0))
                       for match in _TOKEN.finditer(source)]  # fmt: skip
        self.at = 0
        self.depth = 0
        self.labels: list[str] = []

    def peek(self) -> tuple[str, str, int]:
        return self.tokens[self.at] if self.at < len(self.tokens) else ("end", "the end", len(self.source))

    def take(self, *texts: str) -> str | None:
        kind, text, _ = self.peek()
        if kind in ("operator", "word") and text in texts:
            self.at += 1
            return text
        return None

    def value(self, what: str) -> str:
        kind, text, offset = self.peek()
        if kind not in ("word", "string"):
            hint = "==" if text == "=" else ""
            raise ConstraintError(f"expected {what}, found '{text}'", offset, hint)
        self.at += 1
        return text[1:-1] if kind == "string" else text

    def expect(self, sign: str) -> None:
        if not self.take(sign):
            _, text, offset = self.peek()
            raise ConstraintError(f"expected '{sign}', found '{text}'", offset)

    def disjunction(self) -> Test:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ConstraintError(f"nested deeper than {MAX_DEPTH} levels", self.peek()[2])
        test = self.conjunction()
        while self.take("or"):
            test = _either(test, self.conjunction())
        self.depth -= 1
        return test

    def conjunction(self) -> Test:
        test = self.single()
        while self.take("and"):
            test = _both(test, self.single())
        return test

    def single(self) -> Test:
        inverted = False
        while self.take("not"):
            inverted = not inverted
        if self.take("("):
            test = self.disjunction()
            self.expect(")")
        else:
            test = self.comparison()
        return _inverse(test) if inverted else test

    def comparison(self) -> Test:
        label = self.value("a label")
        self.labels.append(label)
        offset = self.peek()[2]
        if operator := self.take("==", "!="):
            test = _equals(label, (self.value("a value"),))
            return _inverse(test) if operator == "!=" else test
        if operator := self.take("<", "<=", ">", ">="):
            at = self.peek()[2]
            bound = _number(self.value("a number"))
            if not math.isfinite(bound):
                raise ConstraintError(f"'{operator}' compares numbers", at)
            return _compares(label, operator, bound)
        inverted = bool(self.take("not"))
        if self.take("in"):
            test = _equals(label, self.choices())
            return _inverse(test) if inverted else test
        if inverted:
            raise ConstraintError("expected 'in' after 'not'", offset)
        return _present(label)

    def choices(self) -> tuple[str, ...]:
        self.expect("[")
        found: list[str] = []
        while not self.take("]"):
            if found:
                self.expect(",")
            found.append(self.value("a value"))
        return tuple(found)


@lru_cache(maxsize=4096)
def parse(source: str) -> Constraint:
    """A condition. Raises `ConstraintError`."""
    if len(source) > MAX_SOURCE:
        raise ConstraintError(f"longer than {MAX_SOURCE} characters", 0)
    parser = _Parser(source)
    test = parser.disjunction()
    kind, text, offset = parser.peek()
    if kind != "end":
        hint = "==" if text in ("=", ":") else {"&": "and", "|": "or", "!": "not"}.get(text, "")
        raise ConstraintError(f"expected a comparison or the end, found '{text}'", offset, hint)
    # A long chain of `and` makes a deep test; bounded here, so that no evaluation can run out of stack.
    if len(parser.tokens) > 200:
        raise ConstraintError("more than 200 words", 0)
    return Constraint(source, test, tuple(parser.labels))


def holds(source: str, labels: Mapping[str, str]) -> bool:
    """Whether an agent with these labels satisfies one condition."""
    return parse(source).test(labels)


def compile_where(sources: Iterable[str]) -> Test:
    """One test for all conditions of a task's `where`. Raises `ConstraintError`."""
    tests = [parse(source).test for source in sources]
    return lambda labels: all(test(labels) for test in tests)
