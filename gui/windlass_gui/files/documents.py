"""The middle of the main window: a tab for each open graph, and the start page while there is none."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QPoint, QSize, Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QHBoxLayout, QMenu, QStackedWidget, QTabBar, QToolButton, QVBoxLayout, QWidget

from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.page import EditorPage
from windlass_gui.files.asking import soon
from windlass_gui.look.icons import icon
from windlass_gui.look.tab_order import order_tabs, stops_in
from windlass_gui.look.theme import Theme
from windlass_gui.runs.run_view import Shown
from windlass_resources.samples import Sample

NARROWEST = 140
"""Pixels of a tab with its cross, before the bar scrolls."""
WIDEST = 280
"""Pixels of a tab with a long name."""


@dataclass(eq=False, slots=True)
class OpenDocument:
    """A graph with what belongs to it alone: its session, its canvas and text, and the run that it shows."""

    page: EditorPage
    sample: Sample | None = None
    """What it was made of, until it is saved."""
    shown: Shown = field(default_factory=Shown)
    on_disk: str | None = None
    """What another program has written to its file and nobody has answered for yet; empty when it removed the file."""
    later: Path | None = None
    """The file of a tab that came back from the last time and was not looked at yet: it is read when it is."""

    @property
    def session(self) -> EditorSession | None:
        return self.page.session

    @property
    def path(self) -> Path | None:
        return self.session.path if self.session is not None else self.later

    @property
    def modified(self) -> bool:
        """There is something to lose, text that was typed and not applied included."""
        return self.session is not None and (self.session.modified or self.page.text.dirty)

    @property
    def untouched(self) -> bool:
        """An empty graph in which nothing was ever done: another may take its place."""
        session = self.session
        fresh = session is not None and session.path is None and self.sample is None and self.shown.run is None
        return fresh and session is not None and session.undo.count() == 0 and not session.document.facts

    @property
    def title(self) -> str:
        if self.session is None:
            return self.later.name if self.later is not None else ""
        if self.sample is not None and self.session.path is None:
            return self.page.tr("{} (sample)").format(self.sample.name)
        return self.session.title


class Documents(QWidget):
    """`current` is the one in front. It asks before nothing; its owner decides what a wish to close means."""

    current_changed = Signal()
    """Another document is in front, or none."""
    added = Signal(object)
    """A document whose page is new; connect what it tells."""
    removed = Signal(object)
    """A document that is no longer open."""
    close_asked = Signal(list)
    """Somebody wants these documents closed."""
    order_changed = Signal()

    def __init__(self, theme: Theme, start: QWidget, banner: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self.all: list[OpenDocument] = []
        """In the order of the tabs."""
        self.nothing = EditorPage(theme, self)
        """Stands for the page while no document is open, so that nobody has to ask whether there is one."""
        self.nothing.hide()
        self._before: OpenDocument | None = None
        self.bar = _Tabs()
        self.bar.setAccessibleName(self.tr("Open graphs"))
        self.bar.middle_clicked.connect(lambda at: self.close_asked.emit([self.all[at]]))
        self.bar.currentChanged.connect(self._changed)
        self.bar.tabMoved.connect(self._moved)
        self.bar.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.bar.customContextMenuRequested.connect(self._show_menu)
        self.add_button = QToolButton()
        self.add_button.setProperty("role", "flat")
        self.add_button.setAutoRaise(True)
        self.head = QWidget()
        row = QHBoxLayout(self.head)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(0)
        row.addWidget(self.bar)
        row.addWidget(self.add_button)
        row.addStretch(1)
        self.start = start
        self.banner = banner
        self.stack = QStackedWidget()
        self.stack.addWidget(start)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.head)
        layout.addWidget(banner)
        layout.addWidget(self.stack, 1)
        self.head.hide()

    def add_corner(self, button: QToolButton) -> None:
        """At the right end of the tabs."""
        layout = self.head.layout()
        assert layout is not None
        layout.addWidget(button)

    # --- what is open ----------------------------------------------------------------------------------------

    @property
    def current(self) -> OpenDocument | None:
        at = self.bar.currentIndex()
        return self.all[at] if 0 <= at < len(self.all) else None

    @property
    def page(self) -> EditorPage:
        """Of the document in front; the one without a session while none is open."""
        return self.current.page if self.current is not None else self.nothing

    def of_path(self, path: Path) -> OpenDocument | None:
        """The open document of this file, however its path is spelt (as it is, where the disk does not answer)."""
        open_ = [(made, made.path) for made in self.all if made.path is not None]
        if (same := next((made for made, known in open_ if known == path), None)) is not None or not open_:
            return same
        paths = [known for _, known in open_]
        resolved = soon(lambda: [one.resolve() for one in (path, *paths)], [path, *paths])
        return next((made for (made, _), known in zip(open_, resolved[1:], strict=True) if known == resolved[0]), None)

    def of_session(self, session: EditorSession) -> OpenDocument | None:
        return next((made for made in self.all if made.session is session), None)

    def modified(self) -> list[OpenDocument]:
        return [made for made in self.all if made.modified]

    # --- changing it -----------------------------------------------------------------------------------------

    def add(self, session: EditorSession, sample: Sample | None = None) -> OpenDocument:
        """A tab for this session, after the one in front; it comes to the front."""
        made = OpenDocument(EditorPage(self._theme), sample)
        self.fill(made, session)
        first = not self.all
        self._insert(made, self.bar.currentIndex() + 1)
        if first:
            self._changed()
        self.show_document(made)
        return made

    def restore(self, paths: list[Path], front: int) -> None:
        """Tabs that stand for files; each is read when somebody comes to it. Only while none is open."""
        for path in paths:
            self._insert(OpenDocument(EditorPage(self._theme), later=path), len(self.all))
        self.bar.blockSignals(True)
        self.bar.setCurrentIndex(max(0, min(front, len(paths) - 1)))
        self.bar.blockSignals(False)
        self._changed()

    def fill(self, made: OpenDocument, session: EditorSession) -> None:
        """Give a document its session."""
        made.later = None
        made.page.show_session(session)
        session.title_changed.connect(lambda: self.show_title(made))
        session.changed.connect(lambda _: self.show_title(made))
        self.show_title(made)
        self._order_tabs(made)
        self.added.emit(made)

    def remove(self, made: OpenDocument) -> None:
        """Close its tab and let go of everything it had. Nobody is asked."""
        at = self.all.index(made)
        if made is self.current and len(self.all) > 1:
            self.bar.setCurrentIndex(at + 1 if at + 1 < len(self.all) else at - 1)
        self.all.remove(made)
        self.bar.blockSignals(True)
        self.bar.removeTab(at)
        self.bar.blockSignals(False)
        if not self.all:
            self._changed()
        self.stack.removeWidget(made.page)
        session = made.session
        self.removed.emit(made)
        made.page.show_session(None)
        made.page.deleteLater()
        if session is not None:
            session.deleteLater()
        self.order_changed.emit()

    def show_document(self, made: OpenDocument) -> None:
        self.bar.setCurrentIndex(self.all.index(made))

    def step(self, by: int) -> None:
        """To the next tab (1) or the one before (-1), round the ends."""
        if self.all:
            self.bar.setCurrentIndex((self.bar.currentIndex() + by) % len(self.all))

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.nothing.show_theme(theme)
        for at, made in enumerate(self.all):
            made.page.show_theme(theme)
            button = self.bar.tabButton(at, QTabBar.ButtonPosition.RightSide)
            if isinstance(button, QToolButton):
                button.setIcon(icon("close", theme, "muted"))

    def show_title(self, made: OpenDocument) -> None:
        """Bring a tab's words up to date: a dot says that there is something to save."""
        if made not in self.all:
            return
        at = self.all.index(made)
        title = made.title.replace("&", "&&")
        self.bar.setTabText(at, f"● {title}" if made.modified else title)
        tip = str(made.path) if made.path is not None else self.tr("Not saved yet")
        self.bar.setTabToolTip(at, tip)

    # --- the bar ---------------------------------------------------------------------------------------------

    def _insert(self, made: OpenDocument, at: int) -> None:
        self.stack.addWidget(made.page)
        self.all.insert(at, made)
        self.bar.blockSignals(True)
        self.bar.insertTab(at, made.title)
        self.bar.blockSignals(False)
        button = QToolButton()
        button.setProperty("role", "close")
        button.setAutoRaise(True)
        button.setIconSize(QSize(12, 12))
        button.setIcon(icon("close", self._theme, "muted"))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(self.tr("Close"))
        button.setAccessibleName(self.tr("Close this graph"))
        button.clicked.connect(lambda: self.close_asked.emit([made]))
        self.bar.setTabButton(at, QTabBar.ButtonPosition.RightSide, button)
        self.show_title(made)
        self._order_tabs(made)
        self.order_changed.emit()

    def _order_tabs(self, made: OpenDocument) -> None:
        """The keyboard comes from the tabs and the run's bar to the page, and goes from there to the next pane."""
        if made in self.all:
            order_tabs(made.page, after=[*stops_in(self.head), *stops_in(self.banner)][-1])

    def _changed(self, _: int = 0) -> None:
        current = self.current
        self.head.setVisible(current is not None)
        self.stack.setCurrentWidget(current.page if current is not None else self.start)
        self.current_changed.emit()

    def _moved(self, start: int, end: int) -> None:
        self.all.insert(end, self.all.pop(start))
        self.order_changed.emit()

    def _show_menu(self, where: QPoint) -> None:
        at = self.bar.tabAt(where)
        if at < 0:
            return
        made = self.all[at]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        others = [other for other in self.all if other is not made]
        menu.addAction(self.tr("Close"), lambda: self.close_asked.emit([made]))
        close_others = menu.addAction(self.tr("Close the others"), lambda: self.close_asked.emit(others))
        close_others.setEnabled(bool(others))
        menu.addAction(self.tr("Close all"), lambda: self.close_asked.emit(list(self.all)))
        menu.popup(self.bar.mapToGlobal(where))


class _Tabs(QTabBar):
    """Tabs that can be dragged and closed with the middle button."""

    middle_clicked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setDocumentMode(True)
        self.setDrawBase(False)
        self.setMovable(True)
        self.setExpanding(False)
        self.setUsesScrollButtons(True)
        self.setElideMode(Qt.TextElideMode.ElideMiddle)
        self.setSelectionBehaviorOnRemove(QTabBar.SelectionBehavior.SelectRightTab)

    def tabSizeHint(self, index: int) -> QSize:
        """A long name must not push all others out of the bar; the tip has all of it."""
        wished = super().tabSizeHint(index)
        return QSize(min(wished.width(), WIDEST), wished.height())

    def minimumTabSizeHint(self, index: int) -> QSize:
        """Rather scroll than leave nothing of a name."""
        wished = self.tabSizeHint(index)
        return QSize(min(wished.width(), NARROWEST), wished.height())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        at = self.tabAt(event.position().toPoint())
        if event.button() == Qt.MouseButton.MiddleButton and at >= 0:
            self.middle_clicked.emit(at)
            return
        super().mouseReleaseEvent(event)
