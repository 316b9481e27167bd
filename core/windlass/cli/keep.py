"""The commands about the store over its life: backup, restore, prune."""

from __future__ import annotations

import contextlib
import json as jsonlib
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn
from rich.table import Table

from windlass.cli.common import (
    FAILED,
    CoreOption,
    JsonOption,
    UserError,
    ago,
    cells,
    command,
    connected,
    console,
    print_json,
    say,
)
from windlass.client.api import Client
from windlass.model.units import UnitError, human_size, parse_duration
from windlass.model.words import counted
from windlass.wire import homes
from windlass.wire import messages as m

STATES = ("succeeded", "failed", "cancelled")
LOOK = 0.1
"""Seconds between two questions about a job's progress."""
SHOWN = 40
"""Runs in the table of what goes; the rest are counted."""


@command
def backup(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The copy, one .tar file, on the core's machine.")],
    blobs: Annotated[bool, typer.Option(help="With the files that runs need: inputs, outputs, large logs.")] = True,
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Copy a running core's data into one file, and check what was written. The core works on meanwhile."""
    with connected(core) as client, _bar("copying", json) as show:
        job = client.link.ask(m.Backup(0, str(file.absolute()), blobs)).data["job"]
        made = _follow(client, job, show)
    lacks = [(made[word], word) for word in ("missing", "damaged") if made[word]]
    if json:
        print_json(made)
    else:
        files = f" and {counted(made['blobs'], 'file')}" if blobs else "; without files"
        say(
            f"{made['file']}: {counted(made['runs'], 'run')}{files}, {human_size(made['copy_bytes'])},"
            " read back and right"
        )
        for hashes, word in lacks:
            many = counted(len(hashes), "file")
            say(f"{word} in the core's own directory: {many}, such as {hashes[0]}")
    if lacks:
        raise typer.Exit(FAILED)


@command
def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `windlass backup` made.")],
    data: Annotated[Path | None, typer.Option(help="The core's data directory, if it is not the usual one.")] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Even where there are runs; the store there is kept aside.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Bring back a copy, for a core that does not run. It is checked first; what is there is never overwritten."""
    where = data if data is not None else homes.core_dir()
    call = [sys.executable, "-m", "windlass.store.copies", "restore", str(file), "--data", str(where)]
    with _bar("bringing back", json) as show:
        found = _play([*call, "--force"] if force else call, show)
    if json:
        print_json(found)
    else:
        made = time.strftime("%Y-%m-%d %H:%M", time.localtime(found["made"]))
        say(f"the copy of {made} with {counted(found['runs'], 'run')} is in {where}")
        if found["aside"]:
            say(f"the store that was there is kept as {found['aside']}")
        if not found["with_blobs"]:
            say("the copy was made without files: outputs and inputs that are not there cannot be fetched")
        if found["damaged"]:
            say(f"damaged in the copy, so left out: {counted(len(found['damaged']), 'file')}")
        say("start the core: windlass core" + (f" --data {shlex.quote(str(data))}" if data is not None else ""))
    if found["damaged"]:
        raise typer.Exit(FAILED)


@command
def prune(
    older_than: Annotated[
        str | None, typer.Option("--older-than", metavar="AGE", help="Runs that ended longer ago, such as 30d.")
    ] = None,
    keep: Annotated[int | None, typer.Option(min=0, metavar="N", help="But never the newest N of them.")] = None,
    state: Annotated[
        list[str] | None, typer.Option(metavar="STATE", help=f"Only {', '.join(STATES)}; may be given again.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would go.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Delete ended runs with their logs, results and files, and give the space back to the disk."""
    age = _age(older_than)
    if age is None and keep is None:
        raise UserError("say which runs may go: --older-than AGE, --keep N, or both")
    for name in state or []:
        if name not in STATES:
            raise UserError(f"the states are {', '.join(STATES)}, not '{name}'")
    with connected(core) as client:
        wanted = m.Prune(0, age, keep, state or [], True)
        found = _follow(client, client.link.ask(wanted).data["job"], _quiet)
        if not json:
            _show(found)
        if dry_run or not (found["runs"] or found["stale"]):
            if json:
                print_json({**found, "deleted": False})
            return
        if not yes:
            if json or not sys.stdin.isatty():
                raise UserError("to delete without being asked, say --yes")
            if not typer.confirm("Delete them?", err=True):
                raise typer.Exit(FAILED)
        only = [run["run"] for run in found["runs"]]
        with _bar("deleting", json) as show:
            job = client.link.ask(m.Prune(0, age, keep, state or [], False, only)).data["job"]
            done = _follow(client, job, show)
    if json:
        print_json({**done, "deleted": True})
    else:
        say(f"deleted {counted(len(done['runs']), 'run')}; the store gave {human_size(done['freed'])} back to the disk")


def _age(text: str | None) -> float | None:
    try:
        return None if text is None else parse_duration(text)
    except UnitError as error:
        raise UserError(f"--older-than: {error}; write such as 12h or 30d") from None


def _show(found: dict[str, Any]) -> None:
    runs = found["runs"]
    if runs:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for heading in ("run", "name", "state", "ended", "attempts", "in the store"):
            table.add_column(heading)
        for run in runs[:SHOWN]:
            size = human_size(run["bytes"])
            table.add_row(
                *cells(str(run["run"]), run["name"], run["state"], ago(run["ended"]), str(run["attempts"]), size)
            )
        console().print(table)
        if len(runs) > SHOWN:
            print(f"and {len(runs) - SHOWN} more")
        print(
            f"{counted(len(runs), 'run')}: about {human_size(found['bytes'])} in the store, "
            f"{counted(found['blobs'], 'file')} of {human_size(found['blob_bytes'])}"
        )
    else:
        say("no run is to go")
    if found["stale"]:
        print(f"{counted(found['stale'], 'replaced file')} of other runs: {human_size(found['stale_bytes'])}")


# --- following work --------------------------------------------------------------------------------------------

Show = Callable[[int, int], None]


def _quiet(done: int, total: int) -> None:
    """No progress is shown."""


@contextmanager
def _bar(words: str, json: bool) -> Iterator[Show]:
    if json or not sys.stderr.isatty():
        yield _quiet
        return
    with Progress(TextColumn(words), BarColumn(), TaskProgressColumn(), console=console(stderr=True)) as bars:
        bar = bars.add_task(words, total=None)
        yield lambda done, total: bars.update(bar, completed=done, total=total or None)


def _follow(client: Client, job: int, show: Show) -> dict[str, Any]:
    """The job's result once it is done."""
    while True:
        told = client.link.ask(m.GetJob(0, job)).data
        show(told["done"], told["total"])
        if told["state"] == "failed":
            raise UserError(told["error"], FAILED)
        if told["state"] == "done":
            return dict(told["result"])
        time.sleep(LOOK)


def _play(call: list[str], show: Show) -> dict[str, Any]:
    """Run a program that tells its progress and its result as lines of JSON."""
    told: dict[str, Any] = {}
    with subprocess.Popen(call, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL) as child:
        assert child.stdout is not None
        for line in child.stdout:
            with contextlib.suppress(ValueError):
                told.update(jsonlib.loads(line))
                show(told.get("done", 0), told.get("total", 0))
    if "error" in told:
        raise UserError(told["error"], FAILED)
    if "result" not in told:
        raise UserError(f"the program ended with status {child.returncode}", FAILED)
    return dict(told["result"])
