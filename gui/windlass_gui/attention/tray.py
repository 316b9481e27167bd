"""The icon in the desktop's tray: a ring of what the running runs have done, a mark when something needs attention."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from PySide6.QtCore import QObject, QRectF, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QIcon, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QMenu, QSystemTrayIcon, QWidget

from windlass.wire.rows import RunRow
from windlass_gui.attention.derive import DOUBT, ENDED, NOTE, URGENT
from windlass_gui.look.icons import icon_pixmap
from windlass_gui.look.theme import Theme, load_theme, shape_path

SIDE = 64
"""Pixels of the picture; the desktop makes it as small as it needs."""
REST = 1000
"""Milliseconds between two pictures."""
STEPS = 100
"""The ring moves on by such parts."""
MARKS = {URGENT: ("alarm", "danger"), DOUBT: ("alarm", "warn"), NOTE: ("dot", "muted")}


def progress(runs: Iterable[RunRow]) -> tuple[int, int, int]:
    """(runs that go on, their items that ended, all their items)."""
    going = ended = total = 0
    for row in runs:
        if row.state not in ENDED:
            going += 1
            counts = row.counts
            total += counts.total
            ended += counts.succeeded + counts.failed + counts.cancelled + counts.skipped
    return going, ended, total


def draw_tray(share: float | None, severity: int, theme: Theme) -> QPixmap:
    """The windlass with a ring around it (None: nothing runs) and a mark in the corner."""
    pixmap = QPixmap(SIDE, SIDE)
    pixmap.fill(Qt.GlobalColor.transparent)
    painter = QPainter(pixmap)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    inset = 4.0 if share is None else 11.0
    # A panel may be dark or light, whatever the app's theme is: a plate of our own is legible on both.
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("surface"))
    painter.drawEllipse(QRectF(1, 1, SIDE - 2, SIDE - 2))
    side = round(SIDE - 2 * inset - 8)
    place = (SIDE - side) / 2
    painter.drawPixmap(round(place), round(place), icon_pixmap("windlass", theme.color("accent").name(), side))
    if share is not None:
        ring = QRectF(5, 5, SIDE - 10, SIDE - 10)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(theme.color("border"), 7))
        painter.drawEllipse(ring)
        painter.setPen(QPen(theme.color("ok"), 7, c=Qt.PenCapStyle.FlatCap))
        painter.drawArc(ring, 90 * 16, -round(360 * 16 * share))
    if severity:
        shape, token = MARKS[severity]
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("surface"))
        painter.drawEllipse(QRectF(SIDE - 36, SIDE - 36, 36, 36))
        painter.translate(SIDE - 32, SIDE - 33)
        painter.scale(28, 28)
        painter.setBrush(QColor(getattr(theme, token)))
        painter.drawPath(shape_path(shape))
    painter.end()
    return pixmap


class Tray(QObject):
    """Made where the desktop has a tray; `show_state` may be called as often as one likes."""

    window_asked = Signal()
    monitor_asked = Signal()
    attention_asked = Signal()
    pause_asked = Signal(bool)
    """All runs: pause them, or let them go on."""
    quit_asked = Signal()
    message_clicked = Signal()

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.icon = QSystemTrayIcon(self)
        self.drawn: tuple[int | None, int] = (None, 0)
        """Steps of the ring and the severity, as drawn."""
        self._due: tuple[int | None, int] = (None, 0)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(REST)
        self._timer.timeout.connect(self._draw)
        self.menu = QMenu(parent)
        self.menu.addAction(self.tr("Show window"), self.window_asked.emit)
        self.menu.addAction(self.tr("Monitor"), self.monitor_asked.emit)
        self.attention = self.menu.addAction(self.tr("Attention"), self.attention_asked.emit)
        self.menu.addSeparator()
        self.pause = self.menu.addAction(self.tr("Pause all runs…"), lambda: self.pause_asked.emit(True))
        self.resume = self.menu.addAction(self.tr("Resume all runs…"), lambda: self.pause_asked.emit(False))
        self.menu.addSeparator()
        self.menu.addAction(self.tr("Quit"), self.quit_asked.emit)
        self.icon.setContextMenu(self.menu)
        self.icon.activated.connect(self._activated)
        self.icon.messageClicked.connect(self.message_clicked)
        self._paint()

    def show_state(self, runs: Mapping[int, RunRow], severity: int, attention: str) -> None:
        """`attention`: the words of the entry that leads to the list."""
        going, ended, total = progress(runs.values())
        self._due = (ended * STEPS // total if total else 0) if going else None, severity
        self.attention.setText(attention)
        self.pause.setEnabled(any(row.state == "running" for row in runs.values()))
        self.resume.setEnabled(any(row.state == "paused" for row in runs.values()))
        if going:
            words = self.tr("1 run") if going == 1 else self.tr("{} runs").format(f"{going:,}")
            said = self.tr("{}: {} of {} items done").format(words, f"{ended:,}", f"{total:,}")
        else:
            said = self.tr("nothing runs")
        tip = f"Windlass · {said}" + (f" · {attention}" if severity else "")
        if tip != self.icon.toolTip():
            self.icon.setToolTip(tip)
        if self._due != self.drawn and not self._timer.isActive():
            self._draw()
            self._timer.start()

    def _draw(self) -> None:
        if self._due != self.drawn:
            self.drawn = self._due
            self._paint()

    def _paint(self) -> None:
        steps, severity = self.drawn
        share = steps / STEPS if steps is not None else None
        self.icon.setIcon(QIcon(draw_tray(share, severity, load_theme("dark"))))

    def tell(self, title: str, text: str, grave: bool) -> None:
        """A desktop notification."""
        kinds = QSystemTrayIcon.MessageIcon
        self.icon.showMessage(title, text, kinds.Warning if grave else kinds.Information)

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self.window_asked.emit()
