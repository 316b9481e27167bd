"""What is done to the cluster, when and to whom: a schedule drawn from a seed, and the hands that carry it out.

The schedule is the same for the same seed. What it meets is not: which attempts run at that instant depends on the
machine's speed. So a seed repeats a scene's plan, not its every step.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from cluster import Cluster
from proxy import Proxy


@dataclass(frozen=True)
class Fault:
    at: float
    """Seconds after the start."""
    kind: str
    whom: str
    """An agent, `clients` or `core`."""
    lasts: float = 0.0
    amount: float = 0.0
    """Seconds of delay, bytes a second, or how many times."""

    def __str__(self) -> str:
        lasts = f" for {self.lasts:.1f} s" if self.lasts else ""
        return f"{self.at:5.1f} s  {self.kind} {self.whom}{lasts}"


KINDS: dict[str, int] = {
    "kill core": 3, "stop core": 1, "kill agent": 3, "stop agent": 2, "freeze agent": 1, "kill warden": 2,
    "stop warden": 1, "kill runner": 2, "partition": 3, "cut": 2, "storm": 2, "refuse": 1, "delay": 2, "throttle": 1,
    "fill disk": 1,
}  # fmt: skip
"""Kind -> how often, by weight. "freeze": the agent with all that it runs, as a machine that sleeps; "stop": its loop
alone, while what it runs goes on; "partition": half-open, longer or shorter than the lease."""


def draw_faults(draw: random.Random, seconds: float, agents: list[str], lease: float, disk: bool) -> list[Fault]:
    """The schedule. The core is not killed while it is stopped or its disk is full: that is another scene."""
    faults: list[Fault] = []
    at = 0.8
    core_free = 0.0
    free = dict.fromkeys([*agents, "clients"], 0.0)
    deck: list[str] = []
    while at < seconds:
        if not deck:
            # Every kind comes up before one comes up often.
            deck = [*KINDS, *draw.choices(list(KINDS), list(KINDS.values()), k=len(KINDS))]
            draw.shuffle(deck)
        kind = deck.pop()
        fault = _draw_one(draw, at, kind, agents, lease, disk)
        at += draw.uniform(0.25, 1.1)
        if fault is None:
            continue
        if fault.whom == "core" or kind == "fill disk":
            if fault.at < core_free:
                continue
            core_free = fault.at + fault.lasts + 1.0
        elif fault.at < free[fault.whom]:
            continue
        if fault.whom in free:
            free[fault.whom] = fault.at + fault.lasts + 0.3
        faults.append(fault)
    return faults


def _draw_one(draw: random.Random, at: float, kind: str, agents: list[str], lease: float, disk: bool) -> Fault | None:
    agent = draw.choice(agents)
    party = draw.choice([*agents, "clients"])
    match kind:
        case "kill core":
            return Fault(at, kind, "core", draw.uniform(0.0, 1.5))
        case "stop core":
            return Fault(at, kind, "core", draw.uniform(0.3, lease * 0.8))
        case "fill disk":
            whom = draw.choice(["core", agents[-1]])
            return Fault(at, kind, whom, draw.uniform(1.0, 3.0)) if disk else None
        case "kill agent" | "stop agent" | "freeze agent" | "stop warden":
            return Fault(at, kind, agent, draw.choice([0.3, 1.5, lease * 1.7]) * draw.uniform(0.8, 1.2))
        case "kill warden" | "kill runner":
            return Fault(at, kind, agent)
        case "partition":
            return Fault(at, kind, party, draw.choice([0.8, lease * 0.6, lease * 1.8]) * draw.uniform(0.8, 1.2))
        case "cut":
            return Fault(at, kind, party)
        case "storm":
            return Fault(at, kind, party, amount=draw.randint(4, 12))
        case "refuse":
            return Fault(at, kind, party, draw.uniform(0.3, 2.0))
        case "delay":
            return Fault(at, kind, party, draw.uniform(1.0, 4.0), draw.uniform(0.02, 0.5))
        case _:
            return Fault(at, kind, party, draw.uniform(1.0, 4.0), draw.uniform(3_000, 200_000))


@dataclass
class Window:
    """A time (by the boot clock) in which something was so."""

    whom: str
    start: float
    end: float


@dataclass
class Log:
    """What was really done."""

    done: Counter[str] = field(default_factory=Counter)
    lines: list[str] = field(default_factory=list)
    frozen: list[Window] = field(default_factory=list)
    """When nothing of an agent could stop its attempts, because its wardens were stopped as well."""
    away: list[Window] = field(default_factory=list)
    """When nobody could expect the core to answer."""
    restarts: list[float] = field(default_factory=list)
    """Seconds from a start of the core until it accepted."""


def boot() -> float:
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Hands:
    """Carries the faults out, in a thread; `heal` ends what lasts."""

    def __init__(
        self, cluster: Cluster, proxy: Proxy, starts: dict[str, Callable[[], None]], small: dict[str, Path]
    ) -> None:
        self.cluster = cluster
        self.proxy = proxy
        self._starts = starts
        """Agent -> how to start it again."""
        self._small = small
        """Who has a small disk of its own, and where."""
        self.log = Log()
        self.problems: list[str] = []
        self._ends: list[tuple[float, Callable[[], None]]] = []
        self._full = False
        """The core's disk."""
        self._began = 0.0
        self._thread: threading.Thread | None = None

    def start(self, faults: list[Fault]) -> None:
        self._began = time.monotonic()
        self._thread = threading.Thread(target=self._play, args=(faults,), name="faults", daemon=True)
        self._thread.start()

    def join(self) -> None:
        assert self._thread is not None
        self._thread.join()

    def _play(self, faults: list[Fault]) -> None:
        try:
            for fault in faults:
                self._until(self._began + fault.at)
                self._do(fault)
            self._until(None)
        except Exception as error:  # reported by the audit; the scene goes on
            self.problems.append(f"a fault could not be played: {type(error).__name__}: {error}")

    def _until(self, moment: float | None) -> None:
        """Do what ends before that moment (None: all), in order, then wait for the moment."""
        while self._ends and (moment is None or min(self._ends, key=lambda e: e[0])[0] <= moment):
            entry = min(self._ends, key=lambda e: e[0])
            self._ends.remove(entry)
            time.sleep(max(0.0, entry[0] - time.monotonic()))
            entry[1]()
        if moment is not None:
            time.sleep(max(0.0, moment - time.monotonic()))

    def _later(self, seconds: float, what: Callable[[], None]) -> None:
        self._ends.append((time.monotonic() + seconds, what))

    def _do(self, fault: Fault) -> None:
        who = fault.whom
        if fault.kind.endswith(("agent", "warden", "runner")) and who not in self.cluster.agents:
            return  # it is dead at the moment
        done = getattr(self, "_" + fault.kind.replace(" ", "_"))(fault)
        if done is not False:
            self.log.done[fault.kind] += 1
            self.log.lines.append(str(fault))

    # --- processes -------------------------------------------------------------------------------------------

    def _kill_core(self, fault: Fault) -> bool:
        if self.cluster.core is None or self._full:
            return False
        start = boot()
        self.cluster.kill_core()

        def restart() -> None:
            before = time.monotonic()
            self.cluster.start_core()
            took = time.monotonic() - before
            self.log.restarts.append(took)
            self._began += took  # a slow machine stretches the schedule instead of bunching it
            self.log.away.append(Window("core", start, boot()))

        self._later(fault.lasts, restart)
        return True

    def _stop_core(self, fault: Fault) -> bool:
        core = self.cluster.core
        if core is None or self._full:
            return False
        start = boot()
        core.send_signal(signal.SIGSTOP)

        def go_on() -> None:
            core.send_signal(signal.SIGCONT)
            self.log.away.append(Window("core", start, boot()))

        self._later(fault.lasts, go_on)
        return True

    def _kill_agent(self, fault: Fault) -> None:
        self.cluster.kill_agent(fault.whom)
        self._later(fault.lasts, self._starts[fault.whom])

    def _stop_agent(self, fault: Fault) -> None:
        """Its loop; wardens and what they run go on, and end it by themselves when the lease is over."""
        process = self.cluster.agents[fault.whom]
        process.send_signal(signal.SIGSTOP)
        self._later(fault.lasts, lambda: process.send_signal(signal.SIGCONT))

    def _freeze_agent(self, fault: Fault) -> None:
        """All of its processes, as when a laptop sleeps."""
        self._stop_tree(fault, self._tree(fault.whom))

    def _stop_warden(self, fault: Fault) -> bool:
        wardens = [process for process in self._tree(fault.whom) if "windlass_agent.warden" in _line(process)]
        self._stop_tree(fault, wardens[:1])
        return bool(wardens)

    def _stop_tree(self, fault: Fault, processes: list[psutil.Process]) -> None:
        start = boot()
        for process in processes:
            with contextlib.suppress(psutil.Error):
                process.suspend()

        def go_on() -> None:
            # The outermost first, so that whoever minds the lease is awake before what it must end.
            for process in processes:
                with contextlib.suppress(psutil.Error):
                    process.resume()
            self.log.frozen.append(Window(fault.whom, start, boot()))

        self._later(fault.lasts, go_on)

    def _kill_warden(self, fault: Fault) -> bool:
        return self._kill_one(fault.whom, "windlass_agent.warden")

    def _kill_runner(self, fault: Fault) -> bool:
        return self._kill_one(fault.whom, "windlass_agent.runner")

    def _kill_one(self, agent: str, module: str) -> bool:
        for process in self._tree(agent):
            if module in _line(process):
                with contextlib.suppress(psutil.Error):
                    process.kill()
                return True
        return False

    def _tree(self, agent: str) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            top = psutil.Process(self.cluster.agents[agent].pid)
            return [top, *top.children(recursive=True)]
        return []

    # --- the network -----------------------------------------------------------------------------------------

    def _partition(self, fault: Fault) -> None:
        wire = self.proxy.wires[fault.whom]
        wire.set(hole=True)
        self._later(fault.lasts, lambda: wire.set(hole=False))

    def _cut(self, fault: Fault) -> None:
        self.proxy.wires[fault.whom].cut()

    def _storm(self, fault: Fault) -> None:
        for time_ in range(int(fault.amount)):
            self._later(0.15 * time_, self.proxy.wires[fault.whom].cut)

    def _refuse(self, fault: Fault) -> None:
        wire = self.proxy.wires[fault.whom]
        wire.set(refusing=True)
        wire.cut()
        self._later(fault.lasts, lambda: wire.set(refusing=False))

    def _delay(self, fault: Fault) -> None:
        wire = self.proxy.wires[fault.whom]
        wire.set(delay=fault.amount)
        self._later(fault.lasts, lambda: wire.set(delay=0.0))

    def _throttle(self, fault: Fault) -> None:
        wire = self.proxy.wires[fault.whom]
        wire.set(rate=fault.amount)
        self._later(fault.lasts, lambda: wire.set(rate=0.0))

    # --- the disk --------------------------------------------------------------------------------------------

    def _fill_disk(self, fault: Fault) -> bool:
        if fault.whom == "core" and self.cluster.core is None:
            return False  # a core does not start on a full disk, and says so; that is not this scene
        self._full = fault.whom == "core"
        filler = self._small[fault.whom] / "filler"
        start = boot()
        with contextlib.suppress(OSError), open(filler, "wb", buffering=0) as out:
            while out.write(b"x" * 65536):
                pass

        def empty() -> None:
            filler.unlink(missing_ok=True)
            self._full = False
            if fault.whom == "core":
                self.log.away.append(Window("core", start, boot()))

        self._later(fault.lasts, empty)
        return True


def _line(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


class SmallDisk:
    """A file system of few megabytes in memory; a context manager. `usable` says whether this machine allows it."""

    def __init__(self, path: Path, size: str) -> None:
        self.path = path
        self.size = size
        path.mkdir(parents=True, exist_ok=True)

    def __enter__(self) -> SmallDisk:
        subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={self.size},mode=700", "none", self.path], check=True)
        return self

    def __exit__(self, *exc: object) -> None:
        subprocess.run(["umount", "-l", self.path], check=False)

    @staticmethod
    def usable(scratch: Path) -> bool:
        if os.geteuid() != 0:
            return False
        scratch.mkdir(parents=True, exist_ok=True)
        made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "none", scratch], capture_output=True)
        if made.returncode == 0:
            subprocess.run(["umount", scratch], check=True)
        return made.returncode == 0
