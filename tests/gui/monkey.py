"""Clicks, keys and commands at random in the real window, from a seed; dialogs and menus that open are clicked too."""

from __future__ import annotations

import random
import traceback
from collections import deque
from collections.abc import Callable
from pathlib import Path

import pytest
from PySide6.QtCore import QEventLoop, QObject, QPoint, QPointF, Qt, QTimer, QUrl, QVariantAnimation
from PySide6.QtGui import QContextMenuEvent, QDesktopServices, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QApplication,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QMenu,
    QWidget,
)
from shiboken6 import isValid
from tests.gui.editor.agreeing import agree, mirrors

from windlass_gui.commands import Where, all_commands
from windlass_gui.window.main_window import MainWindow
from windlass_resources.samples import list_samples

SAMPLES = ("sweep", "monte-carlo", "build-c", "thumbnails")
TOLD = 30
"""Steps that are told of a search that has found something, the latest."""
PATIENCE = 8
"""Steps for which one dialog or menu stays in front, until it is closed."""
LEFT_ALONE = ("quit", "restart", "about")
LETTERS = "aexo12 :-[]{}#'\"$,"
_K, _M, _B = Qt.Key, Qt.KeyboardModifier, Qt.MouseButton
KEYS = (
    _K.Key_Return, _K.Key_Escape, _K.Key_Tab, _K.Key_Backtab, _K.Key_Delete, _K.Key_Backspace, _K.Key_Up, _K.Key_Down,
    _K.Key_Left, _K.Key_Right, _K.Key_PageDown, _K.Key_PageUp, _K.Key_Home, _K.Key_End, _K.Key_F2, _K.Key_Space,
    _K.Key_Menu, _K.Key_F6, _K.Key_F, _K.Key_W, _K.Key_A, _K.Key_S, _K.Key_D, _K.Key_Z, _K.Key_Plus, _K.Key_Minus,
    _K.Key_Period, _K.Key_L, _K.Key_N,
)  # fmt: skip
MODIFIERS = [_M.NoModifier] * 6 + [
    _M.ShiftModifier, _M.ControlModifier, _M.AltModifier, _M.ControlModifier | _M.ShiftModifier,
]  # fmt: skip


def answer_file_dialogs(patch: pytest.MonkeyPatch, rng: random.Random, place: Path) -> None:
    """What asks for a file gets one of a few, a place that cannot be, or none."""
    place.mkdir()
    samples = [str(sample.path) for sample in list_samples()]

    def save(*asked: object, **_: object) -> tuple[str, str]:
        wanted = next((each for each in asked if isinstance(each, str) and "*." in each), "(*.yaml)")
        ending = wanted.split("*")[1].split(")")[0].split(" ")[0]
        names = [f"out{rng.randrange(9)}{ending}", f"out1{ending}", "no/such/folder/x.yaml"]
        return rng.choice([*(str(place / name) for name in names), ""]), wanted

    def several(*_: object, **__: object) -> tuple[list[str], str]:
        return rng.choice([[], [rng.choice(samples)], [str(place / "out1.yaml")]]), ""

    def opened(dialog: QFileDialog) -> None:
        name, _ = save("(*.csv)")
        if name:
            dialog.fileSelected.emit(name)
        dialog.deleteLater()

    patch.setattr(QFileDialog, "open", opened)
    patch.setattr(QFileDialog, "getSaveFileName", save)
    patch.setattr(QFileDialog, "getOpenFileNames", several)
    patch.setattr(QFileDialog, "getOpenFileName", save)
    patch.setattr(QFileDialog, "getExistingDirectory", lambda *_, **__: str(place))
    patch.setattr(QDesktopServices, "openUrl", lambda _url: isinstance(_url, QUrl))


class Monkey(QObject):
    """Goes on for so many steps, or until `wrong` says so. `more` are other things that may happen, such as news."""

    def __init__(
        self, window: MainWindow, rng: random.Random, wrong: Callable[[], object], more: dict[str, Callable[[], object]]
    ) -> None:
        super().__init__()
        self.window = window
        self.rng = rng
        self.told: deque[str] = deque(maxlen=TOLD)
        self.error: BaseException | None = None
        self._wrong = wrong
        self._more = more
        self._left = 0
        self._in_front = 0
        self._loop = QEventLoop(self)

    def play(self, steps: int) -> None:
        """Raises what was found; what raises in a slot is for pytest-qt to tell."""
        self._left = steps
        QTimer.singleShot(0, self, self._step)
        self._loop.exec()
        if self.error is not None:
            raise self.error

    # A dialog may run an event loop of its own, so the next step is always on its way before one is made.
    def _step(self) -> None:
        if self._left <= 0 or self.error is not None or self._wrong():
            self._leave()
            return
        self._left -= 1
        QTimer.singleShot(self.rng.choice((0, 0, 5, 20)), self, self._step)
        try:
            self._show_again()
            act = self.rng.choices(
                (self._command, self._click, self._key, self._wheel, self._other), (35, 30, 25, 5, 6)
            )
            act[0]()
            if QApplication.activeModalWidget() is None:
                self.check()
        except RuntimeError as error:
            if not _of_the_monkey(error):
                self.error = self.error or error
        except BaseException as error:
            self.error = self.error or error

    def check(self) -> None:
        """Text and canvas say the same, in every document that is open."""
        for open_ in self.window.documents.all:
            if open_.session is not None and not open_.session.document.unread:
                agree(open_.session.document)
                view = open_.page.view
                still = view is not None and view.glide.motion.state() == QVariantAnimation.State.Stopped
                if view is not None and still and not open_.session.document.unreadable:
                    mirrors(view.graph)

    def _leave(self) -> None:
        """Close what is in front, one after the other: each may have an event loop of its own that must end first."""
        front = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if front is None:
            self._loop.quit()
            return
        QTimer.singleShot(0, self, self._leave)
        front.reject() if isinstance(front, QDialog) else front.close()

    def _show_again(self) -> None:
        """What is in front for too long goes; the window that was closed comes back."""
        top = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        self._in_front = self._in_front + 1 if top is not None else 0
        if top is not None and self._in_front > PATIENCE:
            self.told.append(f"close {_name(top)}")
            top.close()
            self._in_front = 0
        if not self.window.isVisible():
            self.told.append("show")
            self.window.show()

    # --- what can be done ----------------------------------------------------------------------------------

    def _top(self) -> QWidget:
        front = QApplication.activePopupWidget() or QApplication.activeModalWidget()
        if front is not None:
            return front
        active = QApplication.activeWindow()
        if active is not None and self.rng.random() < 0.7:
            return active
        tops = [
            widget
            for widget in QApplication.topLevelWidgets()
            if widget.isVisible() and not isinstance(widget, QMenu) and widget.windowType() != Qt.WindowType.ToolTip
        ]
        return self.rng.choice(sorted(tops, key=_name)) if tops else self.window

    def _target(self) -> QWidget:
        top = self._top()
        found = [
            widget
            for widget in (top, *top.findChildren(QWidget))
            if widget.isVisible() and min(widget.width(), widget.height()) > 2 and widget.window() is top.window()
        ]
        widget = self.rng.choice(found or [self.window])
        return widget.viewport() if isinstance(widget, QAbstractScrollArea) else widget

    def _place(self, widget: QWidget) -> QPoint:
        return QPoint(self.rng.randrange(max(1, widget.width())), self.rng.randrange(max(1, widget.height())))

    def _click(self) -> None:
        rng, widget = self.rng, self._target()
        where = self._place(widget)
        button = rng.choice([_B.LeftButton] * 5 + [_B.RightButton] * 2 + [_B.MiddleButton])
        keys = rng.choice(MODIFIERS)
        how = rng.choice(["click"] * 4 + ["double click", "drag"])
        name = f"{_name(widget)} of {_name(widget.window())}"
        self.told.append(f"{how} {button.name} {keys.name} on {name} at {where.toTuple()}")
        if how == "double click":
            QTest.mouseDClick(widget, _B.LeftButton, keys, where)
        elif how == "drag":
            QTest.mousePress(widget, _B.LeftButton, keys, where)
            for _ in range(3):
                if isValid(widget):
                    QTest.mouseMove(widget, self._place(widget))
            if isValid(widget):
                QTest.mouseRelease(widget, _B.LeftButton, keys, self._place(widget))
        else:
            QTest.mousePress(widget, button, keys, where)
            if isValid(widget):
                QTest.mouseRelease(widget, button, keys, where)
            if isValid(widget) and button == _B.RightButton:
                self._menu(widget, QContextMenuEvent.Reason.Mouse, where)

    def _menu(self, widget: QWidget, why: QContextMenuEvent.Reason, where: QPoint) -> None:
        QApplication.sendEvent(widget, QContextMenuEvent(why, where, widget.mapToGlobal(where)))

    def _key(self) -> None:
        rng = self.rng
        widget = QApplication.focusWidget() or self._target()
        top = QApplication.activePopupWidget() or widget
        if rng.random() < 0.4:
            text = "".join(rng.choice(LETTERS) for _ in range(rng.randrange(1, 6)))
            self.told.append(f"type {text!r} into {_name(top)}")
            QTest.keyClicks(top, text)
            return
        key, keys = rng.choice(KEYS), rng.choice(MODIFIERS)
        self.told.append(f"press {key.name} {keys.name} in {_name(top)}")
        if key == _K.Key_Menu:
            self._menu(widget, QContextMenuEvent.Reason.Keyboard, widget.rect().center())
        else:
            QTest.keyClick(top, key, keys)

    def _wheel(self) -> None:
        rng, widget = self.rng, self._target()
        where = self._place(widget)
        keys = rng.choice([_M.NoModifier, _M.ControlModifier, _M.ShiftModifier])
        turn = QPoint(0, rng.choice([-120, 120, 360]))
        self.told.append(f"wheel {turn.y()} {keys.name} on {_name(widget)}")
        there = QPointF(widget.mapToGlobal(where))
        none, phase = _B.NoButton, Qt.ScrollPhase.NoScrollPhase
        QApplication.sendEvent(widget, QWheelEvent(QPointF(where), there, QPoint(), turn, none, keys, phase, False))

    def _command(self) -> None:
        if QApplication.activeModalWidget() is not None or QApplication.activePopupWidget() is not None:
            self.rng.choice((self._click, self._key))()
            return
        where = Where(self.window, QApplication.activeWindow() or self.window)
        possible = [
            command
            for command in all_commands(where)
            if command.enabled and not any(word in command.title.lower() for word in LEFT_ALONE)
        ]
        command = self.rng.choice(possible)
        self.told.append(f"command {command.group} / {command.title}")
        command.run()

    def _other(self) -> None:
        rng, window = self.rng, self.window
        what = rng.choice(["resize", "sample", "escape", "submit", "tab", "monitor", *self._more])
        self.told.append(what)
        if what == "resize":
            window.resize(rng.randrange(400, 1600), rng.randrange(300, 1000))
        elif what == "sample":
            window.open_sample(rng.choice(SAMPLES))
        elif what == "escape":
            for _ in range(3):
                front = QApplication.activePopupWidget() or QApplication.activeModalWidget()
                QTest.keyClick(front or QApplication.focusWidget() or window, _K.Key_Escape)
        elif what == "submit":
            window.submit()
        elif what == "tab":
            window.bottom.setCurrentIndex(rng.randrange(window.bottom.count()))
        elif what == "monitor":
            shown = window.monitor is not None and window.monitor.isVisible()
            window.monitor.close() if shown and window.monitor is not None else window.show_monitor()
        else:
            self._more[what]()


def _of_the_monkey(error: RuntimeError) -> bool:
    """What it was about to touch has gone by what it did before, in an event loop of a dialog for example."""
    frames = list(traceback.walk_tb(error.__traceback__))
    return "already deleted" in str(error) and Path(frames[-1][0].f_code.co_filename) == Path(__file__)


def _name(widget: QWidget) -> str:
    """Whatever tells it from others."""
    words = widget.objectName() or widget.accessibleName()
    if not words and isinstance(widget, QLabel | QAbstractButton | QLineEdit):
        words = widget.text()
    return f"{type(widget).__name__}({words})"[:60]
