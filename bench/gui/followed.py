"""A run of a million items that the items' table shows, as a core would have told of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from bench.gui.figures import application
from bench.measure import stopwatch

if TYPE_CHECKING:
    from windlass_gui.bridge import Bridge
    from windlass_gui.bridge.recording import RecordingLink
    from windlass_gui.panes import ItemsPane

ITEMS = 1_000_000


@dataclass(slots=True)
class Followed:
    """The table with what feeds it, and the seconds until it showed the run."""

    app: Any
    link: RecordingLink
    bridge: Bridge
    pane: ItemsPane
    first: float

    def close(self) -> None:
        self.pane.close()
        self.bridge.shutdown(stop_core=False)


def follow(states: bytes, width: int, height: int) -> Followed:
    """Show run 1, whose one task has these items, in a table of so many pixels."""
    from windlass.wire import codec
    from windlass.wire.messages import Snapshot
    from windlass.wire.rows import Counts, RunRow, TaskRow
    from windlass_gui.bridge import Bridge
    from windlass_gui.bridge.recording import RecordingLink
    from windlass_gui.panes import ItemsPane

    app = application()
    link, bridge = RecordingLink(), Bridge()
    bridge.use_link(link)
    bridge.link_phase("up")
    pane = ItemsPane(bridge)
    pane.resize(width, height)
    pane.show()
    bridge.follow(1)
    counts = Counts(pending=ITEMS)
    row = {"id": 1, "name": "r", "owner": "", "state": "running", "priority": 0, "submitted": 0.0, "ended": None}
    whole = {
        "run": RunRow(**row, counts=counts),
        "tasks": [TaskRow(0, "t", "", True, ITEMS, counts)],
        "states": {0: states},
    }
    link.tell(codec.decode(codec.encode(Snapshot("run:1", 1, whole)))[0])
    with stopwatch() as first:
        bridge.frame()
        pane.show_task(1, 0)
    app.processEvents()
    return Followed(app, link, bridge, pane, first.seconds)
