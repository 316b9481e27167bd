"""The timeline: a lane for each slot of each agent, a bar for each attempt.

bars.py     the attempts as arrays, and which of them fall where (no Qt)
view.py     painting, zooming, panning, pointing
pane.py     the view with its toolbar, fed from the mirror
"""

from __future__ import annotations

from windlass_gui.timeline.bars import Bars
from windlass_gui.timeline.pane import TimelinePane
from windlass_gui.timeline.view import TimelineView

__all__ = ["Bars", "TimelinePane", "TimelineView"]
