"""Can Qt load here? If not: which Debian packages are missing, all at once.

check_qt.py              the offscreen platform, which is all that the tests need
check_qt.py --display    also a window on the user's display
"""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libGLX.so.0": "libglx0",
    "libOpenGL.so.0": "libopengl0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libz.so.1": "zlib1g",
    "libzstd.so.1": "libzstd1",
    "libX11.so.6": "libx11-6",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libSM.so.6": "libsm6",
    "libICE.so.6": "libice6",
    "libxcb.so.1": "libxcb1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-util.so.1": "libxcb-util1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
}
"""Shared library -> the Debian package that brings it."""

OPEN_A_WINDOWLESS_APP = "from PySide6.QtWidgets import QApplication; QApplication([])"


def missing_libraries(display: bool) -> list[str]:
    """The shared libraries that Qt's parts ask for and the loader does not find."""
    spec = importlib.util.find_spec("PySide6")
    if spec is None or not spec.submodule_search_locations:
        sys.exit("PySide6 is not installed in this environment: pip install 'windlass[gui]'")
    root = Path(spec.submodule_search_locations[0])
    plugins = ["libqoffscreen.so"] + (["libqxcb.so"] if display and os.environ.get("DISPLAY") else [])
    parts = [*root.glob("Qt[CGW]*.abi3.so"), *(root / "Qt" / "plugins" / "platforms" / name for name in plugins)]
    missing: set[str] = set()
    for part in parts:
        told = subprocess.run(["ldd", part], capture_output=True, text=True, check=False).stdout
        missing.update(re.findall(r"^\s*(\S+) => not found", told, re.MULTILINE))
    return sorted(missing)


def main() -> int:
    display = "--display" in sys.argv[1:]
    # In a process of its own: Qt aborts when a platform cannot start.
    environment = dict(os.environ)
    if not display:
        environment["QT_QPA_PLATFORM"] = "offscreen"
    try:
        trial = subprocess.run(
            [sys.executable, "-c", OPEN_A_WINDOWLESS_APP],
            env=environment, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        print("Qt does not start: it was still waiting for the display after 60 s", file=sys.stderr)
        return 1
    if trial.returncode == 0:
        return 0
    libraries = missing_libraries(display)
    packages = sorted({PACKAGES[library] for library in libraries if library in PACKAGES})
    unknown = [library for library in libraries if library not in PACKAGES]
    print("Qt cannot load here.", file=sys.stderr)
    if packages:
        print(f"Missing Debian packages: apt install {' '.join(packages)}", file=sys.stderr)
    if unknown:
        print(f"Missing libraries: {' '.join(unknown)}", file=sys.stderr)
    if not libraries:
        print(trial.stderr.strip()[-2000:], file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
