"""What the kernel counts of the machine as a whole, read from /proc: a few small files, once a second.

The fields are those of man 5 proc. A file that looks otherwise tells nothing: 0.
"""

from __future__ import annotations

import os

_TICK = os.sysconf("SC_CLK_TCK")


def cpu_times(file: str = "/proc/stat") -> tuple[float, float]:
    """(busy, all) seconds of all CPUs since the machine started."""
    try:
        with open(file) as lines:
            # user, nice, system, idle, waiting for disks, two of interrupts, stolen; guests' is contained in user's
            spent = [int(field) / _TICK for field in lines.readline().split()[1:9]]
    except (OSError, ValueError):
        spent = []
    return sum(spent) - sum(spent[3:5]), sum(spent)


def network(file: str = "/proc/net/dev") -> tuple[int, int]:
    """Bytes (received, sent) since the machine started, without what it told itself."""
    received = sent = 0
    try:
        with open(file) as lines:
            for line in lines:
                name, colon, counts = line.rpartition(":")
                if colon and name.strip() != "lo":
                    fields = counts.split()
                    received += int(fields[0])
                    sent += int(fields[8])
    except (OSError, ValueError, IndexError):
        pass
    return received, sent


def memory(file: str = "/proc/meminfo") -> tuple[int, int]:
    """Bytes (of all memory, of what can be had without swapping)."""
    found = {"MemTotal": 0, "MemAvailable": 0}
    try:
        with open(file) as lines:
            for line in lines:
                name, _, value = line.partition(":")
                if name in found:
                    found[name] = int(value.split()[0]) * 1024
                    if all(found.values()):
                        break
    except (OSError, ValueError, IndexError):
        pass
    total = found["MemTotal"]
    return total, min(total, found["MemAvailable"])
