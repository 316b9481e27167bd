"""Asks how the canvas shall be drawn into a file, and shows it small."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.editor.canvas.picture import Picture, PictureError, draw_image, picture_size, save_picture
from windlass_gui.look.theme import L, M, current_theme, load_theme
from windlass_gui.look.tick_box import TickBox

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

PREVIEW = QSize(440, 240)
SCALES = (0.5, 1.0, 2.0, 3.0, 4.0)
PREVIEW_UP_TO = 4000
"""Nodes that are drawn for the preview without a noticeable wait."""
SHRUNK_UP_TO = 6_000_000
"""Pixels that are."""


class PictureDialog(QDialog):
    """Of one canvas, as it is when the dialog opens."""

    def __init__(self, view: GraphView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.view = view
        self.setWindowTitle(self.tr("Export picture"))
        self.part = QComboBox()
        for words, part in (
            (self.tr("The whole graph"), "whole"),
            (self.tr("What is chosen"), "chosen"),
            (self.tr("What is in view"), "view"),
        ):
            if part != "chosen" or view.graph.selected_nodes:
                self.part.addItem(words, part)
        self.theme = QComboBox()
        for words, name in ((self.tr("Light"), "light"), (self.tr("Dark"), "dark")):
            self.theme.addItem(words, name)
        self.theme.setCurrentIndex(1 if current_theme().dark else 0)
        self.transparent = TickBox()
        self.states = TickBox()
        self.states.setChecked(bool(view.graph.live))
        self.scale = QComboBox()
        for scale in SCALES:
            self.scale.addItem(f"{scale:g} ×", scale)
        self.scale.setCurrentIndex(SCALES.index(2.0))
        self.preview = QLabel()
        self.preview.setFixedSize(PREVIEW)
        self.preview.setProperty("role", "card")
        self.preview.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.preview.setAccessibleName(self.tr("Preview"))
        self.size_told = QLabel()
        self.size_told.setProperty("role", "muted")
        self.size_told.setWordWrap(True)
        form = QFormLayout()
        form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        rows = [
            (self.tr("&Part"), self.part),
            (self.tr("&Theme"), self.theme),
            (self.tr("&No background"), self.transparent),
            (self.tr("&Scale of a PNG"), self.scale),
        ]
        if view.graph.live:
            rows.append((self.tr("&With the run's states"), self.states))
        for words, field in rows:
            form.addRow(words, field)
            field.setAccessibleName(words.replace("&", ""))
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Cancel).setIcon(QIcon())
        self.copy_button = self.buttons.addButton(self.tr("&Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        self.copy_button.setToolTip(self.tr("Put it on the clipboard as an image"))
        self.save_button = self.buttons.addButton(self.tr("Save &as…"), QDialogButtonBox.ButtonRole.AcceptRole)
        self.save_button.setToolTip(self.tr("As SVG, in which text stays text, or as PNG"))
        self.save_button.setProperty("role", "primary")
        self.save_button.setDefault(True)
        self.buttons.accepted.connect(self._save)
        self.buttons.rejected.connect(self.reject)
        self.copy_button.clicked.connect(lambda _=False: self.copy())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(L, L, L, L)
        layout.setSpacing(M)
        layout.addWidget(self.preview, 0, Qt.AlignmentFlag.AlignHCenter)
        layout.addWidget(self.size_told)
        layout.addLayout(form)
        layout.addWidget(self.buttons)
        for box in (self.part, self.theme, self.scale):
            box.currentIndexChanged.connect(lambda _: self._show())
        for tick in (self.transparent, self.states):
            tick.toggled.connect(lambda _: self._show())
        self._show()

    def wish(self) -> Picture:
        """What the fields say."""
        return Picture(
            theme=load_theme(self.theme.currentData()),
            part=self.part.currentData(),
            seen=self.view.visible_rect,
            transparent=self.transparent.isChecked(),
            scale=self.scale.currentData(),
            states=self.states.isChecked(),
        )

    def _show(self) -> None:
        graph, wish = self.view.graph, self.wish()
        png, svg = picture_size(graph, wish), picture_size(graph, wish, svg=True)
        self.size_told.setText(
            self.tr("SVG {:,} × {:,}; PNG {:,} × {:,} pixels").format(
                svg.width(), svg.height(), png.width(), png.height()
            )
        )
        if len(graph.geometry) > PREVIEW_UP_TO:
            self.preview.setText(self.tr("Too large for a preview"))
        elif png.isEmpty():
            self.preview.setText(self.tr("There is nothing to draw"))
        else:
            ratio = self.devicePixelRatioF()
            # Drawn as large as it will be, so that it has the same texts, and then made small.
            limit = png if png.width() * png.height() <= SHRUNK_UP_TO else PREVIEW * ratio
            pixmap = QPixmap.fromImage(draw_image(graph, wish, at_most=limit)).scaled(
                (PREVIEW - QSize(2, 2)) * ratio,
                Qt.AspectRatioMode.KeepAspectRatio,
                Qt.TransformationMode.SmoothTransformation,
            )
            pixmap.setDevicePixelRatio(ratio)
            self.preview.setPixmap(pixmap)
        for button in (self.save_button, self.copy_button):
            button.setEnabled(not png.isEmpty())

    def copy(self) -> None:
        """As an image onto the clipboard."""
        try:
            QGuiApplication.clipboard().setImage(draw_image(self.view.graph, self.wish()))
        except PictureError as error:
            self._refuse(str(error))
        else:
            self.accept()

    def _save(self) -> None:
        session = self.view.session
        folder = session.document.folder or Path()
        name = session.path.stem if session.path is not None else session.document.name
        chosen, kind = QFileDialog.getSaveFileName(
            self, self.tr("Export picture"), str(folder / f"{name}.svg"), self.tr("SVG (*.svg);;PNG (*.png)")
        )
        if chosen:
            path = Path(chosen)
            if path.suffix.lower() not in (".svg", ".png"):
                path = path.with_name(path.name + (".png" if "png" in kind else ".svg"))
            self.save(path)

    def save(self, path: Path) -> None:
        """Into this file; what is in the way of it is said, and the dialog stays."""
        QGuiApplication.setOverrideCursor(Qt.CursorShape.WaitCursor)
        try:
            save_picture(self.view.graph, self.wish(), path)
        except PictureError as error:
            self._refuse(str(error))
        else:
            self.accept()
        finally:
            QGuiApplication.restoreOverrideCursor()

    def _refuse(self, reason: str) -> None:
        self.size_told.setText(reason)
        self.size_told.setProperty("role", "error")
        self.size_told.style().polish(self.size_told)
