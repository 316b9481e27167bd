"""Play the ten stories and keep a picture of each for docs/tour.md, in both themes: python docs/make_tour.py.

Part of `make screenshots`. Needs Xvfb and xdotool, as the stories do; takes about a minute.
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
PICTURES = (
    "draw-01-drawn", "text-01-typed", "template-02-search", "group-01-frame", "submit-01-form", "mend-02-question",
    "bulk-02-preview", "why-01-why", "log-02-found", "machine-02-arrived",
)  # fmt: skip
"""The one of each story that says most."""
COLORS = 128
"""A window has few colours: so a picture of it is a third as large, and looks the same."""


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        play = [sys.executable, "-m", "pytest", "-q", "tests/system/test_stories.py"]
        done = subprocess.run(play, cwd=ROOT, env={**os.environ, "WINDLASS_PICTURES": folder}, check=False)
        if done.returncode:
            return done.returncode
        for name in PICTURES:
            for theme in ("light", "dark"):
                with Image.open(Path(folder) / f"{name}-{theme}.png") as picture:
                    small = picture.convert("RGB").quantize(COLORS, dither=Image.Dither.NONE)
                    small.save(IMAGES / f"tour-{name.split('-')[0]}-{theme}.png", optimize=True)
    print(f"drew {2 * len(PICTURES)} pictures of the tour")
    return 0


if __name__ == "__main__":
    sys.exit(main())
