"""What a retry or a cancel will touch, shown before it is done: toggles, a live count, and the list."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from windlass.wire.messages import Pick
from windlass_gui.bridge import Acted, Bridge, How
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import ITEM_STATES, M, S
from windlass_gui.look.tick_box import TickBox
from windlass_gui.mirror import Changes
from windlass_gui.models import format as fmt
from windlass_gui.models.picked import PickedModel
from windlass_gui.panes.hint import Hinted
from windlass_gui.panes.table import Table

LATER = 300
"""Milliseconds from a change in the runs to the next question; a busy run is not asked about at every frame."""
HOLDER = "preview"

Go = Callable[[How, Acted], object]


class Preview(QDialog):
    """Asks the core again whenever a toggle or a run changes; the button says what it will do."""

    def __init__(
        self, bridge: Bridge, action: str, picks: Sequence[Pick], how: How, go: Go, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.bridge, self.action, self.picks = bridge, action, list(picks)
        self._go = go
        self.acted: Acted | None = None
        """What it will touch; None until the core has counted that for the toggles as they stand."""
        self.setWindowTitle(self.tr("Retry") if action == "retry" else self.tr("Cancel items"))
        self.resize(560, 460)
        self.title = QLabel(self.tr("Counting…"))
        self.title.setProperty("role", "title")
        self.text = QLabel()
        self.text.setProperty("role", "muted")
        self.text.setWordWrap(True)
        self.after = self._toggle(self.tr("and what comes after"), self.tr("Everything that needs them runs again too"))
        self.before = self._toggle(self.tr("and what they need"), self.tr("What they need counts as chosen too"))
        self.failed = self._toggle(
            self.tr("only what failed"),
            self.tr("Begin at what failed or was cancelled; what has succeeded stays, unless it comes after that"),
        )
        for box, on in ((self.after, how.downstream), (self.before, how.upstream), (self.failed, how.only_failed)):
            box.setChecked(on)
            box.setVisible(action == "retry")
        self.model = PickedModel(bridge.mirror, self)
        self.table = Table(self.model, self.tr("Items that will be touched"))
        self.table.draw(states=(3,))
        self.table.widths(60, 220, 90, 120)
        self.table.setColumnHidden(0, len({pick.run for pick in picks}) < 2)
        self.hinted = Hinted(self.table, self.tr("Nothing to do"), "")
        self.cut = QLabel()
        self.cut.setProperty("role", "small")
        self.buttons = QDialogButtonBox()
        role = QDialogButtonBox.ButtonRole
        self.yes = self.buttons.addButton("", role.AcceptRole)
        self.yes.setProperty("role", "primary" if action == "retry" else "danger")
        self.no = self.buttons.addButton(self.tr("Leave as it is"), role.RejectRole)
        self.buttons.accepted.connect(self._do)
        self.buttons.rejected.connect(self.reject)
        toggles = QHBoxLayout()
        toggles.setSpacing(M)
        for box in (self.after, self.before, self.failed):
            toggles.addWidget(box)
        toggles.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(M, M, M, M)
        layout.setSpacing(S)
        for part in (self.title, self.text):
            layout.addWidget(part)
        layout.addLayout(toggles)
        layout.addWidget(self.hinted, 1)
        layout.addWidget(self.cut)
        layout.addWidget(self.buttons)
        self._asked = 0
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(LATER)
        self._timer.timeout.connect(self.ask)
        # The list tells names and states, which only a followed run has.
        bridge.follow_all({pick.run for pick in picks}, HOLDER)
        bridge.mirror_changed.connect(self._mirror_changed)
        self.finished.connect(self._release)
        self._enable()
        self.ask()

    def _toggle(self, text: str, tip: str) -> TickBox:
        box = TickBox(text)
        box.setToolTip(tip)
        box.toggled.connect(self._toggled)
        return box

    @property
    def how(self) -> How:
        """As the toggles stand."""
        if self.action != "retry":
            return How()
        after = self.after.isChecked()
        return How(after, self.before.isChecked(), after and self.failed.isChecked())

    def _toggled(self) -> None:
        if hasattr(self, "yes"):
            # What was counted is not what would be done now; a change of the runs alone is counted in passing.
            self.acted = None
            self._enable()
            self.ask()

    def _enable(self) -> None:
        # Without what comes after, it is always only what failed.
        self.failed.setEnabled(self.after.isChecked())
        self.yes.setEnabled(self.acted is not None and self.acted.items > 0)

    def _mirror_changed(self, changes: Changes) -> None:
        if any(pick.run in changes.inside for pick in self.picks) and not self._timer.isActive():
            self._timer.start()

    def ask(self) -> None:
        """What would be touched as things stand now."""
        self._asked += 1
        number = self._asked

        def told(acted: Acted) -> None:
            if number == self._asked:
                self.show_acted(acted)

        def failed(reason: str) -> None:
            if number == self._asked:
                self.acted = None
                self.title.setText(self.tr("The core did not say what this would touch"))
                self.text.setText(spoken(reason))
                self._enable()

        self.bridge.act(self.action, self.picks, self.how, dry=True, done=told, failed=failed)

    def show_acted(self, acted: Acted) -> None:
        self.acted = acted
        self.model.show(acted.picks)
        self.hinted.show_hint(not self.model.rowCount())
        number = fmt.count(acted.items)
        items = self.tr("1 item") if acted.items == 1 else self.tr("{} items").format(number)
        if self.action == "retry":
            self.title.setText(self.tr("{} will run again").format(items))
            self.yes.setText(self.tr("Run {} again").format(items))
        else:
            self.title.setText(self.tr("{} will be cancelled").format(items))
            self.yes.setText(self.tr("Cancel {}").format(items))
        self.text.setText(consequences(self.action, acted))
        listed = self.model.rowCount()
        self.cut.setText(self.tr("The list shows the first {} of them.").format(fmt.count(listed)) if acted.cut else "")
        self.cut.setVisible(acted.cut)
        self._enable()

    def _do(self) -> None:
        acted = self.acted
        if acted is not None and acted.items:
            self._go(self.how, acted)
            self.accept()

    def _release(self) -> None:
        self._asked += 1
        self._timer.stop()
        self.bridge.mirror_changed.disconnect(self._mirror_changed)
        self.bridge.follow_all(set(), HOLDER)


def consequences(action: str, acted: Acted) -> str:
    """What it means, in a sentence or two."""
    count = dict(zip(ITEM_STATES, [*acted.states, *[0] * 8], strict=False))
    parts = [f"{fmt.count(number)} {_NOW[state]}" for state, number in count.items() if number]
    text = f"Now: {', '.join(parts)}." if parts else ""
    if action == "retry":
        if count["succeeded"]:
            text += " The results of those that succeeded are made anew."
        if count["active"]:
            text += " What runs of them is stopped and begins again."
    elif count["active"]:
        text += " What runs of them is stopped; its work is lost."
    return text.strip()


_NOW = {
    "pending": "waiting for others", "ready": "ready", "active": "running", "backoff": "waiting to try again",
    "succeeded": "succeeded", "failed": "failed", "cancelled": "cancelled", "skipped": "skipped",
}  # fmt: skip
