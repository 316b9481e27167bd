"""Keeps the user's own core and this machine's agent alive while a window is open.

A core that was stopped in order (by another window or the command line) stays stopped; one that died leaves its
`core.json` behind and is started again, and so is the agent that the app had started. A thread of its own looks
after them, because looking and starting may block.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from windlass.client.embedded import running_core
from windlass.wire.keys import CoreFile
from windlass_gui.bridge import local

LOOK_EVERY = 1.0
"""Seconds between two looks."""
PATIENCE = 60.0
"""Seconds over which deaths are counted."""
MOST_DEATHS = 3
"""Deaths within `PATIENCE` after which nothing is started again."""

Say = Callable[[str, str], None]
"""Gets a state (starting, stopped, refused) and a line for people, in the keeper's thread."""


class Keeper:
    """From `start` to `stop`; gives up by itself when the core was stopped or dies again and again."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._over = threading.Event()
        self._deaths: list[float] = []
        self._missed = False
        """The last look found no agent; a core that is being stopped lets its agents go first."""
        self._thread = threading.Thread(target=self._work, name="windlass-keeper", daemon=True)

    def start(self) -> None:
        self._thread.start()

    @property
    def working(self) -> bool:
        return self._thread.is_alive()

    def stop(self) -> None:
        """Start nothing from now on. Waits for a start that is under way, so that it can be stopped too."""
        self._over.set()
        if self._thread.is_alive():
            self._thread.join(local.START_TIMEOUT)

    def _work(self) -> None:
        while not self._over.wait(LOOK_EVERY) and self._look():
            pass

    def _look(self) -> bool:
        """False: there is nothing more to look after."""
        if CoreFile.read() is None:
            self._say("stopped", "The core was stopped.")
            return False
        dead = running_core() is None
        missed, self._missed = self._missed, local.agent_lost()
        if not dead and not (missed and self._missed):
            return True
        if self._too_often():
            part = "core" if dead else "agent"
            words = local.last_words(part)
            self._say("refused", f"The {part} ended again and again." + (f" It said:\n{words}" if words else ""))
            return False
        try:
            if dead:
                self._say("starting", "The core ended unexpectedly; starting it again…")
            local.start_again()
        except Exception as error:  # any reason is one for the person at the window
            self._say("refused", str(error) or type(error).__name__)
            return False
        return True

    def _too_often(self) -> bool:
        now = time.monotonic()
        self._deaths = [death for death in self._deaths if now - death < PATIENCE]
        if len(self._deaths) >= MOST_DEATHS:
            return True
        self._deaths.append(now)
        return False
