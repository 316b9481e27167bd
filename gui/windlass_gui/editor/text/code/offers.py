"""What may take the place of the word at a cursor."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` takes the word's place, with `tail` after it."""

    text: str
    detail: str = ""
    tail: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """`start` is where the word begins that is being typed."""

    start: int
    word: str
    suggestions: tuple[Suggestion, ...]
