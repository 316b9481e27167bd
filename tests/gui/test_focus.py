"""Where the keyboard is can be seen at every stop, in both themes; Tab goes through a window in a sensible order."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PySide6.QtCore import QCoreApplication, QPoint, QRect, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtWidgets import QApplication, QDialog, QScrollArea, QWidget
from tests.gui.windows import activate, close_documents

from windlass.wire.rows import Counts
from windlass_gui.look.theme import apply_theme, contrast
from windlass_gui.window.main_window import MainWindow

GRAPH = """windlass: 1
name: dawn
params: {count: 3, word: hi, flag: true}
tasks:
  a: {command: xx, position: [0, 0]}
  b: {command: yy, needs: a, position: [260, 0]}
"""
MOST = 300
PIXELS = 20
"""A ring around the smallest button has more."""
SEEN = 2.5
"""Contrast of a pixel with the keyboard to the same one without."""


@pytest.fixture(scope="module")
def window(shared_window: MainWindow, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MainWindow]:
    path = tmp_path_factory.mktemp("graph") / "dawn.yaml"
    path.write_text(GRAPH)
    assert shared_window.open_file(path)
    yield shared_window
    close_documents(shared_window)


def stops(root: QWidget) -> list[QWidget]:
    """Where Tab leads, once round."""
    activate(root)
    found: list[QWidget] = []
    for _ in range(MOST):
        QWidget.focusNextPrevChild(root, True)
        widget = QApplication.focusWidget()
        if widget is None or widget in found:
            assert widget is None or widget is found[0], f"Tab leads round in a part of the window, from {widget}"
            return found
        found.append(widget)
    raise AssertionError("Tab never comes round")


def pixels(root: QWidget, place: QRect) -> NDArray[np.uint32]:
    image = root.grab(place).toImage().convertToFormat(QImage.Format.Format_RGB32)
    rows = np.frombuffer(image.constBits(), np.uint32).reshape(image.height(), image.bytesPerLine() // 4)
    return rows[:, : image.width()] & 0xFFFFFF


def invisible(root: QWidget) -> list[str]:
    """The stops that look the same with and without the keyboard."""
    found = []
    for widget in stops(root):
        widget.clearFocus()
        above: QWidget | None = widget.parentWidget()
        while above is not None:
            if isinstance(above, QScrollArea):
                above.ensureWidgetVisible(widget)
            above = above.parentWidget()
        QCoreApplication.processEvents()
        place = QRect(widget.mapTo(root, QPoint(0, 0)), widget.size()) & root.rect()
        without = pixels(root, place)
        widget.setFocus(Qt.FocusReason.TabFocusReason)
        QCoreApplication.processEvents()
        within = pixels(root, place)
        changed = without != within
        pairs = {(int(a), int(b)) for a, b in zip(without[changed][:4000], within[changed][:4000], strict=True)}
        best = max((contrast(QColor(a).name(), QColor(b).name()) for a, b in pairs), default=0.0)
        if changed.sum() < PIXELS or best < SEEN:
            found.append(f"{type(widget).__name__} {widget.accessibleName()}: {changed.sum()} pixels, {best:.1f}")
    return found


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_keyboard_is_seen_wherever_it_is(window: MainWindow, theme: str, qapp: QApplication, make: Any) -> None:
    apply_theme(qapp, theme)
    assert window.page.view is not None
    window.page.view.graph.select(["b"])
    window.run_view.show_run(None)
    assert not invisible(window)
    window.bottom.setCurrentWidget(window.timeline)
    assert not invisible(window)
    window.bottom.setCurrentWidget(window.runs)
    window.show_monitor()
    assert window.monitor is not None
    assert not invisible(window.monitor)
    window.monitor.close()


@pytest.mark.parametrize("action", ["settings", "submit_with", "picture", "token", "keys", "save_layout"])
def test_the_keyboard_is_seen_in_a_dialog(window: MainWindow, action: str) -> None:
    window.actions_[action].trigger()
    (dialog,) = (each for each in window.findChildren(QDialog) if each.isVisible())
    assert not invisible(dialog)
    dialog.close()


def test_tab_goes_through_the_inspector_from_top_to_bottom(window: MainWindow) -> None:
    assert window.page.view is not None
    window.page.view.graph.select(["b"])
    QCoreApplication.processEvents()
    inside = [stop for stop in stops(window) if window.inspector.isAncestorOf(stop)]
    names = [stop.accessibleName() for stop in inside]
    assert names.index("Id") < names.index("What it runs") < names.index("Kind") < names.index("Shell line")
    assert names.index("a: item by item") < names.index("Add a need") < names.index("CPUs")
    heights = [stop.mapTo(window.inspector, QPoint(0, 0)).y() for stop in inside]
    assert all(one <= other + 30 for one, other in pairwise(heights)), list(zip(names, heights, strict=True))


def test_tab_goes_through_the_middle_before_the_next_pane(window: MainWindow) -> None:
    found = stops(window)
    inside = [at for at, stop in enumerate(found) if window.documents.isAncestorOf(stop)]
    turned = [*range(inside[0], inside[0] + len(inside))]
    assert inside == turned or len(found) - 1 in inside, "all of it, one after the other, perhaps across the start"
    page = [stop.accessibleName() for stop in found if window.documents.isAncestorOf(stop)]
    assert page.index("How the graph is shown") < page.index("Graph canvas")


def test_tab_goes_through_the_start_page_first(shared_window: MainWindow, tmp_path: Path) -> None:
    close_documents(shared_window)
    found = stops(shared_window)
    inside = [at for at, stop in enumerate(found) if shared_window.start.isAncestorOf(stop)]
    assert len(inside) > 4
    texts = [found[at].accessibleName() or found[at].property("text") for at in inside]
    assert texts.index("New graph") < texts.index("Open…") or texts[0] == "Open…"


def test_a_run_s_bar_is_seen_too(shared_window: MainWindow, make: Any, tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text(GRAPH)
    assert shared_window.open_file(path)
    link: Any = shared_window.bridge._link
    row = make.run(1, "failed", counts=Counts(failed=3))
    link.tell(make.snapshot("runs", runs=[row], removed=[]))
    shared_window.bridge.frame()
    shared_window.run_view.show_run(1, GRAPH)
    QCoreApplication.processEvents()
    assert shared_window.run_view.isVisible()
    assert not invisible(shared_window)
    shared_window.run_view.show_run(None)
    close_documents(shared_window)
