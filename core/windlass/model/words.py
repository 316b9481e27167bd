"""Numbers with their nouns, as people read them."""

from __future__ import annotations


def plural(count: int, word: str) -> str:
    """The noun alone.

    >>> plural(1, "item"), plural(0, "item")
    ('item', 'items')
    """
    return word if count == 1 else word + "s"


def counted(count: int, word: str) -> str:
    """The number and the noun.

    >>> counted(1, "run"), counted(12_000, "output file")
    ('1 run', '12,000 output files')
    """
    return f"{count:,} {plural(count, word)}"
