"""The switches of the run on the canvas, in the bar above it; in a narrow bar they hide behind one button."""

from __future__ import annotations

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QHBoxLayout, QWidget

from windlass_gui.look.buttons import action_button, menu_button, new_switch
from windlass_gui.look.theme import XS
from windlass_gui.runs.canvas import RunCanvas
from windlass_gui.runs.grid import ORDERS


class RunTools(QWidget):
    """Order of the grids, unfold them, critical path, follow, legend."""

    def __init__(self, canvas: RunCanvas, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.canvas = canvas
        words = (self.tr("By index"), self.tr("By state"), self.tr("By duration"), self.tr("By memory"))
        group = QActionGroup(self)
        self.orders = {order: new_switch(self, word, "") for order, word in zip(ORDERS, words, strict=True)}
        for order, action in self.orders.items():
            group.addAction(action)
            action.triggered.connect(lambda _=False, order=order: self._order(order))
        self.orders["index"].setChecked(True)
        self.unfold = new_switch(self, self.tr("Items"), self.tr("Unfold the grids of items below all arrays"))
        self.path_tip = self.tr("Mark what the run's end had to wait for, by recorded times")
        self.critical = new_switch(self, self.tr("Critical path"), self.path_tip)
        self.follow = new_switch(
            self, self.tr("Follow"), self.tr("Keep in view what runs now; moving the view by hand ends it")
        )
        self.legend = new_switch(self, self.tr("Legend"), self.tr("What colours and shapes mean"))
        switches = (self.unfold, self.critical, self.follow, self.legend)
        order_tip = self.tr("In which order the cells below an array stand for its items")
        self.order = menu_button(words[0], order_tip, self.orders.values())
        more_tip = self.tr("What the canvas shows of the run")
        self.more = menu_button(self.tr("View"), more_tip, (*switches, None, *self.orders.values()))
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(XS)
        self._wide: list[QWidget] = [self.order]
        row.addWidget(self.order)
        for action in switches:
            button = action_button(action)
            self._wide.append(button)
            row.addWidget(button)
        row.addWidget(self.more)
        self.compact(True)  # until there is room: the bar must not make the window wider than it is
        self.unfold.toggled.connect(canvas.unfold_all)
        self.critical.toggled.connect(canvas.show_path)
        self.follow.toggled.connect(canvas.follow)
        self.legend.toggled.connect(canvas.show_legend)
        canvas.follow_changed.connect(self.follow.setChecked)
        canvas.path_changed.connect(self._say_path)

    def wide_width(self) -> int:
        """Pixels that all of them side by side take."""
        return sum(widget.sizeHint().width() + XS for widget in self._wide)

    def compact(self, on: bool) -> None:
        """All behind one button, or side by side."""
        for widget in self._wide:
            widget.setVisible(not on)
        self.more.setVisible(on)

    def _order(self, order: str) -> None:
        self.order.setText(self.orders[order].text())
        self.canvas.order_by(order)

    def _say_path(self) -> None:
        words = self.canvas.path_words()
        self.critical.setToolTip(f"{self.path_tip}\n{words}" if words else self.path_tip)
