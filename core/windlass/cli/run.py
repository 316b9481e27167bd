"""`windlass run`: a graph from start to end with a core and agents of its own."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer

from windlass.cli import graphs, summary
from windlass.cli.common import FAILED, INTERRUPTED, OK, JsonOption, UserError, command, print_json, say
from windlass.cli.progress import Display, display
from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore
from windlass.client.errors import WindlassError
from windlass.client.run import Run, RunView
from windlass.model.graph import Graph

GraphArgument = Annotated[
    str, typer.Argument(metavar="GRAPH", help="A graph document, its folder, or a sample's name.")
]
ParamOption = Annotated[
    list[str] | None, typer.Option("--param", "-p", metavar="NAME=VALUE", help="Set a parameter of the graph.")
]


@command
def run(
    graph: GraphArgument,
    param: ParamOption = None,
    agents: Annotated[int, typer.Option(min=1, max=64, help="Local agents to start; they share the CPUs.")] = 1,
    out: Annotated[Path | None, typer.Option(help="Folder for the output files: OUT/TASK/PATH.")] = None,
    json: JsonOption = False,
    keep: Annotated[
        bool, typer.Option(help="Keep the core's folder (record, logs, files) and say where it is.")
    ] = False,
) -> None:
    """Run a graph here and now, with a core and agents of its own that end with it.

    Exit status: 0 when all succeeded, 1 when something failed, 2 for a bad document or command line, 130 on Ctrl-C.
    """
    chosen = graphs.choose(graph, param or [])
    graphs.require_programs(chosen, graph)
    package = chosen.package()
    if out is not None:
        _check_folder(out)
    _end_on_sigterm()
    core = EmbeddedCore(agents=agents, cpus=max(1.0, (os.cpu_count() or 1) // agents), keep_home=keep)
    try:
        core.start()
        with Client(core.endpoint, core_key=core.public, home=core.home) as client:
            client.wait_agents(agents)
            with display(quiet=json) as shown:
                started = client.submit(package, chosen.params, progress=shown.upload)
                try:
                    state = follow(started, lambda: _health(core), shown)
                except KeyboardInterrupt:
                    shown.note("interrupted: stopping what runs")
                    with contextlib.suppress(WindlassError):
                        started.cancel()
                    raise
            files = started.download(out) if out is not None else []
            tell(started, chosen.graph, out, files, json)
    except KeyboardInterrupt:
        say("interrupted: everything was stopped")
        raise typer.Exit(INTERRUPTED) from None
    finally:
        core.stop()
        if keep:
            say(f"kept in {core.home} (WINDLASS_HOME={core.home} windlass core goes on from there)")
    raise typer.Exit(OK if state == "succeeded" else FAILED)


def tell(run: Run, graph: Graph, out: Path | None, files: list[Path], json: bool) -> None:
    """The end of a run, as a document or as a summary."""
    if json:
        made: dict[str, Any] = summary.document(run, graph)
        made["out"] = None if out is None else str(out)
        made["files"] = [str(path) for path in files]
        print_json(made)
    else:
        summary.summarise(run, graph, out, files)


def follow(run: Run, health: Callable[[], str], shown: Display) -> str:
    """Until the run has ended; its state. Where nothing moves, `health` may have a word about why."""
    told: set[str] = set()

    def note(text: str) -> None:
        if text and text not in told:
            told.add(text)
            shown.note(text)

    view: RunView | None = None
    with run.watch() as watch:
        for change in watch.changes():
            if change is not None:
                view = change
                shown.update(view)
                continue
            note(health())
            if view is not None:
                note(view.run.note)
    return view.run.state if view is not None else "failed"


def _health(core: EmbeddedCore) -> str:
    """A word about a dead agent; an error when nothing can go on."""
    if (reason := core.fatal()) is not None:
        raise UserError(reason, FAILED)
    ended = core.check()
    return "" if ended is None else ended.splitlines()[0].rstrip(":") + "; the others go on"


def _check_folder(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise UserError(f"--out {out}: there is a file of that name")


def _end_on_sigterm() -> None:
    """A polite kill, or the end of the terminal, ends the children in order, as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with contextlib.suppress(ValueError):  # not the main thread: a test calls us
        signal.signal(signal.SIGTERM, interrupt)
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:  # nohup
            signal.signal(signal.SIGHUP, interrupt)
