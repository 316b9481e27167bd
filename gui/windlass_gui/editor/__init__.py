"""The graph editor: a document without Qt, undo commands on it, and the views that mirror it."""
