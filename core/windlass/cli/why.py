"""`windlass why`: what an item waits for."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.table import Table

from windlass.cli.common import (
    CoreOption,
    JsonOption,
    cells,
    command,
    connected,
    console,
    parse_item,
    print_json,
    the_run,
)
from windlass.model.words import counted


@command
def why(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's number, or `last`.")],
    item: Annotated[
        str, typer.Argument(metavar="TASK[INDEX]", help="An item such as encode[7], or a task: then its next item.")
    ],
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Say why an item does not run yet: what it needs, what blocks it on each agent, what goes first."""
    name, index = parse_item(item)
    with connected(core) as client:
        found = the_run(client, run).why(name, index)
        if json:
            print_json(found)
            return
        screen = console()
        screen.print(f"{item}: {found['sentence']}", markup=False)
        table = _agents(found)
        if table.row_count:
            screen.print(table)


def _agents(found: dict[str, Any]) -> Table:
    """Agent by agent, of what is ready; of the start of its needs if it is not."""
    table = Table(box=None, pad_edge=False, show_header=False)
    while not found["agents"] and found["because"]:
        found = found["because"]
    for agent in found["agents"]:
        table.add_row(*cells(f"  {agent['name']}", agent["text"]))
    if len(found["agents"]) < found["agents_known"]:
        table.add_row(*cells(f"  and {counted(found['agents_known'] - len(found['agents']), 'more agent')}", ""))
    return table
