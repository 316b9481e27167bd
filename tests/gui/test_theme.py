"""Both themes are readable, switch live, and tell every state by a shape as well as by a colour."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication

import windlass_gui
from windlass_gui.look import theme as themes
from windlass_gui.look.theme import (
    ITEM_STATES,
    SHEET_IMAGES,
    Theme,
    apply_theme,
    contrast,
    current_theme,
    load_theme,
    theme_switch,
)


@pytest.mark.parametrize("name", ["dark", "light"])
def test_text_and_shapes_keep_wcag_aa(name: str) -> None:
    theme = load_theme(name)
    for ground in (theme.window, theme.surface, theme.surface2, theme.canvas):
        for token in ("text", "muted", "accent", "danger", "ok", "warn"):
            assert contrast(getattr(theme, token), ground) >= 4.5, (token, ground)
        for state, color in theme.states.items():
            assert contrast(color, ground) >= 3.0, (state, ground)
    for color in theme.ansi:
        assert contrast(color, theme.surface) >= 4.5, color
    assert contrast(theme.text, theme.selection) >= 4.5
    assert contrast(theme.on_accent, theme.accent) >= 4.5
    assert contrast(theme.on_danger, theme.danger) >= 4.5
    for state in ITEM_STATES:
        assert contrast(theme.text, theme.tint(state).name()) >= 4.5, state


def test_each_item_state_has_its_own_shape() -> None:
    shapes = [themes.state_shape(value) for value in range(8)]
    assert len(set(shapes)) == 8
    assert themes.state_shape("running") == "play"
    assert themes.state_shape("paused") == "pause"
    assert themes.state_shape("no such state") == "ring"


@pytest.mark.slow
def test_the_switch_tells_and_restyles(qapp: QApplication) -> None:
    told: list[str] = []
    theme_switch().changed.connect(lambda theme: told.append(theme.name))
    apply_theme(qapp, "dark")
    apply_theme(qapp, "light")
    assert told[-2:] == ["dark", "light"]
    assert current_theme().name == "light"
    assert load_theme("light").surface in qapp.styleSheet()
    assert "$" not in qapp.styleSheet()
    assert apply_theme(qapp, "system").name in ("dark", "light")


def test_item_states_are_in_the_order_of_the_wire() -> None:
    from windlass.wire.rows import Counts

    assert Counts.__struct_fields__ == ITEM_STATES


SOURCES = Path(windlass_gui.__file__).parent
THEMES = files("windlass_resources").joinpath("themes")
SHEET = THEMES.joinpath("app.qss").read_text("utf-8")
GROUNDS = ("window", "surface", "surface2")


def _used_together() -> list[tuple[str, str]]:
    """(text, ground) tokens that one rule names: of the sheet, and of the style sheets in the sources."""
    rules = re.findall(r"\{([^{}]*)\}", SHEET)
    pairs = [
        (text[1], ground[1])
        for rule in rules
        if (text := re.search(r"(?<![\w-])(?:selection-)?color: \$(\w+)", rule))
        and (ground := re.search(r"(?<![\w-])background(?:-color)?: \$(\w+)", rule))
    ]
    for path in SOURCES.rglob("*.py"):
        for rule in re.findall(r"\{\{(.*?)\}\}", path.read_text("utf-8"), re.DOTALL):
            text = re.search(r"(?<![\w-])color: \{(?:self\._)?theme\.(\w+)\}", rule)
            ground = re.search(r"background: \{(?:self\._)?theme\.(\w+)\}", rule)
            if text and ground:
                pairs.append((text[1], ground[1]))
    return sorted(set(pairs))


@pytest.mark.parametrize("name", ["dark", "light"])
def test_every_pair_of_text_and_ground_that_is_used_can_be_read(name: str) -> None:
    theme = load_theme(name)
    pairs = _used_together()
    assert ("on_accent", "accent") in pairs
    assert ("text", "selection") in pairs
    for text, ground in pairs:
        assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5, (text, ground)
    # A rule without a ground stands on whatever is behind it.
    for text in set(re.findall(r"(?<![\w-])color: \$(\w+)", SHEET)) - {"on_accent", "on_danger"}:
        for ground in GROUNDS:
            assert contrast(getattr(theme, text), getattr(theme, ground)) >= 4.5, (text, ground)
    # What shows where the keyboard is.
    for ground in GROUNDS:
        assert contrast(theme.accent, getattr(theme, ground)) >= 3.0


def test_every_token_of_a_sheet_exists() -> None:
    known = set(Theme.__slots__) | set(SHEET_IMAGES) | {"small", "body", "title", "heading", "xs", "s"}
    assert set(re.findall(r"\$\{?(\w+)", SHEET)) <= known
    for path in SOURCES.rglob("*.py"):
        used = set(re.findall(r"\{(?:self\._)?theme\.(\w+)\}", path.read_text("utf-8")))
        assert used <= {*Theme.__slots__, "name"}, path


def test_pictures_of_the_sheet_have_the_theme_s_colours() -> None:
    for name in ("dark", "light"):
        theme = load_theme(name)
        for picture in SHEET_IMAGES.values():
            used = re.findall(r"#[0-9a-f]{6}", THEMES.joinpath(f"{picture}-{name}.svg").read_text("utf-8"))
            assert used, picture
            assert set(used) <= {theme.muted, theme.accent, theme.on_accent, theme.warn, theme.danger}, picture


BARE = re.compile(
    r"#[0-9a-fA-F]{6}\b|QColor\(\s*[0-9\"']|GlobalColor\.(?!transparent)|(?<![\w.])rgba?\(|font-size: *\d+px"
    r"|setPixelSize\(\d|setPointSizeF?\(\d|mono_font\(\d"
)


def test_colours_and_sizes_come_from_the_tokens() -> None:
    found = [
        f"{path.relative_to(SOURCES)}:{number}: {line.strip()}"
        for path in sorted(SOURCES.rglob("*.py"))
        if path.name != "theme.py"
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        if BARE.search(line)
    ]
    assert not found, "take these from windlass_gui.look.theme:\n" + "\n".join(found)


def test_every_state_has_a_shape_that_can_be_drawn() -> None:
    tokens = json.loads(files("windlass_resources").joinpath("themes", "tokens.json").read_text("utf-8"))
    plain = themes.shape_path("no such shape")
    for state, shape in tokens["shapes"].items():
        assert themes.shape_path(shape) != plain or shape == "ring", state
    assert set(tokens["same_as"].values()) <= set(ITEM_STATES)
    assert sorted(tokens["spacing"].values()) == list(tokens["spacing"].values())
    assert sorted(tokens["type"].values()) == list(tokens["type"].values())
