"""What the buttons of the matters do, each by a part of the window that can."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

from windlass.wire.messages import Pick
from windlass_gui.attention import words
from windlass_gui.attention.derive import ENDED, Matter
from windlass_gui.panes.why import show_why

if TYPE_CHECKING:
    from windlass_gui.window.main_window import MainWindow


class Fixing(QObject):
    """`do` is the only way in; a matter whose run or agent is gone by then does nothing."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.window = window
        self._all: dict[str, Callable[[Matter], object]] = {
            "agent": lambda matter: window.show_agent(matter.agent),
            "cancel": lambda matter: window.tabling.cancel_run(matter.run),
            "clock": self._advise,
            "drain": lambda matter: window.tabling.acting.drain([matter.agent]),
            "failures": self._failures,
            "forgive": lambda matter: window.tabling.acting.forgive([matter.agent]),
            "machine": lambda _: window.show_joining(),
            "pause": lambda matter: window.tabling.acting.pause(self._runs(matter)),
            "priority": self._first,
            "retry": lambda matter: window.tabling.acting.retry([Pick(run) for run in self._runs(matter)]),
            "run": self.show_run,
            "space": self._advise,
            "undrain": self._undrain,
            "why": self._why,
        }

    def do(self, name: str, matter: Matter) -> None:
        self._all[name](matter)

    def _runs(self, matter: Matter) -> list[int]:
        return [matter.run] if matter.run in self.window.bridge.mirror.runs else []

    def show_run(self, matter: Matter) -> None:
        window = self.window
        if matter.run is not None and self._runs(matter):
            window.bottom.setCurrentWidget(window.runs)
            window.runs.select_run(matter.run)

    def _failures(self, matter: Matter) -> None:
        window = self.window
        if matter.run is not None and self._runs(matter):
            window.runs.select_run(matter.run)
            window.run_view.show_run(matter.run)
            window.bottom.setCurrentWidget(window.failures)

    def _why(self, matter: Matter) -> None:
        if matter.run is not None and matter.task >= 0 and self._runs(matter):
            show_why(self.window.bridge, self.window, matter.run, matter.task)

    def _first(self, matter: Matter) -> None:
        """Above every other run that goes on."""
        rows = self.window.bridge.mirror.runs
        run = rows.get(matter.run) if matter.run is not None else None
        if run is not None:
            others = [row.priority for row in rows.values() if row.state not in ENDED and row.id != run.id]
            self.window.tabling.acting.prioritise({run.id: max(run.priority, max(others, default=run.priority) + 1)})

    def _undrain(self, _matter: Matter) -> None:
        agents = self.window.bridge.mirror.agents.values()
        self.window.tabling.acting.drain([row.id for row in agents if row.draining and row.state != "down"], on=False)

    def _advise(self, matter: Matter) -> QMessageBox:
        box = QMessageBox(self.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Information)
        box.setWindowTitle(words.title(matter.kind))
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.setText(words.sentence(matter))
        box.setInformativeText(words.advice(matter))
        box.addButton(QMessageBox.StandardButton.Close)
        box.open()
        return box
