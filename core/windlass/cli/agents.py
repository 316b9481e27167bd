"""The commands about agents: the list, drain, undrain, forgive, remove."""

from __future__ import annotations

import time
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from windlass.cli.common import (
    CoreOption,
    JsonOption,
    ago,
    cells,
    command,
    connected,
    console,
    duration,
    print_json,
    say,
)
from windlass.model.units import human_size
from windlass.wire.rows import AgentRow

app = typer.Typer(help="List the agents of a core; drain, undrain, forgive or remove one.", no_args_is_help=False)
AgentArgument = Annotated[str, typer.Argument(metavar="AGENT", help="Its name or id.")]


@app.callback(invoke_without_command=True)
def agents(context: typer.Context, core: CoreOption = None, json: JsonOption = False) -> None:
    """List the agents of a core: their state, what they have and what is in use."""
    if context.invoked_subcommand is None:
        list_agents(core, json)


@command
def list_agents(core: str | None, json: bool) -> None:
    with connected(core) as client:
        rows = client.agents()
    if json:
        print_json({"agents": [msgspec.to_builtins(row) for row in rows]})
    elif not rows:
        say(
            "no agents yet; start one here with `windlass agent`, or on another machine with a token (`windlass token`)"
        )
    else:
        console().print(_table(rows))
        for row in rows:
            if row.aside:
                console().print(aside_words(row, time.time()), markup=False, soft_wrap=True)


@app.command()
@command
def drain(agent: AgentArgument, core: CoreOption = None) -> None:
    """Give an agent nothing new; what runs on it goes on."""
    with connected(core) as client:
        client.drain(agent)
    say(f"{agent} gets nothing new; undo with: windlass agents undrain {agent}")


@app.command()
@command
def undrain(agent: AgentArgument, core: CoreOption = None) -> None:
    """Let a drained agent work again."""
    with connected(core) as client:
        client.drain(agent, on=False)
    say(f"{agent} gets work again")


@app.command()
@command
def forgive(agent: AgentArgument, core: CoreOption = None) -> None:
    """Let an agent that was set aside as sick work again at once."""
    with connected(core) as client:
        client.forgive(agent)
    say(f"{agent} is forgiven")


@app.command()
@command
def remove(agent: AgentArgument, core: CoreOption = None) -> None:
    """Forget an agent that is down."""
    with connected(core) as client:
        client.remove_agent(agent)
    say(f"{agent} is forgotten")


def aside_words(row: AgentRow, now: float) -> str:
    """Why an agent is set aside, when it is back, and what a person can do."""
    back = max((row.aside_until or now) - now, 0.0)
    return f"{row.name} is set aside: {row.aside}; back in {duration(back)}, or now: windlass agents forgive {row.name}"


def _state(row: AgentRow) -> str:
    flags = {"draining": row.draining, "set aside": bool(row.aside), "on probation": row.probation}
    return ", ".join([row.state, *(flag for flag, on in flags.items() if on)])


def _table(rows: list[AgentRow]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("agent", "state", "running", "cpus", "memory", "gpus", "labels", "heard"):
        table.add_column(heading)
    for row in rows:
        labels = " ".join(f"{key}={value}" for key, value in sorted(row.labels.items()))
        memory = human_size(_number(row.resources.get("memory")))
        gpus = _share(row, "gpus") if row.resources.get("gpus") else ""
        running = str(row.running)
        table.add_row(
            *cells(row.name, _state(row), running, _share(row, "cpus"), memory, gpus, labels, ago(row.last_heard))
        )
    return table


def _share(row: AgentRow, name: str) -> str:
    return f"{_number(row.used.get(name)):g}/{_number(row.resources.get(name)):g}"


def _number(value: Any) -> float:
    return float(value) if isinstance(value, int | float) else 0.0
