"""Which programs a graph's commands need that this machine lacks, and which Debian package brings each."""

from __future__ import annotations

import shutil

from windlass.model.graph import Graph
from windlass.model.programs import needed_programs


def missing_programs(graph: Graph) -> list[str]:
    """A sentence for each program that is plain to see in the graph and not installed here.

    Only programs whose package is known: another word of a shell's text may be a function, or a fallback.
    """
    return [
        f"task '{needed.tasks[0]}' needs the program '{needed.name}', which is not installed "
        f"(Debian: apt install {needed.package})"
        for needed in needed_programs(graph)
        if needed.package and shutil.which(needed.name) is None
    ]
