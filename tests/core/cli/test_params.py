"""`--param` values follow YAML and the declared default."""

from __future__ import annotations

from typing import Any

import pytest

from windlass.cli.common import UserError
from windlass.cli.params import parse_params

DECLARED = {
    "crf": 28, "scale": 1.5, "name": "a", "fast": False, "sizes": [1, 2], "free": None, "map": {"a": 1}
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("crf=30", 30), ("crf=3e1", 30), ("crf=0x10", 16), ("scale=2", 2.0), ("scale=.5", 0.5), ("name=28", "28"),
        ("name=true", "true"), ("name=a=b", "a=b"), ("name='x y'", "x y"), ("name=", ""), ("fast=true", True),
        ("fast=True", True), ("sizes=[3, 4]", [3, 4]), ("free=28", 28), ("free=x", "x"), ("free=null", None),
        ('map={"b": 2}', {"b": 2}),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    name = text.partition("=")[0]
    parsed = parse_params([text], DECLARED)
    assert parsed == {name: value}
    assert type(parsed[name]) is type(value)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("crf", "NAME=VALUE"),
        ("=3", "NAME=VALUE"),
        ("crd=3", "did you mean 'crf'"),
        ("other=3", "it has: crf"),
        ("crf=fast", "a whole number, such as 28"),
        ("crf=1.5", "a whole number"),
        ("fast=yes", "true or false"),
        ("sizes=3", "written as JSON"),
        ("scale=nan", "a number"),
    ],
)
def test_errors_say_what_is_allowed(text: str, words: str) -> None:
    with pytest.raises(UserError, match=words):
        parse_params([text], DECLARED)


def test_a_graph_without_parameters_says_so() -> None:
    with pytest.raises(UserError, match="declares none"):
        parse_params(["crf=3"], {})
