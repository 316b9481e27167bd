"""A person at the app: looks, aims, clicks, drags, types, and looks again until the screen shows what it should."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.patience import PATIENCE
from tests.system.stories.screen import Screen

GLANCE = 0.05
"""Seconds between two looks at the screen."""
SECOND_TRY = 3.0
"""Seconds after which a person closes a menu that has not what was looked for, and opens it again."""


class Player:
    """Pictures are `STORY-NUMBER-WHAT-THEME.png`; the app's home and the story's files lie in `place`."""

    app: subprocess.Popen[str]

    def __init__(self, screen: Screen, place: Path, pictures: Path, story: str) -> None:
        self.screen = screen
        self.place = place
        self.pictures = pictures
        self.story = story
        self.number = 0

    # --- the app ---

    def start(self, graph: str = "", *arguments: object) -> None:
        """The app in this home, with this graph in a file; again after it was killed, too."""
        command = [sys.executable, "-m", "tests.system.stories.probe", "--home", str(self.place / "home")]
        command += ["--theme", "light", *map(str, arguments)]
        if graph:
            path = self.place / "graph.yaml"
            path.write_text(graph)
            command.append(str(path))
        self.app = subprocess.Popen(
            command, env=self.screen.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def quit(self) -> int:
        """Its exit code."""
        assert self.app.stdin is not None
        self.app.stdin.close()
        return self.app.wait(PATIENCE)

    def kill(self) -> None:
        """SIGKILL: nothing in the app can act on it."""
        if self.app.poll() is None:
            self.app.kill()
            self.app.wait(10)
        for pipe in (self.app.stdin, self.app.stdout):
            if pipe is not None:
                pipe.close()

    # --- the eyes ---

    def ask(self, name: str, *arguments: object) -> Any:
        """What `probe.py` answers; raises RuntimeError when it cannot."""
        assert self.app.stdin is not None
        assert self.app.stdout is not None
        self.app.stdin.write(json.dumps([name, arguments]) + "\n")
        self.app.stdin.flush()
        line = self.app.stdout.readline()
        if not line:
            raise RuntimeError(f"the app ended with {self.app.wait(10)}")
        reply = json.loads(line)
        if "error" in reply:
            raise RuntimeError(f"{name}{arguments}: {reply['error']}")
        return reply["is"]

    def until(self, what: str, holds: Callable[[], Any]) -> Any:
        """Look again until it holds, as a person waits for the screen."""
        found = self.within(PATIENCE, holds)
        if not found:
            self.snap("stuck")
            raise AssertionError(f"not within {PATIENCE:.0f} s: {what}")
        return found

    def within(self, seconds: float, holds: Callable[[], Any]) -> Any:
        """The same for a while, and then go on without."""
        end = time.monotonic() + seconds
        while not (found := holds()) and time.monotonic() < end:
            time.sleep(GLANCE)
        return found

    def sees(self, text: str) -> str:
        """Wait until these words stand somewhere on the screen; gives all words of that place."""
        return str(self.until(f"“{text}” on the screen", lambda: self.ask("seen", text)))

    def where(self, what: str, *arguments: object) -> list[int]:
        """Where something is, once it lies still: panes that come and go move what one aims at."""
        last: list[Any] = []

        def lies_still() -> list[int] | None:
            last.append(self.ask(what, *arguments))
            same = len(last) > 1 and last[-1] == last[-2]
            return last[-1] if same else None

        found: list[int] = self.until(f"{what} {arguments}", lies_still)
        return found

    def snap(self, name: str) -> None:
        self.number += 1
        self.ask("picture", str(self.pictures), f"{self.story}-{self.number:02}-{name}")

    # --- the hands ---

    def click(self, what: str, *arguments: object, button: int = 1) -> None:
        at = self.where(what, *arguments)
        self.screen.do("mousemove", at[0], at[1], "click", button)
        self.ask("front")

    def drag(self, start: list[int], end: list[int]) -> None:
        self.screen.do("mousemove", *start, "mousedown", 1)
        steps = 6
        for step in range(1, steps + 1):
            x = start[0] + (end[0] - start[0]) * step // steps
            y = start[1] + (end[1] - start[1]) * step // steps
            self.screen.do("mousemove", x, y)
            self.ask("front")
        self.screen.do("mouseup", 1)

    def keys(self, *names: str) -> None:
        self._focus()
        self.screen.do("key", *names)

    def write(self, text: str) -> None:
        self._focus()
        self.screen.do("type", "--delay", 8, text)

    def _focus(self) -> None:
        """There is no window manager: give the keys to the window that a person would have in front."""
        self.screen.do("windowfocus", self.ask("front")[0])

    # --- what one does with this app ---

    def connected(self) -> None:
        """Wait for a core with an agent."""
        self.until("a core and an agent", lambda: self.ask("connection") == "up" and self.ask("agents"))

    def into(self, name: str, text: str) -> None:
        """Click the field with this accessible name, and replace what stands there."""
        self.click("named", name)
        self.keys("ctrl+a")
        self.write(text)

    def set_field(self, task: str, key: str, text: str) -> None:
        """Replace a field of a task in the inspector."""
        self.click("node", task)
        self.until(f"{task} in the inspector", lambda: self.ask("chosen") == [task])
        self.click("field", key)
        self.keys("ctrl+a")
        self.write(text)
        self.keys("ctrl+Return")

    def dialog(self, kind: str = "Dialog") -> None:
        """Wait for a dialog of this kind in front."""
        self.until(f"a {kind}", lambda: kind in self.ask("front")[1])

    def answer(self, text: str, picture: str = "") -> None:
        """Write this into the dialog that comes, in place of what it proposes, and press Enter."""
        self.dialog()
        self.keys("ctrl+a")
        self.write(text)
        if picture:
            self.snap(picture)
        self.keys("Return")

    def save_as(self, path: Path) -> None:
        """Save what has no file yet, and wait for the file."""
        self.keys("ctrl+s")
        self.answer(str(path))
        self.until("the file", lambda: path.is_file() and not self.ask("modified"))

    def from_menu(self, entry: str, what: str, *arguments: object) -> None:
        """Right-click something and choose; a menu that was opened too early is opened again."""

        def chosen() -> bool:
            self.click(what, *arguments, button=3)
            if not self.within(SECOND_TRY, lambda: self.ask("menu", entry)):
                self.keys("Escape")
                self.until("no menu", lambda: not self.ask("menus"))
                return False
            self.click("menu", entry)
            return True

        self.until(f"the entry “{entry}”", chosen)

    def submit(self, state: str) -> None:
        """F5, once that can be done, and wait for the new run's state."""
        before = self.ask("number")
        self.where("action", "submit")
        self.keys("F5")
        self.until("a new run", lambda: self.ask("number") != before)
        self.until(f"the run {state}", lambda: self.ask("run") == state)
