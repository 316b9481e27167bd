"""Write docs/states.md from the scheduler's tables: python docs/make_states.py"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Mapping
from enum import IntEnum
from pathlib import Path

from windlass.sched import states

PAGE = Path(__file__).with_name("states.md")
HEAD = """\
# States

Drawn from the tables in `core/windlass/sched/states.py` by `python docs/make_states.py`; do not edit. An edge that is
not here cannot happen.
"""


def meanings(kind: type[IntEnum]) -> dict[str, str]:
    """Each member's docstring: the string that follows it in the source."""
    body = ast.parse(inspect.getsource(kind)).body[0]
    assert isinstance(body, ast.ClassDef)
    found: dict[str, str] = {}
    name = ""
    for statement in body.body:
        if isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            name = statement.targets[0].id
        elif name and isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
            found[name] = " ".join(str(statement.value.value).split())
            name = ""
    return found


def section(title: str, kind: type[IntEnum], table: Mapping[IntEnum, frozenset[IntEnum]]) -> str:
    lines = [f"\n## {title}\n", "```mermaid", "stateDiagram-v2"]
    first = next(iter(kind))
    lines.append(f"    [*] --> {first.name}")
    for state in kind:
        targets = sorted(table[state], key=lambda target: target.value)
        lines += [f"    {state.name} --> {target.name}" for target in targets]
        if not targets:
            lines.append(f"    {state.name} --> [*]")
    lines += ["```\n", "| state | meaning |", "|---|---|"]
    lines += [f"| {name} | {meaning} |" for name, meaning in meanings(kind).items()]
    return "\n".join(lines) + "\n"


def page() -> str:
    return (
        HEAD
        + section("An item", states.ItemState, states.ITEM_TRANSITIONS)
        + section("An attempt", states.AttemptState, states.ATTEMPT_TRANSITIONS)
        + section("An agent, as the core knows it", states.AgentState, states.AGENT_TRANSITIONS)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
