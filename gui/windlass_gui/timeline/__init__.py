"""The timeline: a lane for each slot of each agent, a bar for each attempt.

attempts.py   all attempts as columns; feed.py gets them from the record and the mirror
bars.py       lanes, and which attempts fall where; coloring.py, folding.py, paths.py, summary.py (all without Qt)
view.py       zooming, panning, pointing; picture.py paints
pane.py       the view with its tool bar; export.py writes files
"""

from __future__ import annotations

from windlass_gui.timeline.bars import Bars
from windlass_gui.timeline.pane import TimelinePane
from windlass_gui.timeline.view import TimelineView

__all__ = ["Bars", "TimelinePane", "TimelineView"]
