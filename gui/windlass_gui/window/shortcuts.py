"""Keys that the person has chosen: kept in the settings, put on the actions at the start, edited in a table."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QSettings, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QHBoxLayout,
    QHeaderView,
    QKeySequenceEdit,
    QLabel,
    QLineEdit,
    QPushButton,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.commands.collect import plain
from windlass_gui.look.theme import S
from windlass_gui.window.actions import SPECS, Actions, tip_with_keys

NONE = "none"
"""Stands in the settings for an action whose keys were taken away."""


def apply_keys(actions: Actions, settings: QSettings) -> None:
    """Put the chosen keys on their actions."""
    for spec in SPECS:
        stored = settings.value(f"keys/{spec.name}")
        if isinstance(stored, str):
            _put(actions[spec.name], QKeySequence("" if stored == NONE else stored))


def _put(action: QAction, keys: QKeySequence) -> None:
    action.setShortcut(keys)
    action.setToolTip(tip_with_keys(action))


def clash(actions: Actions, name: str, keys: QKeySequence) -> QAction | None:
    """Another action that answers to these keys."""
    if keys.isEmpty():
        return None
    others = (actions[spec.name] for spec in SPECS if spec.name != name)
    return next((action for action in others if keys in action.shortcuts()), None)


class ShortcutsPage(QWidget):
    """Every action with its keys. Choose a line, press new keys; keys that another action has are refused."""

    def __init__(self, actions: Actions, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._actions = actions
        self._settings = settings
        self.finder = QLineEdit()
        self.finder.setPlaceholderText(self.tr("Find an action"))
        self.finder.setAccessibleName(self.tr("Find an action"))
        self.finder.textChanged.connect(self._filter)
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Actions and their keys"))
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels([self.tr("Action"), self.tr("Keys")])
        self.list.header().setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        for spec in SPECS:
            row = QTreeWidgetItem([plain(QCoreApplication.translate("Actions", spec.text)), _shown(actions[spec.name])])
            row.setData(0, Qt.ItemDataRole.UserRole, spec.name)
            row.setToolTip(0, actions[spec.name].statusTip())
            self.list.addTopLevelItem(row)
        self.list.currentItemChanged.connect(lambda *_: self._chosen())
        self.keys = QKeySequenceEdit()
        self.keys.setMaximumSequenceLength(1)
        self.keys.setClearButtonEnabled(True)
        self.keys.setAccessibleName(self.tr("New keys"))
        self.keys.setToolTip(self.tr("Click here and press the new keys"))
        self.keys.editingFinished.connect(self._entered)
        self.usual = QPushButton(self.tr("As it was"))
        self.usual.setToolTip(self.tr("Give this action the keys that it came with"))
        self.usual.clicked.connect(self._reset)
        self.said = QLabel()
        self.said.setProperty("role", "muted")
        self.said.setWordWrap(True)
        row_ = QHBoxLayout()
        row_.setSpacing(S)
        row_.addWidget(self.keys, 1)
        row_.addWidget(self.usual)
        layout = QVBoxLayout(self)
        layout.setSpacing(S)
        layout.addWidget(self.finder)
        layout.addWidget(self.list, 1)
        layout.addLayout(row_)
        layout.addWidget(self.said)
        first = self.list.topLevelItem(0)
        if first is not None:
            self.list.setCurrentItem(first)

    @property
    def chosen(self) -> str:
        """The name of the chosen action; empty without one."""
        row = self.list.currentItem()
        return str(row.data(0, Qt.ItemDataRole.UserRole)) if row is not None else ""

    def _filter(self, text: str) -> None:
        for at in range(self.list.topLevelItemCount()):
            row = self.list.topLevelItem(at)
            if row is not None:
                row.setHidden(text.lower() not in f"{row.text(0)} {row.text(1)}".lower())

    def _chosen(self) -> None:
        self.said.setText("")
        if self.chosen:
            self.keys.setKeySequence(self._actions[self.chosen].shortcut())

    def _entered(self) -> None:
        keys, name = self.keys.keySequence(), self.chosen
        if not name or keys == self._actions[name].shortcut():
            return
        other = clash(self._actions, name, keys)
        if other is not None:
            self.said.setText(
                self.tr("{} is taken by “{}”. Give that one other keys first.").format(
                    keys.toString(QKeySequence.SequenceFormat.NativeText), plain(other.text())
                )
            )
            self.keys.setKeySequence(self._actions[name].shortcut())
            return
        self._settings.setValue(f"keys/{name}", keys.toString() or NONE)
        _put(self._actions[name], keys)
        self._show()

    def _reset(self) -> None:
        spec = next((spec for spec in SPECS if spec.name == self.chosen), None)
        if spec is None:
            return
        usual = self._actions.usual_keys(spec.name)
        other = next((found for keys in usual if (found := clash(self._actions, spec.name, keys)) is not None), None)
        if other is not None:
            self.said.setText(self.tr("“{}” has these keys by now.").format(plain(other.text())))
            return
        self._settings.remove(f"keys/{spec.name}")
        self._actions[spec.name].setShortcuts(usual)
        self._actions[spec.name].setToolTip(tip_with_keys(self._actions[spec.name]))
        self._show()

    def _show(self) -> None:
        row = self.list.currentItem()
        if row is not None:
            row.setText(1, _shown(self._actions[self.chosen]))
        self._chosen()


def _shown(action: QAction) -> str:
    native = QKeySequence.SequenceFormat.NativeText
    return QCoreApplication.translate("Keys", " or ").join(keys.toString(native) for keys in action.shortcuts())
