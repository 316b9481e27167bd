"""Numbers as people read them: with their nouns, and time to come, roughly. (Sizes: `units.human_size`.)"""

from __future__ import annotations

from windlass.model.units import human_size


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


def span(seconds: float) -> str:
    """A rough time: 20 s, 3 min, 2 h, 4 days.

    >>> [span(x) for x in (0.2, 59, 100, 5000, 300000)]
    ['1 s', '59 s', '2 min', '83 min', '3 days']
    """
    for size, limit, name in ((1, 90, "s"), (60, 7200, "min"), (3600, 172_800, "h")):
        if seconds < limit:
            return f"{max(round(seconds / size), 1)} {name}"
    return f"{round(seconds / 86_400)} days"


def amount_words(kind: str, amount: float) -> str:
    """An amount of one kind.

    >>> amount_words("cpus", 1.5), amount_words("memory", 4 << 30), amount_words("gpus", 1), amount_words("licence", 2)
    ('1.5 CPUs', '4 GiB', 'a GPU', '2 licence')
    """
    match kind:
        case "cpus":
            return f"{amount:g} CPU{'s' if amount != 1 else ''}"
        case "gpus":
            return "a GPU" if amount == 1 else f"{amount:g} GPUs"
        case "memory":
            return _size(amount)
        case "gpu_memory":
            return f"{_size(amount)} GPU memory"
        case "disk":
            return f"{_size(amount)} disk"
        case _:
            return f"{amount:g} {kind}"


def _size(amount: float) -> str:
    return human_size(amount).replace(".0 ", " ")
