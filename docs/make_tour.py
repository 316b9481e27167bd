"""Play the stories and keep their pictures for docs/tour.md and docs/first-graph.md: python docs/make_tour.py.

Part of `make screenshots`. Needs Xvfb and xdotool, as the stories do; takes about two minutes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).with_name("images")
TOUR = (
    "draw-03-drawn", "text-01-typed", "template-02-search", "group-01-frame", "submit-01-form", "mend-02-question",
    "bulk-02-preview", "why-01-why", "log-02-found", "machine-02-arrived",
)  # fmt: skip
"""The one picture of each story that says most; in both themes."""
FIRST = "newcomer"
"""The story whose pictures are all kept, in the light theme."""
COLORS = 128
"""A window has few colours: so a picture of it is a third as large, and looks the same."""


def keep(source: Path, name: str) -> None:
    with Image.open(source) as picture:
        small = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
        small.save(IMAGES / name, optimize=True)


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        play = [sys.executable, "-m", "pytest", "-q", "tests/system/test_stories.py"]
        done = subprocess.run(play, cwd=ROOT, env={**os.environ, "WINDLASS_PICTURES": folder}, check=False)
        if done.returncode:
            return done.returncode
        pictures = Path(folder)
        for name in TOUR:
            for theme in ("light", "dark"):
                keep(pictures / f"{name}-{theme}.png", f"tour-{name.split('-')[0]}-{theme}.png")
        first = sorted(pictures.glob(f"{FIRST}-*-light.png"))
        for picture in first:
            number, what = picture.stem.removeprefix(f"{FIRST}-").removesuffix("-light").split("-", 1)
            keep(picture, f"story-{number}-{what}.png")
    print(f"drew {2 * len(TOUR)} pictures of the tour, {len(first)} of the first graph")
    return 0


if __name__ == "__main__":
    sys.exit(main())
