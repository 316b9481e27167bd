"""Ten stories with real mouse and key events, each in a clean home, with pictures of its steps in both themes.

With WINDLASS_PICTURES set to a folder the pictures stay there, as NAME-NUMBER-WHAT-THEME.png.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.system.app_story import Screen
from tests.system.stories import editing, player, running

STORIES: list[tuple[Callable[[player.Hands], None], str]] = [
    (editing.draw, ""),
    (editing.text, editing.CHAIN),
    (editing.template, editing.CHAIN),
    (editing.group, editing.CHAIN),
    (running.submit, running.PARAMS),
    (running.mend, running.TYPO),
    (running.bulk, running.BULK),
    (running.why, running.WAITS),
    (running.log, running.HUGE),
    (running.machine, ""),
]


@pytest.fixture(scope="module")
def screen() -> Iterator[Screen]:
    made = player.screen()
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.display
@pytest.mark.skipif(
    not (shutil.which("Xvfb") and shutil.which("xdotool")), reason="needs Xvfb and xdotool (Debian: xvfb, xdotool)"
)
@pytest.mark.parametrize(("story", "graph"), STORIES, ids=[story.__name__ for story, _ in STORIES])
def test_story(story: Callable[[player.Hands], None], graph: str, screen: Screen, tmp_path: Path) -> None:
    pictures = Path(os.environ.get("WINDLASS_PICTURES", tmp_path))
    pictures.mkdir(parents=True, exist_ok=True)
    arguments = []
    if story.__module__ == editing.__name__:
        arguments.append("--offline")
    if graph:
        path = tmp_path / "graph.yaml"
        path.write_text(graph)
        arguments.append(str(path))
    hands = player.Hands(screen, tmp_path, pictures, story.__name__, tuple(arguments))
    try:
        story(hands)
        code = hands.quit()
        assert code in (0, None), f"the app ended with {code}"
    finally:
        hands.end()
    shown = {theme: len(list(pictures.glob(f"{story.__name__}-*-{theme}.png"))) for theme in ("light", "dark")}
    assert shown["light"] == shown["dark"] > 0
