"""Notices when another program writes the file of an open document, and asks whose text counts."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QFileSystemWatcher, QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QBoxLayout

from windlass_gui.background import Background
from windlass_gui.files.documents import Documents, OpenDocument
from windlass_gui.files.notice import Notice

SETTLE = 300
"""Milliseconds after the last word of the file system until a file is read: who writes is mostly done by then."""


class Watching(QObject):
    """Reads in the background; compares with the text that was last read from the file or written to it."""

    def __init__(self, documents: Documents, background: Background) -> None:
        super().__init__(documents)
        self.documents = documents
        self._background = background
        self._watcher = QFileSystemWatcher(self)
        self._known: dict[OpenDocument, tuple[Path, str]] = {}
        self._notices: dict[OpenDocument, Notice] = {}
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SETTLE)
        self._timer.timeout.connect(self.look)
        # A file that is replaced by another is no longer watched, but its folder tells.
        self._watcher.fileChanged.connect(lambda _: self._timer.start())
        self._watcher.directoryChanged.connect(lambda _: self._timer.start())
        # Network file systems tell nothing: coming back to the window is the time to look.
        QGuiApplication.instance().applicationStateChanged.connect(self._state_changed)  # type: ignore[union-attr]
        documents.added.connect(self._follow)
        documents.removed.connect(self._forget)

    def _state_changed(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self._timer.start()

    def _follow(self, made: OpenDocument) -> None:
        if made.session is not None:
            made.session.title_changed.connect(lambda: self._settled(made))
            made.session.saved.connect(lambda path, text: self._know(made, path, text))
            self._settled(made)

    def _settled(self, made: OpenDocument) -> None:
        """Without changes the document's text is that of its file."""
        session = made.session
        if session is None or session.path is None or session.modified:
            return
        if self._known.get(made) != (session.path, session.document.text):
            self._know(made, session.path, session.document.text)

    def _know(self, made: OpenDocument, path: Path, text: str) -> None:
        """This is what the file says."""
        self._known[made] = (path, text)
        if made.on_disk is not None:
            made.on_disk = None
            self._notices[made].hide()
        self._watch()

    def _forget(self, made: OpenDocument) -> None:
        self._known.pop(made, None)
        self._notices.pop(made, None)
        self._watch()

    def _watch(self) -> None:
        wanted = {str(path) for path, _ in self._known.values()}
        wanted |= {str(path.parent) for path, _ in self._known.values()}
        have = set(self._watcher.files()) | set(self._watcher.directories())
        if have - wanted:
            self._watcher.removePaths(list(have - wanted))
        if wanted - have:
            missing = sorted(wanted - have)
            self._background.do(lambda: [path for path in missing if Path(path).exists()], self._add)

    def _add(self, paths: list[str]) -> None:
        """These are there; whoever closed their documents meanwhile does not mind that they are watched."""
        if paths and len(self._watcher.addPaths(paths)) < len(paths):
            self._timer.start()  # for what was written before it was watched

    def look(self) -> None:
        """Compare every open file with what is known of it."""
        self._watch()
        for made, (path, known) in self._known.items():
            self._background.do(
                lambda path=path, known=known: _other_text(path, known),  # type: ignore[misc]
                lambda found, made=made, path=path, known=known: self._found(made, path, known, found),  # type: ignore[misc]
            )

    def _found(self, made: OpenDocument, path: Path, known: str, found: str | None) -> None:
        if self._known.get(made) != (path, known) or found == made.on_disk:
            return
        made.on_disk = found
        notice = self._notice(made)
        if found is None:
            notice.hide()
        elif found:
            reload, tip = self.tr("Reload"), self.tr("Take what the file says, as a step that can be undone")
            keep, keep_tip = self.tr("Keep mine"), self.tr("Go on with this text; Save writes it over the file's")
            notice.say(
                self.tr("Another program has changed “{}”.").format(path.name),
                (reload, tip, lambda: self.reload(made)),
                (keep, keep_tip, lambda: self.keep(made)),
            )
        else:
            notice.say(
                self.tr("“{}” is gone. Save writes it anew.").format(path.name),
                (self.tr("Keep"), self.tr("Go on with this text"), lambda: self.keep(made)),
            )

    def _notice(self, made: OpenDocument) -> Notice:
        if made not in self._notices:
            self._notices[made] = Notice()
            layout = made.page.layout()
            if isinstance(layout, QBoxLayout):
                layout.insertWidget(0, self._notices[made])
        return self._notices[made]

    def reload(self, made: OpenDocument) -> None:
        """The file's text becomes the document's."""
        session, text = made.session, made.on_disk
        if session is None or not text:
            return
        made.on_disk = None
        made.page.text.apply()
        session.apply_text(text, self.tr("reload"))
        session.undo.setClean()

    def keep(self, made: OpenDocument) -> None:
        """The document stays as it is and is no longer the same as its file."""
        session, text = made.session, made.on_disk
        if session is None or text is None:
            return
        made.on_disk = None
        self._known[made] = (self._known[made][0], text)
        session.undo.resetClean()


def _other_text(path: Path, known: str) -> str | None:
    """What the file says, if that is not `known`; empty when there is no such file."""
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        return None
    return text if text != known else None
