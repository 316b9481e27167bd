"""The grammar of what stands in `${{ }}`: a small expression language without side effects, parsed by hand.

    or     := and (("or" | "||") and)*
    and    := not (("and" | "&&") not)*
    not    := ("not" | "!") not | compare
    compare:= sum (("==" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in") sum)?
    sum    := product (("+" | "-") product)*
    product:= unary (("*" | "/" | "//" | "%") unary)*
    unary  := ("-" | "+") unary | postfix
    postfix:= atom ("." name | "[" or "]")*
    atom   := number | string | true | false | null | name | name "(" arguments ")" | "(" or ")" | "[" items "]"

A dash directly between letters belongs to the name after a dot (`params.my-size`, `tasks.step-1.result`), because
task ids have dashes; a subtraction is written with spaces. Length and depth are bounded, so that parsing is quick
whatever the text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

MAX_SOURCE = 4000
"""Characters of one expression."""
MAX_DEPTH = 40
"""Levels of brackets, calls and lists inside each other."""
MAX_TOKENS = 400
"""Names, numbers and signs of one expression, which also bounds the depth of a chain such as `a + a + a`."""

FUNCTIONS: dict[str, tuple[int, int]] = {
    "len": (1, 1),
    "format": (1, 50),
    "join": (1, 2),
    "split": (1, 2),
    "range": (1, 3),
    "basename": (1, 1),
    "dirname": (1, 1),
    "min": (1, 50),
    "max": (1, 50),
    "int": (1, 1),
    "float": (1, 1),
    "str": (1, 1),
    "abs": (1, 1),
    "round": (1, 2),
    "lower": (1, 1),
    "upper": (1, 1),
    "replace": (3, 3),
    "contains": (2, 2),
    "startsWith": (2, 2),
    "endsWith": (2, 2),
    "json": (1, 1),
    "success": (0, 0),
    "failure": (0, 0),
    "cancelled": (0, 0),
    "always": (0, 0),
}
"""Function name -> fewest and most arguments."""
STATUS_FUNCTIONS = frozenset({"success", "failure", "cancelled", "always"})


class ExprError(ValueError):
    """An expression that cannot be read or computed. `offset` counts characters from the start of the text given."""

    def __init__(self, message: str, offset: int = 0, *, suggestion: str = "", allowed: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset
        self.suggestion = suggestion
        self.allowed = allowed

    def moved(self, by: int) -> ExprError:
        return ExprError(self.message, self.offset + by, suggestion=self.suggestion, allowed=self.allowed)


@dataclass(frozen=True, slots=True)
class Literal:
    value: object
    offset: int


@dataclass(frozen=True, slots=True)
class Name:
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Attribute:
    base: Node
    name: str
    offset: int


@dataclass(frozen=True, slots=True)
class Index:
    base: Node
    index: Node
    offset: int


@dataclass(frozen=True, slots=True)
class CallNode:
    function: str
    arguments: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class ListNode:
    items: tuple[Node, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Unary:
    operator: str
    operand: Node
    offset: int


@dataclass(frozen=True, slots=True)
class Binary:
    operator: str
    left: Node
    right: Node
    offset: int


Node = Literal | Name | Attribute | Index | CallNode | ListNode | Unary | Binary

_TOKEN = re.compile(
    r"""\s*(?:
      (?P<number>(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
    | (?P<name>[^\W\d]\w*)
    | (?P<string>'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")
    | (?P<operator>==|!=|<=|>=|&&|\|\||//|[-+*/%<>!().,\[\]])
    | (?P<bad>\S)
    )""",
    re.VERBOSE | re.DOTALL,
)
_DASHED_ID = re.compile(r"\w+(?:-\w+)*")
_DASHED_NAME = re.compile(r"[^\W\d]\w*(?:-[^\W\d]\w*)*")
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0"}
_WORDS = {"true": True, "false": False, "null": None, "none": None}


class _Parser:
    """Recursive descent over one expression; the depth counter keeps the recursion small."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.at = 0
        self.depth = 0
        self.tokens = 0
        self.kind, self.text, self.offset = "", "", 0
        self.advance()

    def advance(self) -> None:
        self.tokens += 1
        if self.tokens > MAX_TOKENS:
            raise ExprError(f"more than {MAX_TOKENS} names, numbers and signs", self.offset)
        match = _TOKEN.match(self.source, self.at)
        if match is None:
            self.kind, self.text, self.offset = "end", "the end", len(self.source.rstrip())
            return
        self.kind = match.lastgroup or "bad"
        self.text, self.offset, self.at = match[self.kind], match.start(self.kind), match.end()
        if self.kind == "bad":
            if self.text in "'\"":
                raise ExprError("a string without its closing quote", self.offset)
            hint = {"=": "==", "&": "&&", "|": "||", "$": ""}.get(self.text, "")
            raise ExprError(f"unexpected character {self.text!r}", self.offset, suggestion=hint)

    def take(self, *texts: str) -> str | None:
        if self.kind in ("operator", "name") and self.text in texts:
            taken = self.text
            self.advance()
            return taken
        return None

    def expect(self, text: str) -> None:
        if self.take(text) is None:
            raise ExprError(f"expected '{text}', found {self.found()}", self.offset)

    def found(self) -> str:
        return "the end" if self.kind == "end" else f"'{self.text}'"

    def expression(self) -> Node:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExprError(f"nested deeper than {MAX_DEPTH} levels", self.offset)
        node = self.conjunction()
        while True:
            offset = self.offset
            if not self.take("or", "||"):
                break
            node = Binary("or", node, self.conjunction(), offset)
        self.depth -= 1
        return node

    def conjunction(self) -> Node:
        node = self.negation()
        while True:
            offset = self.offset
            if not self.take("and", "&&"):
                return node
            node = Binary("and", node, self.negation(), offset)

    def negation(self) -> Node:
        flips, offset = 0, self.offset
        while self.take("not", "!"):
            flips += 1
        node = self.comparison()
        if not flips:
            return node
        node = Unary("not", node, offset)
        return node if flips % 2 else Unary("not", node, offset)

    def comparison(self) -> Node:
        left, offset = self.sum(), self.offset
        operator = self.take("==", "!=", "<", "<=", ">", ">=", "in")
        if operator is None and self.take("not"):
            self.expect("in")
            operator = "not in"
        if operator is None:
            return left
        node = Binary(operator, left, self.sum(), offset)
        if self.kind == "operator" and self.text in ("==", "!=", "<", "<=", ">", ">="):
            raise ExprError("comparisons cannot be chained: join two with 'and'", self.offset)
        return node

    def sum(self) -> Node:
        node = self.product()
        while True:
            offset = self.offset
            operator = self.take("+", "-")
            if operator is None:
                return node
            node = Binary(operator, node, self.product(), offset)

    def product(self) -> Node:
        node = self.unary()
        while True:
            offset = self.offset
            operator = self.take("*", "/", "//", "%")
            if operator is None:
                return node
            node = Binary(operator, node, self.unary(), offset)

    def unary(self) -> Node:
        negative, offset = False, self.offset
        while operator := self.take("-", "+"):
            negative ^= operator == "-"
        node = self.postfix()
        return Unary("-", node, offset) if negative else node

    def postfix(self) -> Node:
        node = self.atom()
        while self.kind == "operator" and self.text in (".", "["):
            if self.text == ".":
                node = self.attribute(node)
            else:
                offset = self.offset
                self.advance()
                index = self.expression()
                self.expect("]")
                node = Index(node, index, offset)
        return node

    def attribute(self, base: Node) -> Node:
        # Read from the source, not from the tokens, because a name after a dot may have dashes.
        pattern = _DASHED_ID if isinstance(base, Name) and base.name == "tasks" else _DASHED_NAME
        match = pattern.match(self.source, self.at)
        if match is None:
            self.advance()
            raise ExprError(f"expected a name after '.', found {self.found()}", self.offset)
        self.at = match.end()
        self.advance()
        return Attribute(base, match[0], match.start())

    def atom(self) -> Node:
        kind, text, offset = self.kind, self.text, self.offset
        if kind == "number":
            self.advance()
            return Literal(_number(text, offset), offset)
        if kind == "string":
            self.advance()
            body = re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[1]), text[1:-1], flags=re.DOTALL)
            return Literal(body, offset)
        if kind == "name" and text not in ("and", "or", "not", "in"):
            self.advance()
            if self.kind == "operator" and self.text == "(":
                return self.call(text, offset)
            return Literal(_WORDS[text], offset) if text in _WORDS else Name(text, offset)
        if self.take("("):
            node = self.expression()
            self.expect(")")
            return node
        if self.take("["):
            return ListNode(self.items("]"), offset)
        raise ExprError(f"expected a value, found {self.found()}", offset)

    def call(self, name: str, offset: int) -> Node:
        if name not in FUNCTIONS:
            close = get_close_matches(name, list(FUNCTIONS), n=1)
            raise ExprError(
                f"unknown function '{name}'",
                offset,
                suggestion=close[0] if close else "",
                allowed="functions: " + ", ".join(FUNCTIONS),
            )
        self.advance()
        arguments = self.items(")")
        fewest, most = FUNCTIONS[name]
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
            raise ExprError(f"{name}() takes {wanted} arguments, found {len(arguments)}", offset)
        return CallNode(name, arguments, offset)

    def items(self, closing: str) -> tuple[Node, ...]:
        items: list[Node] = []
        while not self.take(closing):
            if items:
                self.expect(",")
            items.append(self.expression())
        return tuple(items)


def _number(text: str, offset: int) -> int | float:
    digits = text.replace("_", "")
    if len(digits) > 30:
        raise ExprError("a number with more than 30 digits", offset)
    value: int | float = int(digits) if digits.isdecimal() else float(digits)
    if value in (float("inf"),):
        raise ExprError("a number too large", offset)
    return value


@lru_cache(maxsize=8192)
def parse(source: str) -> Node:
    """The tree of an expression. Raises `ExprError`."""
    if len(source) > MAX_SOURCE:
        raise ExprError(f"longer than {MAX_SOURCE} characters")
    if not source.strip():
        raise ExprError("an empty expression")
    parser = _Parser(source)
    node = parser.expression()
    if parser.kind != "end":
        raise ExprError(f"expected an operator or the end, found {parser.found()}", parser.offset)
    return node


@dataclass(frozen=True, slots=True)
class Reference:
    """A name that an expression uses: `("params", "crf")`, `("tasks", "split", "result")`, `("item", "stem")`."""

    path: tuple[str, ...]
    offset: int


@dataclass(frozen=True, slots=True)
class Uses:
    """What an expression refers to, found without computing it."""

    references: tuple[Reference, ...]
    functions: frozenset[str]


@lru_cache(maxsize=8192)
def uses(source: str) -> Uses:
    """All references and functions of an expression, in the order of the text. Raises `ExprError`."""
    references: list[Reference] = []
    functions: set[str] = set()
    stack: list[Node] = [parse(source)]
    while stack:
        current = stack.pop()
        match current:
            case Name() | Attribute() | Index():
                path: list[str] = []
                walk: Node = current
                while True:
                    if isinstance(walk, Attribute):
                        path.append(walk.name)
                        walk = walk.base
                    elif isinstance(walk, Index):
                        key = walk.index
                        if isinstance(key, Literal) and isinstance(key.value, str):
                            path.append(key.value)
                        else:
                            # What stands after a computed index cannot be known here.
                            path.clear()
                            stack.append(key)
                        walk = walk.base
                    else:
                        break
                if isinstance(walk, Name):
                    references.append(Reference((walk.name, *reversed(path)), walk.offset))
                else:
                    stack.append(walk)
            case CallNode():
                functions.add(current.function)
                stack.extend(reversed(current.arguments))
            case ListNode():
                stack.extend(reversed(current.items))
            case Unary():
                stack.append(current.operand)
            case Binary():
                stack.extend((current.right, current.left))
            case Literal():
                pass
    references.sort(key=lambda reference: reference.offset)
    return Uses(tuple(references), frozenset(functions))
