"""A newcomer's first half hour with the app, played with real mouse and key events, with a picture of each step.

    python tests/system/app_story.py [--pictures DIR]

Xvfb gives the screen and xdotool the hands: every click, drag and key goes through the X server like a person's.
The app runs as its own process with its own core and agent; a probe inside it only answers where something is on
the screen and what state it is in. Drag three tasks from the palette, link them, edit a command, save, submit, see
all three succeed; make one fail by a wrong command, mend it in the inspector, retry it in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

SIZE = (1320, 860)
PATIENCE = 60.0
"""Seconds that a step may take to show on the screen."""


# --- inside the app -----------------------------------------------------------------------------------------


def child(argv: list[str], more: Callable[[Any, Callable[..., list[int]]], dict[str, Any]] | None = None) -> int:
    """The app with the probe: one JSON question a line on stdin, one answer a line on stdout.

    `more` gives another story's questions, from the app's parts and a function that says where a widget is.
    """
    from PySide6.QtCore import QPoint, QPointF, QSocketNotifier
    from PySide6.QtWidgets import QApplication, QWidget

    from windlass_gui import app
    from windlass_gui.editor.canvas.layout import NODE_HEIGHT, NODE_WIDTH
    from windlass_gui.editor.canvas.view import GraphView

    parts = app.start(app.parse(argv))
    window = parts.window

    def on_screen(widget: QWidget, point: QPoint | None = None) -> list[int]:
        at = widget.mapToGlobal(point if point is not None else widget.rect().center())
        return [at.x(), at.y()]

    def view() -> GraphView:
        assert window.page.view is not None
        return window.page.view

    def canvas(x: float, y: float) -> list[int]:
        return on_screen(view().viewport(), view().mapFromScene(QPointF(x, y)))

    def node(task: str) -> list[int]:
        x, y = view().graph.geometry.point(task)
        return canvas(x + NODE_WIDTH / 2, y + NODE_HEIGHT / 2)

    def port(task: str, out: bool) -> list[int]:
        geometry = view().graph.geometry
        return canvas(*(geometry.out_port(task) if out else geometry.in_port(task)))

    def button(text: str) -> list[int] | None:
        from PySide6.QtWidgets import QAbstractButton

        for top in QApplication.topLevelWidgets():
            for found in top.findChildren(QAbstractButton):
                if found.isVisible() and found.text().replace("&", "") == text:
                    return on_screen(found)
        return None

    def field(key: str) -> list[int]:
        edit = window.inspector.field(key)
        window.inspector.ensureWidgetVisible(edit)
        return on_screen(edit.box)

    def action(name: str) -> list[int] | None:
        from PySide6.QtWidgets import QToolBar

        for bar in window.findChildren(QToolBar):
            found = bar.widgetForAction(window.actions_[name])
            if found is not None and found.isEnabled():
                return on_screen(found)
        return None

    def menu_entry(text: str) -> list[int] | None:
        from PySide6.QtWidgets import QMenu

        for top in QApplication.topLevelWidgets():
            if isinstance(top, QMenu) and top.isVisible():
                for entry in top.actions():
                    if entry.text().replace("&", "") == text and entry.isEnabled():
                        return on_screen(top, top.actionGeometry(entry).center())
        return None

    def kind(row: int) -> list[int]:
        kinds = window.palette_.parts.list
        return on_screen(kinds.viewport(), kinds.visualItemRect(kinds.item(row + 1)).center())

    def states() -> dict[str, str]:
        return {task: live.state for task, live in view().graph.live.items()}

    def top_window() -> list[Any]:
        found = QApplication.activePopupWidget() or QApplication.activeModalWidget() or window
        return [int(found.winId()), type(found).__name__]

    def facts() -> dict[str, Any]:
        session = window.page.session
        if session is None:
            return {}
        return {task: [list(need) for need in node.needs] for task, node in session.document.facts.items()}

    questions: dict[str, Callable[..., Any]] = {
        "connection": lambda: parts.bridge.state,
        "agents": lambda: len([row for row in parts.bridge.mirror.agents.values() if row.state == "up"]),
        "run": lambda: window.run_view.row.state if window.run_view.row is not None else "",
        "number": lambda: window.run_view.run,
        "note": lambda: window.run_view._note.text(),
        "text": lambda: window.page.session.document.text if window.page.session is not None else "",
        "title": window.windowTitle,
        "modified": window.isWindowModified,
        "log": lambda: window.log.view.toPlainText(),
        "node": node, "port": port, "button": button, "field": field, "action": action, "menu": menu_entry,
        "kind": kind, "canvas": canvas, "states": states, "top": top_window, "facts": facts,
    }  # fmt: skip

    if more is not None:
        questions |= more(parts, on_screen)

    def answer() -> None:
        line = sys.stdin.readline()
        if not line:
            parts.app.quit()
            return
        name, arguments = json.loads(line)
        try:
            reply = questions[name](*arguments)
        except Exception as error:  # told to the script, which knows what it asked
            reply = {"error": repr(error)}
        print(json.dumps(reply), flush=True)

    notifier = QSocketNotifier(sys.stdin.fileno(), QSocketNotifier.Type.Read)
    notifier.activated.connect(lambda *_: answer())
    parts.window.resize(*SIZE)
    parts.window.move(0, 0)
    return app.run(parts)


# --- the hands ----------------------------------------------------------------------------------------------


class Screen:
    """An X server of our own, and xdotool on it."""

    def __init__(self) -> None:
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{SIZE[0]}x{SIZE[1]}x24", "-nolisten", "tcp"],
            pass_fds=(write,),
            stderr=subprocess.DEVNULL,
        )
        os.close(write)
        with os.fdopen(read) as pipe:
            self.display = f":{int(pipe.readline())}"
        self.environment = {**os.environ, "DISPLAY": self.display, "QT_QPA_PLATFORM": "xcb"}

    def close(self) -> None:
        self.server.terminate()
        self.server.wait(10)

    def do(self, *arguments: object) -> None:
        subprocess.run(["xdotool", *map(str, arguments)], env=self.environment, check=True, timeout=30)

    def picture(self, path: Path) -> None:
        code = (
            "import sys; from PySide6.QtGui import QGuiApplication; app = QGuiApplication([]);"
            "sys.exit(not app.primaryScreen().grabWindow(0).save(sys.argv[1]))"
        )
        subprocess.run([sys.executable, "-c", code, str(path)], env=self.environment, check=True, timeout=60)


class Player:
    """Asks the probe, moves the mouse, types."""

    def __init__(
        self, screen: Screen, home: Path, pictures: Path | None, script: str = __file__, arguments: tuple[str, ...] = ()
    ) -> None:
        self.screen = screen
        self.pictures = pictures
        self.number = 0
        command = [sys.executable, script, "--child", "--home", str(home), "--theme", "light", *arguments]
        self.app = subprocess.Popen(
            command, env=screen.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def ask(self, name: str, *arguments: object) -> Any:
        assert self.app.stdin is not None
        assert self.app.stdout is not None
        self.app.stdin.write(json.dumps([name, arguments]) + "\n")
        self.app.stdin.flush()
        line = self.app.stdout.readline()
        if not line:
            raise RuntimeError(f"the app ended with {self.app.wait(10)}")
        reply = json.loads(line)
        if isinstance(reply, dict) and set(reply) == {"error"}:
            raise RuntimeError(f"{name}{arguments}: {reply['error']}")
        return reply

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """Look again until it holds, as a person waits for the screen."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            found = holds()
            if found:
                return found
            time.sleep(0.1)
        self.snap("stuck")
        raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")

    def snap(self, name: str) -> None:
        if self.pictures is not None:
            self.number += 1
            self.screen.picture(self.pictures / f"story-{self.number:02}-{name}.png")

    def focus(self) -> None:
        """There is no window manager: give the keys to the window that a person would have in front."""
        self.screen.do("windowfocus", self.ask("top")[0])

    def click(self, at: list[int], button: int = 1) -> None:
        self.screen.do("mousemove", at[0], at[1], "click", button)
        self.ask("top")

    def drag(self, start: list[int], end: list[int]) -> None:
        self.screen.do("mousemove", *start, "mousedown", 1)
        steps = 6
        for step in range(1, steps + 1):
            x = start[0] + (end[0] - start[0]) * step // steps
            y = start[1] + (end[1] - start[1]) * step // steps
            self.screen.do("mousemove", x, y)
            self.ask("connection")
        self.screen.do("mouseup", 1)

    def keys(self, *names: str) -> None:
        self.focus()
        self.screen.do("key", *names)

    def write(self, text: str) -> None:
        self.focus()
        self.screen.do("type", "--delay", 8, text)

    def set_field(self, task: str, key: str, text: str) -> None:
        self.click(self.ask("node", task))
        self.until(f"the inspector shows {task}", lambda: self.ask("field", "id"))
        self.click(self.ask("field", key))
        self.keys("ctrl+a")
        self.write(text)
        self.keys("ctrl+Return")

    def press(self, text: str) -> None:
        self.click(self.until(f"a button “{text}”", lambda: self.ask("button", text)))

    def submit_and_wait(self, state: str) -> None:
        before = self.ask("number")
        self.click(self.until("Submit", lambda: self.ask("action", "submit")))
        self.until("a new run", lambda: self.ask("number") != before)
        self.until(f"the run {state}", lambda: self.ask("run") == state)

    def quit(self) -> int:
        assert self.app.stdin is not None
        self.app.stdin.close()
        return self.app.wait(30)


def story(pictures: Path | None = None) -> None:
    """Play it; raises where the app does not do what a person would expect."""
    place = Path(tempfile.mkdtemp(prefix="windlass-story-"))
    screen = Screen()
    player = Player(screen, place / "home", pictures)
    try:
        player.until("a core and an agent", lambda: player.ask("connection") == "up" and player.ask("agents"))
        player.snap("start")
        player.press("New graph")
        player.until("an empty canvas", lambda: player.ask("text").startswith("windlass: 1"))
        for row, (x, y) in enumerate([(-250, -100), (0, 30), (250, -100)]):
            before = len(player.ask("facts"))
            player.drag(player.ask("kind", min(row, 1)), player.ask("canvas", x, y))
            player.until("the task dropped", lambda before=before: len(player.ask("facts")) == before + 1)
        first, second, third = player.ask("facts")
        player.snap("three-tasks")
        for source, target in ((first, second), (second, third)):
            player.drag(player.ask("port", source, True), player.ask("port", target, False))
            player.until(
                "the link", lambda source=source, target=target: [source, False] in player.ask("facts")[target]
            )
        player.snap("linked")
        player.set_field(first, "command", "echo hello from the palette")
        player.until("the command edited", lambda: "hello from the palette" in player.ask("text"))
        player.snap("command")
        player.keys("ctrl+s")
        player.until("the file dialog", lambda: "Dialog" in player.ask("top")[1])
        player.keys("ctrl+a")
        player.write(str(place / "story.yaml"))
        player.keys("Return")
        player.until("the file", lambda: (place / "story.yaml").is_file() and not player.ask("modified"))
        assert "hello from the palette" in (place / "story.yaml").read_text()
        player.snap("saved")
        player.submit_and_wait("succeeded")
        assert set(player.ask("states").values()) == {"succeeded"}, player.ask("states")
        player.click(player.ask("node", first))
        player.snap("succeeded")
        player.set_field(third, "script", "ecko all three done")
        player.submit_and_wait("failed")
        player.until("the third task failed", lambda: player.ask("states").get(third) == "failed")
        player.snap("failed")
        player.click(player.ask("node", third), button=3)
        player.click(player.until("the menu", lambda: player.ask("menu", "Show log")))
        player.until("the reason in the log", lambda: "ecko" in player.ask("log"))
        player.snap("log")
        run = player.ask("number")
        player.set_field(third, "script", "echo all three done")
        player.until("the run bar's word on the edit", lambda: "Retry" in player.ask("note"))
        player.snap("mended")
        player.click(player.ask("node", third), button=3)
        player.click(player.until("the menu", lambda: player.ask("menu", "Retry")))
        player.until("the question", lambda: player.ask("button", "Retry with the changes"))
        player.snap("question")
        player.press("Retry with the changes")
        player.until("the retry", lambda: player.ask("run") == "succeeded")
        assert player.ask("number") == run, "it is the same run"
        assert player.ask("states") == {first: "succeeded", second: "succeeded", third: "succeeded"}
        player.until("the new log", lambda: "all three done" in player.ask("log"))
        assert not player.ask("note")
        player.snap("retried")
        code = player.quit()
        assert code == 0, f"the app ended with {code}"
    finally:
        if player.app.poll() is None:
            player.app.kill()
            player.app.wait(10)
        screen.close()
        shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        sys.exit(child(sys.argv[2:]))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pictures", type=Path, help="a folder for a picture of each step")
    options = parser.parse_args()
    if options.pictures is not None:
        options.pictures.mkdir(parents=True, exist_ok=True)
    story(options.pictures)
    print("The story went as told.")
