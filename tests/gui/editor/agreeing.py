"""What must hold of every document and its canvas, whatever was done to them."""

from __future__ import annotations

from windlass_gui.editor.canvas.projection import project
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.document.document import Document


def agree(document: Document) -> None:
    """The document read anew from its text is the same."""
    fresh = Document(document.text or "\n")
    assert fresh.unreadable == document.unreadable
    if not document.unreadable:
        assert fresh.facts == document.facts
        assert list(fresh.facts) == list(document.facts)
        assert fresh.raw == document.raw


def mirrors(scene: GraphScene) -> None:
    """The canvas shows just what its document says: tasks, folded frames for theirs, and the links between them."""
    document = scene.document
    facts = project(document.facts, document.frames, scene.shown.inside).facts
    assert set(scene.nodes) == set(facts) == set(scene.geometry.ids)
    wanted = {(n, task): each for task, node in facts.items() for n, each in node.needs if n in facts and n != task}
    assert {link: item.each for link, item in scene.links.items()} == wanted
    for task, node in facts.items():
        assert scene.nodes[task].facts == node
        assert (scene.nodes[task].x(), scene.nodes[task].y()) == scene.geometry.point(task)
        if node.position is not None:
            assert scene.geometry.point(task) == node.position
    for (source, target), item in scene.links.items():
        path = item.path()
        assert (path.elementAt(0).x, path.elementAt(0).y) == scene.geometry.out_port(source)
        assert (path.currentPosition().x(), path.currentPosition().y()) == scene.geometry.in_port(target)
