"""NVIDIA GPUs, if there are any and their library is installed. Without them nothing is loaded."""

from __future__ import annotations

import os
from typing import Any


class Gpus:
    def __init__(self) -> None:
        self.names: list[str] = []
        self._handles: list[Any] = []
        self._nvml: Any = None
        if not os.path.exists("/dev/nvidiactl"):
            return
        try:
            import pynvml

            pynvml.nvmlInit()
            self._handles = [pynvml.nvmlDeviceGetHandleByIndex(n) for n in range(pynvml.nvmlDeviceGetCount())]
            names = [pynvml.nvmlDeviceGetName(handle) for handle in self._handles]
        except Exception:  # no library, no driver, or one that does not fit: a machine without GPUs
            self._handles = []
            return
        self.names = [name.decode() if isinstance(name, bytes) else str(name) for name in names]
        self._nvml = pynvml

    def load(self) -> float:
        """0 to 1, mean of all; -1 without any."""
        if not self._handles:
            return -1.0
        try:
            rates = [self._nvml.nvmlDeviceGetUtilizationRates(handle).gpu for handle in self._handles]
        except Exception:  # a driver that was reset: the curve has a gap
            return -1.0
        return float(sum(rates)) / len(rates) / 100
