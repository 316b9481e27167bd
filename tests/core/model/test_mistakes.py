"""The mistakes that people make in YAML and JSON are told in plain words, at the place where they were made."""

from __future__ import annotations

import re

import pytest

from windlass.model.document import check_text

YAML = {
    "tasks:\n\ta: 1\n": (2, 1, "a tab cannot be used for indentation: use spaces"),
    "script: |\n  a\n\tb\n": (3, 1, "a tab cannot be used for indentation: use spaces"),
    "name: encode: video\n": (1, 13, "a second ': ' in one line: put the value into quotes"),
    "a:\n  - command: echo a: b\n": (2, 20, "a second ': ' in one line: put the value into quotes"),
    "windlass:1\nname: x\n": (1, 9, "a space is missing after this ':'"),
    "a:\n  # why\n  command:echo\n\n  retries: 2\n": (3, 10, "a space is missing after this ':'"),
    "a:\n  retries: 2\n  command:echo\n": (3, 10, "a space is missing after this ':'"),
    "tasks:\n  a\n    command: echo\n": (2, 3, "a ':' is missing at the end of this line"),
    "windlass: 1\nname x\ntasks: {}\n": (2, 1, "a ':' is missing in this line: write NAME: VALUE"),
    'a: 1\nname: "abc\ntasks: {}\n': (2, 7, 'this quote is never closed: add " where the text ends'),
    "a: 1\nname: 'abc\ntasks: {}\n": (2, 7, "this quote is never closed: add ' where the text ends"),
    "name: 'it's here'\n": (1, 11, "text behind the closing quote: quote all of it; a quote inside is written ''"),
    'a: "b" --c\n': (1, 8, 'text behind the closing quote: quote all of it; a quote inside is written \\"'),
    'a: "C:\\data"\n': (1, 8, "'\\d' means nothing in double quotes: write '\\\\d', or use single quotes"),
    "a:\n  needs: [b, c\n  command: x\n": (2, 10, "this '[' is never closed: add ']' behind its last entry"),
    "a: {b: 1\nc: {d: 2}\n": (1, 4, "this '{' is never closed: add '}' behind its last entry"),
    "a: [b, c}\n": (1, 9, "'[' is closed by '}': write ']'"),
    "a: [b, c]]\n": (1, 10, "a ']' too many, or the bracket that it closes is missing"),
    "a: {b: 1 c: 2}\n": (1, 11, "a ',' is missing before this, or the '}' that ends the '{'"),
    "a: [1,, 2]\n": (1, 7, "a value is missing before ','"),
    "a: [ab]*.png\n": (1, 8, "text behind ']': put the whole value into quotes"),
    "a: {b: ${{ x }}}\n": (1, 8, "put ${{ }} into quotes: its braces mean something else here"),
    "a: {{ x }}\n": (1, 5, "put ${{ }} into quotes: its braces mean something else here"),
    "a:\n    b:\n      c: 1\n   d: 2\n": (
        4, 4, "the indentation of this line fits no line above: indent it like those that it belongs to",
    ),
    "a:\n  b: x\n    c: 2\n": (
        3, 5, "this line is indented below one that has a value already: indent both alike, or remove that value",
    ),
    "a:\n  b: 1\n  - c\n": (
        3, 3, "a list entry '-' stands among keys: indent it below the key that it belongs to",
    ),
    "a:\n  - c\n  b: 1\n": (
        3, 3, "a key stands among the entries of a list: begin it with '- ', or mend the indentation",
    ),
    "a: %x\n": (1, 4, "a value cannot begin with '%': put it into quotes"),
    "a: @x\n": (1, 4, "a value cannot begin with '@': put it into quotes"),
    "a: `x`\n": (1, 4, "a value cannot begin with '`': put it into quotes"),
    "a: & x\n": (1, 4, "a value cannot begin with '&': put it into quotes"),
    "%x\na: 1\n": (1, 1, "a line cannot begin with '%': put the value into quotes"),
    "a: | echo\n  x\n": (
        1, 4, "behind '|' the text begins in the next line, indented; for a text in this line use quotes",
    ),
    "a: >out.txt\n": (
        1, 4, "behind '>' the text begins in the next line, indented; for a text in this line use quotes",
    ),
    "a: *.png\n": (
        1, 4, "'*.png' stands for a value called '&.png', and there is none above; if it is a text, put it into quotes",
    ),
    "a: 1\na: 2\n": (2, 1, "'a' stands here a second time: remove one, or give it another name"),
    "a: \x07\n": (1, 4, "the character U+0007 is not allowed: remove it"),
}  # fmt: skip

JSON = {
    '{"a": 1 "b": 2}': (1, 9, "a ',' is missing before this, or a closing bracket"),
    '{"a" 1}': (1, 6, "a ':' is missing before this"),
    '{"a": 1, b: 2}': (1, 10, "a name in double quotes is missing here, or a ',' before it is too many"),
    '{"a": b}': (1, 7, "a value is missing here: text stands in double quotes"),
    '{"a": "b}': (1, 7, "this quote is never closed: add '\"' where the text ends"),
    '{"a": "\\q"}': (1, 8, "this '\\' means nothing in a text: write '\\\\'"),
    '{"a": 1} 2': (1, 10, "something stands behind the end: a file holds one document"),
}
JARGON = re.compile(r"scalar|block end|block mapping|flow|simple key|delimiter|mapping values|token|stream|Expecting")


@pytest.mark.parametrize(("text", "told"), YAML.items())
def test_yaml(text: str, told: tuple[int, int, str]) -> None:
    found = [(problem.line, problem.column, problem.message) for problem in check_text(text).problems]
    assert told in found
    assert not any(JARGON.search(message) for *_, message in found)


@pytest.mark.parametrize(("text", "told"), JSON.items())
def test_json(text: str, told: tuple[int, int, str]) -> None:
    found = [(problem.line, problem.column, problem.message) for problem in check_text(text, fmt="json").problems]
    assert found == [told]


def test_what_nobody_foresaw_is_told_in_the_parser_s_words() -> None:
    (problem,) = check_text("...\nb: 2\n").problems
    assert problem.message.startswith("not valid YAML: expected the node content")
