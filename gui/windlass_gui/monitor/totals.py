"""All agents together, over the last minutes: what their curves add up to, and how fast the work goes. No Qt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from windlass.wire.rows import AgentRow
from windlass_gui.mirror import Mirror
from windlass_gui.mirror.curves import AT, Curve, Floats
from windlass_gui.models.tables import ENDED_RUN, done

FRESH = 5.0
"""Seconds after which an agent's last measurement says nothing of now."""
SPAN = 120
"""Points that are made of the agents' own curves when the first look falls on them."""
SERIES = (
    "cpu", "memory", "gpu", "net", "disk", "slots", "running", "ready", "ended",
    "cpus", "memory_total", "given",
)  # fmt: skip
"""cpu, memory, gpu and slots are shares of all; net and disk bytes a second; running and ready counts; ended a
second; then CPUs, bytes of memory and CPUs given, of the agents that are counted."""
PLACE = {name: place for place, name in enumerate(SERIES, 1)}
SMOOTH = 5
"""Seconds over which the throughput is averaged, so that one second without an end is not a hole."""


@dataclass(slots=True)
class Queue:
    """What waits."""

    running: int = 0
    ready: int = 0
    pending: int = 0
    given: float = 0.0
    """CPUs held by attempts."""
    cpus: float = 0.0
    """Of the agents that take work."""


def queue(mirror: Mirror) -> Queue:
    """As it is now."""
    result = Queue()
    for row in mirror.agents.values():
        result.running += row.running
        if row.state in ("up", "disconnected"):
            result.cpus += float(row.resources.get("cpus") or 0)
            result.given += float(row.used.get("cpus") or 0)
    for run in mirror.runs.values():
        if run.state not in ENDED_RUN:
            result.ready += run.counts.ready + run.counts.backoff
            result.pending += run.counts.pending
    return result


class Totals:
    """One point a second, while somebody looks."""

    def __init__(self) -> None:
        self.curve = Curve(len(SERIES), 600)
        self._done: dict[int, int] = {}
        """Run -> items that had ended at the last look."""
        self._ended: list[tuple[float, int]] = []
        """(when, items that ended since the look before), the last `SMOOTH` seconds."""

    def begin(self, mirror: Mirror, now: float) -> None:
        """Somebody begins to look: what the agents' curves still know of the time before comes first."""
        self._done = {run: done(row.counts) for run, row in mirror.runs.items()}
        self._ended = []
        last = self.curve.last
        since = float(last[0]) if last is not None else 0.0
        for time, values in _past(mirror, now):
            if time > since:
                self.curve.add(time, values)

    def tick(self, mirror: Mirror, now: float) -> None:
        """One more point."""
        ended = 0
        for run, row in mirror.runs.items():
            count = done(row.counts)
            before = self._done.get(run, 0 if self._done else count)
            ended += max(0, count - before)  # a retry brings items back: nothing ended by that
            self._done[run] = count
        for run in self._done.keys() - mirror.runs.keys():
            del self._done[run]
        self._ended = [(at, many) for at, many in self._ended if at > now - SMOOTH] + [(now, ended)]
        waits = queue(mirror)
        values = _sum(mirror, now)
        slots = waits.given / waits.cpus if waits.cpus else 0.0
        values |= {
            "slots": slots, "running": waits.running, "ready": waits.ready, "given": waits.given,
            "ended": sum(many for _, many in self._ended) / SMOOTH, "cpus": waits.cpus,
        }  # fmt: skip
        self.curve.add(now, [values.get(name, 0.0) for name in SERIES])


def host_of(row: AgentRow, last: Floats) -> tuple[str, float]:
    """The machine that an agent measures: agents of one host name and as much memory are on the same, and each of them
    sees all of it. One whose name was taken away stands for itself."""
    return row.labels.get("hostname") or row.id, float(last[AT["memory_total"]])


def _weight(row: AgentRow) -> float:
    return float(row.resources.get("cpus") or 1)


def _sum(mirror: Mirror, now: float) -> dict[str, float]:
    cpu = weights = memory = total = net = disk = gpu = 0.0
    gpus = 0
    hosts: set[tuple[str, float]] = set()
    for agent, curve in mirror.curves.items():
        row, last = mirror.agents.get(agent), curve.last
        if row is None or last is None or last[0] < now - FRESH or row.state == "down":
            continue
        weight = _weight(row)
        weights += weight
        cpu += weight * float(last[AT["cpu"]])
        host = host_of(row, last)
        if host in hosts:
            continue  # what the machine has and moves was counted by its neighbour
        hosts.add(host)
        memory += float(last[AT["memory"]])
        total += float(last[AT["memory_total"]])
        net += float(last[AT["net_in"]] + last[AT["net_out"]])
        disk += float(last[AT["disk_read"]] + last[AT["disk_written"]])
        if last[AT["gpu"]] >= 0:
            gpu += float(last[AT["gpu"]])
            gpus += 1
    return {
        "cpu": cpu / weights if weights else 0.0,
        "memory": memory / total if total else 0.0,
        "memory_total": total,
        "gpu": gpu / gpus if gpus else -1.0,
        "net": net,
        "disk": disk,
    }


def _past(mirror: Mirror, now: float) -> list[tuple[float, list[float]]]:
    """Points for the seconds before now, from what the core had kept of each agent. What waited then is not known."""
    known = [
        (mirror.agents[agent], curve.view)
        for agent, curve in mirror.curves.items()
        if agent in mirror.agents and len(curve) > 1
    ]
    if not known:
        return []
    times = np.arange(now - SPAN, now - 0.5)
    cpu, weights, memory, total, net, disk = (np.zeros(len(times)) for _ in range(6))
    told: dict[tuple[str, float], NDArray[np.bool_]] = {}
    """Machine -> seconds for which an agent of it was counted."""
    for row, view in known:
        there = (times >= view[0, 0]) & (times <= view[0, -1] + FRESH)
        weight = _weight(row)

        def series(name: str, view: np.ndarray = view, there: np.ndarray = there) -> np.ndarray:
            return np.interp(times, view[0], view[AT[name]]) * there

        weights += weight * there
        cpu += weight * series("cpu")
        before = told.setdefault(host_of(row, view[:, -1]), np.zeros(len(times), bool))
        first = ~before
        before |= there
        memory += first * series("memory")
        total += first * series("memory_total")
        net += first * (series("net_in") + series("net_out"))
        disk += first * (series("disk_read") + series("disk_written"))
    points = []
    for place in np.flatnonzero(weights):
        values = dict.fromkeys(SERIES, np.nan)
        values |= {
            "cpu": cpu[place] / weights[place],
            "memory": memory[place] / max(1.0, total[place]),
            "memory_total": total[place],
            "net": net[place],
            "disk": disk[place],
        }
        points.append((float(times[place]), [float(values[name]) for name in SERIES]))
    return points
