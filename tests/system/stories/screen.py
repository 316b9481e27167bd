"""An X server of our own, and xdotool on it: every click, drag and key goes through them like a person's."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SIZE = (1440, 900)
ROOT = Path(__file__).parents[3]


def can_play() -> bool:
    """Whether the programs are here that a screen needs."""
    return all(map(shutil.which, ("Xvfb", "xdotool")))


class Screen:
    """One for many stories, with a path to this package for the apps on it."""

    def __init__(self) -> None:
        read, write = os.pipe()
        size = f"{SIZE[0]}x{SIZE[1]}x24"
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", size, "-nolisten", "tcp"],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            display = f":{int(pipe.readline())}"
        path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        self.environment = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "PYTHONPATH": path}

    def close(self) -> None:
        self.server.terminate()
        self.server.wait(10)

    def do(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True, timeout=60)
