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
from windlass.client.account import Account, account
from windlass.client.run import Run
from windlass.model.units import human_size

MOST = 20_000
"""Items of a run up to which `windlass run` looks for losses by itself; `windlass report` always does."""
CAUSES = {
    "room": "for room on an agent",
    "agent": "on its agent: for its turn, or for its inputs",
    "again": "between a bad end and the next attempt",
}


@command
def report(
    run: Annotated[str, typer.Argument(metavar="RUN", help="The run's number, or `last`.")],
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Say what happened to a run: agents lost, what was made anew where, retries, waiting, memory, slowest items."""
    with connected(core) as client:
        found = account_of(the_run(client, run))
    if json:
        print_json(found.to_plain())
    else:
        _print(found)


def account_of(run: Run) -> Account:
    return account(run.row(), run.tasks(), run.attempts())


def losses(run: Run) -> list[str]:
    """Sentences for the end of `windlass run`; none where looking for them would take long."""
    return account_of(run).loss_words() if run.row().counts.total <= MOST else []


def _print(found: Account) -> None:
    screen = console()
    took = duration(found.ended - found.submitted) if found.ended is not None else "so far"
    screen.print(f"run {found.run} ({found.name}): {found.state}, {found.items:,} items, {took}", markup=False)
    for line in found.loss_words():
        screen.print(line, markup=False, style="yellow", soft_wrap=True)
    if not found.losses:
        screen.print("no agent was lost with anything of it")
    screen.print()
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_row(*cells("attempts", _counts(found.attempts)))
    table.add_row(*cells("tried again", _counts(found.retried) or "nothing"))
    lost = sum(seconds for how, seconds in found.spent.items() if how not in ("ok", "running"))
    good = found.spent.get("ok", 0.0)
    table.add_row(*cells("time", f"{duration(good)} in good attempts, {duration(lost)} in others"))
    for cause, words in CAUSES.items():
        table.add_row(*cells("waiting", f"{duration(found.waiting.get(cause, 0.0))} {words}"))
    if found.memory:
        table.add_row(*cells("peak memory", f"{human_size(found.memory)} ({found.memory_of})"))
    for item, seconds in found.slowest:
        table.add_row(*cells("slowest", f"{duration(seconds)} {item}"))
    for agent, counts in found.agents.items():
        table.add_row(*cells(f"on {agent}", _counts(counts)))
    screen.print(table)


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{count:,} {how}" for how, count in counts.items())
