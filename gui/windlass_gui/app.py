"""The composition root: makes the application, the bridge and the window, and passes each what it needs."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QSettings, QTimer
from PySide6.QtWidgets import QApplication

from windlass import __version__
from windlass.wire import homes
from windlass_gui.bridge import Bridge
from windlass_gui.collecting import Collector
from windlass_gui.interrupts import told_of_signals
from windlass_gui.look.icons import icon
from windlass_gui.look.language import follow_system
from windlass_gui.look.theme import apply_theme, load_theme
from windlass_gui.window.exporting import export
from windlass_gui.window.main_window import MainWindow
from windlass_gui.window.settings_dialog import interface_size
from windlass_resources.samples import list_samples

SCALE = "QT_SCALE_FACTOR"
GRAB_AFTER = 1500
"""Milliseconds from the connection to the picture."""
GRAB_AT_LAST = 20_000
"""Milliseconds until the picture is taken without one."""


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="windlass app", description="The Windlass desktop app.")
    parser.add_argument("file", nargs="?", type=Path, help="a graph file to open")
    parser.add_argument("--sample", choices=[sample.name for sample in list_samples()], help="open a sample graph")
    parser.add_argument("--connect", metavar="ADDRESS", help="attach to a core elsewhere: a join token or an endpoint")
    parser.add_argument("--home", type=Path, metavar="DIR", help="keep settings and runs here")
    parser.add_argument("--theme", choices=("dark", "light", "system"), help="how the app looks (kept)")
    parser.add_argument("--screenshot", type=Path, metavar="DIR", help="save a picture of the window there and end")
    parser.add_argument("--export", type=Path, metavar="FILE", help="draw the graph into FILE.svg or FILE.png and end")
    parser.add_argument("--offline", action="store_true", help="only edit: neither start nor join a core")
    parser.add_argument("--version", action="version", version=f"windlass {__version__}")
    return parser.parse_args(argv)


def make_settings() -> QSettings:
    """The app's settings as a file in the config directory, so that a home of its own takes them along."""
    return QSettings(str(homes.config_dir() / "app.ini"), QSettings.Format.IniFormat)


@contextmanager
def scaled(settings: QSettings) -> Iterator[None]:
    """The interface size that was chosen, for the QApplication that is made inside.

    Qt reads it from the environment and only then. It is taken back at once: the tasks of this machine's agent inherit
    our environment. A size that the person has set there goes first.
    """
    size = interface_size(settings)
    if size == 100 or SCALE in os.environ:
        yield
        return
    os.environ[SCALE] = str(size / 100)
    try:
        yield
    finally:
        del os.environ[SCALE]


def spare_collector() -> None:
    """Before the window is made: the program itself lives for ever, and rows come and go in thousands, so the collector
    looks less often and not at the modules: that took up to 50 ms, in the middle of whatever a person did."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


class Parts(NamedTuple):
    """What lives as long as the app does."""

    app: QApplication
    window: MainWindow
    bridge: Bridge
    settings: QSettings


def start(options: argparse.Namespace) -> Parts:
    """Make everything, show the window, and begin to find or start a core."""
    if options.home is not None:
        os.environ["WINDLASS_HOME"] = str(options.home.absolute())
    QCoreApplication.setApplicationName("windlass")
    QCoreApplication.setOrganizationName("windlass")
    settings = make_settings()
    with scaled(settings):
        app = QApplication(sys.argv[:1])
    Collector(app)
    app.setApplicationVersion(__version__)
    follow_system(app, homes.config_dir() / "translations")
    app.setDesktopFileName("windlass")
    if options.theme:
        settings.setValue("theme", options.theme)
    apply_theme(app, str(settings.value("theme", "system")))
    app.setWindowIcon(icon("windlass", load_theme("dark"), "accent"))
    bridge = Bridge()
    window = MainWindow(bridge, settings)
    window.show()
    window.opening.restore()
    window.keep_unsaved(homes.data_dir() / "recovery")
    if options.file is not None:
        window.open_file(options.file)
    elif options.sample:
        window.open_sample(options.sample)
    if options.connect:
        bridge.attach(options.connect)
    elif not options.offline:
        bridge.start_embedded()
    return Parts(app, window, bridge, settings)


def run(parts: Parts) -> int:
    """Serve events until the window has closed, then leave the core as the person wished."""
    with told_of_signals(parts.app.quit):
        try:
            return parts.app.exec()
        finally:
            parts.bridge.shutdown(parts.window.stop_core)
            if parts.window.recovering is not None:
                parts.window.recovering.recovery.close()
            parts.window.background.close()
            parts.settings.sync()
            parts.window.deleteLater()


def grab_and_quit(parts: Parts, folder: Path) -> None:
    """Save a picture of the window once it is connected, or after a while when it cannot be."""

    def grab() -> None:
        folder.mkdir(parents=True, exist_ok=True)
        parts.window.grab().save(str(folder / "window.png"))
        parts.app.quit()

    def connected(state: str, _text: str) -> None:
        if state == "up":
            QTimer.singleShot(GRAB_AFTER, parts.window, grab)

    parts.bridge.connection_changed.connect(connected)
    QTimer.singleShot(GRAB_AT_LAST, parts.window, grab)


def main(argv: list[str] | None = None) -> int:
    options = parse(sys.argv[1:] if argv is None else argv)
    if options.export is not None:
        return export(options)
    spare_collector()
    parts = start(options)
    if options.screenshot is not None:
        grab_and_quit(parts, options.screenshot)
    code = run(parts)
    if parts.window.restarting:
        again(options)
    return code


def again(options: argparse.Namespace) -> None:
    """A new app in the place of this one, for settings that count from the start. The tabs come back by themselves."""
    # The home, if there is one, stands in the environment by now.
    arguments = ["--connect", options.connect] if options.connect else ["--offline"] if options.offline else []
    os.execv(sys.executable, [sys.executable, "-m", "windlass_gui", *arguments])
