"""Qt without a screen, and no Qt message that nobody expected."""

from __future__ import annotations

import os
from collections.abc import Iterator

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import pytest
from PySide6.QtCore import QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

HARMLESS = ("This plugin does not support propagateSizeHints()", "This plugin does not support raise()")
"""What the offscreen platform says of itself."""


@pytest.fixture(autouse=True)
def no_qt_warnings() -> Iterator[list[str]]:
    """Fails the test at any Qt warning. A test that expects one removes it from the list."""
    seen: list[str] = []

    def handler(kind: QtMsgType, _context: object, text: str | None) -> None:
        if kind not in (QtMsgType.QtDebugMsg, QtMsgType.QtInfoMsg) and (text or "") not in HARMLESS:
            seen.append(text or "")

    before = qInstallMessageHandler(handler)
    yield seen
    qInstallMessageHandler(before)
    assert not seen, f"Qt said: {seen}"


@pytest.fixture(params=["dark", "light"])
def each_theme(qapp: QApplication, request: pytest.FixtureRequest) -> str:
    from windlass_gui.theme import apply_theme

    apply_theme(qapp, request.param)
    return str(request.param)
