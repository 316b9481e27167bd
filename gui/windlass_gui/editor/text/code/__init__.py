"""Boxes for source text: line numbers, colours, marks, search, completion. They know nothing of graphs."""

from windlass_gui.editor.text.code.edit import CodeEdit, Mark
from windlass_gui.editor.text.code.find import FindBar
from windlass_gui.editor.text.code.highlight import LANGUAGES, Highlighter

__all__ = ["LANGUAGES", "CodeEdit", "FindBar", "Highlighter", "Mark"]
