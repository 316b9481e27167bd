"""The app with a core of its own, driven from within; another interface size makes it begin anew in its own place.

Run as `python -m tests.system.resized FIRST|SECOND GRAPH`: what it sees goes to the standard output, a JSON line each.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer

from windlass.client.embedded import running_core
from windlass_gui import app
from windlass_gui.app import Parts


def main() -> None:
    turn, graph = sys.argv[1:]
    if turn == "FIRST":
        app.again = lambda options: os.execv(
            sys.executable, [sys.executable, "-m", "tests.system.resized", "SECOND", graph]
        )
        arguments = [graph]
    else:
        arguments = []
    options = app.parse(arguments)
    parts = app.start(options)
    until(lambda: parts.bridge.state == "up", first(parts) if turn == "FIRST" else second(parts))
    app.run(parts)
    say(ended=turn)
    if parts.window.restarting:
        app.again(options)


def first(parts: Parts) -> Callable[[], None]:
    """Submit, wait until the task runs, choose another size."""

    def resize() -> None:
        say(**facts(parts))
        dialog = parts.window.show_settings()
        dialog.scale.setValue(150)
        dialog.again.click()

    def submit() -> None:
        parts.window.submit()
        until(lambda: any(row.counts.active for row in parts.bridge.mirror.runs.values()), resize)

    return submit


def second(parts: Parts) -> Callable[[], None]:
    """Wait until the run is there and has ended, and leave nothing running."""

    def leave() -> None:
        say(**facts(parts))
        parts.window.close()

    def go_on() -> None:
        say(**facts(parts))
        until(lambda: all(row.ended is not None for row in parts.bridge.mirror.runs.values()), leave)

    return lambda: until(lambda: bool(parts.bridge.mirror.runs), go_on)


def facts(parts: Parts) -> dict[str, Any]:
    core = running_core()
    return {
        "pid": os.getpid(),
        "core": core.pid if core is not None else None,
        "owns": parts.bridge.owns_core,
        "runs": {number: row.state for number, row in parts.bridge.mirror.runs.items()},
        "scale": parts.window.devicePixelRatioF(),
        "tabs": [made.path.name for made in parts.window.documents.all if made.path is not None],
        "inherits": app.SCALE in os.environ,
    }


_waiting: list[QTimer] = []


def until(condition: Callable[[], bool], then: Callable[[], None]) -> None:
    """Look again and again, as the person at the window does."""
    timer = QTimer()
    _waiting.append(timer)

    def look() -> None:
        if condition():
            timer.stop()
            then()

    timer.timeout.connect(look)
    timer.start(20)


def say(**what: object) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    assert Path(sys.argv[2]).is_file()
    main()
