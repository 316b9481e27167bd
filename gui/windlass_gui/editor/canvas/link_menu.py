"""The context menu of a link."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QMenu

from windlass_gui.editor.document.linking import Link
from windlass_gui.editor.parts.kinds import KINDS
from windlass_gui.look.icons import icon

if TYPE_CHECKING:
    from windlass_gui.editor.canvas.view import GraphView


def fill_link_menu(menu: QMenu, view: GraphView, link: Link) -> None:
    """What may be done with a link. One of a folded frame stands for several, which can only be removed together."""
    session, graph = view.session, view.graph
    facts = session.document.facts
    if set(link) <= facts.keys():
        toggle = menu.addAction(_tr("Wait item by item"))
        toggle.setCheckable(True)
        toggle.setChecked(dict(facts[link[1]].needs).get(link[0], False))
        toggle.toggled.connect(lambda on: session.set_each(link[0], link[1], on))
        menu.addAction(_tr("Take it to another task…\tL"), view.keyboard.begin_link)
        inner = menu.addMenu(_tr("Insert a task"))
        for kind in KINDS:
            inner.addAction(
                icon(kind.icon, graph.look.theme, "accent"), _tr(kind.label), partial(view.add_task, kind.key)
            )
        menu.addSeparator()
    menu.addAction(_tr("Choose its ends"), lambda: graph.select(link))
    menu.addAction(_tr("Remove link\tDel"), lambda: session.remove((), graph.task_links([link])))


def _tr(text: str) -> str:
    return QCoreApplication.translate("LinkMenu", text)
