"""Asks how the canvas shall be drawn into a file, and shows it small."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QGuiApplication, QIcon, QImage, QPixmap
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QFormLayout,
    QLabel,
    QProgressBar,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.editor.canvas.picture import Picture, PictureError, Sketch, is_svg, picture_size
from windlass_gui.editor.canvas.picture_job import Drawing, PictureJob
from windlass_gui.filejob import STEPS
from windlass_gui.look.theme import L, M, current_theme, load_theme
from windlass_gui.look.tick_box import TickBox

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView

PREVIEW = QSize(440, 240)
SCALES = (0.5, 1.0, 2.0, 3.0, 4.0)
PREVIEW_UP_TO = 4000
"""Nodes that are drawn for the preview."""
SHRUNK_UP_TO = 6_000_000
"""Pixels that are."""


class PictureDialog(QDialog):
    """Of one canvas, as it is when the dialog opens."""

    def __init__(self, view: GraphView, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.view = view
        self._drawing: Drawing | None = None
        """What the preview or the clipboard waits for."""
        self._job: PictureJob | None = None
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
        self.bar = QProgressBar()
        self.bar.setRange(0, STEPS)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far the picture is"))
        self.bar.hide()
        self.fields = QWidget()
        form = QFormLayout(self.fields)
        form.setContentsMargins(0, 0, 0, 0)
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
        layout.addWidget(self.bar)
        layout.addWidget(self.fields)
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
        self._say(
            self.tr("SVG {:,} × {:,}; PNG {:,} × {:,} pixels").format(
                svg.width(), svg.height(), png.width(), png.height()
            )
        )
        self._leave()
        if len(graph.geometry) > PREVIEW_UP_TO:
            self.preview.setText(self.tr("Too large for a preview"))
        elif png.isEmpty():
            self.preview.setText(self.tr("There is nothing to draw"))
        else:
            # Drawn as large as it will be, so that it has the same texts, and then made small.
            small = png.width() * png.height() <= SHRUNK_UP_TO
            limit = png if small else PREVIEW * self.devicePixelRatioF()
            self._draw(Sketch(graph, wish, at_most=limit), self._preview)
        for button in (self.save_button, self.copy_button):
            button.setEnabled(not png.isEmpty())

    def _preview(self, image: QImage) -> None:
        ratio = self.devicePixelRatioF()
        pixmap = QPixmap.fromImage(image).scaled(
            (PREVIEW - QSize(2, 2)) * ratio,
            Qt.AspectRatioMode.KeepAspectRatio,
            Qt.TransformationMode.SmoothTransformation,
        )
        pixmap.setDevicePixelRatio(ratio)
        self.preview.setPixmap(pixmap)

    def _draw(self, sketch: Sketch, then: Callable[[QImage], object]) -> None:
        """In place of what was being drawn."""
        self._leave()
        drawing = self._drawing = Drawing(sketch, self)
        drawing.progressed.connect(self._progressed)
        drawing.drawn.connect(lambda: then(sketch.image))
        drawing.start()

    def _leave(self) -> None:
        if self._drawing is not None:
            self._drawing.stop()
            self._drawing.deleteLater()
            self._drawing = None

    # --- what is asked for ---------------------------------------------------------------------------------

    def copy(self) -> None:
        """As an image onto the clipboard."""
        self._busy(True)
        try:
            sketch = Sketch(self.view.graph, self.wish())
        except PictureError as error:
            self._refuse(str(error))
            return

        def put(image: QImage) -> None:
            QGuiApplication.clipboard().setImage(image)
            self.accept()

        self._draw(sketch, put)

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
        """Into this file, without holding up the window; what is in the way of it is said, and the dialog stays."""
        self._leave()
        self._busy(True)
        try:
            sketch = Sketch(self.view.graph, self.wish(), is_svg(path))
        except PictureError as error:
            self._refuse(str(error))
            return
        job = self._job = PictureJob(sketch, path, self)
        self._say(self.tr("Writing {}").format(path.name))
        job.progressed.connect(self._progressed)
        job.ended.connect(self._ended)
        job.start()

    def _ended(self, problem: str) -> None:
        job, self._job = self._job, None
        if job is not None:
            job.deleteLater()
        if not problem:
            self.accept()
        elif job is not None and job.cancelled:
            self._busy(False)
            self._show()
        else:
            self._refuse(problem)

    def reject(self) -> None:
        """Cancel what is being made; where nothing is, leave."""
        if self._job is not None:
            self._job.stop()
        elif self._drawing is not None and self.bar.isVisible():
            self._busy(False)
            self._show()
        else:
            super().reject()

    def done(self, result: int) -> None:
        self._leave()
        super().done(result)

    # --- what is told --------------------------------------------------------------------------------------

    def _busy(self, on: bool) -> None:
        """A picture is being made: nothing else can be asked for, but to cancel it."""
        self.bar.setValue(0)
        self.bar.setVisible(on)
        for part in (self.fields, self.save_button, self.copy_button):
            part.setEnabled(not on)

    def _progressed(self, share: float) -> None:
        self.bar.setValue(int(share * STEPS))

    def _say(self, text: str, role: str = "muted") -> None:
        self.size_told.setText(text)
        self.size_told.setProperty("role", role)
        self.size_told.style().polish(self.size_told)

    def _refuse(self, reason: str) -> None:
        self._busy(False)
        self._say(reason, "error")
