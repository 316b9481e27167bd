"""The commands about runs of a core: submit, status, logs, retry, cancel, pause, resume, get."""

from __future__ import annotations

import contextlib
import sys
import time
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn
from rich.table import Table

from windlass.cli import graphs, summary
from windlass.cli.common import (
    FAILED,
    OK,
    CoreOption,
    JsonOption,
    UserError,
    ago,
    cells,
    command,
    connected,
    console,
    duration,
    parse_item,
    print_json,
    say,
    show_path,
    the_run,
)
from windlass.cli.progress import display
from windlass.cli.run import GraphArgument, ParamOption, follow, tell
from windlass.client.api import Client
from windlass.client.run import ENDED, Run
from windlass.client.submit import package
from windlass.model.units import human_size
from windlass.model.words import counted
from windlass.wire import logs as records
from windlass.wire.rows import ItemRow, RunRow, TaskRow

RunArgument = Annotated[str, typer.Argument(metavar="RUN", help="The run's number, or `last`.")]
ItemArgument = Annotated[
    str | None, typer.Argument(metavar="[TASK[INDEX]]", help="A task, or an item such as encode[7].")
]


@command
def submit(
    graph: GraphArgument,
    param: ParamOption = None,
    name: Annotated[str, typer.Option(help="Another name for this run.")] = "",
    priority: Annotated[int, typer.Option(help="Runs with a higher number go first.")] = 0,
    owner: Annotated[str, typer.Option(help="For whom; only an admin may name another than itself.")] = "",
    project: Annotated[str, typer.Option(help="What it is done for, instead of the owner, in the fair share.")] = "",
    wait: Annotated[bool, typer.Option("--wait", help="Show progress and return when it has ended.")] = False,
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Give a graph to a running core. The run goes on without this terminal."""
    chosen = graphs.choose(graph, param or [])
    prepared = chosen.package()
    with connected(core) as client:
        with display(quiet=json) as shown:
            run = client.submit(
                prepared, chosen.params, name=name, owner=owner, project=project, priority=priority,
                progress=shown.upload,
            )  # fmt: skip
            state = follow(run, lambda: _silence(client), shown) if wait else ""
        if wait:
            tell(run, chosen.graph, None, [], json)
            raise typer.Exit(OK if state == "succeeded" else FAILED)
    if json:
        print_json({"run": run.id, "name": name or chosen.graph.name})
    else:
        print(f"run {run.id}: {name or chosen.graph.name}")
        say(f"follow it with: windlass status {run.id}")


def _silence(client: Client) -> str:
    return "" if client.link.phase == "up" else "the core does not answer; waiting for it (the run is safe with it)"


@command
def status(
    run: Annotated[str | None, typer.Argument(metavar="[RUN]", help="One run in detail; without, all runs.")] = None,
    limit: Annotated[int, typer.Option(help="The newest so many runs.")] = 20,
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """List the runs, or show one with its tasks and what failed."""
    with connected(core) as client:
        if run is None:
            rows = client.runs(limit)
            if json:
                print_json({"runs": [msgspec.to_builtins(row) for row in rows]})
            elif not rows:
                say("no runs yet; start one with `windlass submit GRAPH`")
            else:
                console().print(_runs_table(rows))
            return
        handle = the_run(client, run)
        row, tasks = handle.row(), handle.tasks()
        failed = summary.failed_items(handle, tasks)
        if json:
            items = [
                {**msgspec.to_builtins(item), "task": task.id, "name": summary.item_name(task, item.index)}
                for task, item in failed
            ]
            print_json({"run": msgspec.to_builtins(row), "tasks": msgspec.to_builtins(tasks), "failed": items})
            return
        screen = console()
        took = duration((row.ended or time.time()) - row.submitted)
        screen.print(f"run {row.id} {row.name}: {row.state}, {took}, {summary.counts_words(row)}", markup=False)
        if row.note:
            screen.print(row.note, markup=False)
        screen.print(summary.task_table(tasks))
        for task, item in failed:
            line = item.error.splitlines()[0] if item.error else "failed"
            screen.print(f"{summary.item_name(task, item.index)}: {line}", markup=False)
        if failed:
            first = summary.item_name(*_first(failed))
            screen.print(f"see why: windlass logs {row.id} '{first}'; again: windlass retry {row.id}", markup=False)


@command
def logs(
    run: RunArgument,
    item: Annotated[str, typer.Argument(metavar="TASK[INDEX]", help="A task, or an item such as encode[7].")],
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the attempt has ended.")] = False,
    attempt: Annotated[int, typer.Option(help="Which attempt; 0: the latest.")] = 0,
    json: JsonOption = False,
    core: CoreOption = None,
) -> None:
    """Print what an item wrote to its standard output and error."""
    task, index = parse_item(item)
    with connected(core) as client:
        handle = the_run(client, run)
        pieces = handle.log_records(task, index or 0, attempt, follow=follow and not json)
        if json:
            found = [
                {"time": each.time, "stream": _STREAMS[each.stream], "text": each.data.decode("utf-8", "replace")}
                for each in records.read(b"".join(pieces))
            ]
            print_json({"run": handle.id, "task": task, "index": index, "records": found})
            return
        for piece in pieces:
            sys.stdout.buffer.write(records.to_bytes(piece))
            sys.stdout.buffer.flush()


_STREAMS = {records.OUT: "out", records.ERR: "err", records.NOTE: "note"}


@command
def retry(
    run: RunArgument,
    item: ItemArgument = None,
    downstream: Annotated[
        bool, typer.Option(help="Run the named task or item again however it ended, and all that comes after it.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many items it would touch.")] = False,
    graph: Annotated[
        str | None,
        typer.Option(
            "--with", metavar="GRAPH", help="First take this mended graph for the run; it must have the same structure."
        ),
    ] = None,
    core: CoreOption = None,
) -> None:
    """Run again what failed or was cancelled (and what was skipped because of it), if need be with a mended graph."""
    task, index = parse_item(item) if item else (None, None)
    if downstream and task is None:
        raise UserError("--downstream needs the task or item to begin with")
    if graph is not None and dry_run:
        raise UserError("--dry-run changes nothing, so it does not go with --with")
    chosen = None if graph is None else graphs.choose(graph, [])
    with connected(core) as client:
        handle = the_run(client, run)
        if chosen is not None:
            _amend(handle, chosen)
        count = handle.retry(task, index, downstream=downstream, dry=dry_run)
    _touched(count, "would run again" if dry_run else "will run again")


def _amend(run: Run, chosen: graphs.Chosen) -> None:
    """Give the run the graph and its files, and say what that changed."""
    made = package(chosen.graph, chosen.text, chosen.path.parent, run.params())
    with display(quiet=False) as shown:
        changed = run.amend(made, progress=shown.upload)
    names = ", ".join(changed[:8]) + (f" and {len(changed) - 8} more" if len(changed) > 8 else "")
    say(f"changed in run {run.id}: {names}" if changed else f"run {run.id} has this graph already")


@command
def cancel(run: RunArgument, item: ItemArgument = None, core: CoreOption = None) -> None:
    """Stop a run, a task or an item: what waits does not start, what runs is ended."""
    task, index = parse_item(item) if item else (None, None)
    with connected(core) as client:
        _touched(the_run(client, run).cancel(task, index), "cancelled")


@command
def pause(run: RunArgument, core: CoreOption = None) -> None:
    """Start nothing more of a run; what runs goes on to its end."""
    with connected(core) as client:
        found = the_run(client, run)
        found.pause()
        state = found.state
    if state in ENDED:
        say(f"nothing to pause: the run {'was' if state == 'cancelled' else 'has'} {state}")
    else:
        say("paused; go on with: windlass resume " + run)


@command
def resume(run: RunArgument, core: CoreOption = None) -> None:
    """Go on with a paused run."""
    with connected(core) as client:
        the_run(client, run).resume()


@command
def get(
    run: RunArgument,
    task: Annotated[str | None, typer.Argument(metavar="[TASK]", help="Only this task's outputs.")] = None,
    out: Annotated[Path, typer.Option(help="Folder; files are laid under OUT/TASK/PATH.")] = Path(),
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Fetch the output files of a run."""
    with connected(core) as client:
        handle = the_run(client, run)
        with contextlib.ExitStack() as stack:
            progress = None
            if sys.stderr.isatty() and not json:
                bars = stack.enter_context(
                    Progress(TextColumn("outputs"), BarColumn(), DownloadColumn(), console=console(stderr=True))
                )
                bar = bars.add_task("outputs", total=None)
                progress = lambda done, total: bars.update(bar, completed=done, total=total)  # noqa: E731
            files = handle.download(out, task, progress)
        total = sum(path.stat().st_size for path in files)
        if json:
            print_json({"run": handle.id, "files": [str(path) for path in files], "bytes": total})
        elif files:
            say(f"{counted(len(files), 'file')} ({human_size(total)}) in {show_path(out)}/")
        else:
            say("there are no output files" + (f" of task {task}" if task else ""))


def _first(failed: list[tuple[TaskRow, ItemRow]]) -> tuple[TaskRow, int]:
    task, item = failed[0]
    return task, item.index


def _touched(count: int, words: str) -> None:
    say(f"{counted(count, 'item')} {words}")


def _runs_table(rows: list[RunRow]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("run", "name", "state", "items", "submitted", "took", "owner"):
        table.add_column(heading)
    for row in rows:
        counts = row.counts
        done = counts.succeeded + counts.failed + counts.cancelled + counts.skipped
        took = duration((row.ended or time.time()) - row.submitted)
        items = f"{done}/{counts.total}"
        table.add_row(*cells(str(row.id), row.name, row.state, items, ago(row.submitted), took, row.owner))
    return table
