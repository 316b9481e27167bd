"""Everything that can be added to a graph: kinds of tasks, a person's templates, samples; and how one is found."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QCoreApplication, QObject, Signal

from windlass_gui.editor.parts.kinds import KINDS
from windlass_gui.editor.parts.templates import Templates
from windlass_resources.samples import list_samples


@dataclass(frozen=True, slots=True)
class Part:
    """One thing on the shelf."""

    group: str
    """kind, template or sample."""
    key: str
    """Within its group: a kind's key, a template's or sample's name."""
    label: str
    icon: str
    hint: str


class Shelf(QObject):
    """The parts in the order of the palette."""

    changed = Signal()

    def __init__(self, templates: Templates, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.templates = templates
        templates.changed.connect(self.changed)

    def parts(self) -> list[Part]:
        kinds = [Part("kind", kind.key, _tr(kind.label), kind.icon, _tr(kind.hint)) for kind in KINDS]
        kept = [Part("template", one.name, one.name, "template", one.hint) for one in self.templates.all]
        samples = [Part("sample", one.name, one.title, "sample", one.description) for one in list_samples()]
        return kinds + kept + samples

    def search(self, words: str) -> list[Part]:
        """Parts that hold all of the words, the best first: those whose name begins so, then by name, then by hint."""
        wanted = words.casefold().split()
        ranked = []
        for place, part in enumerate(self.parts()):
            label, hint = part.label.casefold(), f"{part.key} {part.hint}".casefold()
            if not all(word in label or word in hint for word in wanted):
                continue
            rank = 0
            for word in wanted:
                starts = any(piece.startswith(word) for piece in label.split())
                rank += 0 if label.startswith(word) else 1 if starts else 2 if word in label else 3
            ranked.append((rank, place, part))
        return [part for _, _, part in sorted(ranked, key=lambda entry: entry[:2])]


def group_title(group: str) -> str:
    """The heading above the parts of a group."""
    return {"kind": _tr("Tasks"), "template": _tr("My templates"), "sample": _tr("Samples")}[group]


def _tr(text: str) -> str:
    return QCoreApplication.translate("Shelf", text)
