"""Where one is while the inside of a frame is shown: the way back, over the canvas's upper left corner."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QWidget

from windlass_gui.look.buttons import flat_button
from windlass_gui.look.theme import Theme
from windlass_gui.look.tips import plain_tip


class Breadcrumb(QFrame):
    """The graph and the frames down to the one that is shown; each goes there. Hidden on the whole canvas."""

    chosen = Signal(str)
    """A frame's id; empty for the whole canvas."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self.setObjectName("breadcrumb")
        self.setAccessibleName(self.tr("Where you are"))
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(8, 3, 10, 3)
        self._row.setSpacing(2)
        self.move(12, 12)
        self.hide()

    def show_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            f"#breadcrumb {{ background: {theme.surface2}; border: 1px solid {theme.border}; border-radius: 8px; }}"
            f"#breadcrumb QLabel {{ color: {theme.muted}; background: transparent; }}"
        )

    def show_path(self, graph: str, path: Sequence[tuple[str, str]], note: str = "") -> None:
        """(id, title) of the frames from the canvas down; none hides it. `note` stands behind them."""
        while (item := self._row.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for place, (frame, title) in enumerate([("", graph), *path] if path else []):
            if place:
                self._row.addWidget(QLabel("›"))
            if place == len(path):
                here = QLabel(f"<b>{title.replace('&', '&amp;').replace('<', '&lt;')}</b>")
                here.setTextFormat(Qt.TextFormat.RichText)
                self._row.addWidget(here)
            else:
                self._row.addWidget(
                    flat_button(
                        title.replace("&", "&&"), plain_tip(self.tr("Show “{}”").format(title)), self._goer(frame)
                    )
                )
        if path and note:
            self._row.addSpacing(8)
            self._row.addWidget(QLabel(note))
        self.setVisible(bool(path))
        self.adjustSize()
        self.raise_()

    def _goer(self, frame: str) -> Callable[[], None]:
        return lambda: self.chosen.emit(frame)
