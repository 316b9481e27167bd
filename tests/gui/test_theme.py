"""Both themes are readable, switch live, and tell every state by a shape as well as by a colour."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication

from windlass_gui import theme as themes
from windlass_gui.theme import ITEM_STATES, apply_theme, contrast, current_theme, load_theme, theme_switch


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
