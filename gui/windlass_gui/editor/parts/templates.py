"""The templates that a person keeps: tasks to be used again, each a graph document in a folder of the settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from windlass.model.blocks import dump
from windlass.model.document import DocumentError
from windlass.model.edit import DocumentText
from windlass_gui.background import Background
from windlass_gui.editor.document.clipping import read_clipping
from windlass_gui.whole_file import replacing

Failed = Callable[[Exception], object]
"""Hears why nothing was written."""
LARGEST = 1_000_000
"""Bytes of a file that may be a template."""


@dataclass(frozen=True, slots=True)
class Template:
    """One of them."""

    name: str
    text: str
    """The document."""
    path: Path

    @property
    def hint(self) -> str:
        tasks = list(read_clipping(self.text).tasks)
        return ", ".join(tasks[:8]) + (", …" if len(tasks) > 8 else "")


class Templates(QObject):
    """The folder, as it was last read; read and written in the background."""

    changed = Signal()

    def __init__(self, folder: Path, background: Background, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.all: list[Template] = []
        """By name."""
        self._background = background
        self.read()

    def read(self) -> None:
        """Look into the folder. What cannot be read as a template is left out."""
        self._do(lambda: None)

    def find(self, name: str) -> Template | None:
        return next((template for template in self.all if template.name == name), None)

    def save(self, name: str, tasks: str, failed: Failed | None = None) -> None:
        """Keep a piece of YAML, as `clip` gives it, under a name; one of that name is replaced."""
        text = dump({"windlass": 1, "name": name}) + tasks
        old = self.find(name)

        def write() -> None:
            self.folder.mkdir(parents=True, exist_ok=True)
            _write(old.path if old is not None else _free_path(self.folder, name), text)

        self._do(write, failed)

    def remove(self, name: str, failed: Failed | None = None) -> None:
        template = self.find(name)
        if template is not None:
            self._do(lambda: template.path.unlink(missing_ok=True), failed)

    def rename(self, name: str, new: str, failed: Failed | None = None) -> None:
        """Raises ValueError when another has the new name."""
        template = self.find(name)
        if template is None or new == name:
            return
        if self.find(new) is not None:
            raise ValueError(f"there is a template “{new}” already")
        source = DocumentText(template.text)
        source.set_top("name", new)
        self._do(lambda: _write(template.path, source.to_text()), failed)

    def _do(self, job: Callable[[], object], failed: Failed | None = None) -> None:
        def work() -> list[Template]:
            job()
            return _found(self.folder)

        self._background.do(work, self._take, failed)

    def _take(self, found: list[Template]) -> None:
        if found != self.all:
            self.all = found
            self.changed.emit()


def _found(folder: Path) -> list[Template]:
    """By name."""
    found = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            if path.stat().st_size <= LARGEST:
                text = path.read_text("utf-8")
                read_clipping(text)
                found.append(Template(_name_in(text) or path.stem, text, path))
        except (OSError, ValueError):
            continue
    return sorted(found, key=lambda template: template.name.casefold())


def _write(path: Path, text: str) -> None:
    with replacing(path) as file:
        file.write(text.encode())


def _free_path(folder: Path, name: str) -> Path:
    stem = re.sub(r"[^\w-]+", "-", name).strip("-") or "template"
    path, number = folder / f"{stem}.yaml", 2
    while path.exists():
        path, number = folder / f"{stem}-{number}.yaml", number + 1
    return path


def _name_in(text: str) -> str:
    try:
        name = DocumentText(text).data.get("name")
    except DocumentError:
        return ""
    return name if isinstance(name, str) else ""
