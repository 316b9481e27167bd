"""News of a run paints what it changed, and no more; what then stands on the screen is what a whole picture shows."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QEvent, QObject, QRect
from PySide6.QtGui import QImage, QPaintEvent, QRegion
from PySide6.QtWidgets import QApplication, QHBoxLayout, QWidget
from pytestqt.qtbot import QtBot

from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.page import EditorPage
from windlass_gui.look.theme import ITEM_STATES, theme_switch
from windlass_gui.panes import ItemsPane
from windlass_gui.panes.words import Elided
from windlass_gui.runs.run_view import RunView

ITEMS = 3000
TEXT = f"""windlass: 1
name: many
tasks:
  split: {{command: "true", position: [0, 0]}}
  render: {{command: "true", needs: split, foreach: {ITEMS}, position: [300, 0]}}
"""
OK, ACTIVE, FAILED = (ITEM_STATES.index(state) for state in ("succeeded", "active", "failed"))


class Watch(QObject):
    """What is painted of a widget, and whether it is laid out anew."""

    def __init__(self, widget: QWidget) -> None:
        super().__init__(widget)
        self.painted = QRegion()
        self.layouts = 0
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QPaintEvent):
            self.painted += event.region()
        self.layouts += event.type() == QEvent.Type.LayoutRequest
        return False

    def forget(self) -> None:
        QApplication.processEvents()
        self.painted, self.layouts = QRegion(), 0


class World:
    """Run 1 with one array that goes on."""

    def __init__(self, bridge: Bridge, link: RecordingLink, make: Any) -> None:
        self.bridge, self.link, self.make = bridge, link, make
        self.states = bytearray(ITEMS)
        bridge.follow(1)
        rows = [make.task(0, 1, id="split", array=False), self.row()]
        link.tell(make.snapshot("runs", runs=[make.run(1)], removed=[]))
        link.tell(make.snapshot("run:1", run=make.run(1), tasks=rows, states={0: bytes(1), 1: bytes(self.states)}))
        bridge.frame()

    def row(self) -> Any:
        counts = {state: self.states.count(ITEM_STATES.index(state)) for state in Counts.__struct_fields__}
        return self.make.task(1, ITEMS, id="render", needs=["split"], counts=Counts(**counts))

    def go_on(self, first: int, last: int, state: int = OK) -> None:
        self.states[first:last] = bytes([state]) * (last - first)
        row = self.row()
        changed = [(1, item, state) for item in range(first, last)]
        self.link.tell(self.make.delta("runs", runs=[self.make.run(1, counts=row.counts)], removed=[]))
        self.link.tell(self.make.delta("run:1", changed, run=self.make.run(1, counts=row.counts), tasks=[row]))
        self.bridge.frame()


@pytest.fixture
def world(bridge: Bridge, link: RecordingLink, make: Any) -> World:
    return World(bridge, link, make)


def on_screen(widget: QWidget) -> QImage:
    """What was really painted so far, not what would be if all were painted now. The screen is 800 pixels wide."""
    QApplication.processEvents()
    found = widget.screen().grabWindow(widget.window().winId()).toImage()
    corner = widget.mapTo(widget.window(), widget.rect().topLeft())
    return found.copy(QRect(corner, widget.size())).convertToFormat(QImage.Format.Format_RGB32)


def whole(widget: QWidget) -> QImage:
    return widget.grab().toImage().convertToFormat(QImage.Format.Format_RGB32)


def test_items_that_are_out_of_view_cost_no_picture(qtbot: QtBot, world: World) -> None:
    pane = ItemsPane(world.bridge)
    qtbot.addWidget(pane)
    pane.setGeometry(0, 0, 700, 300)
    pane.show()
    pane.show_task(1, 1)
    port = pane.table.viewport()
    watch = Watch(port)
    watch.forget()
    world.go_on(2000, 2400)
    QApplication.processEvents()
    assert watch.painted.isEmpty()
    world.go_on(2, 4)
    QApplication.processEvents()
    assert not watch.painted.isEmpty()
    assert watch.painted.boundingRect().height() < port.height() / 2
    assert on_screen(port) == whole(port)
    pane.table.scrollTo(pane.items.index(2399, 0))
    assert on_screen(port) == whole(port), "what came out of view is seen"
    watch.forget()
    world.go_on(2398, 2400, FAILED)
    assert on_screen(port) == whole(port)
    assert not watch.painted.isEmpty()


def test_a_line_that_says_something_else_lays_nothing_out(qtbot: QtBot) -> None:
    around = QWidget()
    qtbot.addWidget(around)
    line = Elided("muted")
    QHBoxLayout(around).addWidget(line)
    around.setGeometry(0, 0, 300, 40)
    around.show()
    watch = Watch(around)
    watch.forget()
    line.setText("12 of 60 ended")
    assert on_screen(line) == whole(line)
    assert watch.layouts == 0
    assert (line.text(), line.accessibleName()) == ("12 of 60 ended", "12 of 60 ended")
    empty = whole(line)
    line.setText("")
    assert on_screen(line) == whole(line) != empty


@pytest.mark.parametrize("zoom", [1.0, 0.7, 0.3])
def test_on_the_canvas_only_the_node_and_its_grid_are_painted(qtbot: QtBot, world: World, zoom: float) -> None:
    run_view = RunView(world.bridge)
    page = EditorPage(theme_switch().theme)
    qtbot.addWidget(page)
    page.setGeometry(0, 0, 760, 600)
    session = EditorSession(TEXT)
    page.show_session(session)
    view = page.view
    assert view is not None
    run_view.show_session(session, view.graph)
    page.show()
    run_view.show_run(1, TEXT)
    view.resetTransform()
    view.scale(zoom, zoom)
    view.centerOn(250, 60)
    port, canvas = view.viewport(), run_view.canvas
    watch = Watch(port)
    canvas.refresh()
    watch.forget()

    def news(first: int, last: int, state: int) -> None:
        world.go_on(first, last, state)
        run_view._paced.now()
        canvas._paced.now()

    for at, state in enumerate((ACTIVE, OK, FAILED, ACTIVE, OK)):
        watch.forget()
        news(at * 300, at * 300 + 400, state)
        seen, painted = on_screen(port), watch.painted.boundingRect()
        assert seen == whole(port), (at, state)
        assert not painted.isEmpty()
        if at < 2:  # from then on there is a badge, which may be anywhere
            assert painted.width() * painted.height() < port.width() * port.height() / 4
    canvas.unfold("render")
    news(100, 900, FAILED)
    assert on_screen(port) == whole(port)
    canvas.unfold("render")
    news(0, ITEMS, OK)
    assert on_screen(port) == whole(port)
