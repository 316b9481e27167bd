"""`windlass` without a command, and the options before one."""

from __future__ import annotations

from typing import Annotated

import typer

from windlass import __version__
from windlass.cli.common import OK, command


def _version(wanted: bool) -> None:
    if wanted:
        print(f"windlass {__version__}")
        raise typer.Exit(OK)


def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Put many machines to work on one graph of tasks. Without a command: open the app."""
    if context.invoked_subcommand is None:
        from windlass.cli import start

        command(start.open_app)()
