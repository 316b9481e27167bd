"""After a crash: the documents that were not saved, to be taken back or thrown away."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QTreeWidget, QTreeWidgetItem, QVBoxLayout, QWidget

from windlass_gui.files.recovery import Lost
from windlass_gui.look.room import resize_on_screen
from windlass_gui.look.theme import XL, S
from windlass_gui.look.tips import plain_tip


class RecoveryDialog(QDialog):
    """Each document has a box to tick. Whatever is left unticked, or closing the dialog, is asked about again later."""

    recover_asked = Signal(list)
    discard_asked = Signal(list)

    def __init__(self, lost: list[Lost], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(self.tr("Recover graphs"))
        resize_on_screen(self, 640, 340)
        self.lost = lost
        head = QLabel(self.tr("Windlass ended before these graphs were saved"))
        head.setProperty("role", "title")
        about = QLabel(
            self.tr(
                "A recovered graph opens in a tab, its changes as one step that can be undone. Its file is not touched."
            )
        )
        about.setProperty("role", "muted")
        about.setWordWrap(True)
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Graphs that were not saved"))
        self.list.setRootIsDecorated(False)
        self.list.setHeaderLabels([self.tr("Graph"), self.tr("Written"), self.tr("Lines"), self.tr("File")])
        for one in lost:
            kept = one.kept
            lines = self.tr("{} more, {} fewer").format(f"{one.added:,}", f"{one.removed:,}")
            row = QTreeWidgetItem([kept.title, _when(kept.when), lines, kept.path or self.tr("none yet")])
            row.setToolTip(3, plain_tip(kept.path))
            row.setCheckState(0, Qt.CheckState.Checked)
            self.list.addTopLevelItem(row)
        for column in range(3):
            self.list.resizeColumnToContents(column)
        self.list.setColumnWidth(0, self.list.columnWidth(0) + XL)  # the box to tick
        self.list.itemChanged.connect(lambda *_: self._enable())
        buttons = QDialogButtonBox()
        roles = QDialogButtonBox.ButtonRole
        self.recover = buttons.addButton(self.tr("Recover"), roles.AcceptRole)
        self.recover.setProperty("role", "primary")
        self.recover.setToolTip(self.tr("Open what is ticked"))
        self.discard = buttons.addButton(self.tr("Discard"), roles.DestructiveRole)
        self.discard.setToolTip(self.tr("Throw away what is ticked"))
        later = buttons.addButton(self.tr("Later"), roles.RejectRole)
        later.setToolTip(self.tr("Ask again at the next start"))
        self.recover.clicked.connect(lambda: self._end(self.recover_asked))
        self.discard.clicked.connect(lambda: self._end(self.discard_asked))
        later.clicked.connect(self.reject)
        layout = QVBoxLayout(self)
        layout.setSpacing(S)
        layout.addWidget(head)
        layout.addWidget(about)
        layout.addWidget(self.list, 1)
        layout.addWidget(buttons)
        self.recover.setDefault(True)

    def chosen(self) -> list[Lost]:
        return [
            one
            for at, one in enumerate(self.lost)
            if self.list.topLevelItem(at).checkState(0) == Qt.CheckState.Checked  # type: ignore[union-attr]
        ]

    def _enable(self) -> None:
        for button in (self.recover, self.discard):
            button.setEnabled(bool(self.chosen()))

    def _end(self, signal: object) -> None:
        signal.emit(self.chosen())  # type: ignore[attr-defined]
        self.accept()


def _when(seconds: float) -> str:
    """The time of day; with the day when it was not today."""
    then, now = time.localtime(seconds), time.localtime()
    return time.strftime("%H:%M:%S" if then[:3] == now[:3] else "%Y-%m-%d %H:%M", then)
