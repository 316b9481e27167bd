"""Matching by a few letters, without Qt: `svas` finds “Save as”, and the starts of words count most."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from heapq import nsmallest

START, AFTER, EARLY = 8, 5, 3
"""What a letter at the start of a word, right after the one before, and at the very start is worth."""
LATER = 6
"""What a word loses that is found after the first line only."""
RANKED = 4000
"""Matches that are weighed against each other; of more the first ones count."""


@lru_cache(8)
def _pattern(word: str) -> re.Pattern[str]:
    return re.compile("[^\n]*?".join(map(re.escape, word)))


def places(query: str, text: str) -> tuple[int, list[int]] | None:
    """How well `text` answers the query, and the places of its letters in it; None when it does not.

    Each word of the query must have its letters in one line of the text, in their order; the words may stand in any
    order. The first line counts more than those after it.
    """
    total, found = 0, []
    for word in query.lower().split():
        best: tuple[int, list[int]] | None = None
        start = 0
        for line in text.split("\n"):
            answer = _best(word, line.lower(), line)
            if answer is not None:
                worth = answer[0] - (LATER if start else 0)
                if best is None or worth > best[0]:
                    best = worth, [start + spot for spot in answer[1]]
            start += len(line) + 1
        if best is None:
            return None
        total += best[0]
        found += best[1]
    return total - len(text) // 12, sorted(set(found))


def _best(word: str, low: str, text: str) -> tuple[int, list[int]] | None:
    """The better of: the word as it stands (at the start of a word, if it can), and its letters apart."""
    if not _pattern(word).search(low):
        return None
    whole = low.find(word)
    while whole > 0 and not _starts(text, whole):
        later = low.find(word, whole + 1)
        if later < 0:
            whole = low.find(word)
            break
        whole = later
    if whole >= 0:
        spots = list(range(whole, whole + len(word)))
        return _worth(spots, text) + len(word), spots
    spots = _apart(word, low, text)
    return _worth(spots, text), spots


def _apart(word: str, low: str, text: str) -> list[int]:
    """Letter by letter: the next start of a word that has it, if the rest still follows; else the next place."""
    spots: list[int] = []
    at = 0
    for number, letter in enumerate(word):
        rest = _pattern(word[number + 1 :])
        place = low.index(letter, at)
        if not (spots and place == spots[-1] + 1):
            start = place
            while start >= 0 and not _starts(text, start):
                start = low.find(letter, start + 1)
            if start >= 0 and rest.search(low, start + 1):
                place = start
        spots.append(place)
        at = place + 1
    return spots


def _starts(text: str, at: int) -> bool:
    """A letter that begins a word: after something else, or a capital in the middle."""
    before = text[at - 1] if at else " "
    return not before.isalnum() or (text[at].isupper() and before.islower())


def _worth(spots: list[int], text: str) -> int:
    worth = 0
    for number, at in enumerate(spots):
        worth += 1
        if _starts(text, at):
            worth += START
        if number and at == spots[number - 1] + 1:
            worth += AFTER
    return worth + (EARLY if spots and spots[0] == 0 else 0)


def search(query: str, texts: Sequence[str], lowered: Sequence[str], limit: int) -> list[tuple[int, list[int]]]:
    """The best answers: their numbers in `texts` and the places of the letters. `lowered` are the texts small.

    Of two that answer alike the shorter comes first: more of it was typed.
    """
    patterns = [_pattern(word) for word in query.lower().split()]
    candidates = [at for at, low in enumerate(lowered) if all(pattern.search(low) for pattern in patterns)]
    weighed = []
    for at in candidates[:RANKED]:
        match = places(query, texts[at])
        if match is not None:
            weighed.append((-match[0], len(texts[at]), at, match[1]))
    return [(at, spots) for _, _, at, spots in nsmallest(limit, weighed, key=lambda one: one[:3])]
