"""Draw the pictures of the docs anew: python docs/make_screenshots.py (or `make screenshots`).

The real app, offscreen, with a real core and local agents that really encode a video; every scene is drawn in
both themes. Takes about a minute and needs ffmpeg.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

# Before Qt is loaded: no window on anybody's desktop.
os.environ["QT_QPA_PLATFORM"] = "offscreen"

from PySide6.QtCore import QSettings
from PySide6.QtWidgets import QApplication, QWidget

from windlass.client.embedded import EmbeddedCore
from windlass_gui.bridge import Bridge
from windlass_gui.look.theme import apply_theme
from windlass_gui.panes.report import show_report
from windlass_gui.submit.options import SubmitOptions
from windlass_gui.window.docks import usual_sizes
from windlass_gui.window.main_window import MainWindow
from windlass_resources.samples import get_sample

IMAGES = Path(__file__).with_name("images")
AGENTS = 2
"""Beside the one that the app starts for its own machine."""
SECONDS = 240
"""Of the clip that is encoded: a hundred and twenty parts, so that there is time to look."""
PATIENCE = 120.0


class Stage:
    """The app with its window, driven from one thread: Qt's events are handled while we wait."""

    def __init__(self, app: QApplication, home: Path) -> None:
        self.app = app
        self.bridge = Bridge()
        apply_theme(app, "dark")
        self.window = MainWindow(self.bridge, QSettings(str(home / "app.ini"), QSettings.Format.IniFormat))
        self.window.resize(1440, 900)
        usual_sizes(self.window)  # it was made for the screen, which may be smaller
        self.window.show()

    def until(self, found: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not found():
            if time.monotonic() > deadline:
                raise TimeoutError(f"{what} did not come; the link is {self.bridge.state}: {self.bridge.text}")
            self.app.processEvents()
            time.sleep(0.01)

    def settle(self, seconds: float = 0.4) -> None:
        """Let animations, timers and layouts come to rest."""
        end = time.monotonic() + seconds
        self.until(lambda: time.monotonic() > end, "rest")

    def draw(self, name: str, widget: QWidget | None = None) -> None:
        """One scene in both themes."""
        for theme in ("light", "dark"):
            apply_theme(self.app, theme)
            self.settle()
            path = IMAGES / f"{name}-{theme}.png"
            if not (widget or self.window).grab().save(str(path)):
                raise OSError(f"cannot write {path}")
        print(f"drew {name}")

    # --- the run ---------------------------------------------------------------------------------------------

    def counts(self, task: str) -> tuple[int, int]:
        """Items of a task of the shown run that run, and that have succeeded."""
        row = self.window.run_view.task_row(task)
        return (row.counts.active, row.counts.succeeded) if row else (0, 0)

    def ended(self) -> bool:
        row = self.window.run_view.row
        return row is not None and row.state not in ("running", "paused")


def play(stage: Stage) -> None:
    window, bridge = stage.window, stage.bridge
    bridge.start_embedded()  # finds the core that runs in this home
    stage.until(lambda: sum(row.state == "up" for row in bridge.mirror.agents.values()) == AGENTS + 1, "the agents")
    stage.draw("start")

    window.open_sample("encode-video")
    stage.settle()
    assert window.page.view is not None
    window.page.view.fit()
    window.page.view.graph.select(["encode"])
    stage.draw("editor")

    window.running.ask = lambda _session, graph, _scope, done: done(SubmitOptions({**graph.params, "seconds": SECONDS}))
    window.show_monitor()
    assert window.monitor is not None
    window.monitor.resize(1100, 720)
    window.submit()
    stage.until(lambda: stage.counts("encode")[1] >= 8 and stage.counts("encode")[0] > 0, "the first parts")
    window.page.view.graph.select([])
    stage.draw("running")
    stage.draw("monitor", window.monitor)
    stage.until(stage.ended, "the end of the run")
    row = window.run_view.row
    if row is None or row.state != "succeeded":
        raise RuntimeError(f"the run did not succeed: {row}")
    window.bottom.setCurrentWidget(window.timeline)
    window.timeline.show_run(row.id)
    stage.settle(1.0)
    stage.draw("timeline")
    report = show_report(bridge, window, row.id)
    stage.until(lambda: report.lines, "what happened")
    stage.draw("report", report)
    report.close()


def main() -> int:
    if missing := get_sample("encode-video").missing():
        print("\n".join(missing), file=sys.stderr)
        return 1
    IMAGES.mkdir(exist_ok=True)
    app = QApplication(sys.argv[:1])
    with tempfile.TemporaryDirectory(prefix="windlass-pictures-") as folder:
        os.environ["WINDLASS_HOME"] = folder
        with EmbeddedCore(home=Path(folder), agents=AGENTS, cpus=2, memory=8 * 2**30):
            stage = Stage(app, Path(folder))
            try:
                play(stage)
            finally:
                stage.window.close()
                stage.bridge.shutdown(True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
