"""The menu bar, the tool bar and the canvas's context menu, made of the actions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QSize
from PySide6.QtWidgets import QMainWindow, QMenu, QSizePolicy, QToolBar, QWidget

from windlass.wire.messages import Pick
from windlass_gui.editor.canvas.link_menu import fill_link_menu
from windlass_gui.panes.why import show_why
from windlass_gui.window.actions import Actions
from windlass_gui.window.docks import docks_of
from windlass_gui.window.tool_bar import FittingBar
from windlass_resources.samples import list_samples

if TYPE_CHECKING:
    from windlass_gui.window.main_window import MainWindow

BAR = (
    "new", "open", "save", "", "undo", "redo", "", "fit", "layout", "", "submit", "cancel", "retry", ">", "monitor",
    "theme",
)  # fmt: skip
"""The tool bar; an empty name is a line, `>` pushes the rest to the right end."""
WITH_WORDS = ("submit", "cancel", "retry", "monitor")
"""Buttons that show their words beside the icon where there is room."""


ARRANGING = (
    ("C&hoose", ("select_all", "", "select_upstream", "select_downstream", "select_connected")),
    (
        "&Arrange",
        (
            "align_left", "align_column", "align_right", "", "align_top", "align_row", "align_bottom", "",
            "distribute_across", "distribute_down", "", "layout", "layout_selection",
        ),
    ),
)  # fmt: skip
"""Submenus of the menu bar and of the canvas."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Menus", text)


def build_menus(
    window: QMainWindow, actions: Actions, fill_layouts: Callable[[QMenu], object],
    open_sample: Callable[[str], object],
) -> QMenu:  # fmt: skip
    """Fill the menu bar. Gives the menu of recent files, which its owner fills when it opens."""
    bar = window.menuBar()

    def menu(title: str, *names: str) -> QMenu:
        made = bar.addMenu(title)
        for name in names:
            made.addAction(actions[name]) if name else made.addSeparator()
        return made

    file = menu(_tr("&File"), "new", "open")
    recent = file.addMenu(_tr("Open &recent"))
    samples = file.addMenu(_tr("Open a sa&mple"))
    for sample in list_samples():
        samples.addAction(sample.title, partial(open_sample, sample.name)).setToolTip(sample.description)
    file.addSeparator()
    for name in ("save", "save_as", "save_all", "picture", "", "close", "close_all", "quit"):
        file.addAction(actions[name]) if name else file.addSeparator()
    edit = menu(
        _tr("&Edit"), "undo", "redo", "", "cut", "copy", "paste", "duplicate", "delete", "", "find", "edit_task", "add",
        "link", "next_link", "unlink", "", "frame", "unframe", "fold", "open_frame", "leave_frame", "take_out",
        "note", "", "save_template",
    )  # fmt: skip
    for title, names in ARRANGING:
        add_menu(edit, _tr(title), actions, names)
    edit.addSeparator()
    edit.addAction(actions["commands"])
    edit.addAction(actions["settings"])
    view = menu(
        _tr("&View"), "canvas", "both", "text", "next_tab", "previous_tab", "", "fit", "fit_selection", "zoom_in",
        "zoom_out", "zoom_reset", "minimap", "",
        "reduce_motion", "theme", "",
    )  # fmt: skip
    panes = view.addMenu(_tr("&Panes"))
    panes.aboutToShow.connect(lambda: _fill_panes(panes, window, actions))
    layouts = view.addMenu(_tr("&Layouts"))
    layouts.aboutToShow.connect(lambda: fill_layouts(layouts))
    menu(
        _tr("&Run"), "submit", "submit_with", "cancel", "retry", "report", "", "critical_path", "follow", "item_grids",
        "legend", "leave_run", "", "monitor", "attention", "token",
    )  # fmt: skip
    menu(_tr("&Help"), "keys", "about")
    return recent


def add_menu(menu: QMenu, title: str, actions: Actions, names: Sequence[str]) -> QMenu:
    """A submenu of actions; an empty name is a line."""
    made = menu.addMenu(title)
    for name in names:
        made.addAction(actions[name]) if name else made.addSeparator()
    return made


def _fill_panes(menu: QMenu, window: QMainWindow, actions: Actions) -> None:
    menu.clear()
    menu.addAction(actions["next_pane"])
    menu.addAction(actions["previous_pane"])
    menu.addAction(actions["maximise"])
    menu.addSeparator()
    for name, dock in docks_of(window).items():
        menu.addAction(actions["history"] if name == "history" else dock.toggleViewAction())


def build_tool_bar(window: QMainWindow, actions: Actions) -> QToolBar:
    bar = FittingBar(_tr("Main tools"), window)
    bar.setObjectName("main-tools")
    bar.setMovable(False)
    bar.setIconSize(QSize(20, 20))
    for name in BAR:
        if name == ">":
            space = QWidget()
            space.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            bar.addWidget(space)
        elif name:
            bar.addAction(actions[name])
            if name in WITH_WORDS:
                bar.give_words(actions[name])
        else:
            bar.addSeparator()
    window.addToolBar(bar)
    return bar


ON_NODES = (
    "edit_task", "link", "unlink", "", "copy", "duplicate", "delete", "", "frame", "take_out", "save_template",
)  # fmt: skip
"""What a node's menu offers of the graph, whatever a run says."""

ON_CANVAS = (
    "add", "paste", "select_all", "find", "note", "", "leave_frame", "fit", "layout", "minimap", "", "picture",
)  # fmt: skip
"""What the bare canvas's menu offers."""


def node_menu(window: MainWindow, task: str | None, link: tuple[str, str] | None) -> QMenu:
    """For a node, a link, or the bare canvas."""
    menu = QMenu(window)
    actions, page = window.actions_, window.page
    if task is not None:
        row = window.run_view.task_row(task)
        if row is not None and window.run_view.run is not None:
            run = window.run_view.run
            ended = row.counts.failed + row.counts.cancelled + row.counts.skipped
            busy = row.counts.pending + row.counts.ready + row.counts.active + row.counts.backoff
            log = menu.addAction(_tr("Show log"), lambda: window.leading.show_log(row.index))
            log.setEnabled(row.count != 0)
            if row.counts.failed:
                item = window.leading.telling_item(row.index)
                menu.addAction(_tr("What went wrong?"), lambda: window.leading.show_failure(row.index, item))
            if row.array:
                menu.addAction(_tr("Show items"), lambda: window.leading.show_items(run, row.index))
            why = menu.addAction(_tr("Why does it wait?"), lambda: show_why(window.bridge, window, run, row.index))
            why.setEnabled(bool(busy or row.count is None))
            retry = menu.addAction(_tr("Retry"), lambda: window.retry(run, [(row.index, None)]))
            retry.setEnabled(bool(ended))
            again = menu.addAction(_tr("Run again with everything after"), lambda: window.run_again(row.index))
            again.setEnabled(bool(ended or row.counts.succeeded))
            cancel = menu.addAction(_tr("Cancel"), lambda: window.tabling.acting.cancel([Pick(run, row.index)]))
            cancel.setEnabled(bool(busy))
            menu.addSeparator()
        can = actions["submit"].isEnabled()
        menu.addAction(_tr("Run only what is chosen…"), lambda: window.submit(scope="chosen")).setEnabled(can)
        menu.addAction(_tr("Run from here on…"), lambda: window.submit(scope="onward")).setEnabled(can)
        menu.addSeparator()
        for name in ON_NODES:
            menu.addAction(actions[name]) if name else menu.addSeparator()
        for title, names in ARRANGING:
            add_menu(menu, _tr(title), actions, names)
    elif link is not None and page.view is not None:
        fill_link_menu(menu, page.view, link)
    else:
        for name in ON_CANVAS:
            menu.addAction(actions[name]) if name else menu.addSeparator()
    return menu
