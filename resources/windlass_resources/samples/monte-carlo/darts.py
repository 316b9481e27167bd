"""The two functions of the monte-carlo sample."""

import math
import random
from pathlib import Path


def throw(seed: int, darts: int) -> dict[str, int]:
    """Throw `darts` points at the unit square and count those inside the quarter circle."""
    point = random.Random(seed).random
    hits = 0
    for _ in range(darts):
        x = point()
        y = point()
        if x * x + y * y <= 1.0:
            hits += 1
    print(f"batch {seed}: {hits} of {darts} darts hit")
    return {"hits": hits, "darts": darts}


def estimate(batches: list[dict[str, int]]) -> dict[str, float]:
    """Combine the batches; also writes the estimate to pi.txt."""
    hits = sum(batch["hits"] for batch in batches)
    darts = sum(batch["darts"] for batch in batches)
    share = hits / darts
    pi = 4.0 * share
    deviation = 4.0 * math.sqrt(share * (1.0 - share) / darts)
    text = f"pi is about {pi:.5f} +/- {deviation:.5f} after {darts:,} darts (off by {abs(pi - math.pi):.5f})"
    print(text)
    Path("pi.txt").write_text(text + "\n", encoding="utf-8")
    return {"pi": pi, "deviation": deviation}
