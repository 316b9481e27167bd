"""What a person can set. Everything counts at once, except the interface size, which needs a new window."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.look.room import resize_on_screen
from windlass_gui.look.spin_box import SpinBox
from windlass_gui.look.tab_order import order_tabs
from windlass_gui.look.theme import L, M, S, theme_switch
from windlass_gui.look.tick_box import TickBox
from windlass_gui.window.actions import Actions
from windlass_gui.window.shortcuts import ShortcutsPage

SMALLEST, LARGEST = 80, 200
"""Interface sizes, in percent."""


def interface_size(settings: QSettings) -> int:
    """In percent; what cannot be (another version's, or damaged) is the nearest that can, or the usual one."""
    try:
        return min(LARGEST, max(SMALLEST, int(str(settings.value("interface-size", 100)))))
    except ValueError:
        return 100


class SettingsDialog(QDialog):
    """Writes to the settings; those who act on them at once hear a signal."""

    autosave_changed = Signal(bool)
    restart_asked = Signal()

    def __init__(self, settings: QSettings, actions: Actions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Settings"))
        resize_on_screen(self, 560, 480)
        self._settings = settings
        self.tabs = QTabWidget()
        self.tabs.setDocumentMode(True)
        self.tabs.tabBar().setDrawBase(False)
        self.tabs.setAccessibleName(self.tr("Groups of settings"))
        self.tabs.addTab(self._general(), self.tr("General"))
        self.keys = ShortcutsPage(actions, settings)
        self.tabs.addTab(self.keys, self.tr("Keys"))
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(S)
        layout.addWidget(self.tabs, 1)
        layout.addWidget(buttons)

    def add_section(self, title: str, widget: QWidget) -> None:
        """A page of another part's settings, before the keys."""
        self.tabs.insertTab(self.tabs.count() - 1, widget, title)
        order_tabs(widget, after=self.tabs.tabBar())

    def _general(self) -> QWidget:
        page = QWidget()
        form = QFormLayout(page)
        form.setContentsMargins(M, L, M, M)
        form.setHorizontalSpacing(L)
        form.setVerticalSpacing(M)
        self.theme = QComboBox()
        for choice, words in (
            ("system", self.tr("As the desktop has it")), ("dark", self.tr("Dark")), ("light", self.tr("Light")),
        ):  # fmt: skip
            self.theme.addItem(words, choice)
        self.theme.setCurrentIndex(self.theme.findData(theme_switch().choice))
        self.theme.setAccessibleName(self.tr("Theme"))
        self.theme.setToolTip(self.tr("Dark or light; as the desktop has it follows when that changes"))
        self.theme.currentIndexChanged.connect(lambda _: self._choose_theme(self.theme.currentData()))
        form.addRow(self.tr("Theme"), self.theme)
        self.scale = SpinBox()
        self.scale.setRange(SMALLEST, LARGEST)
        self.scale.setSingleStep(10)
        self.scale.setSuffix(self.tr(" %"))
        self.scale.setValue(interface_size(self._settings))
        self.scale.setAccessibleName(self.tr("Interface size"))
        self.scale.setToolTip(self.tr("Text, icons, spacing and the canvas, all alike"))
        self._before = self.scale.value()
        self.scale.valueChanged.connect(self._choose_size)
        self.again = QPushButton(self.tr("Open the window anew"))
        self.again.setToolTip(self.tr("Show the new size now; the open graphs come back, and runs go on"))
        self.again.setEnabled(False)
        self.again.clicked.connect(self._restart)
        row = QHBoxLayout()
        row.setSpacing(S)
        row.addWidget(self.scale)
        row.addWidget(self.again)
        row.addStretch(1)
        form.addRow(self.tr("Interface size"), row)
        self.tabs_back = self._tick("restore-tabs", self.tr("Open the graphs of the last time again"))
        form.addRow(self.tr("At the start"), self.tabs_back)
        self.autosave = self._tick("autosave", self.tr("Keep what is not saved, in case of a crash"))
        self.autosave.toggled.connect(self.autosave_changed)
        form.addRow(self.tr("While editing"), self.autosave)
        note = QLabel(self.tr("Everything here counts at once; only another size needs the window to be opened anew."))
        note.setProperty("role", "muted")
        note.setWordWrap(True)
        form.addRow(note)
        return page

    def _tick(self, key: str, words: str) -> TickBox:
        box = TickBox(words)
        box.setChecked(bool(self._settings.value(key, True, bool)))
        box.toggled.connect(lambda on: self._settings.setValue(key, on))
        return box

    def _choose_theme(self, choice: str) -> None:
        self._settings.setValue("theme", choice)
        theme_switch().apply(choice)

    def _choose_size(self, size: int) -> None:
        self._settings.setValue("interface-size", size)
        self.again.setEnabled(size != self._before)

    def _restart(self) -> None:
        self.accept()
        self.restart_asked.emit()
