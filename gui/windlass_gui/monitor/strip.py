"""The strip of curves over the machines: all of them together, and how the work goes."""

from __future__ import annotations

import numpy as np
from PySide6.QtWidgets import QHBoxLayout, QWidget

from windlass.model.units import human_size
from windlass_gui.look.theme import M, S
from windlass_gui.mirror import Mirror
from windlass_gui.models import format as fmt
from windlass_gui.monitor.curves import LEAST, LiveCurve
from windlass_gui.monitor.measures import rate
from windlass_gui.monitor.totals import PLACE, Totals, queue

COUNTED = ("net", "disk", "running", "ready", "ended")
"""Series without a natural top: drawn up to the largest value that is shown."""


class Strip(QWidget):
    """`tick` once a second while it is shown."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.totals = Totals()
        tr = self.tr
        self.curves = {
            "cpu": LiveCurve(tr("CPU"), "accent"),
            "memory": LiveCurve(tr("Memory"), "ok"),
            "net": LiveCurve(tr("Network"), "accent"),
            "disk": LiveCurve(tr("Disk traffic"), "ok"),
            "slots": LiveCurve(tr("CPUs given out"), "accent"),
            "ready": LiveCurve(tr("Ready to run"), "warn"),
            "ended": LiveCurve(tr("Items ended"), "ok"),
        }
        layout = QHBoxLayout(self)
        layout.setContentsMargins(M, 0, M, S)
        layout.setSpacing(M)
        for name, curve in self.curves.items():
            curve.setMinimumWidth(LEAST)
            curve.setToolTip(TIPS[name])
            layout.addWidget(curve, 1)

    def begin(self, mirror: Mirror, now: float) -> None:
        self.totals.begin(mirror, now)

    def tick(self, mirror: Mirror, now: float) -> None:
        self.totals.tick(mirror, now)
        self.show_totals(mirror)

    def show_totals(self, mirror: Mirror) -> None:
        view, last = self.totals.curve.view, self.totals.curve.last
        if last is None:
            return
        waits = queue(mirror)
        values = {name: float(last[place]) for name, place in PLACE.items()}
        texts = {
            "cpu": f"{values['cpu']:.0%}",
            "memory": f"{human_size(values['memory'] * values['memory_total'])}",
            "net": rate(values["net"]),
            "disk": rate(values["disk"]),
            "slots": f"{fmt.number(waits.given)} of {fmt.number(waits.cpus)}",
            "ready": fmt.count(waits.ready),
            "ended": f"{values['ended']:.1f}/s",
        }
        for name, curve in self.curves.items():
            series = view[PLACE[name]]
            known = ~np.isnan(series)
            top = 1.0
            if name in COUNTED:
                top = max(float(np.max(series[known], initial=0.0)), 1.0 if name in ("ready", "ended") else 1e5)
            curve.show_values(view[0][known], series[known] / top, texts[name])


TIPS = {
    "cpu": "Load of all CPUs of the agents that are here",
    "memory": "Memory in use on all agents",
    "net": "Bytes in and out of all agents, a second",
    "disk": "Bytes that all agents' disks read and write, a second",
    "slots": "CPUs held by attempts, of all that agents offer",
    "ready": "Items that only wait for a place",
    "ended": "Items that ended, a second, over the last five",
}
