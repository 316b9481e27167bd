"""What a crash has left is offered at the start, and taken back or thrown away as the person says."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from windlass_gui.background import Background
from windlass_gui.files.opening import Opening
from windlass_gui.files.recovery import Lost, Recovery
from windlass_gui.files.recovery_dialog import RecoveryDialog


class Recovering(QObject):
    """Between the window and what is written aside."""

    said = Signal(str)
    """A line for the status bar."""

    def __init__(self, window: QWidget, opening: Opening, background: Background, folder: Path, enabled: bool) -> None:
        super().__init__(window)
        self.window = window
        self.opening = opening
        self.recovery = Recovery(opening.documents, folder, background, enabled)
        self.recovery.failed.connect(lambda why: self.said.emit(self.tr("Not kept for recovery: {}").format(why)))
        background.do(self.recovery.find, lambda lost: self.offer(lost) if lost else None)

    def offer(self, lost: list[Lost]) -> RecoveryDialog:
        dialog = RecoveryDialog(lost, self.window)
        dialog.recover_asked.connect(self._recover)
        dialog.discard_asked.connect(self.recovery.discard)
        dialog.open()
        return dialog

    def _recover(self, chosen: list[Lost]) -> None:
        for one in chosen:
            made = self.opening.recover(one)
            if made is not None:
                # In this order: what was left goes only when it is kept anew.
                self.recovery.keep(made)
                self.recovery.discard([one])

    def switch(self, on: bool) -> None:
        """Keep what is not saved from now on, or let go of what is kept."""
        self.recovery.enabled = on
        for made in self.opening.documents.all:
            self.recovery.keep(made) if on else self.recovery.forget(made)
