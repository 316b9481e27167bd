"""GPUs: NVIDIA's are found if their library is installed; of whatever maker, which of them a process may see.

Without them nothing is loaded.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from windlass.model.graph import Gpu


class Gpus:
    """What the driver shows. Indices are its own: the order of the PCI bus."""

    def __init__(self) -> None:
        self.names: list[str] = []
        """Models, by index."""
        self.memory: list[int] = []
        """Bytes of each."""
        self._handles: list[Any] = []
        self._nvml: Any = None
        if not os.path.exists("/dev/nvidiactl"):
            return
        try:
            import pynvml

            pynvml.nvmlInit()
            handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
            names = [pynvml.nvmlDeviceGetName(handle) for handle in handles]
            memory = [int(pynvml.nvmlDeviceGetMemoryInfo(handle).total) for handle in handles]
        except Exception:  # no library, no driver, or one that does not fit: a machine without GPUs
            return
        self._handles = handles
        self.names = [name.decode() if isinstance(name, bytes) else str(name) for name in names]
        self.memory = memory
        self._nvml = pynvml

    def __repr__(self) -> str:
        return f"<Gpus {', '.join(self.names) or 'none'}>"

    def model(self) -> str:
        """Of all that are here, without repeats; empty when there are none."""
        return ", ".join(dict.fromkeys(self.names))

    def devices(self, offered: int) -> list[Gpu]:
        """The first of them; what was not found, but is offered all the same, is without a model."""
        known = list(zip(self.names, self.memory, strict=True))[:offered]
        found = [Gpu(index, name, memory) for index, (name, memory) in enumerate(known)]
        return found + [Gpu(index) for index in range(len(found), offered)]

    def load(self) -> float:
        """0 to 1, mean of all; -1 without any."""
        if not self._handles:
            return -1.0
        try:
            rates = [self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu for handle in self._handles]
        except Exception:  # a driver that was reset: the curve has a gap
            return -1.0
        return float(sum(rates)) / len(rates) / 100


def visible(gpus: Sequence[int]) -> dict[str, str]:
    """The variables that make a process see these devices only; none of them when there are none.

    CUDA numbers by speed unless it is told otherwise, and then index 0 would be another device than the driver's 0.
    ROCm filters by `ROCR_VISIBLE_DEVICES` first and counts the rest from 0, so only one of its two may name indices.
    """
    if not gpus:
        return {
            "CUDA_VISIBLE_DEVICES": "",
            "NVIDIA_VISIBLE_DEVICES": "void",
            "HIP_VISIBLE_DEVICES": "-1",
            "ROCR_VISIBLE_DEVICES": "-1",
        }
    text = ",".join(map(str, gpus))
    return {
        "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
        "CUDA_VISIBLE_DEVICES": text,
        "NVIDIA_VISIBLE_DEVICES": text,
        "HIP_VISIBLE_DEVICES": text,
    }
