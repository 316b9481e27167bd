"""What starting left behind in the heap goes back to the system: a tenth of what an idle agent would have."""

from __future__ import annotations

import ctypes
import gc


def give_back() -> None:
    """Once all is loaded: it lives for ever, so the garbage collector need not look at it again."""
    gc.collect()
    gc.freeze()
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, AttributeError):  # not glibc
        return
