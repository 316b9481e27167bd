"""The `windlass` command: every subcommand, put together.

Exit statuses: 0 done; 1 something failed; 2 a bad document or command line; 3 no core answers; 130 interrupted.

A command's module is imported when it is called, since some bring much along: the scheduler, libraries for graphs and
documents, tables. All are imported where all are shown.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from windlass import __version__

if TYPE_CHECKING:
    import typer

    app: typer.Typer
    """The whole command line."""

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
"""The options are those of the program that is started, which checks and explains them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Where a command is defined."""

    module: str
    function: str
    settings: dict[str, Any] = field(default_factory=dict)
    guarded: bool = False
    """It does not turn exceptions into exit statuses itself."""


COMMANDS = {
    "run": Entry("run", "run"),
    "submit": Entry("runs", "submit"),
    "status": Entry("runs", "status"),
    "logs": Entry("runs", "logs"),
    "why": Entry("why", "why"),
    "report": Entry("report", "report"),
    "retry": Entry("runs", "retry"),
    "cancel": Entry("runs", "cancel"),
    "pause": Entry("runs", "pause"),
    "resume": Entry("runs", "resume"),
    "get": Entry("runs", "get"),
    "core": Entry("start", "core", PASS_ON | {"help_option_names": ["--help"]}),
    "agent": Entry("start", "agent", PASS_ON),
    "app": Entry("start", "gui", PASS_ON),
    "token": Entry("start", "token"),
    "samples": Entry("start", "samples"),
    "shares": Entry("shares", "shares"),
    "simulate": Entry("simulate", "simulate"),
    "import": Entry("workflows", "import_command"),
    "export": Entry("workflows", "export_command"),
    "backup": Entry("keep", "backup"),
    "restore": Entry("keep", "restore"),
    "prune": Entry("keep", "prune"),
    "check": Entry("check", "check_command", guarded=True),
    "schema": Entry("check", "schema_command", guarded=True),
    "new": Entry("check", "new_command", guarded=True),
}
"""In the order of the help."""
GROUPS = {"agents": Entry("agents", "app")}
"""Commands with commands of their own."""


def assemble(names: Iterable[str]) -> typer.Typer:
    """The command line with these commands."""
    import typer

    from windlass.cli.common import command
    from windlass.cli.root import root

    made = typer.Typer(
        name="windlass",
        help="Put many machines to work on one graph of tasks. Without a command: open the app.",
        epilog="Exit status: 0 done, 1 something failed, 2 bad document or usage, 3 no core answers, 130 interrupted.",
        invoke_without_command=True,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
    )
    made.callback()(root)
    for name in names:
        entry = COMMANDS.get(name) or GROUPS[name]
        found = getattr(importlib.import_module(f"windlass.cli.{entry.module}"), entry.function)
        if name in GROUPS:
            made.add_typer(found, name=name)
        else:
            made.command(name, context_settings=dict(entry.settings))(command(found) if entry.guarded else found)
    return made


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(name)
    globals()["app"] = made = assemble([*COMMANDS, *GROUPS])
    return made


def main() -> None:
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    if sys.argv[1:] == ["--version"]:
        print(f"windlass {__version__}")
        return
    known = wanted in COMMANDS or wanted in GROUPS
    assemble([wanted] if known else [*COMMANDS, *GROUPS])()


if __name__ == "__main__":
    main()
