"""Opening and saving graph files, with what has to be asked on the way."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import QCoreApplication, QSettings, Qt
from PySide6.QtWidgets import QFileDialog, QMessageBox, QWidget

from windlass_gui.editor.document.session import EditorSession
from windlass_gui.files.asking import ask_disk

FILTER = "Graphs (*.yaml *.yml *.json);;All files (*)"
RECENT_KEPT = 12
TITLES_SHOWN = 12
"""Unsaved graphs that the question before closing names."""
MAX_FILE = 64 * 1024 * 1024
"""Bytes of a file that is worth trying to read as a graph."""


def _tr(text: str) -> str:
    return QCoreApplication.translate("Files", text)


class Recent(NamedTuple):
    """A file that was open once."""

    path: str
    pinned: bool
    missing: bool


class GraphFiles:
    """Dialogs belong to `window`; the list of recent files lives in the settings."""

    def __init__(self, window: QWidget, settings: QSettings) -> None:
        self.window = window
        self.settings = settings

    def recent(self) -> list[str]:
        """Newest first; some may be gone by now."""
        return strings(self.settings.value("recent"))

    def pinned(self) -> list[str]:
        """Files that stay in the list however old they grow, in the order in which they were pinned."""
        return strings(self.settings.value("pinned"))

    def look_at_recent(self) -> list[Recent]:
        """The pinned ones, then the others. Asks the file system, which may take its time."""
        pinned = self.pinned()
        paths = [*pinned, *(path for path in self.recent() if path not in pinned)]
        return [Recent(path, path in pinned, not Path(path).is_file()) for path in paths]

    def remember(self, path: Path) -> None:
        paths = [str(path), *(known for known in self.recent() if known != str(path))]
        self.settings.setValue("recent", paths[:RECENT_KEPT])

    def pin(self, path: str, on: bool) -> None:
        paths = [known for known in self.pinned() if known != path]
        self.settings.setValue("pinned", [*paths, path] if on else paths)
        if not on:
            self.remember(Path(path))

    def forget(self, path: str) -> None:
        """Take one out of the list; the file is not touched."""
        self.settings.setValue("recent", [known for known in self.recent() if known != path])
        self.settings.setValue("pinned", [known for known in self.pinned() if known != path])

    def forget_recent(self) -> None:
        """All but the pinned ones."""
        self.settings.setValue("recent", [])

    def ask_open(self) -> list[Path]:
        """The files to open; none when the dialog was left."""
        names, _ = QFileDialog.getOpenFileNames(self.window, _tr("Open graphs"), self._folder(), _tr(FILTER))
        return [Path(name) for name in names]

    def read(self, path: Path) -> str | None:
        """The file's text, or None after saying why not, or when the person did not want to wait for the disk."""
        try:
            return ask_disk(lambda: _text_of(path), self.window, path)
        except UnicodeDecodeError:
            self._say(_tr("“{}” is not text in UTF-8.").format(path.name))
        except OSError as error:
            self._say(_tr("“{}” cannot be opened: {}").format(path.name, error.strerror or error))
        return None

    def ask_target(self, session: EditorSession) -> Path | None:
        """The file to save a document in; None when the dialog was left."""
        wish = session.path or Path(self._folder()) / f"{session.document.name}.yaml"
        name, _ = QFileDialog.getSaveFileName(self.window, _tr("Save the graph"), str(wish), _tr(FILTER))
        path = Path(name)
        return None if not name else path if path.suffix else path.with_suffix(".yaml")

    def tell_unwritten(self, path: Path, error: Exception) -> None:
        reason = error.strerror or error if isinstance(error, OSError) else error
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(_tr("Not saved"))
        box.setText(_tr("“{}” cannot be written: {}").format(path.name, reason))
        box.setInformativeText(_tr("Nothing is lost: the graph is open still. Save it again, or elsewhere."))
        box.open()

    def ask_unsaved(self, titles: list[str]) -> str:
        """save, discard or cancel, for one document or several at once."""
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Question)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(_tr("Unsaved changes"))
        buttons = QMessageBox.StandardButton
        if len(titles) == 1:
            box.setText(_tr("“{}” has changes that are not saved.").format(titles[0]))
            save = buttons.Save
        else:
            box.setText(_tr("{} graphs have changes that are not saved.").format(len(titles)))
            shown = [f"• {title}" for title in titles[:TITLES_SHOWN]]
            if len(titles) > TITLES_SHOWN:
                shown.append(_tr("… and {} more").format(len(titles) - TITLES_SHOWN))
            box.setInformativeText("\n".join(shown))
            save = buttons.SaveAll
        box.setStandardButtons(save | buttons.Discard | buttons.Cancel)
        box.setDefaultButton(save)
        answer = buttons(box.exec())
        box.deleteLater()
        return {save: "save", buttons.Discard: "discard"}.get(answer, "cancel")

    def ask_overwrite(self, path: Path) -> bool:
        """Another program has written the file meanwhile."""
        box = QMessageBox(self.window)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setWindowTitle(_tr("The file was changed"))
        box.setText(_tr("Another program has changed “{}” since it was opened.").format(path.name))
        box.setInformativeText(_tr("Saving writes over what it says now."))
        overwrite = box.addButton(_tr("Write over it"), QMessageBox.ButtonRole.DestructiveRole)
        cancel = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(cancel)
        box.exec()
        box.deleteLater()
        return box.clickedButton() is overwrite

    def _folder(self) -> str:
        recent = self.recent()
        return str(Path(recent[0]).parent) if recent else str(Path.home())

    def _say(self, text: str) -> None:
        QMessageBox.warning(self.window, "Windlass", text)


def _text_of(path: Path) -> str:
    """In a thread."""
    if path.stat().st_size > MAX_FILE:
        raise OSError(_tr("it is larger than {} MiB").format(MAX_FILE // 2**20))
    return path.read_text("utf-8-sig")


def strings(stored: object) -> list[str]:
    """A list of strings as QSettings gives it back: an INI file does not tell one string from a list of one."""
    if isinstance(stored, str):
        return [stored] if stored else []
    return [str(one) for one in stored] if isinstance(stored, (list, tuple)) else []
