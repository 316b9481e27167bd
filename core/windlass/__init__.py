"""Windlass: put many machines to work on one graph of tasks.

The names below are the public Python API. They are loaded on first use, so that an agent, which needs
only the wire and the model, does not pay for the client.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Client", "Executor", "Graph", "__version__", "task"]

if TYPE_CHECKING:
    from windlass.client.api import Client
    from windlass.client.build import Graph, task
    from windlass.client.executor import Executor

_HOMES = {
    "Client": "windlass.client.api",
    "Graph": "windlass.client.build",
    "task": "windlass.client.build",
    "Executor": "windlass.client.executor",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'windlass' has no attribute {name!r}")
