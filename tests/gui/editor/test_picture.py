"""Pictures of the canvas: what is in them, and that making one leaves no trace on the screen."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtGui import QColor, QGuiApplication, QImage, QPainter
from PySide6.QtSvg import QSvgRenderer
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts, TaskRow
from windlass_gui import app
from windlass_gui.editor.canvas.live import node_live
from windlass_gui.editor.canvas.picture import (
    Picture,
    PictureError,
    draw_image,
    picture_rect,
    picture_size,
    save_picture,
)
from windlass_gui.editor.canvas.picture_dialog import PictureDialog
from windlass_gui.editor.canvas.view import GraphView
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.theme import load_theme

from .conftest import GRAPH

LIGHT, DARK = load_theme("light"), load_theme("dark")
TEXT = "{http://www.w3.org/2000/svg}text"


def _texts(path: Path) -> list[str]:
    return [" ".join("".join(node.itertext()).split()) for node in ET.parse(path).iter(TEXT)]


def test_text_stays_text_in_an_svg(view: GraphView, tmp_path: Path) -> None:
    path = tmp_path / "graph.svg"
    save_picture(view.graph, Picture(LIGHT), path)
    assert {"split", "work", "join", "echo split"} <= set(_texts(path))
    assert "<image" not in path.read_text(), "icons are lines"
    renderer = QSvgRenderer(str(path))
    assert renderer.isValid()
    assert renderer.viewBox().size() == picture_size(view.graph, Picture(LIGHT), svg=True)


def test_a_png_has_the_theme_the_scale_and_the_background_that_are_wanted(view: GraphView, tmp_path: Path) -> None:
    path = tmp_path / "graph.png"
    save_picture(view.graph, Picture(LIGHT, scale=2.0), path)
    image = QImage(str(path))
    assert image.size() == picture_size(view.graph, Picture(LIGHT, scale=2.0))
    assert image.width() == 2 * picture_size(view.graph, Picture(LIGHT)).width()
    assert image.pixelColor(3, 3) == QColor(LIGHT.canvas)
    assert draw_image(view.graph, Picture(DARK)).pixelColor(3, 3) == QColor(DARK.canvas)
    assert draw_image(view.graph, Picture(DARK, transparent=True)).pixelColor(3, 3).alpha() == 0


def test_states_are_drawn_where_they_are_wanted(view: GraphView, tmp_path: Path) -> None:
    view.graph.show_live({"join": node_live(TaskRow(2, "join", "", False, 1, Counts(failed=1)))})
    path = tmp_path / "graph.svg"
    save_picture(view.graph, Picture(LIGHT), path)
    assert "failed" in _texts(path)
    save_picture(view.graph, Picture(LIGHT, states=False), path)
    assert "failed" not in _texts(path)
    assert view.graph.nodes["join"].live is not None


def test_only_the_chosen_with_the_links_among_them(view: GraphView, tmp_path: Path) -> None:
    view.graph.select(["split", "work"])
    path = tmp_path / "graph.svg"
    save_picture(view.graph, Picture(LIGHT, part="chosen"), path)
    assert "join" not in _texts(path)
    assert "work" in _texts(path)
    assert view.graph.nodes["join"].isVisible()
    part = picture_size(view.graph, Picture(LIGHT, part="view", seen=QRectF(0, 0, 100, 50), scale=3.0))
    assert (part.width(), part.height()) == (300, 150)


def test_making_one_changes_nothing_on_the_screen(view: GraphView, session: EditorSession, tmp_path: Path) -> None:
    view.graph.show_live({"join": node_live(TaskRow(2, "join", "", False, 1, Counts(failed=1)))})
    view.graph.select(["work"], [("work", "join")])
    told: list[object] = []
    view.graph.selection_changed.connect(lambda: told.append(1))
    before = view.viewport().grab().toImage()
    plain = draw_image(view.graph, Picture(LIGHT))
    for wish in (Picture(LIGHT, states=False), Picture(LIGHT, part="chosen"), Picture(DARK)):
        save_picture(view.graph, wish, tmp_path / "x.svg")
    assert view.viewport().grab().toImage() == before
    assert not told
    view.graph.select(())
    assert draw_image(view.graph, Picture(LIGHT)) == plain, "what is chosen is not set off in a picture"
    assert session.document.text == GRAPH


def test_what_cannot_be_drawn_is_said(view: GraphView, tmp_path: Path, no_qt_warnings: list[str]) -> None:
    with pytest.raises(PictureError, match="too large"):
        draw_image(view.graph, Picture(LIGHT, scale=100.0))
    with pytest.raises(PictureError, match="end the name in"):
        save_picture(view.graph, Picture(LIGHT), tmp_path / "graph.gif")
    for name in ("graph.png", "graph.svg"):
        with pytest.raises(PictureError, match="cannot be written"):
            save_picture(view.graph, Picture(LIGHT), tmp_path / "no" / name)
    with pytest.raises(PictureError, match="nothing"):
        save_picture(view.graph, Picture(LIGHT, part="chosen"), tmp_path / "graph.svg")
    no_qt_warnings.clear()


def test_the_dialog_shows_it_saves_it_and_copies_it(
    view: GraphView, tmp_path: Path, each_theme: str, qtbot: QtBot
) -> None:
    dialog = PictureDialog(view)
    assert dialog.wish().theme.name == each_theme
    qtbot.waitUntil(lambda: not dialog.preview.pixmap().isNull())
    dialog.scale.setCurrentIndex(0)
    assert "PNG" in dialog.size_told.text()
    dialog.save(tmp_path / "no" / "graph.png")
    qtbot.waitUntil(lambda: "cannot be written" in dialog.size_told.text())
    assert dialog.result() == 0
    assert dialog.save_button.isEnabled()
    with qtbot.waitSignal(dialog.accepted):
        dialog.save(tmp_path / "graph.png")
    assert QImage(str(tmp_path / "graph.png")).size() == picture_size(view.graph, dialog.wish())
    with qtbot.waitSignal(dialog.accepted):
        dialog.copy()
    assert QGuiApplication.clipboard().image().size() == picture_size(view.graph, dialog.wish())
    dialog.deleteLater()


def test_the_command_line_draws_without_a_window(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, to = tmp_path / "graph.yaml", tmp_path / "graph.svg"
    file.write_text(GRAPH)
    assert app.main([str(file), "--export", str(to)]) == 0
    assert "join" in _texts(to)
    assert app.main(["--export", str(to)]) == 2
    assert app.main([str(tmp_path / "none.yaml"), "--export", str(to)]) == 1
    file.write_text("tasks: [unclosed")
    assert app.main([str(file), "--export", str(to)]) == 1
    assert "cannot be read" in capsys.readouterr().err


def test_it_is_what_the_canvas_draws(view: GraphView) -> None:
    view.graph.show_live({"join": node_live(TaskRow(2, "join", "", False, 1, Counts(failed=1)))})
    view.graph.show_problems({"work": "the program is missing"})
    theme = view.graph.look.theme
    drawn = draw_image(view.graph, Picture(theme))
    image = QImage(drawn.size(), drawn.format())
    image.fill(theme.color("canvas"))
    view.graph.prepare(view.graph.extent())
    painter = QPainter(image)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    view.graph.render(painter, QRectF(image.rect()), picture_rect(view.graph, Picture(theme)))
    painter.end()
    assert drawn == image
