"""Lines of the inspector that tell something: what is wrong, and on how many of the agents a task could run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel

from windlass.model.fitting import fit
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.form.fleet import Fleet
from windlass_gui.editor.problems.asking import asked
from windlass_gui.look.language import spoken
from windlass_gui.look.theme import M, S, Theme

FITTED = 500
"""Of so many chosen tasks it is worked out on how many agents they could run."""
SAID = 5
"""Problems that the box lists."""


class ProblemBox(QLabel):
    """What the checker says that has no field to stand at; hidden while there is nothing."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setWordWrap(True)
        self.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)

    def tell(self, lines: Sequence[str], wrong: bool) -> None:
        """`wrong`: an error is among them, and not only warnings."""
        theme = self._theme
        self.setText("\n".join(f"• {line}" for line in lines[:SAID]))
        self.setVisible(bool(lines))
        state, line = ("failed", theme.danger) if wrong else ("backoff", theme.warn)
        self.setStyleSheet(
            f"color: {theme.text}; background: {theme.tint(state, 0.2).name()};"
            f"border: 1px solid {line}; border-radius: 6px; padding: 6px; margin: 0 {M}px {S}px {M}px;"
        )


class FitLine(QLabel):
    """On how many of the agents what tasks ask for could run, and why not on the others."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self.setObjectName("fit")
        self.setWordWrap(True)

    def tell(self, session: EditorSession, tasks: Iterable[str], typed: Mapping[str, object], fleet: Fleet) -> None:
        """`typed` is what stands in fields of these tasks and is not entered yet."""
        asks = [asked(session.document.raw, task, typed) for task in list(tasks)[:FITTED]]
        found = [fit(*one, fleet.machines) for one in {repr(one): one for one in asks}.values()]
        worst = min(found, key=lambda one: one.able)
        words = spoken(worst.words())
        if len(found) > 1:
            words = self.tr("the most demanding {}").format(words)
        color = self._theme.warn if worst.never else self._theme.muted
        weight = "600" if worst.never else "400"
        sign = "⚠ " if worst.never else ""
        self.setText(sign + words[:1].upper() + words[1:])
        self.setStyleSheet(f"color: {color}; font-weight: {weight};")
        self.show()
