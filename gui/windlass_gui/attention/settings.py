"""Which news is told, and a page of the settings dialog for it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QSettings, Qt
from PySide6.QtWidgets import QFormLayout, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from windlass_gui.attention import words
from windlass_gui.attention.derive import FAILURES, KINDS
from windlass_gui.attention.news import EVENTS, QUIET_KINDS
from windlass_gui.look.spin_box import SpinBox
from windlass_gui.look.theme import L, M, S
from windlass_gui.look.tick_box import TickBox

TOLD = (*EVENTS, *(kind for kind in KINDS if kind not in QUIET_KINDS))
"""Every kind of news, in the order of the page."""
QUIET_AT_FIRST = ("waits", "skew")
"""Kinds that are not told until somebody wants that: they can wait until a person looks."""


class Wishes:
    """The settings by their meaning."""

    def __init__(self, settings: QSettings) -> None:
        self._settings = settings

    def _on(self, key: str, usual: bool) -> bool:
        return bool(self._settings.value(key, usual, bool))

    @property
    def tray(self) -> bool:
        return self._on("tray", True)

    @property
    def in_front(self) -> bool:
        """Also while a window of the app has the keyboard."""
        return self._on("notify/in-front", False)

    @property
    def failures(self) -> int:
        """Failed attempts of one task from which on it needs attention."""
        try:
            return max(2, int(str(self._settings.value("notify/failures", FAILURES))))
        except ValueError:
            return FAILURES

    def told(self, kind: str) -> bool:
        return self._on(f"notify/{kind}", kind not in QUIET_AT_FIRST)

    def set(self, key: str, value: object) -> None:
        self._settings.setValue(key, value)


def settings_page(wishes: Wishes, available: bool, changed: Callable[[], object]) -> QWidget:
    """`available`: this desktop has a tray. `changed` is called after each change."""
    page = QWidget()
    form = QFormLayout(page)
    form.setContentsMargins(M, L, M, M)
    form.setHorizontalSpacing(L)
    form.setVerticalSpacing(M)

    def keep(key: str, value: object) -> None:
        wishes.set(key, value)
        changed()

    def tick(key: str, text: str, on: bool) -> TickBox:
        box = TickBox(text)
        box.setChecked(on)
        box.toggled.connect(lambda now: keep(key, now))
        return box

    note = QLabel(
        page.tr("Notifications come from the icon in the desktop's tray, which also shows how far the runs are.")
        if available
        else page.tr("This desktop shows no tray, so there is no icon, and nothing is told outside the windows.")
    )
    note.setProperty("role", "muted")
    note.setWordWrap(True)
    form.addRow(note)
    tray = tick("tray", page.tr("An icon in the tray, with the progress of the runs"), wishes.tray)
    front = tick("notify/in-front", page.tr("Also while a Windlass window is in front"), wishes.in_front)
    column = QVBoxLayout()
    column.setSpacing(S)
    ticks = [tick(f"notify/{kind}", words.title(kind), wishes.told(kind)) for kind in TOLD]
    for box in (front, *ticks):
        column.addWidget(box)
    for box in (tray, front, *ticks):
        box.setEnabled(available)
    form.addRow(page.tr("Tray"), tray)
    form.addRow(page.tr("Tell"), column)
    failures = SpinBox()
    failures.setRange(2, 100_000)
    failures.setValue(wishes.failures)
    failures.setSuffix(page.tr(" failed attempts"))
    failures.setAccessibleName(page.tr("Failed attempts of one task until it needs attention"))
    failures.setToolTip(page.tr("From then on a task that fails again and again is listed and told"))
    failures.valueChanged.connect(lambda now: keep("notify/failures", now))
    row = QHBoxLayout()
    row.addWidget(failures)
    row.addStretch(1)
    form.addRow(page.tr("Again and again is"), row)
    area = QScrollArea()
    area.setWidget(page)
    area.setWidgetResizable(True)
    area.setFocusPolicy(Qt.FocusPolicy.ClickFocus)
    area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setAccessibleName(page.tr("Notifications"))
    outer = QWidget()
    around = QVBoxLayout(outer)
    around.setContentsMargins(0, 0, 0, 0)
    around.addWidget(area)
    return outer
