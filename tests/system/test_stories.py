"""Stories with real mouse and key events, each in a clean home, with pictures of its steps in both themes.

With WINDLASS_PICTURES set to a folder the pictures stay there, as STORY-NUMBER-WHAT-THEME.png.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.system.stories import editing, newcomer, running, window
from tests.system.stories.player import Player
from tests.system.stories.screen import Screen, can_play

STORIES: list[Callable[[Player], None]] = [
    newcomer.newcomer,
    window.daily,
    window.crash,
    editing.draw,
    editing.text,
    editing.template,
    editing.group,
    running.submit,
    running.mend,
    running.bulk,
    running.why,
    running.log,
    running.machine,
]


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    made = Screen()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.skipif(not can_play(), reason="needs Xvfb and xdotool (Debian: xvfb, xdotool)")
@pytest.mark.parametrize("story", STORIES, ids=[story.__name__ for story in STORIES])
def test_story(story: Callable[[Player], None], screen: Screen, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("WINDLASS_PICTURES", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    player = Player(screen, tmp_path, pictures, story.__name__)
    try:
        story(player)
        code = player.quit()
        assert code == 0, f"the app ended with {code}"
    finally:
        player.kill()
    shown = {theme: len(list(pictures.glob(f"{story.__name__}-*-{theme}.png"))) for theme in ("light", "dark")}
    assert shown["light"] == shown["dark"] > 0
