"""The question before runs are deleted: what goes, how many items, and how much it holds once the core has counted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QMessageBox, QWidget
from shiboken6 import isValid

from windlass.model.units import human_size
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.models import format as fmt

LOOK = 250
"""Milliseconds between two looks whether the core has counted."""


class DeleteQuestion(QMessageBox):
    """Open it; `go` follows when the person says so. What the core does not tell (or may not) is left out."""

    def __init__(self, bridge: Bridge, runs: list[int], name: str, go: Callable[[], object], window: QWidget) -> None:
        super().__init__(window)
        self._bridge, self._runs, self._go = bridge, runs, go
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setIcon(QMessageBox.Icon.Warning)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setText(self.tr("Delete {} for good?").format(name))
        self._yes = self.addButton(self.tr("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        self.setDefaultButton(self.addButton(QMessageBox.StandardButton.Cancel))
        self.finished.connect(lambda _: self._go() if self.clickedButton() is self._yes else None)
        self._again = QTimer(self)
        self._again.setSingleShot(True)
        self._again.setInterval(LOOK)
        self._say(self.tr("How much they hold is being counted…"))
        question = m.Prune(0, keep=0, dry=True, only=runs)
        bridge.request(question, lambda data, _: self._counting(int(data["job"])), self._unknown)

    def _say(self, size: str) -> None:
        rows = self._bridge.mirror.runs
        items = sum(rows[run].counts.total for run in self._runs if run in rows)
        what = self.tr("{} items with their logs, results and files go. This cannot be undone.")
        self.setInformativeText(" ".join(filter(None, (what.format(fmt.count(items)), size))))

    def _unknown(self, _reason: str) -> None:
        """Viewers and operators may not ask; the count of items stands."""
        if isValid(self):
            self._say("")

    def _counting(self, job: int) -> None:
        if not isValid(self):
            return
        self._again.timeout.connect(
            lambda: self._bridge.request(m.GetJob(0, job), lambda data, _: self._told(data), self._unknown)
        )
        self._again.timeout.emit()

    def _told(self, data: dict[str, Any]) -> None:
        if not isValid(self):
            return
        if data.get("state") == "running":
            self._again.start()
            return
        found = data.get("result") or {}
        if data.get("state") != "done" or "bytes" not in found:
            self._unknown("")
            return
        files = self.tr("{} in the record").format(human_size(int(found["bytes"])))
        if found.get("blobs"):
            more = self.tr("{} in {} files that no other run needs")
            files += ", " + more.format(human_size(int(found["blob_bytes"])), fmt.count(int(found["blobs"])))
        self._say(self.tr("That is {}.").format(files))
