"""The panes of the main window that show what the core does.

runs.py     runs, the tasks of one, actions
items.py    the items of a task
log.py      an attempt's log: logwindow.py (what is loaded), logtext.py (records to lines), logview.py (the text)
table.py, delegates.py, hint.py, doing.py   what they share
"""

from __future__ import annotations

from windlass_gui.panes.hint import Hint, Hinted
from windlass_gui.panes.items import ItemsPane
from windlass_gui.panes.log import LogPane
from windlass_gui.panes.runs import RunsPane

__all__ = ["Hint", "Hinted", "ItemsPane", "LogPane", "RunsPane"]
