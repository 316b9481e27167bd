"""A run on the canvas: grids that answer the mouse, badges, hatching, the critical path, following."""

from __future__ import annotations

from array import array
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QMouseEvent, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from windlass.wire import messages as m
from windlass.wire.rows import Counts
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.editor.canvas.live import node_live
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.editor.page import EditorPage
from windlass_gui.look.theme import ITEM_STATES, theme_switch
from windlass_gui.runs import ends as ends_of
from windlass_gui.runs.run_view import RunView

TEXT = """windlass: 1
name: frames
tasks:
  split: {command: "true", position: [0, 0]}
  render: {command: "true", needs: split, foreach: 500, position: [300, 0]}
  join: {command: "true", needs: {task: render}, position: [600, 0]}
"""
FAILED, OK = ITEM_STATES.index("failed"), ITEM_STATES.index("succeeded")


class Shown:
    """The canvas of TEXT with run 7 on it."""

    def __init__(self, bridge: Bridge, link: RecordingLink, make: Any, qtbot: Any) -> None:
        theme = theme_switch().theme
        self.bridge, self.link, self.make = bridge, link, make
        self.run_view = RunView(bridge)
        self.page = EditorPage(theme, self.run_view)
        qtbot.addWidget(self.page)
        qtbot.addWidget(self.run_view)
        self.page.resize(1100, 600)
        self.session = EditorSession(TEXT)
        self.page.show_session(self.session)
        assert self.page.view is not None
        self.view = self.page.view
        self.run_view.show_session(self.session, self.view.graph)
        self.page.show()
        self.view.resetTransform()
        self.view.centerOn(400, 80)
        self.canvas = self.run_view.canvas
        self.states = bytearray([OK] * 490 + [FAILED] * 10)
        self.run_view.show_run(7, TEXT)
        self.tell("failed")

    def tell(self, state: str, **counts: int) -> None:
        rows = [
            self.make.task(0, 1, id="split", array=False, counts=Counts(succeeded=1)),
            self.make.task(
                1, 500, id="render", needs=["split"], counts=Counts(**(counts or {"succeeded": 490, "failed": 10}))
            ),
            self.make.task(2, 1, id="join", needs=["render"], array=False, counts=Counts(skipped=1)),
        ]
        row = self.make.run(7, state=state)
        attempts = [self.make.attempt(1, 495, 2, 7, state="exited", outcome="nonzero", code=3, error="exit code 3")]
        self.link.tell(
            self.make.snapshot("runs", runs=[row]),
            self.make.snapshot(
                "run:7", run=row, tasks=rows, attempts=attempts,
                states={0: bytes([OK]), 1: bytes(self.states), 2: bytes([ITEM_STATES.index("skipped")])},
            ),
        )  # fmt: skip
        self.bridge.frame()
        self.canvas.refresh()

    def cell(self, item: int) -> QPoint:
        """Where in the view the cell of an item is."""
        overlay = self.canvas.overlay
        assert overlay is not None
        one = overlay.grids["render"]
        order = np.arange(500) if one.order is None else one.order
        cell = int(np.flatnonzero(order == item)[0]) // one.shape.each
        rect = overlay.grid_rect(one)
        at = rect.topLeft() + QPointF(cell % one.shape.columns * 7 + 3, cell // one.shape.columns * 7 + 3)
        return self.view.mapFromScene(at)

    def picture(self) -> QImage:
        return self.view.viewport().grab().toImage()


@pytest.fixture
def shown(bridge: Bridge, link: RecordingLink, make: Any, qtbot: Any) -> Shown:
    return Shown(bridge, link, make, qtbot)


def columns(*rows: tuple[int, int, int, float, float, int]) -> dict[str, Any]:
    """An answer to GetColumns: (task, index, attempt, started, ended, memory)."""
    kinds = {"task": "I", "index": "I", "attempt": "I", "started": "d", "ended": "d", "memory": "q"}
    data: dict[str, Any] = {
        name: array(kind, [row[at] for row in rows]).tobytes() for at, (name, kind) in enumerate(kinds.items())
    }
    data |= {"agent": bytes(2 * len(rows)), "outcome": bytes(len(rows)), "slot": bytes(4 * len(rows))}
    return data | {"agents": ["a"], "outcomes": ["ok"], "count": len(rows), "next": None, "last": len(rows)}


def test_a_click_on_a_cell_opens_its_item(shown: Shown, qtbot: Any) -> None:
    overlay = shown.canvas.overlay
    assert overlay is not None
    viewport = shown.view.viewport()
    asked: list[tuple[int, int]] = []
    shown.canvas.item_asked.connect(lambda *item: asked.append(item))
    assert overlay.grids["render"].shape.each == 6  # 500 items in three rows
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=shown.cell(495))
    assert overlay.grids["render"].unfolded  # where a cell stands for many, a click shows them first
    assert overlay.grids["render"].shape.each == 1
    assert asked == []
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=shown.cell(495))
    assert asked == [(1, 495)]
    assert shown.view.graph.selected == set()  # the canvas below saw nothing of it
    at, none = QPointF(shown.cell(3)), Qt.MouseButton.NoButton
    moved = QMouseEvent(QEvent.Type.MouseMove, at, at, none, none, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(viewport, moved)
    assert overlay.hovered == ("render", 3)
    below = overlay.panel_rect(overlay.grids["render"]).bottomLeft() + QPointF(20, -8)
    QTest.mouseClick(viewport, Qt.MouseButton.LeftButton, pos=shown.view.mapFromScene(below))
    assert not overlay.grids["render"].unfolded


def test_a_cell_tells_what_it_stands_for(shown: Shown) -> None:
    overlay = shown.canvas.overlay
    assert overlay is not None
    one = overlay.grids["render"]
    assert "render, items 486 to 491" in shown.canvas.cell_words(one, 81)
    assert "2 failed" in shown.canvas.cell_words(one, 81)
    shown.canvas.unfold("render")
    text = shown.canvas.cell_words(overlay.grids["render"], 495)
    assert text.splitlines()[0] == "render[495]: failed"
    assert "2.0 s" in text
    assert "exit code 3" in text
    QToolTip.hideText()


def test_orders_that_need_the_record_ask_for_it_once(shown: Shown, link: RecordingLink, bridge: Bridge) -> None:
    assert not link.of(m.GetColumns)
    shown.run_view.tools.orders["duration"].trigger()
    (asked,) = link.of(m.GetColumns)
    asked.answer(columns((1, 3, 1, 10.0, 90.0, 5), (1, 4, 1, 10.0, 30.0, 7)))
    bridge.frame()
    shown.canvas.refresh()
    assert shown.canvas.overlay is not None
    order = shown.canvas.overlay.grids["render"].order
    assert order is not None
    assert order[:2].tolist() == [3, 4]
    shown.canvas.order_by("state")
    order = shown.canvas.overlay.grids["render"].order
    assert order is not None
    assert set(order[:10].tolist()) == set(range(490, 500))
    assert len(link.of(m.GetColumns)) == 1


def test_a_page_that_is_damaged_is_refused() -> None:
    good = columns((1, 3, 1, 10.0, 90.0, 5))
    with pytest.raises(ValueError, match="different lengths"):
        ends_of.parse_page({**good, "task": b""})


def test_failures_are_seen_from_afar(shown: Shown) -> None:
    for zoom in (1.0, 0.3, 0.05):
        shown.view.resetTransform()
        shown.view.scale(zoom, zoom)
        shown.view.centerOn(400, 34)
        shown.picture()
        assert shown.canvas.overlay is not None
        (badge,) = shown.canvas.overlay.badges
        assert (badge.items, badge.tasks) == (10, 1)
        at = shown.view.mapFromScene(QPointF(500, 0))
        assert abs(badge.x - at.x()) <= 2
        color = shown.picture().pixelColor(int(badge.x), int(badge.y) - 7)
        danger = theme_switch().theme.color("danger")
        assert abs(color.red() - danger.red()) < 40


def test_what_never_ran_is_hatched_and_says_why(shown: Shown, link: RecordingLink, bridge: Bridge) -> None:
    live = shown.view.graph.nodes["join"].live
    assert live is not None
    assert "Skipped" in live.unreached
    said: list[tuple[str, str]] = []
    shown.run_view.tell_why("join", lambda task, line: said.append((task, line)))
    asked = [asked for asked in link.of(m.GetItems) if asked.message.task == 2]
    asked[-1].answer({"items": [{"note": "'render' failed"}], "next": None})
    bridge.frame()
    assert said == [("join", "'render' failed")]


@pytest.mark.parametrize(
    ("row", "over", "ran", "words"),
    [
        ({"count": 3, "counts": Counts(cancelled=3)}, True, False, "before it began"),
        ({"count": 3, "counts": Counts(cancelled=3)}, True, True, ""),
        ({"count": 3, "counts": Counts(pending=3)}, False, False, ""),
        ({"count": None, "counts": Counts()}, True, False, "before its items were known"),
        ({"count": 0, "counts": Counts()}, False, False, "empty"),
        ({"count": 2, "counts": Counts(skipped=1, succeeded=1)}, True, True, ""),
    ],
)
def test_only_what_never_ran_is_unreached(make: Any, row: dict[str, Any], over: bool, ran: bool, words: str) -> None:
    found = node_live(make.task(0, **row), over, ran).unreached
    assert (words in found) if words else found == ""


def test_the_critical_path_is_marked_and_told(shown: Shown, link: RecordingLink, bridge: Bridge) -> None:
    start = shown.make.NOW
    shown.run_view.tools.critical.trigger()
    rows = ((0, 0, 1, start + 1, start + 2, 0), (1, 7, 1, start + 3, start + 9, 0), (1, 8, 1, start + 2, start + 4, 0))
    link.of(m.GetColumns)[0].answer(columns(*rows))
    bridge.frame()
    shown.canvas.refresh()
    assert shown.canvas.overlay is not None
    assert shown.canvas.overlay.path == ["split", "render"]
    assert shown.canvas.path_words() == "9.0 s on the critical path, 2.0 s of it waiting: split → render[7]"
    assert "render[7]" in shown.run_view.tools.critical.toolTip()
    shown.run_view.tools.critical.trigger()
    assert shown.canvas.overlay.path == []


def test_following_ends_when_the_view_is_moved_by_hand(shown: Shown, qtbot: Any) -> None:
    shown.tell("running", succeeded=490, active=10)
    shown.view.centerOn(400, 3000)
    shown.run_view.tools.follow.trigger()
    assert shown.canvas.following
    qtbot.waitUntil(lambda: shown.view.visible_rect.contains(shown.view.graph.node_rect("render")))
    at = QPointF(shown.view.viewport().rect().center())
    none = Qt.MouseButton.NoButton
    wheel = QWheelEvent(
        at, at, QPoint(), QPoint(0, 120), none, Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
    )
    QApplication.sendEvent(shown.view.viewport(), wheel)
    assert not shown.canvas.following
    assert not shown.run_view.tools.follow.isChecked()


def test_hiding_the_run_clears_all_of_it(shown: Shown) -> None:
    shown.run_view.tools.legend.trigger()
    assert shown.canvas.legend is not None
    assert shown.canvas.legend.isVisible()
    shown.run_view.show_run(None)
    shown.picture()
    assert shown.canvas.overlay is not None
    assert (shown.canvas.overlay.grids, shown.canvas.overlay.badges) == ({}, [])
    assert not shown.canvas.legend.isVisible()


def test_a_million_items_are_one_picture(shown: Shown) -> None:
    shown.states = bytearray([OK]) * 1_000_000
    shown.states[123_456] = FAILED
    rows = [shown.make.task(1, 1_000_000, id="render", counts=Counts(succeeded=999_999, failed=1))]
    mirror = shown.bridge.mirror.run(7)
    assert mirror is not None
    mirror.states[1] = shown.states
    shown.canvas.show_rows(rows)
    shown.canvas.refresh()
    assert shown.canvas.overlay is not None
    one = shown.canvas.overlay.grids["render"]
    assert (one.cells == FAILED).sum() == 1
    shown.picture()
