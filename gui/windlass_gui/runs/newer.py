"""Which of a graph's files were written since its run took them: a retry may want them."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from windlass.client.errors import SubmitError
from windlass.model.expr import ExprError
from windlass.model.files import folder_inputs
from windlass.model.graph import Graph
from windlass_gui.bridge import Bridge


def takes_files(graph: Graph, params: Mapping[str, Any]) -> bool:
    """Whether it takes anything from its folder at all."""
    with contextlib.suppress(ExprError, LookupError, ValueError):
        return any(True for _ in folder_inputs(graph, {**graph.params, **params}))
    return False


def look(
    bridge: Bridge, graph: Graph, folder: Path, params: Mapping[str, Any], since: float,
    done: Callable[[list[str]], None],
) -> None:  # fmt: skip
    """Look through the folder in a thread; `done` gets the paths, in the UI thread."""

    def work() -> None:
        found: list[str] = []
        with contextlib.suppress(Exception):  # whatever keeps it from looking, the retry will tell
            found = newer(graph, folder, params, since)
        bridge.inbox.call(lambda: done(found))

    threading.Thread(target=work, name="windlass-newer", daemon=True).start()


def newer(graph: Graph, folder: Path, params: Mapping[str, Any], since: float) -> list[str]:
    """By their times of writing; none where a file is missing, which the retry itself will tell."""
    from windlass.client.submit import collect  # brings what the app's start does not need

    names = []
    with contextlib.suppress(SubmitError):
        for name, path in sorted(collect(graph, folder, {**graph.params, **params}).items()):
            with contextlib.suppress(OSError):
                if path.stat().st_mtime > since:
                    names.append(name)
    return names
