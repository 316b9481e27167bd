"""Which programs a graph's commands need that this machine lacks, and which Debian package brings each."""

from __future__ import annotations

import shutil

from windlass.model.graph import Graph
from windlass.model.programs import needed_programs


def missing_programs(graph: Graph) -> list[str]:
    """A sentence for each program that is plain to see in the graph and not installed here."""
    return [
        f"task '{needed.tasks[0]}' needs the program '{needed.name}', which is not installed"
        + (f" (Debian: apt install {needed.package})" if needed.package else "")
        for needed in needed_programs(graph)
        if shutil.which(needed.name) is None
    ]
