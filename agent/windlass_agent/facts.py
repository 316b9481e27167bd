"""What this machine has to offer, as far as this process may use it: affinity and control groups count."""

from __future__ import annotations

import os
import platform
import socket
from pathlib import Path

import windlass
from windlass.model.graph import Resources
from windlass.wire.messages import AgentFacts
from windlass_agent import machine
from windlass_agent.gpus import Gpus

_CGROUP = Path("/sys/fs/cgroup")


def _limits(name: str) -> list[str]:
    """The contents of this file in our control group and all above it."""
    found = []
    try:
        own = Path("/proc/self/cgroup").read_text().strip().rpartition("::")[2].lstrip("/")
    except OSError:
        own = ""
    group = _CGROUP / own
    while True:
        try:
            found.append((group / name).read_text().strip())
        except OSError:
            pass  # not a control group of version 2, or its root
        if group == _CGROUP or _CGROUP not in group.parents:
            return found
        group = group.parent


def cpus() -> float:
    """CPUs that we may use."""
    count = float(len(os.sched_getaffinity(0)))
    for text in _limits("cpu.max"):
        quota, _, period = text.partition(" ")
        if quota != "max" and period:
            count = min(count, int(quota) / int(period))
    return max(0.1, round(count, 2))


def memory() -> int:
    """Bytes that we may use."""
    total = machine.memory()[0]
    for text in _limits("memory.max"):
        if text != "max":
            total = min(total, int(text))
    return total


def cpu_model() -> str:
    try:
        with open("/proc/cpuinfo") as file:
            for line in file:
                if line.startswith(("model name", "Model")):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def resources(data: Path, gpus: Gpus) -> Resources:
    """All that was found, before the user's own limits."""
    disk = os.statvfs(data)
    return Resources(cpus=cpus(), memory=memory(), disk=disk.f_bavail * disk.f_frsize, gpus=len(gpus.names))


def labels(own: dict[str, str], gpus: Gpus, kernel_limits: bool) -> dict[str, str]:
    """The machine's own, and the user's, which win."""
    found = {
        "os": platform.system().lower(),
        "arch": platform.machine(),
        "hostname": socket.gethostname(),
        "python": platform.python_version(),
        "limits": "cgroup" if kernel_limits else "sampling",
    }
    if gpus.names:
        found["gpu"] = gpus.model()
    return {**found, **own}


def facts(
    name: str, offered: Resources, own_labels: dict[str, str], gpus: Gpus, kernel_limits: bool = False
) -> AgentFacts:
    return AgentFacts(
        name=name or socket.gethostname(),
        resources=offered,
        labels=labels(own_labels, gpus, kernel_limits),
        gpus=gpus.names[: offered.gpus],
        cpu_model=cpu_model(),
        pid=os.getpid(),
        version=getattr(windlass, "__version__", ""),
        devices=gpus.devices(offered.gpus),
    )
