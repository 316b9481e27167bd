"""What there is to do and to go to: the menus as they are, and whatever is open, runs or is connected."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QCoreApplication, QObject
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QDockWidget, QMainWindow, QMenu, QWidget

if TYPE_CHECKING:
    from windlass_gui.window.main_window import MainWindow

RUNS = 2000
"""Runs that can be gone to, the newest; older ones are found in the table of runs."""


class Command(NamedTuple):
    """One line of the palette."""

    title: str
    group: str
    run: Callable[[], object]
    keys: str = ""
    tip: str = ""
    enabled: bool = True

    @property
    def text(self) -> str:
        """What is searched: the title counts more than the group."""
        return f"{self.title}\n{self.group}"


class Where(NamedTuple):
    """From where the palette was asked for."""

    window: MainWindow
    asked: QWidget
    """The window in front."""


def all_commands(where: Where) -> list[Command]:
    """The actions that are possible now, then what one can go to, then the actions that are not possible."""
    actions = list(_actions(where))
    possible = [command for command in actions if command.enabled]
    places = [*_documents(where.window), *_tasks(where.window), *_runs(where.window), *_agents(where.window)]
    return possible + places + [command for command in actions if not command.enabled]


def plain(text: str) -> str:
    """Words without the mark of the key that opens them."""
    return text.replace("&&", "\0").replace("&", "").replace("\0", "&").rstrip("…").strip()


def _tr(text: str) -> str:
    return QCoreApplication.translate("Commands", text)


def _actions(where: Where) -> Iterator[Command]:
    seen: set[QAction] = set()
    told: set[tuple[str, str]] = set()
    windows: list[QWidget] = [where.asked, where.window]
    for window in dict.fromkeys(windows):
        for action, group in (*_of_menus(window), *_of_widgets(window)):
            title = plain(action.text())
            if action in seen or not title or (title, group) in told:
                continue
            seen.add(action)
            told.add((title, group))
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            if action.isCheckable() and action.isChecked():
                title = _tr("{} (on)").format(title)
            yield Command(title, group, action.trigger, keys, action.statusTip(), action.isEnabled())


def _of_menus(window: QWidget) -> Iterator[tuple[QAction, str]]:
    if isinstance(window, QMainWindow):
        for action in window.menuBar().actions():
            menu = action.menu()
            if isinstance(menu, QMenu):
                yield from _of_menu(menu, plain(menu.title()))


def _of_menu(menu: QMenu, group: str) -> Iterator[tuple[QAction, str]]:
    # Some menus are filled when they open.
    menu.aboutToShow.emit()
    for action in menu.actions():
        inner = action.menu()
        if isinstance(inner, QMenu):
            yield from _of_menu(inner, f"{group} › {plain(inner.title())}")
        elif not action.isSeparator() and action.isVisible():
            yield action, group


def _of_widgets(window: QWidget) -> Iterator[tuple[QAction, str]]:
    """What stands in panes and tool bars only."""
    for action in window.findChildren(QAction):
        # What hangs on no widget, such as actions of the plots' library, is offered nowhere else either.
        if action.menu() is None and not action.isSeparator() and action.isVisible() and action.associatedObjects():
            group = _pane(action)
            if group:
                yield action, group


def _pane(action: QAction) -> str:
    """The words of the nearest pane around an action; empty for what Qt's own widgets bring along."""
    owner: QObject | None = action.parent()
    while owner is not None:
        if isinstance(owner, QMenu):
            return ""
        if isinstance(owner, QDockWidget) or (isinstance(owner, QWidget) and owner.isWindow()):
            return owner.windowTitle().replace("[*]", "").split(" — ")[0]
        if isinstance(owner, QWidget) and owner.accessibleName():
            return owner.accessibleName()
        owner = owner.parent()
    return ""


def _documents(window: MainWindow) -> Iterator[Command]:
    group = _tr("Open graph")
    for made in window.documents.all:
        if made is not window.documents.current:
            tip = str(made.path or "")
            yield Command(made.title, group, lambda made=made: window.documents.show_document(made), tip=tip)  # type: ignore[misc]


def _tasks(window: MainWindow) -> Iterator[Command]:
    session = window.page.session
    if session is None:
        return
    group = _tr("Task")
    for task, facts in session.document.facts.items():
        title = f"{facts.label} ({task})" if facts.label != task else task
        yield Command(title, group, lambda task=task: _show_task(window, task))  # type: ignore[misc]


def _show_task(window: MainWindow, task: str) -> None:
    window.raise_()
    window.activateWindow()
    if not window.page.on_canvas:
        window.actions_["canvas"].trigger()
    if window.page.view is not None:
        window.page.view.reveal(task)
        window.page.view.setFocus()


def _runs(window: MainWindow) -> Iterator[Command]:
    group = _tr("Run")
    for run in sorted(window.bridge.mirror.runs.values(), key=lambda row: -row.id)[:RUNS]:
        title = _tr("Run {} {}").format(run.id, run.name)
        yield Command(title, f"{group} · {run.state}", lambda run=run.id: _show_run(window, run))  # type: ignore[misc]


def _show_run(window: MainWindow, run: int) -> None:
    window.raise_()
    window.activateWindow()
    window.bottom.setCurrentWidget(window.runs)
    window.runs.select_run(run)


def _agents(window: MainWindow) -> Iterator[Command]:
    group = _tr("Agent")
    for agent in sorted(window.bridge.mirror.agents.values(), key=lambda row: row.name):
        title = _tr("Agent {}").format(agent.name)
        yield Command(title, f"{group} · {agent.state}", lambda agent=agent.id: window.show_agent(agent))  # type: ignore[misc]
