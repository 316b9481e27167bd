"""How large the graph is drawn, in the canvas's lower left corner; a click offers other sizes."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMenu, QToolButton

from windlass_gui.look.theme import Theme

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

MARGIN = 12
SIZES = (0.25, 0.5, 1.0, 2.0)


class ZoomButton(QToolButton):
    """`80 %`."""

    def __init__(self, view: GraphView) -> None:
        super().__init__(view.viewport())
        self.setObjectName("zoom-button")
        self.view = view
        self.setAccessibleName(self.tr("Zoom"))
        self.setToolTip(self.tr("Zoom: Ctrl+wheel, Ctrl+ and Ctrl−, Ctrl+0 for 100 %, F to fit"))
        self.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = QMenu(self)
        for size in SIZES:
            menu.addAction(f"{size:.0%}".replace("%", " %"), partial(view.zoom_to, size, animated=True))
        menu.addSeparator()
        menu.addAction(self.tr("Fit the graph"), lambda: view.fit(animated=True))
        menu.addAction(self.tr("Fit what is chosen"), lambda: view.fit_selection(animated=True))
        self.setMenu(menu)
        view.zoom_changed.connect(lambda _: self.show_zoom())
        self.show_zoom()

    def show_zoom(self) -> None:
        zoom = self.view.zoom * 100
        self.setText(f"{zoom:.0f} %" if zoom >= 10 else f"{zoom:.1f} %")
        self.place()

    def place(self) -> None:
        """To be called when the view has another size."""
        hint = self.sizeHint()
        self.setGeometry(MARGIN, self.view.viewport().height() - hint.height() - MARGIN, hint.width(), hint.height())

    def show_theme(self, theme: Theme) -> None:
        self.setStyleSheet(
            f"#zoom-button {{ background: {theme.surface2}; color: {theme.muted}; border: 1px solid {theme.border};"
            "border-radius: 8px; padding: 3px 8px; }"
            f"#zoom-button:hover {{ color: {theme.text}; border-color: {theme.accent}; }}"
            f"#zoom-button:focus {{ color: {theme.text}; border: 2px solid {theme.accent}; padding: 2px 7px; }}"
            "#zoom-button::menu-indicator { width: 0; }"
        )
        self.place()
