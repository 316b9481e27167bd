"""The line above the timeline: what its lanes and colours are, its switches; in a narrow pane these are in one menu."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

from windlass_gui.look.buttons import action_button, flat_button, menu_button, new_action, new_switch
from windlass_gui.look.theme import XS, S
from windlass_gui.timeline.legend import Legend

CLOSER = 0.8
"""What of the time in view stays after one step of zooming in."""


class TimelineTop(QWidget):
    """Says what a person wants; what is done is the pane's."""

    lanes_chosen = Signal(str)
    colors_chosen = Signal(str)
    turned = Signal(int)
    """To older runs, or (-1) to newer ones."""
    zoomed = Signal(float)
    fit_asked = Signal()
    export_asked = Signal(str)
    """trace, table or picture."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        tr = self.tr
        self.lanes = self._choice(
            tr("Lanes"), (("agent", tr("By agent")), ("task", tr("By task")), ("run", tr("By run")))
        )
        self.colors = self._choice(
            tr("Colour"),
            (("state", tr("State")), ("task", tr("Task")), ("owner", tr("Owner")), ("duration", tr("Duration")),
             ("memory", tr("Memory"))),
        )  # fmt: skip
        self.lanes.currentIndexChanged.connect(lambda _: self.lanes_chosen.emit(self.lanes.currentData()))
        self.colors.currentIndexChanged.connect(lambda _: self.colors_chosen.emit(self.colors.currentData()))
        self.fold = new_switch(self, tr("Fold pauses"), tr("Leave out long pauses in which nothing ran"))
        self.critical = new_switch(self, tr("Critical path"), tr("Mark what the run's end had to wait for"))
        further = new_action(self, "−", tr("Zoom out (S)"))
        closer = new_action(self, "+", tr("Zoom in (W)"))
        fit = new_action(self, tr("Fit"), tr("Show everything (F)"))
        further.triggered.connect(lambda _=False: self.zoomed.emit(1 / CLOSER))
        closer.triggered.connect(lambda _=False: self.zoomed.emit(CLOSER))
        fit.triggered.connect(lambda _=False: self.fit_asked.emit())
        self.legend = Legend()
        self.note = QLabel()
        self.note.setProperty("role", "muted")
        self.note.setTextFormat(Qt.TextFormat.PlainText)
        self.newer = flat_button(tr("‹ Newer"), tr("The newer runs"), lambda: self.turned.emit(-1))
        self.older = flat_button(tr("Older ›"), tr("The runs before these"), lambda: self.turned.emit(1))
        self.more = menu_button(tr("View"), tr("How the timeline is shown"), (self.fold, self.critical, None, fit))
        self.export = menu_button(tr("Export"), tr("Write the timeline to a file"))
        for words, kind in (
            (tr("Trace for Perfetto or Chrome…"), "trace"), (tr("Table of attempts (CSV)…"), "table"),
            (tr("Picture (PNG)…"), "picture"),
        ):  # fmt: skip
            self.export.menu().addAction(words, partial(self.export_asked.emit, kind))
        switches = [action_button(action) for action in (self.fold, self.critical)]
        steps = [action_button(action) for action in (further, closer, fit)]
        for button, action in zip(steps, (further, closer, fit), strict=True):
            button.setAccessibleName(action.toolTip())
        self._wide: list[QWidget] = [*switches, self.legend, *steps]
        self._always: list[QWidget] = [self.lanes, self.colors, self.note, self.newer, self.older, self.export]
        row = QHBoxLayout(self)
        row.setContentsMargins(S, XS, S, XS)
        row.setSpacing(XS)
        for widget in (self.lanes, self.colors, *switches, self.more):
            row.addWidget(widget)
        row.addSpacing(S)
        row.addWidget(self.legend)
        row.addStretch(1)
        for widget in (self.note, self.newer, self.older, *steps, self.export):
            row.addWidget(widget)
        self.arrange()

    def _choice(self, name: str, entries: Sequence[tuple[str, str]]) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(name)
        box.setToolTip(name)
        for key, words in entries:
            box.addItem(words, key)
        return box

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.arrange()

    def arrange(self) -> None:
        """Everything side by side where it can be read then; the legend gives way first, its tip has the words."""
        beside = [widget for widget in self._always if not widget.isHidden()]
        beside += [widget for widget in self._wide if widget is not self.legend]
        taken = sum(widget.sizeHint().width() + XS for widget in beside) + self.legend.minimumSizeHint().width() + 4 * S
        wide = self.width() >= taken
        for widget in self._wide:
            widget.setVisible(wide)
        self.more.setVisible(not wide)
