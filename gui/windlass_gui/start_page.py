"""What stands in the middle while no graph is open: begin, open, go on, or try a sample."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QFrame,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from windlass_gui.icons import icon, icon_pixmap
from windlass_gui.theme import HEADING, Theme
from windlass_resources.samples import list_samples

RECENT_SHOWN = 8


class StartPage(QScrollArea):
    """New, Open, recent files and samples."""

    new_asked = Signal()
    open_asked = Signal()
    file_asked = Signal(str)
    sample_asked = Signal(str)

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWidgetResizable(True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self._theme = theme
        self._recent: list[str] = []
        self._build()

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._build()

    def show_recent(self, paths: list[str]) -> None:
        self._recent = paths[:RECENT_SHOWN]
        self._build()

    def _build(self) -> None:
        theme = self._theme
        page = QWidget()
        page.setObjectName("start-page")
        page.setMaximumWidth(900)
        column = QVBoxLayout(page)
        column.setContentsMargins(48, 40, 48, 40)
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
            column.addWidget(self._heading(self.tr("Recent")))
            for path in self._recent:
                column.addWidget(self._recent_button(path))
        column.addWidget(self._heading(self.tr("Samples")))
        grid = QGridLayout()
        grid.setSpacing(12)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        for at, sample in enumerate(list_samples()):
            grid.addWidget(self._card(sample.name, sample.title, sample.description, sample.missing()), at // 2, at % 2)
        column.addLayout(grid)
        column.addStretch(1)
        middle = QWidget()
        row = QHBoxLayout(middle)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(page, 10)
        row.addStretch(1)
        self.setWidget(middle)

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

    def _recent_button(self, path: str) -> QPushButton:
        name = Path(path)
        shown = f"{name.parent.name}/{name.name}" if name.name in ("graph.yaml", "graph.json") else name.name
        home = str(Path.home())
        folder = str(name.parent)
        folder = "~" + folder[len(home) :] if folder.startswith(home) else folder
        button = QPushButton(f"{shown}    {folder}")
        button.setToolTip(path)
        button.setFlat(True)
        button.setCursor(Qt.CursorShape.PointingHandCursor)
        button.setStyleSheet(
            f"QPushButton {{ text-align: left; color: {self._theme.accent}; border: none; padding: 3px 2px; }}"
            "QPushButton:hover, QPushButton:focus { text-decoration: underline; }"
        )
        button.clicked.connect(lambda: self.file_asked.emit(path))
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
