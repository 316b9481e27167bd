"""What the app knows of the core, as plain data: no Qt, no IO. Fed by updates, read by the models.

update.py   one topic's change, typed and checked, which can be merged with a later one
mirror.py   the mirror itself and the sets of what changed since the last frame
curves.py   bounded histories of samples
"""

from __future__ import annotations

from windlass_gui.mirror.curves import AT, Curve
from windlass_gui.mirror.mirror import Changes, Mirror, RunChanges, RunMirror
from windlass_gui.mirror.update import AttemptId, Update, attempt_id, parse

__all__ = [
    "AT", "AttemptId", "Changes", "Curve", "Mirror", "RunChanges", "RunMirror", "Update", "attempt_id", "parse",
]  # fmt: skip
