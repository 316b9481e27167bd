"""What a person can do to an agent; what destroys asks first."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QMenu, QMessageBox, QWidget

from windlass.wire.rows import AgentRow
from windlass_gui.bridge import Bridge

ACTIONS = {
    "drain": ("Drain", "Let what runs here finish and give it nothing new"),
    "undrain": ("Take work again", "Give it work again"),
    "forgive": ("Forgive", "It is well: give it work again at once"),
    "remove": ("Remove", "Forget this machine; it can join again"),
}
"""Words on the button, and what they mean."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("AgentControl", text)


def possible(row: AgentRow) -> list[str]:
    """The actions that make sense now, the likeliest first."""
    found = ["forgive"] if row.aside or row.probation else []
    if row.state == "down":
        return [*found, "remove"]
    return [*found, "undrain" if row.draining else "drain"]


def do(bridge: Bridge, window: QWidget, agent: str, action: str) -> QMessageBox | None:
    """Do it, or first ask in the box that is returned."""
    row = bridge.mirror.agents.get(agent)
    if action != "remove" or row is None:
        bridge.agent_control(action, agent)
        return None
    box = QMessageBox(window)
    box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle(_tr("Remove a machine"))
    box.setTextFormat(Qt.TextFormat.PlainText)
    box.setText(_tr("Forget {}?").format(row.name))
    box.setInformativeText(
        _tr(
            "It goes from all lists, and what happened to it is deleted. Attempts and results of runs stay. Its key "
            "stays known: when its agent starts again, it is back."
        )
    )
    forget = box.addButton(_tr("Forget it"), QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton(QMessageBox.StandardButton.Cancel)
    box.setDefaultButton(keep)
    forget.clicked.connect(lambda: bridge.agent_control("remove", agent))
    box.open()
    return box


def fill_menu(menu: QMenu, bridge: Bridge, window: QWidget, agent: str) -> None:
    """One entry for each thing that can be done now."""
    row = bridge.mirror.agents.get(agent)
    for action in possible(row) if row is not None else ():
        words, tip = ACTIONS[action]
        entry = menu.addAction(_tr(words), partial(do, bridge, window, agent, action))
        entry.setToolTip(_tr(tip))
