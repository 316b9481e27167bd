"""How ends are said, and which failures are taken as the same."""

from __future__ import annotations

import doctest

import pytest

from windlass.model import failures
from windlass.model.failures import end_words, last_line, normalise, same_key


def test_the_examples_hold() -> None:
    assert doctest.testmod(failures).failed == 0


@pytest.mark.parametrize(
    ("first", "second", "same"),
    [
        ("cannot open /data/a/0017.png", "cannot open /data/b/0018.png", True),
        ("ValueError: 3.5 is too large", "ValueError: -12e9 is too large", True),
        ("object at 0x7f33aa01 is gone", "object at 0x7f33bb02 is gone", True),
        ("job 9f86d081884c7d65 failed", "job 60303ae22b998861 failed", True),
        ("\x1b[31mno space left\x1b[0m", "no space left", True),
        ("http://a.example/1 refused", "http://b.example/2 refused", True),
        ("permission denied", "no such file", False),
        ("KeyError: 'width'", "KeyError: 'height'", False),
    ],
)
def test_alike_is_what_differs_only_from_item_to_item(first: str, second: str, same: bool) -> None:
    assert (same_key("nonzero", 1, first) == same_key("nonzero", 1, second)) is same
    assert same_key("nonzero", 1, first) != same_key("nonzero", 2, first)


@pytest.mark.parametrize(
    ("outcome", "code", "words"),
    [
        ("signal", 11, "memory that is not its own"), ("signal", 11, "signal 11"), ("nonzero", 1, "exit code 1"),
        ("timeout", 0, "timeout"), ("oom", 0, "memory"), ("signal", 250, "signal 250"), ("nonzero", 139, "SIGSEGV"),
        ("ok", 0, "succeeded"), ("strange", 0, "strange"), ("", 0, "failed"),
    ],
)  # fmt: skip
def test_every_end_has_words(outcome: str, code: int, words: str) -> None:
    assert words in end_words(outcome, code)


def test_lines_that_say_nothing_are_passed_over() -> None:
    assert last_line("first\nsecond \x1b[0m\n\n  \n") == "second"
    assert last_line("") == ""
    assert len(last_line("x" * 9000)) == failures.LINE
    assert len(normalise("y " * 9000)) <= failures.LINE
