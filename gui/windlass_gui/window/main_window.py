"""The main window: it puts the parts together and does what needs more than one of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QPoint, QSettings, QSize, Qt
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QWidget

from windlass.model.problems import Problem
from windlass.wire.messages import Pick
from windlass_gui.attention.desk import AttentionDesk
from windlass_gui.background import Background
from windlass_gui.bridge import Bridge
from windlass_gui.commands import CommandPalette, Where, all_commands
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.fleet import Fleet
from windlass_gui.editor.form.inspector import Inspector
from windlass_gui.editor.page import EditorPage
from windlass_gui.editor.parts.palette import Palette
from windlass_gui.editor.parts.shelf import Shelf
from windlass_gui.editor.parts.templates import Templates
from windlass_gui.editor.problems.problems import ProblemsPane
from windlass_gui.files.documents import Documents, OpenDocument
from windlass_gui.files.files import GraphFiles
from windlass_gui.files.opening import Opening
from windlass_gui.files.recents import Recents
from windlass_gui.files.recovering import Recovering
from windlass_gui.files.saving import Saving
from windlass_gui.files.watching import Watching
from windlass_gui.look.theme import Theme, theme_switch
from windlass_gui.panes import ItemsPane, LogPane, RunsPane
from windlass_gui.panes.doing import WHOLE, Target
from windlass_gui.panes.failures import FailuresPane
from windlass_gui.panes.report import show_report
from windlass_gui.panes.table import Table
from windlass_gui.runs.retrying import Retrying
from windlass_gui.runs.run_view import RUN_ENDED, RunView, Shown
from windlass_gui.runs.running import Running
from windlass_gui.timeline import TimelinePane
from windlass_gui.waiting import wait_for_files
from windlass_gui.window.actions import Actions
from windlass_gui.window.adding import Adding
from windlass_gui.window.canvas_actions import CanvasActions
from windlass_gui.window.dialogs import ask_running, show_about
from windlass_gui.window.docks import build_docks, docks_of, join_maximising, usual_sizes
from windlass_gui.window.editing import Editing
from windlass_gui.window.history import HistoryPane
from windlass_gui.window.keys_dialog import KeysDialog
from windlass_gui.window.layouts import Layouts
from windlass_gui.window.leading import Leading
from windlass_gui.window.menus import build_menus, build_tool_bar, node_menu
from windlass_gui.window.reaching import PaneKeys
from windlass_gui.window.settings_dialog import SettingsDialog
from windlass_gui.window.shortcuts import apply_keys
from windlass_gui.window.start_page import StartPage
from windlass_gui.window.status import Status
from windlass_gui.window.tabling import Tabling

if TYPE_CHECKING:
    from windlass_gui.monitor import MonitorWindow


class MainWindow(QMainWindow):
    """Gets everything it talks to; makes only its own parts."""

    def __init__(self, bridge: Bridge, settings: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.bridge = bridge
        self.settings = settings
        self.files = GraphFiles(self, settings)
        self.stop_core = True
        """What to do with a core of our own when the window has closed."""
        self.restarting = False
        """A new window follows this one at once."""
        self.settings_sections: list[Callable[[QSettings], tuple[str, QWidget]]] = []
        """What other parts have to set: each gives a title and the widget for the settings dialog."""
        theme = theme_switch().theme
        self.actions_ = Actions(self)
        apply_keys(self.actions_, settings)
        self.run_view = RunView(bridge)
        self.start = StartPage(theme)
        self.documents = Documents(theme, self.start, self.run_view)
        self.setCentralWidget(self.documents)
        self.background = Background(self)
        self.watching = Watching(self.documents, self.background)
        self.recovering: Recovering | None = None
        self.opening = Opening(self.documents, self.files, Saving(self.background, self), self.take_typed, self)
        self.recents = Recents(self.files, self.start, self.background, self.opening.open_file)
        self.new, self.open, self.open_file = self.opening.new, self.opening.open, self.opening.open_file
        self.open_sample, self.save = self.opening.open_sample, self.opening.save
        templates = Templates(Path(settings.fileName()).parent / "templates", self.background, self)
        self.palette_ = Palette(Shelf(templates, self), theme)
        self.fleet = Fleet(bridge, self)
        self.inspector = Inspector(theme, settings, self.fleet)
        self.problems = ProblemsPane(theme, self.fleet)
        self.runs = RunsPane(bridge)
        self.items = ItemsPane(bridge)
        self.log = LogPane(bridge)
        self.failures = FailuresPane(bridge)
        self.timeline = TimelinePane(bridge)
        self.monitor: MonitorWindow | None = None
        self._front: OpenDocument | None = None
        """The document whose parts the panes show; another than the current one only while they change."""
        self.history = HistoryPane(theme)
        self.bottom = build_docks(self)
        self.maximising = join_maximising(self)
        build_tool_bar(self, self.actions_)
        self.layouts = Layouts(self, settings, self.actions_, self.maximising)
        self._recent_menu = build_menus(self, self.actions_, self.layouts.fill, self.open_sample)
        self.adding = Adding(
            self, self.documents, self.palette_, self.background, self.open_sample, self.open_file, self.new, theme
        )
        self.editing = Editing(self.actions_, self.documents)
        self.canvas_actions = CanvasActions(self.actions_, self.documents, settings)
        self.running = Running(self, bridge, self.run_view, settings)
        self.retrying = Retrying(self, bridge, self.run_view)
        self.tabling = Tabling(self)
        self.leading = Leading(self)
        self.attention = AttentionDesk(self)
        self.status = Status(self.statusBar(), bridge)
        self._connect_actions()
        self._connect_parts()
        self._show_theme(theme)
        self.resize(QSize(1320, 860).boundedTo(self.screen().availableSize()))
        usual_sizes(self)
        self.layouts.restore()
        for table in self.findChildren(Table):
            table.remember(settings)
        self.log.remember(settings)
        self._show_current()

    # --- building ------------------------------------------------------------------------------------------

    def _connect_actions(self) -> None:
        do = self.actions_.connect
        do("new", self.new)
        do("open", self.open)
        do("save", self.save)
        do("save_as", lambda: self.save(elsewhere=True))
        do("save_all", self.opening.save_all)
        do("close", self.opening.close)
        do("close_all", lambda: self.opening.close(self.documents.all))
        do("next_tab", lambda: self.documents.step(1))
        do("previous_tab", lambda: self.documents.step(-1))
        do("quit", self.close)
        do("add", self.adding.ask_in_middle)
        do("save_template", self.adding.save_template)
        do("edit_task", self.inspector.edit_main_field)
        do("submit", self.submit)
        do("submit_with", lambda: self.submit(ask=True))
        do("cancel", lambda: self.tabling.cancel_run(self.run_view.run))
        do("retry", lambda: self.retry(self.run_view.run) if self.run_view.run is not None else None)
        do("report", self.show_report)
        do("leave_run", lambda: self.run_view.show_run(None))
        tools = self.run_view.tools
        do("critical_path", tools.critical.toggle)
        do("follow", tools.follow.toggle)
        do("item_grids", tools.unfold.toggle)
        do("legend", tools.legend.toggle)
        do("monitor", self.show_monitor)
        do("token", self.show_joining)
        do("theme", self._switch_theme)
        history = docks_of(self)["history"].toggleViewAction()
        self.actions_["history"].setCheckable(True)
        history.toggled.connect(self.actions_["history"].setChecked)
        do("history", history.trigger)
        do("settings", self.show_settings)
        pane_keys = PaneKeys(lambda: [self.documents, self.inspector, self.history, self.bottom, self.palette_])
        do("next_pane", lambda: pane_keys.step(1))
        do("previous_pane", lambda: pane_keys.step(-1))
        do("commands", self.show_commands)
        do("keys", lambda: KeysDialog(self.actions_, self).open())
        do("about", lambda: show_about(self))

    def _connect_parts(self) -> None:
        self.start.new_asked.connect(self.new)
        self.start.open_asked.connect(self.open)
        self.start.sample_asked.connect(self.open_sample)
        self.documents.added.connect(self._connect_document)
        self.documents.current_changed.connect(self._show_current)
        self.documents.add_button.setDefaultAction(self.actions_["new"])
        self.problems.chosen.connect(self._go_to_problem)
        self.problems.count_changed.connect(self._count_problems)
        self.problems.fixed.connect(lambda text: self.statusBar().showMessage(text, 4000))
        self.run_view.run_changed.connect(self._enable)
        self.run_view.open_asked.connect(self._open_run_graph)
        self._recent_menu.aboutToShow.connect(lambda: self.recents.fill(self._recent_menu))
        self.bridge.connection_changed.connect(self._enable)
        for part in (self.opening, self.running):
            part.said.connect(lambda text: self.statusBar().showMessage(text, 8000))
        for busy in (self.running, self.retrying):
            busy.progress.connect(self._show_progress)
        self.retrying.submit_asked.connect(self.submit)
        self.running.problems_asked.connect(lambda: self.bottom.setCurrentWidget(self.problems))
        self.running.submitted.connect(self._after_submit)
        theme_switch().changed.connect(self._show_theme)

    # --- the document --------------------------------------------------------------------------------------

    @property
    def page(self) -> EditorPage:
        """The canvas and the text of the document in front."""
        return self.documents.page

    def _connect_document(self, made: OpenDocument) -> None:
        """A document got its session: follow what its page and its scene tell while it is in front."""
        page, session = made.page, made.session
        page.menu_asked.connect(self._show_menu)
        page.tip_shown.connect(lambda task: self.run_view.tell_why(task, page.add_to_tip))
        page.activated.connect(lambda _: self.inspector.edit_main_field())
        page.mode_changed.connect(self._tab_changed)
        page.text.machines = lambda: self.fleet.machines
        if session is not None and page.view is not None:
            page.view.graph.selection_changed.connect(self._enable)
            page.view.graph.selection_changed.connect(self.leading.task_chosen)
            session.steps_changed.connect(self._enable)
            session.title_changed.connect(self._show_title)
            session.changed.connect(lambda _: self._show_title())

    def _show_current(self) -> None:
        """Every part of the window turns to the document in front."""
        current = self.documents.current
        if current is not None and current.later is not None:
            self.opening.read_now(current)
            if current.session is None:  # gone again, and another is in front
                return
        if self._front is not None:
            self._front.shown = self.run_view.put_aside()
        self._front = current
        page = self.page
        session, scene = page.session, page.view.graph if page.view is not None else None
        self.inspector.show_session(session, scene)
        self.run_view.show_session(session, scene, current.shown if current is not None else None)
        self.problems.show_session(session)
        self.history.show_session(session)
        self.recents.show()
        if session is not None and self.run_view.run is not None:
            self.runs.select_run(self.run_view.run)
        self._show_title()
        self._enable()

    def _show_title(self) -> None:
        current = self.documents.current
        self.setWindowTitle(f"{current.title}[*] — Windlass" if current is not None else "Windlass")
        self.setWindowModified(current is not None and current.modified)
        self.actions_.enable(bool(self.documents.modified()), "save_all")

    def take_typed(self) -> None:
        """What stands in a field but was not entered counts before anything that uses the document."""
        self.inspector.flush()
        self.page.text.apply()

    # --- the run that is shown ------------------------------------------------------------------------------

    def run_again(self, task: int) -> None:
        """A task of the shown run with all that comes after, in whatever state; asks first."""
        if self.run_view.run is not None:
            self.tabling.acting.again([Pick(self.run_view.run, task)])

    def retry(self, run: int, targets: list[Target] = WHOLE, downstream: bool = False) -> None:
        """What failed of these; many are shown first, and an edited graph is asked about."""
        self.take_typed()
        self.tabling.retry(run, targets, downstream)

    def show_report(self) -> None:
        """What happened to the shown run."""
        if self.run_view.run is not None:
            show_report(self.bridge, self, self.run_view.run)

    def _open_run_graph(self, run: int) -> None:
        def show(data: dict[str, Any]) -> None:
            text = data.get("document")
            if isinstance(text, str):
                there = next((made for made in self.documents.all if made.shown.run == run), None)
                if there is not None and there is not self.documents.current:
                    self.documents.show_document(there)
                    return
                self.opening.open_text(text)
                self.run_view.show_run(run, text)

        self.bridge.get_run(run, show)

    def submit(self, ask: bool = False, scope: str = "whole") -> None:
        """Run the open graph, or the part of it that is chosen on the canvas; see `Running.submit`."""
        self.take_typed()
        if self.page.session is not None:
            self.running.submit(self.page.session, ask, scope)
            self._enable()

    def _after_submit(self, session: EditorSession, run: int, text: str) -> None:
        made = self.documents.of_session(session)
        if made is not self.documents.current:
            if made is not None:
                made.shown = Shown(run, text, submitted_here=True)
            return
        self.run_view.show_run(run, text)
        self.runs.select_run(run)
        self.timeline.show_run(run)
        if self.bottom.currentWidget() is self.problems:
            self.bottom.setCurrentIndex(self.bottom.indexOf(self.runs))  # nobody asked to see it: it stays closed
        self._enable()

    # --- what is shown -------------------------------------------------------------------------------------

    def _show_menu(self, task: str | None, link: tuple[str, str] | None, where: QPoint) -> None:
        menu = node_menu(self, task, link)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(where)

    def _tab_changed(self) -> None:
        self.inspector.flush()
        self._enable()

    def _show_progress(self, text: str) -> None:
        self.status.progress.setText(text)
        self._enable()

    def _go_to_problem(self, problem: Problem) -> None:
        """To its field in the inspector; to its line where only the text is shown, or where it has no field."""
        self.maximising.reveal(self.documents)
        page, session = self.page, self.page.session
        if session is None or page.view is None:
            return
        if page.on_canvas and session.document.task_of(problem):
            page.view.reveal(session.document.task_of(problem))
        if not (page.on_canvas and self.inspector.go_to(problem.path)) and problem.line:
            page.go_to_line(problem.line, max(1, problem.column))

    def _count_problems(self, count: int) -> None:
        title = self.tr("Problems ({})").format(count) if count else self.tr("Problems")
        self.bottom.setTabText(self.bottom.indexOf(self.problems), title)

    def _enable(self) -> None:
        self.editing.enable()
        self.canvas_actions.enable()
        open_ = self.page.session is not None
        self.actions_.enable(open_ and not self.running.busy and self.bridge.state == "up", "submit", "submit_with")
        self.actions_.enable(self.bridge.state == "up" and self.running.can("cancel"), "cancel")
        self.actions_.enable(self.running.can("retry") and not self.retrying.busy, "retry")
        self.actions_.enable(
            self.run_view.run is not None, "leave_run", "critical_path", "follow", "item_grids", "legend"
        )
        self.actions_.enable(self.run_view.row is not None and self.bridge.state == "up", "report")
        self.actions_.enable(self.bridge.state == "up", "token")
        self.actions_.enable(open_, "close_all")
        self.actions_.enable(len(self.documents.all) > 1, "next_tab", "previous_tab")

    def _show_theme(self, theme: Theme) -> None:
        self.actions_.show_theme(theme)
        sides = (self.palette_, self.inspector, self.problems, self.history, self.runs)
        for part in (self.run_view, self.documents, self.start, *sides):
            part.show_theme(theme)

    def _switch_theme(self) -> None:
        choice = "light" if theme_switch().theme.dark else "dark"
        theme_switch().apply(choice)
        self.settings.setValue("theme", choice)

    def show_settings(self) -> SettingsDialog:
        dialog = SettingsDialog(self.settings, self.actions_, self)
        for section in self.settings_sections:
            dialog.add_section(*section(self.settings))
        if self.recovering is not None:
            dialog.autosave_changed.connect(self.recovering.switch)
        dialog.restart_asked.connect(self._restart)
        dialog.open()
        return dialog

    def _restart(self) -> None:
        """Close this window and open another, with the same tabs, in which settings count that need a new start."""
        self.restarting = True
        if not self.close():
            self.restarting = False

    def show_commands(self) -> None:
        """The command palette, over the window in front."""
        asked = QApplication.activeWindow()
        over = asked if isinstance(asked, QMainWindow) else self
        self.take_typed()
        CommandPalette(all_commands(Where(self, over)), self.settings, over).show()

    def show_agent(self, agent: str) -> None:
        """The monitor, at one agent."""
        self.show_monitor()
        if self.monitor is not None:
            self.monitor.reveal(agent)

    def show_joining(self) -> None:
        """How another machine joins."""
        from windlass_gui.monitor.joining import JoinDialog  # in the same package as the monitor, see there

        JoinDialog(self.bridge, self).open()

    def show_monitor(self) -> None:
        """The window of the machines; made on first use, kept."""
        if self.monitor is None:
            # Brings pyqtgraph, a tenth of a start.
            from windlass_gui.monitor import MonitorWindow

            self.monitor = MonitorWindow(self.bridge, settings=self.settings)
            self.monitor.addAction(self.actions_["commands"])
            self.attention.join(self.monitor)
            self.tabling.join(self.monitor)
        self.monitor.show()
        self.monitor.raise_()
        self.monitor.activateWindow()

    def keep_unsaved(self, folder: Path) -> None:
        """Write what is not saved aside into `folder`, and offer what an app that crashed has left there."""
        enabled = bool(self.settings.value("autosave", True, bool))
        self.recovering = Recovering(self, self.opening, self.background, folder, enabled)
        self.recovering.said.connect(lambda text: self.statusBar().showMessage(text, 8000))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape that means nothing to the part with the keyboard."""
        if event.key() != Qt.Key.Key_Escape or not self.maximising.leave():
            super().keyPressEvent(event)

    # --- leaving -------------------------------------------------------------------------------------------

    def _running_runs(self) -> int:
        return sum(row.state not in RUN_ENDED for row in self.bridge.mirror.runs.values())

    def closeEvent(self, event: QCloseEvent) -> None:
        if not self.opening.may_leave(self.documents.all) or not wait_for_files(self, self.monitor):
            event.ignore()
            return
        running = self._running_runs()
        if self.restarting:
            self.stop_core = False
        elif self.bridge.owns_core and running:
            answer = ask_running(self, running)
            if answer == "stay":
                event.ignore()
                return
            self.stop_core = answer == "stop"
        self.layouts.remember()
        if self.monitor is not None:
            self.monitor.close()
            self.monitor.deleteLater()  # a window of its own: nothing else would
            self.monitor = None
        if self.recovering is not None:
            self.recovering.recovery.forget_all()
        event.accept()
