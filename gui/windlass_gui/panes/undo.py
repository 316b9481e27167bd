"""A strip that says what was just done and offers to take it back; it goes by itself after a while."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QWidget

from windlass_gui.look.buttons import flat_button
from windlass_gui.look.theme import L, M, S

SHOWN = 12_000
"""Milliseconds that it stays, unless the mouse is on it."""
KEYS = "Ctrl+Alt+Z"


class UndoStrip(QFrame):
    """Lies over the lower edge of its window. A newer one takes the place of the one before."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self.setProperty("role", "card")
        self._window = window
        self._undo: Callable[[], object] | None = None
        self.label = QLabel()
        self.label.setTextFormat(Qt.TextFormat.PlainText)
        self.button = QPushButton(self.tr("Undo"))
        self.button.setShortcut(QKeySequence(KEYS))
        self.button.clicked.connect(self._take_back)
        self.close_button = flat_button("✕", self.tr("Close"), self.hide)
        row = QHBoxLayout(self)
        row.setContentsMargins(M, S, S, S)
        row.setSpacing(M)
        row.addWidget(self.label)
        row.addWidget(self.button)
        row.addWidget(self.close_button)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN)
        self._timer.timeout.connect(self.hide)
        window.installEventFilter(self)
        self.hide()

    def say(self, text: str, undo: Callable[[], object] | None = None, word: str = "") -> None:
        """Show a line; with `undo`, a button for it (`word`, or Undo)."""
        self._undo = undo
        self.label.setText(text)
        self.setAccessibleName(text)
        self.button.setVisible(undo is not None)
        self.button.setText(word or self.tr("Undo"))
        self.button.setShortcut(QKeySequence(KEYS))
        keys = QKeySequence(KEYS).toString(QKeySequence.SequenceFormat.NativeText)
        self.button.setToolTip(self.tr("Take it back  ({})").format(keys))
        self.show()
        self._place()
        self.raise_()
        self._timer.start()

    def _take_back(self) -> None:
        undo, self._undo = self._undo, None
        self.hide()
        if undo is not None:
            undo()

    def _place(self) -> None:
        window = self._window
        self.adjustSize()
        width = min(self.sizeHint().width(), window.width() - 2 * L)
        self.resize(width, self.sizeHint().height())
        self.move((window.width() - width) // 2, window.height() - self.height() - 2 * L)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self._place()
        return super().eventFilter(watched, event)

    def enterEvent(self, event: QEnterEvent) -> None:
        self._timer.stop()

    def leaveEvent(self, event: QEvent) -> None:
        self._timer.start()
