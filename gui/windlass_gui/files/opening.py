"""New, open, save and close: what happens to files and tabs, and what has to be asked before."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from windlass_gui.editor.document.document import empty_text
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.files.asking import soon
from windlass_gui.files.documents import Documents, OpenDocument
from windlass_gui.files.files import GraphFiles, strings
from windlass_gui.files.recovery import Lost
from windlass_gui.files.saving import Saving
from windlass_resources.samples import Sample, get_sample, list_samples


class Opening(QObject):
    """Owned by the main window. `take_typed` enters what stands in a field before anything looks at a document."""

    said = Signal(str)
    """A line for the status bar."""

    def __init__(
        self,
        documents: Documents,
        files: GraphFiles,
        saving: Saving,
        take_typed: Callable[[], None],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.saving = saving
        self.documents = documents
        self.files = files
        self.take_typed = take_typed
        documents.close_asked.connect(self.close)
        documents.order_changed.connect(self.remember_tabs)
        documents.current_changed.connect(self.remember_tabs)

    # --- opening ---------------------------------------------------------------------------------------------

    def new(self) -> None:
        taken = {made.session.document.name for made in self.documents.all if made.session is not None}
        self.documents.add(EditorSession(empty_text(taken)))

    def open(self) -> None:
        for path in self.files.ask_open():
            self.open_file(path)

    def open_file(self, path: Path) -> bool:
        """In a tab of its own, or in the one that has it. False when it was not opened (the reason has been shown)."""
        path = path.absolute()
        there = self.documents.of_path(path)
        if there is not None:
            self.documents.show_document(there)
            self.files.remember(path)
            return True
        text = self.files.read(path)
        if text is None:
            return False
        self.files.remember(path)
        self._show(EditorSession(text, path))
        return True

    def open_sample(self, name: str) -> None:
        sample = get_sample(name)
        for made in self.documents.all:
            if made.sample is sample and made.path is None and not made.modified:
                self.documents.show_document(made)
                return
        session = EditorSession(sample.path.read_text("utf-8"))
        session.document.folder = sample.path.parent
        self._show(session, sample)

    def open_text(self, text: str) -> OpenDocument:
        """A graph that has no file here, such as that of a run."""
        return self._show(EditorSession(text))

    def restore(self) -> None:
        """The tabs of the last time, if that is wished."""
        settings = self.files.settings
        kept = [Path(path) for path in strings(settings.value("tabs"))]
        # A disk that does not answer now may do so when somebody comes to the tab.
        paths = soon(lambda: [path for path in kept if path.is_file()], kept)
        if paths and settings.value("restore-tabs", True, bool):
            front = Path(str(settings.value("tab", "")))
            self.documents.restore(paths, paths.index(front) if front in paths else 0)

    def remember_tabs(self) -> None:
        """For `restore`: the files that are open, in the order of their tabs."""
        current = self.documents.current
        paths = [str(made.path) for made in self.documents.all if made.path is not None]
        self.files.settings.setValue("tabs", paths)
        self.files.settings.setValue("tab", str(current.path) if current is not None and current.path else "")

    def recover(self, lost: Lost) -> OpenDocument | None:
        """Bring back a document that a crash left behind, its changes as one step on what its file says."""
        kept = lost.kept
        path = Path(kept.path) if kept.path else None
        if path is not None and path.is_file():
            if not self.open_file(path):
                return None
            made = self.documents.current
        else:
            sample = next((one for one in list_samples() if one.name == kept.sample), None)
            session = EditorSession("", path)
            session.document.folder = Path(kept.folder) if kept.folder else session.document.folder
            made = self._show(session, sample)
        if made is None or made.session is None:
            return None
        made.session.apply_text(kept.text, self.tr("recover"))
        made.session.check_now()
        return made

    def read_now(self, made: OpenDocument) -> None:
        """Read the file of a tab that came back; the tab goes when it cannot be read."""
        if made.later is None:
            return
        text = self.files.read(made.later)
        if text is None:
            self.documents.remove(made)
        else:
            self.documents.fill(made, EditorSession(text, made.later))

    def _show(self, session: EditorSession, sample: Sample | None = None) -> OpenDocument:
        """In a new tab, which takes the place of an empty graph that nobody has touched."""
        before = self.documents.current
        made = self.documents.add(session, sample)
        if before is not None and before.untouched:
            self.documents.remove(before)
        return made

    # --- saving and closing ----------------------------------------------------------------------------------

    def save(self, elsewhere: bool = False, made: OpenDocument | None = None) -> bool:
        """The document in front, or another, in the background. False when nothing is to be written."""
        self.take_typed()
        made = made or self.documents.current
        session = made.session if made is not None else None
        if made is None or session is None:
            return False
        if made.page.text.dirty:
            made.page.text.apply()
        if made.on_disk and session.path is not None and not elsewhere and not self.files.ask_overwrite(session.path):
            return False
        path = session.path
        if path is None or elsewhere:
            path = self.files.ask_target(session)
            if path is None:
                return False
            session.name_after(path)
        self.said.emit(self.tr("Saving {} …").format(path))
        target = path
        sample = None if session.path else made.sample
        self.saving.write(session, target, sample, lambda error: self._saved(made, target, error))
        return True

    def _saved(self, made: OpenDocument, path: Path, error: Exception | None) -> None:
        if error is not None:
            self.said.emit(self.tr("Not saved: {}").format(path))
            self.files.tell_unwritten(path, error)
            return
        made.sample = None
        self.files.remember(path)
        self.documents.show_title(made)
        self.remember_tabs()
        self.said.emit(self.tr("Saved {}").format(path))

    def save_all(self) -> bool:
        """Everything that has changes. False when one of them is not to be written."""
        self.take_typed()
        return all(self.save(made=made) for made in self.documents.modified())

    def may_leave(self, documents: Iterable[OpenDocument]) -> bool:
        """Wait for what is being written, and ask once about the changes in these that are not saved.

        False: the person wants to stay, or something could not be written.
        """
        self.take_typed()
        documents = list(documents)
        if not self.saving.wait():
            return False
        unsaved = [made for made in documents if made.modified]
        if not unsaved:
            return True
        if self.documents.current not in unsaved:
            self.documents.show_document(unsaved[0])
        answer = self.files.ask_unsaved([made.title for made in unsaved])
        if answer == "save":
            begun = all(self.save(made=made) for made in unsaved)
            return self.saving.wait() and begun and not any(made.modified for made in unsaved)
        return answer == "discard"

    def close(self, documents: Iterable[OpenDocument] | None = None) -> bool:
        """The document in front, or these. False when the person stays."""
        current = self.documents.current
        chosen = list(documents) if documents is not None else [current] if current is not None else []
        if not self.may_leave(chosen):
            return False
        for made in chosen:
            self.documents.remove(made)
        return True
