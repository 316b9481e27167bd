"""How another machine joins: one line to run there, with a token made just now."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from windlass.wire import tokens
from windlass_gui.bridge import Bridge
from windlass_gui.theme import BODY, L, M, S, mono_font

LOOPBACK = ("//127.", "//localhost", "//[::1]")


class JoinDialog(QDialog):
    """Asks for a token when it opens."""

    def __init__(self, bridge: Bridge, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Add a machine"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setMinimumWidth(560)
        title = QLabel(self.tr("Add a machine"))
        title.setProperty("role", "heading")
        text = QLabel(
            self.tr(
                "On the other machine, install Windlass (pip install windlass) and run this line. It works once, "
                "within an hour; afterwards the machine has its own key and comes back by itself."
            )
        )
        text.setWordWrap(True)
        self.line = QPlainTextEdit("Asking the core for a token…")
        self.line.setReadOnly(True)
        self.line.setFont(mono_font(BODY))
        self.line.setFixedHeight(96)
        self.line.setAccessibleName(self.tr("The line to run"))
        self.warning = QLabel()
        self.warning.setWordWrap(True)
        self.warning.setProperty("role", "error")
        self.warning.setTextFormat(Qt.TextFormat.PlainText)
        self.warning.hide()
        self.copy = QPushButton(self.tr("Copy the line"))
        self.copy.setProperty("role", "primary")
        self.copy.setEnabled(False)
        self.copy.clicked.connect(self._copy)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        buttons = QHBoxLayout()
        buttons.addStretch()
        buttons.addWidget(close)
        buttons.addWidget(self.copy)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addWidget(self.line)
        layout.addWidget(self.warning)
        layout.addSpacing(S)
        layout.addLayout(buttons)
        # The dialog may be closed before the core answers: only a living one is told.
        self._open = True
        self.finished.connect(self._closed)
        bridge.make_token(self._show, "agent", self._failed)

    def _closed(self) -> None:
        self._open = False

    def _show(self, token: str) -> None:
        if not self._open:
            return
        self.line.setPlainText(f"windlass agent --join {token}")
        self.line.selectAll()
        self.copy.setEnabled(True)
        try:
            endpoints = tokens.parse_token(token).endpoints
        except tokens.TokenError:
            return
        if all(any(mark in endpoint for mark in LOOPBACK) for endpoint in endpoints):
            self._warn(
                "This core listens on this machine only, so the line works here alone. For other machines start one "
                "that listens to the network: windlass core --bind tcp://0.0.0.0:7077"
            )

    def _failed(self, reason: str) -> None:
        if self._open:
            self.line.setPlainText("")
            self._warn(f"No token: {reason}")

    def _warn(self, text: str) -> None:
        """Below the line; the dialog grows, as nothing else in it can give way."""
        self.warning.setText(text)
        self.warning.show()
        layout = self.layout()
        if layout is not None:
            layout.activate()
            self.resize(self.width(), max(self.height(), layout.totalHeightForWidth(self.width())))

    def _copy(self) -> None:
        QApplication.clipboard().setText(self.line.toPlainText())
        self.copy.setText(self.tr("Copied"))
