"""`windlass app --export FILE`: a picture of a graph without a window, a core or a screen."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from PySide6.QtWidgets import QApplication

from windlass_gui.editor.canvas.picture import Picture, PictureError, save_picture
from windlass_gui.editor.canvas.scene import GraphScene
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.look.theme import apply_theme
from windlass_resources.samples import get_sample


def export(options: argparse.Namespace) -> int:
    """Draw the file or sample of the command line; the exit status."""
    path: Path | None = get_sample(options.sample).path if options.sample else options.file
    if path is None:
        print("windlass app: --export needs a graph file or --sample", file=sys.stderr)
        return 2
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        print(f"windlass app: {path} cannot be read: {error}", file=sys.stderr)
        return 1
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    app = QApplication.instance() or QApplication(sys.argv[:1])
    assert isinstance(app, QApplication)
    theme = apply_theme(app, options.theme or "light")
    session = EditorSession(text, path.absolute())
    if session.document.unreadable:
        print(f"windlass app: {path} cannot be read as a graph: `windlass check` says where", file=sys.stderr)
        return 1
    scene = GraphScene(session.document, theme)
    try:
        save_picture(scene, Picture(theme, scale=2.0), options.export)
    except PictureError as error:
        print(f"windlass app: {error}", file=sys.stderr)
        return 1
    return 0
