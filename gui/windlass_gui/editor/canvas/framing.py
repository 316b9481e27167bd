"""What a person does with frames and notes on the canvas: open, fold, name, colour, write; by mouse, key and menu."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt
from PySide6.QtGui import QIcon, QPainter, QPixmap
from PySide6.QtWidgets import QInputDialog, QMenu

from windlass.model import fields
from windlass_gui.editor.canvas.breadcrumb import Breadcrumb
from windlass_gui.editor.canvas.gestures import MoveGesture, NoteGesture
from windlass_gui.editor.canvas.layout import NODE_WIDTH
from windlass_gui.editor.canvas.note_editor import NoteEditor
from windlass_gui.editor.canvas.projection import frame_of_node, path_to
from windlass_gui.look.theme import M

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


class Framing:
    """Belongs to one view; its edits go to the session."""

    def __init__(self, view: GraphView) -> None:
        self.view = view
        self.scene = view.graph
        self.edits = view.session.canvas
        self.crumbs = Breadcrumb(view.viewport())
        self.crumbs.chosen.connect(self.open)
        self.typing: NoteEditor | None = None
        self.scene.inside_changed.connect(self._inside_changed)
        self.scene.selection_changed.connect(self._selection_changed)
        view.zoom_changed.connect(lambda _: self.end_typing())
        view.session.changed.connect(lambda _: self._show_path())

    # --- the mouse -----------------------------------------------------------------------------------------

    def press(self, at: QPointF, add: bool) -> bool:
        """The left button went down on something that is no node. True: it was a note, or a frame's title."""
        self.end_typing()
        note = self.scene.notes.note_at(at.x(), at.y())
        if note is not None:
            self.scene.select(())
            self.scene.notes.select(note[0])
            self.scene.selection_changed.emit()
            self.view.begin(NoteGesture(self.view, at, *note))
            return True
        self.choose_note(None)
        title = self.scene.frames.title_at(at.x(), at.y())
        if title is None:
            return False
        name, mark = title
        if mark:
            self.edits.fold([name], True)
            return True
        tasks = self.tasks_within(name)
        self.scene.select(self.scene.selected | tasks if add else tasks)
        nodes = self.scene.selected_nodes & {self.scene.shown.node_of(task) for task in tasks}
        if nodes:
            # The node at the frame's corner decides where they all snap.
            grabbed = min(nodes, key=lambda node: self.scene.geometry.point(node))
            self.view.begin(MoveGesture(self.view, at, grabbed))
        return True

    def cursor(self, at: QPointF) -> Qt.CursorShape | None:
        """How the mouse looks over a note's corner and a frame's mark for folding; None where it is as ever."""
        note = self.scene.notes.note_at(at.x(), at.y())
        if note is not None:
            return Qt.CursorShape.SizeFDiagCursor if note[1] else None
        title = self.scene.frames.title_at(at.x(), at.y())
        return Qt.CursorShape.PointingHandCursor if title is not None and title[1] else None

    def double_click(self, at: QPointF) -> bool:
        """True when there was something of frames or notes to open there."""
        node = self.scene.geometry.node_at(at.x(), at.y())
        if node is not None:
            frame = frame_of_node(node)
            if frame:
                self.open(frame)
            return bool(frame)
        note = self.scene.notes.note_at(at.x(), at.y())
        if note is not None:
            self.write(note[0])
            return True
        title = self.scene.frames.title_at(at.x(), at.y())
        if title is not None and not title[1]:
            self.ask_name(title[0])
        return title is not None

    def menu(self, at: QPointF) -> QMenu | None:
        """For a folded frame, a frame's title or a note; None where there is none of these."""
        node = self.scene.geometry.node_at(at.x(), at.y())
        if node is not None:
            frame = frame_of_node(node)
            return self._frame_menu(frame) if frame else None
        note = self.scene.notes.note_at(at.x(), at.y())
        if note is not None:
            self.choose_note(note[0])
            return self._note_menu(note[0])
        title = self.scene.frames.title_at(at.x(), at.y())
        return self._frame_menu(title[0]) if title is not None else None

    # --- frames --------------------------------------------------------------------------------------------

    def tasks_within(self, name: str) -> set[str]:
        """All tasks of a frame and of those inside it."""
        frames = self.view.session.document.frames
        return {task for frame in frames.values() if name in path_to(frames, frame.id) for task in frame.tasks}

    def chosen_frames(self) -> list[str]:
        """The frames that the selection makes up as a whole, or else those that its tasks lie in."""
        selected, frames = self.scene.selected, self.view.session.document.frames
        whole = [name for name in frames if (inside := self.tasks_within(name)) and inside <= selected]
        outer = [name for name in whole if frames[name].within not in whole]
        return outer or [name for name, frame in frames.items() if selected & set(frame.tasks)]

    def frame_selection(self) -> None:
        """A new frame around what is chosen, then its name."""
        name = self.edits.frame(self.scene.selected)
        if name:
            self.ask_name(name)

    def unframe(self) -> None:
        for name in self.chosen_frames():
            self.edits.unframe(name)

    def toggle_fold(self) -> None:
        frames = self.chosen_frames()
        folded = all(self.view.session.document.frames[name].folded for name in frames)
        self.edits.fold(frames, not folded)

    def open(self, name: str) -> None:
        """Show a frame's inside; empty: the whole canvas again."""
        self.end_typing()
        self.scene.show_inside(name)

    def open_chosen(self) -> None:
        frames = self.chosen_frames()
        if frames:
            self.open(frames[0])

    def leave(self) -> None:
        """One frame outwards, with that frame's tasks chosen."""
        inside = self.scene.shown.inside
        if inside:
            self.open(self.view.session.document.frames[inside].within)
            self.scene.select(self.tasks_within(inside))

    def take_out(self) -> None:
        self.edits.put_into(self.scene.selected, "")

    def ask_name(self, name: str) -> None:
        frame = self.view.session.document.frames[name]
        title, good = QInputDialog.getText(self.view, _tr("Frame"), _tr("Name of the frame:"), text=frame.label)
        if good and title.strip() and title.strip() != frame.label:
            self.edits.name_frame(name, title)

    def _frame_menu(self, name: str) -> QMenu:
        frame = self.view.session.document.frames[name]
        menu = QMenu(self.view)
        menu.addAction(_tr("Open"), partial(self.open, name))
        menu.addAction(
            _tr("Unfold") if frame.folded else _tr("Fold"), partial(self.edits.fold, [name], not frame.folded)
        )
        menu.addAction(_tr("Rename…"), partial(self.ask_name, name))
        self._colors(menu, frame.color, partial(self.edits.color_frame, name))
        menu.addSeparator()
        menu.addAction(_tr("Choose its tasks"), lambda: self.scene.select(self.tasks_within(name)))
        menu.addAction(_tr("Remove the frame, keep the tasks"), partial(self.edits.unframe, name))
        return menu

    def _colors(self, menu: QMenu, now: str, choose: partial[None]) -> None:
        colors = menu.addMenu(_tr("Colour"))
        for color, words in zip(("", *fields.COLORS), _color_words(), strict=True):
            entry = colors.addAction(words, partial(choose, color))
            entry.setCheckable(True)
            entry.setChecked(color == now)
            if color:
                entry.setIcon(self._swatch(color))

    def _swatch(self, color: str) -> QIcon:
        pixmap = QPixmap(32, 32)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self.scene.look.paint_color(color))
        painter.drawRoundedRect(4, 4, 24, 24, 6, 6)
        painter.end()
        return QIcon(pixmap)

    def _inside_changed(self) -> None:
        self._show_path()
        self.view.fit()

    def _show_path(self) -> None:
        document, shown = self.view.session.document, self.scene.shown
        path = path_to(document.frames, shown.inside)
        into, out = shown.cut
        note = _tr("links: {} in, {} out").format(into, out) if into or out else ""
        self.crumbs.show_path(document.name, [(name, document.frames[name].label) for name in path], note)

    # --- notes ---------------------------------------------------------------------------------------------

    def choose_note(self, index: int | None) -> None:
        if index != self.scene.notes.selected:
            if index is not None:
                self.scene.select(())
            self.scene.notes.select(index)
            self.scene.selection_changed.emit()

    def _selection_changed(self) -> None:
        if self.scene.selected or self.scene.selected_links:
            self.scene.notes.select(None)

    def add_note(self) -> None:
        """An empty note near the middle of the view, where no task lies, ready to be written."""
        if self.scene.shown.inside:
            self.open("")
        middle = self.view.mapToScene(self.view.viewport().rect().center())
        corner = round((middle.x() - NODE_WIDTH / 2) / 10) * 10.0, round(middle.y() / 10) * 10.0
        index = self.edits.add_note(self.scene.geometry.free_spot(corner))
        self.choose_note(index)
        self.write(index)

    def remove_chosen_note(self) -> bool:
        """Delete was pressed: True when a note was chosen, and is gone."""
        index = self.scene.notes.selected
        if index is None:
            return False
        self.edits.remove_note(index)
        return True

    def write(self, index: int) -> None:
        """Type a note's text in its place."""
        self.end_typing()
        rect: QRectF = self.scene.notes.rects[index]
        self.view.ensureVisible(rect, M, M)
        place = self.view.mapFromScene(rect).boundingRect()
        text = self.scene.notes.notes[index].text
        self.scene.notes.edit(index)
        done = partial(self._written, index, text)
        self.typing = NoteEditor(self.view.viewport(), place, text, self.view.zoom, self.scene.look, done)

    def end_typing(self) -> None:
        if self.typing is not None:
            self.typing.finish()

    def _written(self, index: int, before: str, text: str | None) -> None:
        self.typing = None
        self.scene.notes.edit(None)
        if text is not None and text != before:
            self.edits.change_note(index, _tr("write a note"), text=text)
        self.view.setFocus()

    def _note_menu(self, index: int) -> QMenu:
        note = self.scene.notes.notes[index]
        menu = QMenu(self.view)
        menu.addAction(_tr("Write"), partial(self.write, index))
        self._colors(menu, note.color, partial(self._color_note, index))
        if note.size is not None:
            fit = partial(self.edits.change_note, index, _tr("resize a note"), size=None)
            menu.addAction(_tr("As large as its text"), fit)
        menu.addSeparator()
        menu.addAction(_tr("Remove"), partial(self.edits.remove_note, index))
        return menu

    def _color_note(self, index: int, color: str) -> None:
        self.edits.change_note(index, _tr("colour a note"), color=color)


def _color_words() -> tuple[str, ...]:
    """In the order of none, then `fields.COLORS`."""
    return (
        _tr("None"), _tr("Grey"), _tr("Blue"), _tr("Green"), _tr("Yellow"), _tr("Orange"), _tr("Red"), _tr("Purple"),
    )  # fmt: skip


def _tr(text: str) -> str:
    return QCoreApplication.translate("Framing", text)
