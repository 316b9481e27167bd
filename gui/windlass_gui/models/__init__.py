"""Qt item models over the mirror.

rows.py     keyed rows, merged ranges, sorting
tables.py   runs, tasks, attempts, agents
items.py    the items of one task, up to a million
query.py    the filter language
export.py   rows as CSV, JSON and text
format.py   numbers for people
"""

from __future__ import annotations

from windlass_gui.models.items import ItemsModel
from windlass_gui.models.rows import COUNTS_ROLE, KEY_ROLE, RAW_ROLE, SORT_ROLE, STATE_ROLE, RowsModel, SortedRows
from windlass_gui.models.tables import AgentsModel, AttemptsModel, RunsModel, SharesModel, TasksModel

__all__ = [
    "COUNTS_ROLE", "KEY_ROLE", "RAW_ROLE", "SORT_ROLE", "STATE_ROLE", "AgentsModel", "AttemptsModel", "ItemsModel",
    "RowsModel", "RunsModel", "SharesModel", "SortedRows", "TasksModel",
]  # fmt: skip
