"""Draw the state diagrams in docs/scheduler.md from the tables in windlass.sched.states.

python docs/make_diagrams.py          rewrites the page
python docs/make_diagrams.py --check  exits 1 if the page is not current
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Mapping
from enum import IntEnum
from itertools import pairwise
from pathlib import Path

from windlass.sched import states
from windlass.sched.states import AgentState, AttemptState, ItemState

PAGE = Path(__file__).with_name("scheduler.md")
DIAGRAMS: dict[str, tuple[type[IntEnum], Mapping[IntEnum, frozenset[IntEnum]]]] = {
    "item": (ItemState, states.ITEM_TRANSITIONS),  # type: ignore[dict-item]
    "attempt": (AttemptState, states.ATTEMPT_TRANSITIONS),  # type: ignore[dict-item]
    "agent": (AgentState, states.AGENT_TRANSITIONS),  # type: ignore[dict-item]
}


def meanings(kind: type[IntEnum]) -> dict[str, str]:
    """The line under each state in its class, which Python itself does not keep."""
    tree = ast.parse(inspect.getsource(kind))
    body = tree.body[0].body  # type: ignore[attr-defined]
    result = {}
    for node, after in pairwise(body):
        if isinstance(node, ast.Assign) and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            result[node.targets[0].id] = " ".join(str(after.value.value).split())  # type: ignore[attr-defined]
    return result


def diagram(name: str) -> str:
    kind, table = DIAGRAMS[name]
    lines = ["```mermaid", "stateDiagram-v2", f"    [*] --> {next(iter(kind)).name}"]
    for old in kind:
        lines += [f"    {old.name} --> {new.name}" for new in sorted(table[old])]
        if not table[old]:
            lines.append(f"    {old.name} --> [*]")
    lines.append("```")
    lines += ["", "| state | meaning |", "|---|---|"]
    lines += [f"| {state} | {meaning} |" for state, meaning in meanings(kind).items()]
    return "\n".join(lines)


def rendered(page: str) -> str:
    for name in DIAGRAMS:
        begin, end = f"<!-- {name}: drawn by make_diagrams.py -->\n\n", f"\n\n<!-- end of {name} -->"
        head, rest = page.split(begin)
        _, tail = rest.split(end)
        page = head + begin + diagram(name) + end + tail
    return page


def main(arguments: list[str]) -> int:
    page = PAGE.read_text(encoding="utf-8")
    new = rendered(page)
    if "--check" in arguments:
        return int(page != new)
    PAGE.write_text(new, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
