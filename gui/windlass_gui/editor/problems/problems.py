"""The list of the document's problems: a click goes to the field, and what can be mended with a click says so."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QLabel,
    QMenu,
    QStackedLayout,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from windlass.model.problems import Problem
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.fleet import Fleet
from windlass_gui.editor.problems.advice import Advisor, Matter
from windlass_gui.editor.problems.fixes import Fix, fixes_for
from windlass_gui.look.icons import icon
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import XS, M, S, Theme
from windlass_gui.look.tips import plain_tip

LISTED = 500
"""Problems that are listed; the head says how many there are."""
SMALLEST = 60
"""Pixels of a column."""
NARROW = 560
"""Pixels of width below which the place is only in the tool tip: a click goes there."""
WHERE_SHARE, FIX_SHARE = 0.22, 0.32
"""Of the list's width that these columns may take."""
_WHAT, _WHERE, _FIX = range(3)


class ProblemsPane(QWidget):
    """Below the canvas. Errors first, then what is only doubtful."""

    chosen = Signal(object)
    """Somebody wants to see where a `Problem` is."""
    count_changed = Signal(int)
    fixed = Signal(str)
    """A fix was applied; what it did."""

    def __init__(self, theme: Theme, fleet: Fleet | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme = theme
        self._fleet = fleet
        self.session: EditorSession | None = None
        self.problems: list[Problem] = []
        """In the order of the list."""
        self._advice: list[Problem] = []
        self._advisor = Advisor(self)
        self._advisor.advised.connect(self._advised)
        self.list = QTreeWidget()
        self.list.setAccessibleName(self.tr("Problems"))
        self.list.setHeaderLabels([self.tr("Problem"), self.tr("Where"), self.tr("Fix")])
        self.list.setRootIsDecorated(False)
        self.list.setUniformRowHeights(True)
        self.list.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.list.setTextElideMode(Qt.TextElideMode.ElideRight)
        header = self.list.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(_WHAT, QHeaderView.ResizeMode.Stretch)
        header.setMinimumSectionSize(SMALLEST)
        for section in (_WHERE, _FIX):
            header.setSectionResizeMode(section, QHeaderView.ResizeMode.Interactive)
        self.list.itemActivated.connect(lambda item, _: self._go(item))
        self.list.itemClicked.connect(self._clicked)
        self.list.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.list.customContextMenuRequested.connect(self._show_menu)
        mend = QAction(self.tr("Fix"), self.list)
        mend.setShortcut(QKeySequence("Alt+Return"))
        mend.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        mend.triggered.connect(self.fix_current)
        self.list.addAction(mend)
        self._head = QLabel()
        self._head.setProperty("role", "small")
        self._head.setContentsMargins(S, XS, S, XS)
        self._head.setWordWrap(True)
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self._head)
        column.addWidget(self.list, 1)
        self._none = QLabel()
        self._none.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._layout = QStackedLayout(self)
        self._layout.addWidget(self._none)
        self._layout.addWidget(body)
        if fleet is not None:
            fleet.changed.connect(self._ask_advice)
        self.show_theme(theme)

    def show_theme(self, theme: Theme) -> None:
        self._theme = theme
        self._none.setStyleSheet(f"color: {theme.muted};")
        self._fill()

    def show_session(self, session: EditorSession | None) -> None:
        if self.session is not None:
            self.session.checked.disconnect(self._checked)
        self.session = session
        self._advice = []
        self._advisor.forget()
        if session is not None:
            session.checked.connect(self._checked)
        self._checked()

    # --- finding -------------------------------------------------------------------------------------------

    def _checked(self) -> None:
        self._fill()
        self._ask_advice()

    def _ask_advice(self) -> None:
        session = self.session
        if session is None or session.document.unreadable:
            self._advisor.forget()
            self._advised([], [])
            return
        document, fleet = session.document, self._fleet
        machines, missing = (fleet.machines, fleet.missing) if fleet is not None else ((), frozenset[str]())
        self._advisor.ask(Matter(document.text, document.raw, document.graph, document.folder, machines, missing))

    def _advised(self, found: list[Problem], programs: list[str]) -> None:
        if self._fleet is not None and programs:
            self._fleet.ask_programs(programs)
        if found != self._advice:
            self._advice = found
            self._fill()

    # --- the list ------------------------------------------------------------------------------------------

    def _fill(self) -> None:
        found = [*self.session.document.problems, *self._advice] if self.session is not None else []
        errors = sum(problem.severity == "error" for problem in found)
        self.problems = sorted(found, key=lambda problem: problem.severity != "error")[:LISTED]
        self.list.clear()
        for problem in self.problems:
            self.list.addTopLevelItem(self._item(problem))
        if self.session is None:
            self._none.setText(self.tr("No graph is open."))
        else:
            self._none.setText(self.tr("No problems: the graph can be submitted."))
        doubts = len(found) - errors
        counts = self.tr("Errors: {} · Warnings: {}").format(errors, doubts)
        self._head.setText(counts + self.tr(" · Enter goes to the field, Alt+Enter mends what can be mended"))
        self._layout.setCurrentIndex(1 if found else 0)
        self._fit_columns()
        self.count_changed.emit(len(found))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_columns()

    def _fit_columns(self) -> None:
        """Most of the room for what is wrong; of the rest what place and fix need, and none for what nobody says."""
        header, room = self.list.header(), self.width()
        for column, share in ((_WHERE, WHERE_SHARE), (_FIX, FIX_SHARE)):
            items = [self.list.topLevelItem(row) for row in range(self.list.topLevelItemCount())]
            said = any(item is not None and item.text(column) for item in items)
            said &= column != _WHERE or room >= NARROW
            self.list.setColumnHidden(column, not said)
            if said:
                wished = max(self.list.sizeHintForColumn(column), header.sectionSizeHint(column)) + M
                header.resizeSection(column, max(SMALLEST, min(wished, int(room * share))))

    def _item(self, problem: Problem) -> QTreeWidgetItem:
        text = spoken(problem.message)
        if problem.suggestion:
            text += self.tr(" — did you mean “{}”?").format(problem.suggestion)
        where = problem.field.removeprefix("tasks.") or problem.task
        line = self.tr("line {}").format(problem.line) if problem.line else ""
        fixes = self.fixes(problem)
        mend = fixes[0].label if fixes else ""
        if len(fixes) > 1:
            mend += self.tr("  (or {} more)").format(len(fixes) - 1)
        item = QTreeWidgetItem([text, " · ".join(part for part in (where, line) if part), mend])
        error = problem.severity == "error"
        item.setIcon(_WHAT, icon("error" if error else "warning", self._theme, "danger" if error else "warn"))
        kind = self.tr("Error") if error else self.tr("Warning")
        told = f"{kind}: {text}"
        if problem.found and problem.found not in problem.message:
            told += self.tr("\nFound: {}").format(problem.found)
        if problem.allowed:
            told += self.tr("\nAllowed: {}").format(spoken(problem.allowed))
        if item.text(_WHERE):
            told += f"\n{item.text(_WHERE)}"
        item.setToolTip(_WHAT, plain_tip(told))
        item.setToolTip(_WHERE, item.text(_WHERE))
        item.setData(_WHAT, Qt.ItemDataRole.AccessibleTextRole, f"{kind}: {text}")
        item.setForeground(_WHERE, self._theme.color("muted"))
        if mend:
            item.setIcon(_FIX, icon("fix", self._theme, "accent"))
            item.setForeground(_FIX, self._theme.color("accent"))
            item.setToolTip(_FIX, plain_tip("\n".join(fix.label for fix in fixes)))
        return item

    def fixes(self, problem: Problem) -> list[Fix]:
        """What can be done about it with a click."""
        if self.session is None:
            return []
        return fixes_for(problem, self.session, self._fleet.machines if self._fleet is not None else ())

    # --- doing ---------------------------------------------------------------------------------------------

    def _problem(self, item: QTreeWidgetItem | None) -> Problem | None:
        at = self.list.indexOfTopLevelItem(item) if item is not None else -1
        return self.problems[at] if 0 <= at < len(self.problems) else None

    def _go(self, item: QTreeWidgetItem | None) -> None:
        problem = self._problem(item)
        if problem is not None:
            self.chosen.emit(problem)

    def _clicked(self, item: QTreeWidgetItem, column: int) -> None:
        if column == _FIX and item.text(_FIX):
            self.list.setCurrentItem(item)
            self.fix_current()
        else:
            self._go(item)

    def fix_current(self) -> None:
        """Mend the current problem; where there are several ways, ask which."""
        item = self.list.currentItem()
        problem = self._problem(item)
        if problem is None or item is None:
            return
        fixes = self.fixes(problem)
        if len(fixes) == 1:
            self._apply(fixes[0])
        elif fixes:
            rect = self.list.visualItemRect(item)
            x = self.list.header().sectionViewportPosition(_FIX)
            self._menu(problem).popup(self.list.viewport().mapToGlobal(QPoint(x, rect.bottom())))

    def _apply(self, fix: Fix) -> None:
        fix.apply()
        self.fixed.emit(fix.label)

    def _menu(self, problem: Problem) -> QMenu:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for fix in self.fixes(problem):
            menu.addAction(icon("fix", self._theme), fix.label.replace("&", "&&"), self._applier(fix))
        menu.addSeparator()
        menu.addAction(self.tr("Go there"), lambda: self.chosen.emit(problem))
        return menu

    def _applier(self, fix: Fix) -> Callable[[], None]:
        return lambda: self._apply(fix)

    def _show_menu(self, where: QPoint) -> None:
        problem = self._problem(self.list.itemAt(where))
        if problem is not None:
            self._menu(problem).popup(self.list.viewport().mapToGlobal(where))
