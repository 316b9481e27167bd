"""Notices that wait until they were read."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QWidget


def warn(window: QWidget, title: str, reason: str) -> QMessageBox:
    """Why something was not done. The reason is text, whatever a task or a file is called; the box blocks nothing."""
    box = QMessageBox(QMessageBox.Icon.Warning, title, reason, parent=window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.open()
    return box
