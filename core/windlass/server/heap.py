"""How the process gives memory back to the system after something large."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
LARGE = 256 * 1024
"""Bytes of a block that is the system's again once it is free."""
SPARE = 1024 * 1024
"""Free bytes at the end of the heap that are kept for what comes next."""


def give_back_large_blocks() -> bool:
    """Fix the thresholds of glibc's malloc; whether there is one.

    By itself it raises them with the largest block that was ever freed, up to 32 MiB, and then keeps twice that for
    good: a core that once took a large graph would never be small again.
    """
    if sys.platform != "linux":
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE) and mallopt(_M_TRIM_THRESHOLD, SPARE))
