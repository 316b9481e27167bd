"""Finding, starting and leaving cores. Everything here may block: worker threads only."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Listener: TypeAlias = Callable[[str, str], None]
"""Gets the link's phase (connecting, up, refused, closed) and a reason, in any thread."""
Progress: TypeAlias = Callable[[str, str, int, int], None]
"""Gets phase, text, bytes done and bytes in all."""


def open_own(listener: Listener) -> Any:
    """A link to the user's own core, which is started (with an agent) when it does not run."""
    raise NotImplementedError


def open_address(address: str, listener: Listener) -> Any:
    """A link to a core somewhere else."""
    raise NotImplementedError


def submit(link: Any, document: str, folder: Path | None, params: dict[str, Any], progress: Progress) -> int:
    """The new run's number."""
    raise NotImplementedError


def leave(link: Any, stop_core: bool) -> None:
    link.close()
