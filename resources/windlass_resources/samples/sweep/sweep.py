"""The two functions of the sweep sample: a tiny network that learns a curve, and the comparison of its settings."""

import csv
import json
import math
import random
from pathlib import Path
from typing import Any

POINTS = [n / 12 for n in range(-12, 13)]


def train(rate: float, width: int, seed: int, steps: int) -> dict[str, Any]:
    """Fit sin(3x) with one hidden layer by gradient descent; the mean squared error that is left."""
    draw = random.Random(seed)
    inner = [draw.uniform(-2, 2) for _ in range(width)]
    shift = [draw.uniform(-1, 1) for _ in range(width)]
    outer = [draw.uniform(-0.5, 0.5) for _ in range(width)]
    for _ in range(steps):
        for x in POINTS:
            hidden = [math.tanh(a * x + b) for a, b in zip(inner, shift, strict=True)]
            error = sum(c * h for c, h in zip(outer, hidden, strict=True)) - math.sin(3 * x)
            for n, h in enumerate(hidden):
                back = error * outer[n] * (1 - h * h)
                outer[n] -= rate * error * h
                inner[n] -= rate * back * x
                shift[n] -= rate * back
    loss = 0.0
    for x in POINTS:
        found = sum(c * math.tanh(a * x + b) for a, b, c in zip(inner, shift, outer, strict=True))
        loss += (found - math.sin(3 * x)) ** 2 / len(POINTS)
    print(f"rate {rate}, width {width}, seed {seed}: {loss:.5f}")
    return {"rate": rate, "width": width, "seed": seed, "loss": loss}


def best(tried: list[dict[str, Any]]) -> dict[str, Any]:
    """Average over the seeds; writes table.csv and best.json."""
    groups: dict[tuple[float, int], list[float]] = {}
    for one in tried:
        groups.setdefault((one["rate"], one["width"]), []).append(one["loss"])
    rows = sorted((sum(losses) / len(losses), rate, width) for (rate, width), losses in groups.items())
    with open("table.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["loss", "rate", "width"])
        table.writerows(rows)
    loss, rate, width = rows[0]
    winner = {"rate": rate, "width": width, "loss": round(loss, 6), "tried": len(tried)}
    Path("best.json").write_text(json.dumps(winner) + "\n", encoding="utf-8")
    print(f"best of {len(tried)}: rate {rate}, width {width}, loss {loss:.5f}")
    return winner
