"""The commands that start programs: the app, the core, an agent; and the join tokens that bring them together."""

from __future__ import annotations

import importlib.util
import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from windlass.cli.common import (
    FAILED,
    USAGE,
    CoreOption,
    JsonOption,
    UserError,
    command,
    connected,
    console,
    print_json,
    say,
)
from windlass.client.embedded import running_core


def open_app(arguments: Sequence[str] = ()) -> None:
    """Become the desktop app."""
    missing = [name for name in ("PySide6", "pyqtgraph") if importlib.util.find_spec(name) is None]
    if missing:
        raise UserError(
            f"the desktop app needs {' and '.join(missing)}: pip install 'windlass[gui]'\n"
            "without it: windlass run GRAPH (see windlass --help)",
            USAGE,
        )
    _become("windlass_gui", [*arguments])


@command
def gui(context: typer.Context) -> None:
    """Open the app, with a graph, or for a core elsewhere with --connect ADDRESS. --help lists its options."""
    open_app(context.args)


@command
def agent(context: typer.Context) -> None:
    """Work for a core: the local one, or with --join TOKEN one on another machine. --help lists its options."""
    _become("windlass_agent", context.args)


@command
def core(
    context: typer.Context,
    bind: Annotated[
        str | None, typer.Option(metavar="tcp://HOST:PORT", help="Where to listen; default: this machine only.")
    ] = None,
) -> None:
    """Run the core in the foreground until Ctrl-C. Where other machines can reach it, it prints a join token.

    Its settings are in core.toml in the configuration directory (~/.config/windlass, or $WINDLASS_HOME/config); without
    that file all are defaults. --check-config checks it, prints where it is and what is in force, and ends.

    Further options go to the server: --data, --config, --no-announce, --log-level, --lease, --heartbeat.
    """
    found = running_core()
    if found is not None and not context.args:
        raise UserError(f"a core is running already at {found.endpoint} (process {found.pid})", FAILED)
    _become("windlass.server", [*(["--bind", bind] if bind else []), *context.args])


@command
def token(
    role: Annotated[str, typer.Option(help="agent, viewer, operator or admin.")] = "agent",
    ttl: Annotated[float, typer.Option(min=1, help="Seconds within which it must be used.")] = 3600.0,
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Make a join token: it lets one agent (or client) in, once."""
    with connected(core) as client:
        made = client.token(role, ttl)
    if json:
        print_json({"token": made, "role": role, "ttl": ttl})
    else:
        print(made)
        use = f"windlass agent --join {made[:12]}..." if role == "agent" else f"windlass status --core {made[:12]}..."
        say(f"good for one use within {ttl / 60:g} minutes: {use}")


@command
def samples(json: JsonOption = False) -> None:
    """List the sample graphs that `windlass run NAME` knows."""
    from windlass.cli import graphs  # brings the reading of documents along, which starting a program need not wait for

    found = graphs.samples()
    if json:
        rows = [
            {"name": one.name, "title": one.title, "description": one.description, "path": str(one.path)}
            for one in found
        ]
        print_json({"samples": rows})
        return
    screen = console()
    for one in found:
        screen.print(f"[bold]{one.name}[/]  {one.description}")
        for line in one.missing():
            screen.print(f"    {line}", style="yellow", markup=False)


def _become(module: str, arguments: list[str]) -> None:
    """Replace this process by another program of ours."""
    if importlib.util.find_spec(module) is None:
        raise UserError(f"this installation has no {module}", FAILED)
    sys.stdout.flush()
    sys.stderr.flush()
    os.execv(sys.executable, [sys.executable, "-m", module, *arguments])
