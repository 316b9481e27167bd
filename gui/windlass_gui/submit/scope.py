"""How much of the graph is to run, and what becomes of what the rest would have brought."""

from __future__ import annotations

from collections.abc import Collection

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QButtonGroup, QLabel, QRadioButton, QVBoxLayout, QWidget

from windlass.model import part
from windlass.model.graph import Graph
from windlass_gui.look.theme import XS
from windlass_gui.look.tick_box import TickBox

_SHOWN = 6
"""Names that a sentence tells."""


class ScopeChoice(QWidget):
    """`tasks` says which tasks are to run; `problem` why not yet."""

    changed = Signal()

    def __init__(
        self, graph: Graph, chosen: Collection[str], scope: str = "whole", parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.graph = graph
        self.chosen = {task.id for task in graph.tasks} & set(chosen)
        onward = part.downstream(graph, self.chosen)
        self.buttons = {
            "whole": QRadioButton(self.tr("The whole graph ({})").format(_tasks(len(graph.tasks)))),
            "chosen": QRadioButton(self.tr("Only what is chosen ({})").format(_tasks(len(self.chosen)))),
            "onward": QRadioButton(self.tr("From what is chosen on ({})").format(_tasks(len(onward)))),
        }
        self._base = {"whole": {task.id for task in graph.tasks}, "chosen": self.chosen, "onward": onward}
        group = QButtonGroup(self)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(XS)
        for name, button in self.buttons.items():
            group.addButton(button)
            button.setEnabled(name == "whole" or bool(self.chosen))
            button.toggled.connect(self._changed)
            layout.addWidget(button)
        self.taken = QLabel()
        self.dropped = QLabel()
        self.agree = TickBox(self.tr("Run without waiting for these"))
        for label in (self.taken, self.dropped):
            label.setWordWrap(True)
            label.setProperty("role", "muted")
            layout.addWidget(label)
        layout.addWidget(self.agree)
        self.agree.toggled.connect(self._changed)
        self.buttons[scope if self.buttons[scope].isEnabled() else "whole"].setChecked(True)
        self._changed()

    @property
    def scope(self) -> str:
        return next((name for name, button in self.buttons.items() if button.isChecked()), "whole")

    @property
    def tasks(self) -> set[str]:
        """What runs: the chosen ones, and those whose files or results they take."""
        return part.with_sources(self.graph, self._base[self.scope])

    @property
    def is_part(self) -> bool:
        return len(self.tasks) < len(self.graph.tasks)

    @property
    def problem(self) -> str:
        if self.is_part and self._order_only() and not self.agree.isChecked():
            return self.tr("Tick “Run without waiting for these”, or run the whole graph")
        return ""

    def _order_only(self) -> list[part.Outside]:
        return part.outside(self.graph, self.tasks)

    def _changed(self, _: bool = False) -> None:
        more = self.tasks - self._base[self.scope]
        self.taken.setText(
            self.tr("Runs too, because files or results of it are taken: {}").format(_named(self.graph, more))
            if more
            else ""
        )
        self.taken.setVisible(bool(more))
        left = {one.need for one in self._order_only()} if self.is_part else set()
        self.dropped.setText(
            self.tr(
                "Not waited for, because left out: {}. Only the order is lost: nothing is taken from there."
            ).format(_named(self.graph, left))
            if left
            else ""
        )
        self.dropped.setVisible(bool(left))
        self.agree.setVisible(bool(left))
        self.changed.emit()


def _tasks(count: int) -> str:
    return "1 task" if count == 1 else f"{count:,} tasks"


def _named(graph: Graph, tasks: Collection[str]) -> str:
    names = [task.id for task in graph.tasks if task.id in tasks]
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
