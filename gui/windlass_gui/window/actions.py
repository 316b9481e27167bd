"""The main window's actions, in one table: name, words, icon, keys, and what they do in a sentence."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from windlass_gui.look.icons import icon
from windlass_gui.look.theme import Theme


class Spec(NamedTuple):
    name: str
    text: str
    icon: str
    keys: str
    tip: str


SPECS = (
    Spec("new", "&New", "new", "Ctrl+N", "Begin an empty graph"),
    Spec("open", "&Open…", "open", "Ctrl+O", "Open graph files"),
    Spec("save", "&Save", "save", "Ctrl+S", "Write the graph to its file"),
    Spec("save_as", "Save &as…", "", "Ctrl+Shift+S", "Write the graph to another file"),
    Spec("save_all", "Save a&ll", "", "Ctrl+Alt+S", "Write every graph that has changes to its file"),
    Spec("picture", "&Export picture…", "", "Ctrl+Shift+E", "Draw the graph into a file: SVG or PNG"),
    Spec("close", "&Close graph", "close", "Ctrl+W", "Close the tab in front"),
    Spec("close_all", "Close all &graphs", "", "Ctrl+Shift+W", "Close every tab, back to the start page"),
    Spec("next_tab", "&Next graph", "", "Ctrl+Tab", "Go to the tab at the right"),
    Spec("previous_tab", "&Previous graph", "", "Ctrl+Shift+Tab", "Go to the tab at the left"),
    Spec("quit", "&Quit", "", "Ctrl+Q", "Close the window"),
    Spec("commands", "Co&mmands…", "", "Ctrl+K", "Find anything to do or to go to by a few letters"),
    Spec("undo", "&Undo", "undo", "Ctrl+Z", "Take the last edit back"),
    Spec("redo", "&Redo", "redo", "Ctrl+Shift+Z", "Make the edit again"),
    Spec("cut", "Cu&t", "", "Ctrl+X", "Move the chosen tasks to the clipboard"),
    Spec("copy", "&Copy", "copy", "Ctrl+C", "Copy the chosen tasks"),
    Spec("paste", "&Paste", "paste", "Ctrl+V", "Add the tasks from the clipboard"),
    Spec("duplicate", "D&uplicate", "", "Ctrl+D", "Add copies of the chosen tasks"),
    Spec("delete", "&Delete", "delete", "Del", "Remove what is chosen"),
    Spec("select_all", "Select &all", "", "Ctrl+A", "Choose every task"),
    Spec("add", "&Add…", "palette", "Ins", "Search what to add: a task, a template, a sample (Tab: at the mouse)"),
    Spec("save_template", "Save as &template…", "template", "Ctrl+Alt+T", "Keep the chosen tasks, to use them again"),
    Spec("frame", "Fra&me…", "frame", "Ctrl+G", "Draw a named frame around the chosen tasks"),
    Spec("unframe", "Remove frame", "", "Ctrl+Shift+G", "Remove the frame of the chosen tasks, and keep them"),
    Spec("fold", "F&old or unfold", "", "Ctrl+.", "Show the chosen frame as one node, or its tasks again"),
    Spec("open_frame", "Open frame", "", "Alt+Down", "Show only the inside of the chosen frame"),
    Spec("leave_frame", "Leave frame", "", "Alt+Up", "Go one frame outwards"),
    Spec("take_out", "Take out of frame", "", "Alt+Shift+G", "The chosen tasks leave their frame"),
    Spec("note", "Add a &note", "note", "Shift+N", "Write a note onto the canvas"),
    Spec("edit_task", "&Edit task", "inspector", "F2", "Go to the chosen task's main field"),
    Spec("fit", "&Fit", "fit", "F", "Show the whole graph"),
    Spec("fit_selection", "Fit &selection", "", "Shift+F", "Show what is chosen as large as possible"),
    Spec("zoom_in", "Zoom &in", "", "Ctrl++", "Larger"),
    Spec("zoom_out", "Zoom &out", "", "Ctrl+-", "Smaller"),
    Spec("zoom_reset", "&Actual size", "", "Ctrl+0", "100 %"),
    Spec("layout", "Auto-&layout", "layout", "Ctrl+L", "Lay all tasks out in columns, left to right"),
    Spec("layout_selection", "Lay out &chosen", "", "Ctrl+Shift+L", "Lay only the chosen tasks out, where they are"),
    Spec("align_left", "&Left edges", "", "Shift+L", "Line the chosen tasks up at their left edges"),
    Spec("align_column", "Middles, one &column", "", "Shift+C", "Stack the chosen tasks' middles in one column"),
    Spec("align_right", "&Right edges", "", "Shift+R", "Line the chosen tasks up at their right edges"),
    Spec("align_top", "&Top edges", "", "Shift+T", "Line the chosen tasks up at their top edges"),
    Spec("align_row", "Middles, one ro&w", "", "Shift+W", "Put the chosen tasks' middles side by side in one row"),
    Spec("align_bottom", "&Bottom edges", "", "Shift+B", "Line the chosen tasks up at their bottom edges"),
    Spec("distribute_across", "Equal steps &across", "", "Shift+H", "Same distance between the chosen, left to right"),
    Spec("distribute_down", "Equal steps &down", "", "Shift+V", "Same distance between the chosen, top to bottom"),
    Spec("select_upstream", "All &before", "", "Ctrl+Shift+Left", "Choose also what the chosen wait for"),
    Spec("select_downstream", "All be&hind", "", "Ctrl+Shift+Right", "Choose also what waits for the chosen"),
    Spec("select_connected", "All c&onnected", "", "Ctrl+Shift+A", "Choose all that links lead to from the chosen"),
    Spec("link", "Li&nk to…", "", "L", "Link the chosen tasks to one that the keys or the mouse point to"),
    Spec("next_link", "Next lin&k", "", "K", "Choose the next link of the chosen tasks"),
    Spec("unlink", "&Unlink", "", "U", "Remove all links of the chosen tasks"),
    Spec("find", "&Find…", "", "Ctrl+F", "Find tasks by id, title, command or label"),
    Spec("minimap", "&Minimap", "", "M", "Show the whole graph small in a corner while part of it is out of view"),
    Spec("reduce_motion", "Reduce &motion", "", "Ctrl+Alt+O", "Nothing glides: nodes and views are there at once"),
    Spec("canvas", "&Canvas", "", "Ctrl+1", "Show the graph as a drawing"),
    Spec("both", "&Both", "", "Ctrl+2", "Show the drawing and the text side by side"),
    Spec("text", "&YAML", "text", "Ctrl+3", "Show the graph as text"),
    Spec("submit", "&Submit", "submit", "F5", "Run the graph"),
    Spec("submit_with", "Submit &with options…", "", "Ctrl+F5", "A part of the graph, priority, deadline, a preview"),
    Spec("cancel", "&Cancel", "cancel", "Shift+F5", "Stop the run that is shown"),
    Spec("retry", "&Retry failed", "retry", "Ctrl+R", "Run again what failed or was cancelled in the run shown"),
    Spec("report", "&What happened?", "log", "Ctrl+I", "Agents lost, items made anew, waiting, the slowest"),
    Spec("leave_run", "&Hide run", "", "Ctrl+Shift+H", "Show the graph without the states of a run"),
    Spec("critical_path", "C&ritical path", "", "Ctrl+Shift+K", "Mark what the run's end had to wait for"),
    Spec("follow", "&Follow what runs", "", "Ctrl+Shift+F", "Keep in view what runs now, until the view is moved"),
    Spec("item_grids", "&Unfold all items", "", "Ctrl+Shift+I", "The grids of items below all arrays, as a whole"),
    Spec("legend", "&Legend", "", "Shift+F1", "What the colours and shapes of a run mean"),
    Spec("monitor", "&Monitor", "monitor", "Ctrl+M", "Show the machines: load, memory, what runs where"),
    Spec("attention", "Needs &attention", "warning", "Ctrl+Alt+N", "What does not go on, with a button that helps"),
    Spec("token", "Add a &machine…", "agent", "Ctrl+Shift+M", "Get the line that joins another machine as an agent"),
    Spec("theme", "Dark or light", "theme", "Ctrl+T", "Switch between the dark and the light theme"),
    Spec("save_layout", "&Save layout as…", "", "Ctrl+Alt+L", "Keep the places and sizes of the panes under a name"),
    Spec("reset_layout", "&Reset layout", "", "Ctrl+Alt+0", "Put the panes back to where they were at first"),
    Spec("history", "&History", "", "Ctrl+Alt+H", "Show or hide the steps of the graph in front"),
    Spec("next_pane", "Ne&xt pane", "", "F6", "Take the keyboard to the next pane"),
    Spec("previous_pane", "Pre&vious pane", "", "Shift+F6", "Take the keyboard to the pane before"),
    Spec("maximise", "Ma&ximise pane", "maximise", "Ctrl+F6", "The pane in use takes the whole window; again: back"),
    Spec("settings", "Se&ttings…", "settings", "Ctrl+,", "Theme, interface size, what is restored, keys"),
    Spec("keys", "&Keys and gestures", "", "F1", "What the mouse and the keys do on the canvas"),
    Spec("about", "&About Windlass", "windlass", "", "Version and licence"),
)  # fmt: skip


SECOND_KEYS = {
    "next_tab": "Ctrl+PgDown", "previous_tab": "Ctrl+PgUp", "redo": "Ctrl+Y", "zoom_in": "Ctrl+=",
    "delete": "Backspace",
}  # fmt: skip


class Actions:
    """All actions by name; `connect` says what one does."""

    def __init__(self, window: QWidget) -> None:
        self._all: dict[str, QAction] = {}
        for spec in SPECS:
            action = QAction(_tr(spec.text), window)
            action.setObjectName(f"action-{spec.name}")
            action.setStatusTip(_tr(spec.tip))
            action.setShortcuts(self.usual_keys(spec.name))
            action.setToolTip(tip_with_keys(action))
            self._all[spec.name] = action
        window.addActions(list(self._all.values()))

    @staticmethod
    def usual_keys(name: str) -> list[QKeySequence]:
        """The keys that an action comes with; some have a second one."""
        keys = next(spec.keys for spec in SPECS if spec.name == name)
        return [QKeySequence(one) for one in (keys, SECOND_KEYS.get(name, "")) if one]

    def __getitem__(self, name: str) -> QAction:
        return self._all[name]

    def connect(self, name: str, slot: Callable[[], object]) -> None:
        self._all[name].triggered.connect(lambda _checked=False: slot())

    def enable(self, on: bool, *names: str) -> None:
        for name in names:
            self._all[name].setEnabled(on)

    def show_theme(self, theme: Theme) -> None:
        tokens = {"submit": "ok", "cancel": "danger"}
        for spec in SPECS:
            if spec.icon:
                self._all[spec.name].setIcon(icon(spec.icon, theme, tokens.get(spec.name, "text")))


def tip_with_keys(action: QAction) -> str:
    """What an action does, and the keys that it has now."""
    keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
    return action.statusTip() + (f"  ({keys})" if keys else "")


def _tr(text: str) -> str:
    return QCoreApplication.translate("Actions", text)
