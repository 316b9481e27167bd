"""How the app looks: tokens, the light and the dark theme, and the shape and colour of every state.

A state is always told by colour *and* shape, so that nobody needs to see colours. The tokens stand in the resources:
colours in `themes/dark.json` and `light.json`; spacing, type scale and the states' shapes in `themes/tokens.json`.
Text on surfaces keeps a contrast of 4.5:1 and shapes of 3:1 (WCAG AA), which a test checks for every pair that is
used. The theme is a property of the QApplication, like its palette: `apply_theme` switches it while the app runs, and
whatever paints by itself connects to `theme_switch().changed`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from string import Template
from typing import cast

from PySide6.QtCore import QObject, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontDatabase, QPainter, QPainterPath, QPalette, QPen
from PySide6.QtWidgets import QApplication

_TOKENS = json.loads(files("windlass_resources").joinpath("themes", "tokens.json").read_text("utf-8"))

XS, S, M, L, XL = (int(_TOKENS["spacing"][name]) for name in ("xs", "s", "m", "l", "xl"))
"""Spacing in pixels. Between parts of one thing, between things, inside a card, between groups, around a page."""

TINY, SMALL, CODE, BODY, TITLE, HEADING = (
    int(_TOKENS["type"][name]) for name in ("tiny", "small", "code", "body", "title", "heading")
)
"""The type scale in pixels; `TINY` is for captions inside a node, `CODE` for what is typed in a fixed width."""

ITEM_STATES = ("pending", "ready", "active", "backoff", "succeeded", "failed", "cancelled", "skipped")
"""By the value of the item's state, as it travels in a run's `states` (the order of `rows.Counts`)."""

STATE_NAMES = tuple("running" if state == "active" else state for state in ITEM_STATES)
"""The same as tables and filters say them: of runs, tasks, items and attempts alike, what is going on is running."""

SHEET_IMAGES = {
    "arrow": "arrow", "arrow_up": "arrow-up", "close": "close", "float": "float", "tick": "tick", "ask": "ask",
    "warn_icon": "warn", "fail": "fail",
}  # fmt: skip
"""Pictures that the style sheet names, by its dollar name; Qt reads them from files, so each theme has its own."""

_SAME_AS: dict[str, str] = _TOKENS["same_as"]
"""States of runs, agents, attempts and deadlines, and an agent's answers, that look like a state of items."""

_SHAPES: dict[str, str] = _TOKENS["shapes"]


@dataclass(frozen=True, slots=True)
class Theme:
    """One set of colours, as `#rrggbb`. `ansi` are the sixteen terminal colours, readable on `surface`."""

    name: str
    window: str
    surface: str
    surface2: str
    border: str
    text: str
    muted: str
    accent: str
    on_accent: str
    selection: str
    ok: str
    warn: str
    danger: str
    on_danger: str
    canvas: str
    grid: str
    states: dict[str, str]
    ansi: list[str]

    @property
    def dark(self) -> bool:
        return self.name == "dark"

    def color(self, token: str) -> QColor:
        """A token as a QColor: `theme.color("muted")`."""
        return QColor(getattr(self, token))

    def state_color(self, state: str | int) -> QColor:
        """The colour of an item's, run's, agent's or attempt's state (or outcome); unknown ones are muted."""
        name = state_name(state)
        return QColor(self.states.get(_SAME_AS.get(name, name), self.muted))

    def state_shape(self, state: str | int) -> str:
        return state_shape(state)

    def tint(self, state: str | int, strength: float = 0.16) -> QColor:
        """A state's colour mixed into the surface: a background on which `text` stays readable."""
        return mix(QColor(self.surface), self.state_color(state), strength)


def mix(base: QColor, other: QColor, share: float) -> QColor:
    """`share` of `other` in `base`."""
    keep = 1.0 - share
    return QColor.fromRgbF(
        base.redF() * keep + other.redF() * share,
        base.greenF() * keep + other.greenF() * share,
        base.blueF() * keep + other.blueF() * share,
    )


def state_name(state: str | int) -> str:
    """The name of a state given by name or, for items, by its value."""
    if isinstance(state, str):
        return state
    return ITEM_STATES[state] if 0 <= state < len(ITEM_STATES) else "unknown"


def state_shape(state: str | int) -> str:
    """ring, dot, play, hourglass, check, cross, square, dash, pause, drain, clock or alarm."""
    name = state_name(state)
    return _SHAPES.get(name) or _SHAPES.get(_SAME_AS.get(name, name), "ring")


@cache
def shape_path(shape: str) -> QPainterPath:
    """A shape in the unit square; stroke it where it is in `_STROKED`, else fill it."""
    path = QPainterPath()

    def lines(*points: tuple[float, float]) -> None:
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)

    if shape == "play":
        lines((0.24, 0.12), (0.88, 0.5), (0.24, 0.88), (0.24, 0.12))
    elif shape == "hourglass":
        lines((0.18, 0.1), (0.82, 0.1), (0.18, 0.9), (0.82, 0.9), (0.18, 0.1))
    elif shape == "check":
        lines((0.12, 0.54), (0.4, 0.82), (0.9, 0.2))
    elif shape == "cross":
        lines((0.16, 0.16), (0.84, 0.84))
        lines((0.84, 0.16), (0.16, 0.84))
    elif shape == "square":
        path.addRect(QRectF(0.17, 0.17, 0.66, 0.66))
    elif shape == "dash":
        lines((0.12, 0.5), (0.88, 0.5))
    elif shape == "pause":
        path.addRect(QRectF(0.18, 0.14, 0.22, 0.72))
        path.addRect(QRectF(0.6, 0.14, 0.22, 0.72))
    elif shape == "drain":
        lines((0.5, 0.1), (0.5, 0.68))
        lines((0.22, 0.44), (0.5, 0.72), (0.78, 0.44))
        lines((0.16, 0.92), (0.84, 0.92))
    elif shape == "clock":
        path.addEllipse(QRectF(0.1, 0.1, 0.8, 0.8))
        lines((0.5, 0.28), (0.5, 0.54), (0.68, 0.62))
    elif shape == "alarm":
        # A triangle with a hole in it, the shape of an exclamation mark.
        lines((0.5, 0.04), (1.0, 0.94), (0.0, 0.94), (0.5, 0.04))
        path.addRect(QRectF(0.44, 0.34, 0.12, 0.3))
        path.addRect(QRectF(0.44, 0.72, 0.12, 0.12))
    elif shape == "dot":
        path.addEllipse(QRectF(0.2, 0.2, 0.6, 0.6))
    else:
        path.addEllipse(QRectF(0.16, 0.16, 0.68, 0.68))
    return path


_STROKED = frozenset({"ring", "check", "cross", "dash", "drain", "clock"})


def draw_state(painter: QPainter, rect: QRectF, state: str | int, theme: Theme | None = None) -> None:
    """Paint a state's shape in its colour into `rect` (kept square, centred)."""
    theme = theme or current_theme()
    side = min(rect.width(), rect.height())
    shape = state_shape(state)
    color = theme.state_color(state)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(rect.center().x() - side / 2, rect.center().y() - side / 2)
    painter.scale(side, side)
    if shape in _STROKED:
        pen = QPen(color, 0.12 if shape == "clock" else 0.16)
        pen.setCapStyle(Qt.PenCapStyle.RoundCap)
        pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
    else:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
    painter.drawPath(shape_path(shape))
    painter.restore()


def draw_focus(painter: QPainter, rect: QRect) -> None:
    """The keyboard is in a part that paints itself: a line around it, as the style sheet draws around tables."""
    painter.setPen(QPen(current_theme().color("accent"), 1))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRect(rect.adjusted(0, 0, -1, -1))


def contrast(first: str, second: str) -> float:
    """WCAG 2 contrast ratio of two colours, 1..21."""

    def luminance(name: str) -> float:
        color = QColor(name)
        parts = [
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
            for part in (color.redF(), color.greenF(), color.blueF())
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    high, low = sorted((luminance(first), luminance(second)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def ink(ground: str) -> str:
    """Black or white, whichever reads better on a colour that is not ours, such as one that a task has asked for."""
    return max(("#ffffff", "#000000"), key=lambda each: contrast(each, ground))


@cache
def load_theme(name: str) -> Theme:
    """The theme `dark` or `light` from the resources."""
    text = files("windlass_resources").joinpath("themes", f"{name}.json").read_text("utf-8")
    return Theme(name=name, **json.loads(text))


def stylesheet(theme: Theme) -> str:
    folder = files("windlass_resources").joinpath("themes")
    text = folder.joinpath("app.qss").read_text("utf-8")
    images = {
        token: str(folder.joinpath(f"{name}-{theme.name}.svg")).replace("\\", "/")
        for token, name in SHEET_IMAGES.items()
    }
    tokens = {name: getattr(theme, name) for name in Theme.__slots__ if isinstance(getattr(theme, name), str)}
    return Template(text).substitute(tokens, **images, small=SMALL, body=BODY, title=TITLE, heading=HEADING, xs=XS, s=S)


def palette(theme: Theme) -> QPalette:
    """For what no style sheet reaches: native painting, placeholder text, links."""
    roles = QPalette.ColorRole
    result = QPalette()
    for role, token in {
        roles.Window: "window", roles.WindowText: "text", roles.Base: "surface", roles.AlternateBase: "surface2",
        roles.Text: "text", roles.Button: "surface2", roles.ButtonText: "text", roles.BrightText: "danger",
        roles.ToolTipBase: "surface2", roles.ToolTipText: "text", roles.PlaceholderText: "muted",
        roles.Highlight: "selection", roles.HighlightedText: "text", roles.Link: "accent", roles.Mid: "border",
    }.items():  # fmt: skip
        result.setColor(role, theme.color(token))
    for role in (roles.WindowText, roles.Text, roles.ButtonText):
        result.setColor(QPalette.ColorGroup.Disabled, role, theme.color("muted"))
    return result


def mono_font(size: int = BODY) -> QFont:
    """The system's fixed-width font, `size` pixels high."""
    font = QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont)
    font.setPixelSize(size)
    return font


class ThemeSwitch(QObject):
    """Holds the application's theme; `changed(Theme)` tells those who paint by themselves."""

    changed = Signal(object)

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self.setObjectName("theme-switch")
        self.choice = "system"
        self.theme = load_theme("dark")
        app.styleHints().colorSchemeChanged.connect(self._system_changed)

    def apply(self, choice: str) -> Theme:
        """`dark`, `light`, or `system` (which then follows the desktop's setting), as does anything else."""
        self.choice = choice = choice if choice in ("dark", "light") else "system"
        return self._show(self._system() if choice == "system" else choice)

    def _system(self) -> str:
        app = cast(QApplication, self.parent())
        return "light" if app.styleHints().colorScheme() == Qt.ColorScheme.Light else "dark"

    def _system_changed(self) -> None:
        if self.choice == "system":
            self._show(self._system())

    def _show(self, name: str) -> Theme:
        app = cast(QApplication, self.parent())
        self.theme = load_theme(name)
        sheet = stylesheet(self.theme)
        if sheet != app.styleSheet():  # each of these goes through every widget there is
            # With a sheet set, it is the style already, but under the name of the sheet's.
            if not app.styleSheet() and app.style().objectName() != "fusion":
                app.setStyle("Fusion")
            app.setPalette(palette(self.theme))
            app.setStyleSheet(sheet)
        self.changed.emit(self.theme)
        return self.theme


def theme_switch() -> ThemeSwitch:
    """The running application's switch; made on first use."""
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise RuntimeError("no QApplication yet")
    return app.findChild(ThemeSwitch, "theme-switch") or ThemeSwitch(app)


def apply_theme(app: QApplication, choice: str = "system") -> Theme:
    """Switch the whole application, at any time: `dark`, `light` or `system`."""
    switch = app.findChild(ThemeSwitch, "theme-switch") or ThemeSwitch(app)
    return switch.apply(choice)


def current_theme() -> Theme:
    return theme_switch().theme
