"""Tool tips that show what tasks and machines say as it was said."""

from __future__ import annotations

import html

from PySide6.QtGui import Qt


def plain_tip(text: str) -> str:
    """Of a text that Qt would take for HTML: one that looks as `text` is written. All others stay as they are.

    Tool tips guess by themselves what is HTML. In one that a task has written, pictures of files of this machine
    would be looked for and words would be hidden.
    """
    if not Qt.mightBeRichText(text):
        return text
    return f'<p style="white-space: pre-wrap">{html.escape(text)}</p>'
