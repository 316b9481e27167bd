"""The machine's curve: one point whenever it is asked, which is every second, so it is read with little work."""

from __future__ import annotations

import os
import time
from pathlib import Path

import psutil

from windlass.wire.clock import epoch
from windlass.wire.messages import Sample
from windlass_agent.gpus import Gpus


class Sampler:
    """`disk` is a directory on the disk whose free space is told."""

    def __init__(self, disk: Path, gpus: Gpus) -> None:
        self._disk = disk
        self._gpus = gpus
        self._cpu = self._cpu_times()
        self._net = self._net_bytes()
        self._at = time.monotonic()
        self._last_cpu = 0.0

    @staticmethod
    def _cpu_times() -> tuple[float, float]:
        """(busy, all) seconds since the machine started."""
        times = psutil.cpu_times()
        idle = times.idle + getattr(times, "iowait", 0.0)
        total = sum(times[:8])  # guest times are contained in user times
        return total - idle, total

    @staticmethod
    def _net_bytes() -> tuple[int, int]:
        counters = psutil.net_io_counters(pernic=True)
        mine = [one for name, one in counters.items() if name != "lo"]
        return sum(one.bytes_recv for one in mine), sum(one.bytes_sent for one in mine)

    def sample(self) -> Sample:
        """What happened since the last call."""
        busy, total = self._cpu_times()
        if total > self._cpu[1]:
            self._last_cpu = min(1.0, max(0.0, (busy - self._cpu[0]) / (total - self._cpu[1])))
            self._cpu = (busy, total)
        now = time.monotonic()
        span = max(now - self._at, 1e-3)
        net_in, net_out = self._net_bytes()
        rates = (max(0, net_in - self._net[0]) / span, max(0, net_out - self._net[1]) / span)
        self._net, self._at = (net_in, net_out), now
        memory = psutil.virtual_memory()
        try:
            disk = os.statvfs(self._disk)
            free = disk.f_bavail * disk.f_frsize
        except OSError:
            free = 0
        return Sample(
            epoch(),
            self._last_cpu,
            memory.total - memory.available,
            memory.total,
            free,
            int(rates[0]),
            int(rates[1]),
            self._gpus.load(),
        )
