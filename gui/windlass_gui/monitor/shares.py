"""Who has how much of the machines: the numbers of the core's fair share, asked for again while they are shown."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from windlass_gui.bridge import Bridge
from windlass_gui.look.theme import XS, S
from windlass_gui.models import SharesModel, SortedRows
from windlass_gui.models.tables import ShareRow
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table

EVERY = 2000
"""Milliseconds between an answer and the next question."""


class SharesPane(QWidget):
    """A row for each owner or project; the one on top is next."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.model = SharesModel(self)
        self.table = Table(SortedRows(self.model, self), self.tr("Shares by owner"))
        self.table.natural_widths()
        self.table.stretch(0, least=60)
        self.table.sort_by(4, Qt.SortOrder.AscendingOrder)
        self.order = QLabel()
        self.order.setProperty("role", "small")
        self.order.setWordWrap(True)
        self.order.hide()
        self.hinted = Hinted(
            self.table,
            self.tr("No shares yet"),
            self.tr("Who has how much of the machines stands here once somebody has used them."),
        )
        foot = QVBoxLayout()
        foot.setContentsMargins(S, XS, S, XS)
        foot.addWidget(self.order)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.hinted, 1)
        layout.addLayout(foot)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(EVERY)
        self._timer.timeout.connect(self.ask)
        self._asking = False
        self.hinted.show_hint(True)

    def ask(self) -> None:
        """Once now, and again after each answer while it is shown."""
        if not self._asking:
            self._asking = True
            self.bridge.get_shares(self._show, self._failed)

    def drop(self) -> None:
        """The link is another, or none: what was asked is never answered."""
        self._asking = False
        if self.isVisible():
            self._timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.ask()

    def hideEvent(self, event: QHideEvent) -> None:
        self._timer.stop()

    def _failed(self, _reason: str) -> None:
        self.drop()

    def _show(self, rows: list[ShareRow], order: list[str]) -> None:
        self._asking = False
        now = {row.owner: row for row in rows}
        same = {owner for owner, row in now.items() if self.model.row(owner) == row}
        gone = [owner for owner in self.model.keys() if owner not in now]  # noqa: SIM118 - not a dict
        self.model.change({owner: row for owner, row in now.items() if owner not in same}, gone)
        self.hinted.show_hint(not now)
        self.order.setText(self.tr("Ready work goes by {}").format(", ".join(order)))
        self.order.setToolTip("\n".join(f"{place}. {what}" for place, what in enumerate(order, 1)))
        self.order.setVisible(bool(order and now))
        if self.isVisible():
            self._timer.start()
