"""The templates that a person keeps: tasks to be used again, each a graph document in a folder of the settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from windlass.model.blocks import dump
from windlass.model.document import DocumentError
from windlass.model.edit import DocumentText
from windlass_gui.editor.document.clipping import read_clipping
from windlass_gui.whole_file import replacing

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
    """The folder, as it was last read."""

    changed = Signal()

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.folder = folder
        self.all: list[Template] = []
        """By name."""
        self.read()

    def read(self) -> None:
        """Look into the folder. What cannot be read as a template is left out."""
        found = []
        for path in sorted(self.folder.glob("*.yaml")):
            try:
                if path.stat().st_size <= LARGEST:
                    text = path.read_text("utf-8")
                    read_clipping(text)
                    found.append(Template(_name_in(text) or path.stem, text, path))
            except (OSError, ValueError):
                continue
        self.all = sorted(found, key=lambda template: template.name.casefold())
        self.changed.emit()

    def find(self, name: str) -> Template | None:
        return next((template for template in self.all if template.name == name), None)

    def save(self, name: str, tasks: str) -> None:
        """Keep a piece of YAML, as `clip` gives it, under a name; one of that name is replaced. Raises OSError."""
        text = dump({"windlass": 1, "name": name}) + tasks
        old = self.find(name)
        path = old.path if old is not None else self._free_path(name)
        self.folder.mkdir(parents=True, exist_ok=True)
        with replacing(path) as file:
            file.write(text.encode())
        self.read()

    def remove(self, name: str) -> None:
        """Raises OSError."""
        template = self.find(name)
        if template is not None:
            template.path.unlink(missing_ok=True)
            self.read()

    def rename(self, name: str, new: str) -> None:
        """Raises OSError, and ValueError when another has the new name."""
        template = self.find(name)
        if template is None or new == name:
            return
        if self.find(new) is not None:
            raise ValueError(f"there is a template “{new}” already")
        source = DocumentText(template.text)
        source.set_top("name", new)
        with replacing(template.path) as file:
            file.write(source.to_text().encode())
        self.read()

    def _free_path(self, name: str) -> Path:
        stem = re.sub(r"[^\w-]+", "-", name).strip("-") or "template"
        path, number = self.folder / f"{stem}.yaml", 2
        while path.exists():
            path, number = self.folder / f"{stem}-{number}.yaml", number + 1
        return path


def _name_in(text: str) -> str:
    try:
        name = DocumentText(text).data.get("name")
    except DocumentError:
        return ""
    return name if isinstance(name, str) else ""
