"""The files that were open last, on the start page and in the menu."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QMenu

from windlass_gui.background import Background
from windlass_gui.files.files import GraphFiles, Recent
from windlass_gui.window.start_page import StartPage


class Recents(QObject):
    """Asks in the background which files are still there: a file system may take its time."""

    def __init__(
        self, files: GraphFiles, start: StartPage, background: Background, open_file: Callable[[Path], object]
    ) -> None:
        super().__init__(start)
        self.files = files
        self.start = start
        self.known: list[Recent] = []
        self._background = background
        self._open = open_file
        start.file_asked.connect(lambda path: open_file(Path(path)))
        start.pin_asked.connect(self.pin)
        start.forget_asked.connect(self.forget)

    def show(self) -> None:
        """Bring the list up to date."""
        self._background.do(self.files.look_at_recent, self._found)

    def _found(self, files: list[Recent]) -> None:
        self.known = files
        self.start.show_recent(files)

    def pin(self, path: str, on: bool) -> None:
        self.files.pin(path, on)
        self.show()

    def forget(self, path: str = "") -> None:
        """One file; without a path all that are not pinned."""
        self.files.forget(path) if path else self.files.forget_recent()
        self.show()

    def fill(self, menu: QMenu) -> None:
        menu.clear()
        for file in self.known:
            words = file.path.replace("&", "&&")
            action = menu.addAction(words, partial(self._open, Path(file.path)))
            if file.missing:
                action.setText(self.tr("{} (missing)").format(words))
                action.setEnabled(False)
        if menu.isEmpty():
            menu.addAction(self.tr("No files yet")).setEnabled(False)
        else:
            menu.addSeparator()
            menu.addAction(self.tr("&Clear list"), self.forget)
