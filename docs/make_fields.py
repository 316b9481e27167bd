"""Write docs/fields.md from the document's field tables: python docs/make_fields.py"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from windlass.model import fields

PAGE = Path(__file__).with_name("fields.md")
HEAD = """\
# Fields of a graph document

Made from `core/windlass/model/fields.py` by `python docs/make_fields.py`; do not edit. The same tables make the JSON
Schema that `windlass schema` prints. [graph.md](graph.md) explains them in order.
"""


def section(title: str, table: dict[str, tuple[dict[str, Any], str]], note: str = "") -> str:
    lines = [f"\n## {title}\n", *([note + "\n"] if note else []), "| field | meaning |", "|---|---|"]
    lines += [f"| `{name}` | {meaning.replace('|', chr(92) + '|')} |" for name, (_, meaning) in table.items()]
    return "\n".join(lines) + "\n"


def page() -> str:
    kept = ", ".join(f"`{name}`" for name in fields.DEFAULTS)
    return (
        HEAD
        + section("The document", fields.GRAPH)
        + section("A task", fields.TASK, f"`defaults` may hold {kept}; `env` and `resources` are merged.")
        + section("`resources`", fields.RESOURCES, "Any other name is a counted thing that agents declare.")
        + section("`retries`", fields.RETRIES, "A number alone is `max`.")
        + section("An entry of `needs`", fields.NEED, "An id alone is `task`.")
        + section("`foreach` as a mapping", fields.FOREACH)
    )


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
