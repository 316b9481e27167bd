"""The `windlass` command: every subcommand, put together.

Exit statuses: 0 done; 1 something failed; 2 a bad document or command line; 3 no core answers; 130 interrupted.
"""

from __future__ import annotations

from typing import Annotated

import typer

from windlass import __version__
from windlass.cli import account, agents, check, keep, run, runs, shares, simulate, start, why, workflows
from windlass.cli.common import OK, command

app = typer.Typer(
    name="windlass",
    help="Put many machines to work on one graph of tasks. Without a command: open the app.",
    epilog="Exit status: 0 done, 1 something failed, 2 bad document or usage, 3 no core answers, 130 interrupted.",
    invoke_without_command=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _version(wanted: bool) -> None:
    if wanted:
        print(f"windlass {__version__}")
        raise typer.Exit(OK)


@app.callback()
def root(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Print it.")] = False,
) -> None:
    """Put many machines to work on one graph of tasks. Without a command: open the app."""
    if context.invoked_subcommand is None:
        command(start.open_app)()


for function in (
    run.run,
    runs.submit,
    runs.status,
    runs.logs,
    why.why,
    account.report,
    runs.retry,
    runs.cancel,
    runs.pause,
    runs.resume,
    runs.get,
):
    app.command()(function)
app.command(context_settings=start.PASS_ON | {"help_option_names": ["--help"]})(start.core)
app.command(context_settings=start.PASS_ON)(start.agent)
app.command("app", context_settings=start.PASS_ON)(start.gui)
app.command()(start.token)
app.command()(start.samples)
app.command()(shares.shares)
app.command()(simulate.simulate)
app.command("import")(workflows.import_command)
app.command("export")(workflows.export_command)
app.command()(keep.backup)
app.command()(keep.restore)
app.command()(keep.prune)
app.add_typer(agents.app, name="agents")
app.command("check")(command(check.check_command))
app.command("schema")(command(check.schema_command))
app.command("new")(command(check.new_command))


def main() -> None:
    app()


if __name__ == "__main__":
    main()
