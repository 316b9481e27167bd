"""`windlass report`: what happened to a run."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from windlass.cli.common import (
    CoreOption,
    JsonOption,
    cells,
    command,
    connected,
    console,
    duration,
    print_json,
    the_run,
)
from windlass.client.account import CAUSES, Account, account_of, counts_words
from windlass.client.run import Run

MOST = 20_000
"""Items of a run up to which `windlass run` looks by itself for losses and missed deadlines;
`windlass report` always does."""


@command
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's number, or `last`.")],
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Say what happened to a run: agents lost, what was made anew where, deadlines, retries, waiting, peaks."""
    with connected(core) as client:
        found = account_of(the_run(client, run))
    if json:
        print_json(found.to_plain())
    else:
        _print(found)


def incidents(run: Run) -> list[str]:
    """Sentences for the end of `windlass run`; none where looking for them would take long."""
    if run.row().counts.total > MOST:
        return []
    found = account_of(run)
    return [*found.loss_words(), *found.deadline_words()]


def _print(found: Account) -> None:
    screen = console()
    screen.print(found.headline(duration), markup=False)
    for line in found.loss_words():
        screen.print(line, markup=False, style="yellow", soft_wrap=True)
    if not found.losses:
        screen.print("no agent was lost with anything of it")
    for line in found.deadline_words():
        screen.print(line, markup=False, style="yellow", soft_wrap=True)
    screen.print()
    table = Table(box=None, pad_edge=False, show_header=False)
    for heading, words in found.facts(duration):
        table.add_row(*cells(heading, words))
    for cause, words in CAUSES.items():
        table.add_row(*cells("waited in all", f"{duration(found.waiting.get(cause, 0.0))} {words}"))
    for item, seconds in found.slowest:
        table.add_row(*cells("slowest", f"{duration(seconds)} {item}"))
    for agent, counts in found.agents.items():
        table.add_row(*cells(f"on {agent}", counts_words(counts)))
    screen.print(table)
