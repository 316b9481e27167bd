"""What stands in the middle while no graph is open: begin, open, go on, or try a sample."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.files.files import Recent
from windlass_gui.look.icons import icon, icon_pixmap
from windlass_gui.look.tab_order import order_tabs
from windlass_gui.look.theme import HEADING, XL, L, S, Theme
from windlass_gui.look.tips import plain_tip
from windlass_gui.panes.words import Elided
from windlass_resources.samples import list_samples

RECENT_SHOWN = 8
NARROW = 520
"""Pixels of width below which the samples stand below each other."""


class StartPage(QScrollArea):
    """New, Open, recent files and samples."""

    new_asked = Signal()
    open_asked = Signal()
    file_asked = Signal(str)
    sample_asked = Signal(str)
    pin_asked = Signal(str, bool)
    forget_asked = Signal(str)
    """A path, or nothing: all that are not pinned."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.ClickFocus)  # Tab goes on to its buttons
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(self.tr("Start page"))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._theme = theme
        self._recent: list[Recent] = []
        self._narrow = False
        """There is no room for two cards side by side."""
        self._build()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if (event.size().width() < NARROW) != self._narrow:
            self._narrow = not self._narrow
            self._build()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        order_tabs(self, after=self)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._build()

    def show_recent(self, files: list[Recent]) -> None:
        """The pinned ones first; as many of the others as there is room for."""
        shown = [file for file in files if file.pinned]
        shown += [file for file in files if not file.pinned][: max(0, RECENT_SHOWN - len(shown))]
        if shown != self._recent:
            self._recent = shown
            self._build()

    def _build(self) -> None:
        theme = self._theme
        page = QWidget()
        page.setObjectName("start-page")
        page.setMaximumWidth(900)
        column = QVBoxLayout(page)
        side = L if self._narrow else 2 * XL
        column.setContentsMargins(side, side - S, side, side - S)
        column.setSpacing(10)
        head = QHBoxLayout()
        logo = QLabel()
        logo.setPixmap(icon_pixmap("windlass", theme.accent, 44, 2.0))
        title = QLabel("Windlass")
        title.setStyleSheet(f"font-size: {HEADING + 8}px; font-weight: 700; color: {theme.text};")
        head.addWidget(logo)
        head.addWidget(title)
        head.addStretch(1)
        column.addLayout(head)
        column.addWidget(self._muted(self.tr("Draw a graph of tasks, press Submit, and watch your machines do it.")))
        begin = QHBoxLayout()
        begin.setSpacing(10)
        new = QPushButton(icon("new", theme, "on_accent"), self.tr("New graph"))
        new.setProperty("role", "primary")
        new.clicked.connect(lambda: self.new_asked.emit())
        open_ = QPushButton(icon("open", theme), self.tr("Open…"))
        open_.clicked.connect(lambda: self.open_asked.emit())
        begin.addWidget(new)
        begin.addWidget(open_)
        begin.addStretch(1)
        column.addSpacing(8)
        column.addLayout(begin)
        if self._recent:
            heading = QHBoxLayout()
            heading.addWidget(self._heading(self.tr("Recent")), 1)
            clear = QPushButton(self.tr("Clear list"))
            clear.setProperty("role", "slim")
            clear.setToolTip(self.tr("Forget these files, but for the pinned ones; nothing is deleted"))
            clear.setEnabled(any(not file.pinned for file in self._recent))
            clear.clicked.connect(lambda: self.forget_asked.emit(""))
            heading.addWidget(clear, 0, Qt.AlignmentFlag.AlignBottom)
            column.addLayout(heading)
            for file in self._recent:
                column.addLayout(self._recent_row(file))
        column.addWidget(self._heading(self.tr("Samples")))
        grid = QGridLayout()
        grid.setSpacing(12)
        columns = 1 if self._narrow else 2
        for at in range(columns):
            grid.setColumnStretch(at, 1)
        for at, sample in enumerate(list_samples()):
            card = self._card(sample.name, sample.title, sample.description, sample.missing())
            grid.addWidget(card, *divmod(at, columns))
        column.addLayout(grid)
        column.addStretch(1)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(page, 10)
        row.addStretch(1)
        self.setWidget(middle)
        if self.isVisible():
            order_tabs(self, after=self)

    def _heading(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setProperty("role", "title")
        label.setContentsMargins(0, 16, 0, 0)
        label.setIndent(0)
        return label

    def _muted(self, text: str) -> QLabel:
        label = QLabel(text)
        label.setWordWrap(True)
        label.setStyleSheet(f"color: {self._theme.muted}; background: transparent;")
        return label

    def _recent_row(self, file: Recent) -> QHBoxLayout:
        theme = self._theme
        path = Path(file.path)
        name = f"{path.parent.name}/{path.name}" if path.name in ("graph.yaml", "graph.json") else path.name
        row = QHBoxLayout()
        row.setSpacing(S)
        pin = self._tool("unpin" if file.pinned else "pin", "accent" if file.pinned else "muted")
        pin.setCheckable(True)
        pin.setChecked(file.pinned)
        pin.setToolTip(self.tr("Let it go again") if file.pinned else self.tr("Keep it in this list"))
        pin.setAccessibleName(self.tr("Pin {}").format(name))
        pin.clicked.connect(lambda on: self.pin_asked.emit(file.path, on))
        row.addWidget(pin)
        button = QPushButton(name.replace("&", "&&"))
        button.setToolTip(plain_tip(self.tr("{} is not there any more").format(path) if file.missing else str(path)))
        button.setFlat(True)
        button.setMinimumWidth(3 * XL)  # a long name is cut rather than the page
        button.setEnabled(not file.missing)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        color = theme.muted if file.missing else theme.accent
        button.setStyleSheet(
            f"QPushButton {{ text-align: left; color: {color}; border: none; background: transparent; padding: 3px; }}"
            "QPushButton:hover { text-decoration: underline; }"
            f"QPushButton:focus {{ border: 2px solid {theme.accent}; padding: 1px; }}"
        )
        button.clicked.connect(lambda: self.file_asked.emit(file.path))
        row.addWidget(button)
        where = Elided("muted", Qt.TextElideMode.ElideMiddle)
        where.setText(_short(path.parent))
        row.addWidget(where, 1)
        if file.missing:
            gone = QLabel("⚠ " + self.tr("missing"))
            gone.setStyleSheet(f"color: {theme.warn}; background: transparent;")
            row.addWidget(gone)
        remove = self._tool("close", "muted")
        remove.setToolTip(self.tr("Take it out of this list; the file stays"))
        remove.setAccessibleName(self.tr("Forget {}").format(name))
        remove.clicked.connect(lambda: self.forget_asked.emit(file.path))
        row.addWidget(remove)
        return row

    def _tool(self, name: str, token: str) -> QToolButton:
        button = QToolButton()
        button.setProperty("role", "close")
        button.setAutoRaise(True)
        button.setIcon(icon(name, self._theme, token))
        return button

    def _card(self, name: str, title: str, description: str, missing: list[str]) -> QFrame:
        theme = self._theme
        card = QFrame()
        card.setProperty("role", "card")
        layout = QVBoxLayout(card)
        layout.setContentsMargins(16, 14, 16, 14)
        layout.setSpacing(6)
        head = QLabel(title)
        head.setWordWrap(True)
        head.setStyleSheet(f"font-weight: 600; color: {theme.text}; background: transparent;")
        layout.addWidget(head)
        layout.addWidget(self._muted(description))
        for line in missing:
            warning = QLabel("⚠ " + line)
            warning.setWordWrap(True)
            warning.setStyleSheet(f"color: {theme.warn}; background: transparent;")
            layout.addWidget(warning)
        layout.addStretch(1)
        button = QPushButton(self.tr("Open"))
        button.setAccessibleName(self.tr("Open the sample {}").format(title))
        button.setToolTip(self.tr("Open the sample “{}”").format(name))
        button.clicked.connect(lambda: self.sample_asked.emit(name))
        foot = QHBoxLayout()
        foot.addWidget(button)
        foot.addStretch(1)
        layout.addLayout(foot)
        return card


def _short(folder: Path) -> str:
    """A folder's path with ~ for the home."""
    shown, home = str(folder), str(Path.home())
    return "~" + shown[len(home) :] if shown.startswith(home) else shown
