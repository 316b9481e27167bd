"""`windlass import` and `windlass export`: workflows that others recorded, and runs that others may read."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from windlass import __version__
from windlass.cli.common import CoreOption, UserError, command, connected, say, show_path, the_run
from windlass.cli.runs import RunArgument
from windlass.client.api import Client
from windlass.client.run import ENDED, Run
from windlass.model.document import load_document
from windlass.model.export import dump, to_document
from windlass.model.graph import Command, Foreach, Graph, Need, Task
from windlass.model.wfexport import Execution, FinishedRun, Machine, OutputFile, export_wfformat
from windlass.model.wfformat import Imported, WfFormatError, import_wfformat, is_wfformat
from windlass.model.words import counted
from windlass.wire.messages import GetRun
from windlass.wire.rows import TaskRow

MAX_BYTES = 1 << 30
"""Of a WfFormat document; 50,000 tasks with their files are some 100 MiB."""
_COMPACT = 500
"""A YAML graph of more tasks gets a line a task."""


@command
def import_command(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A WfFormat document (JSON); - reads standard input.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="GRAPH", help="The graph to write, .yaml or .json.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Turn a recorded workflow (WfFormat 1.0 to 1.6) into a graph that keeps its runtimes."""
    if out is not None and out.suffix not in (".yaml", ".yml", ".json"):
        raise UserError(f"{out}: name it .yaml or .json")
    if out is not None and out.exists() and not force:
        raise UserError(f"{out} is there already (--force overwrites it)")
    imported = read_wfformat(file)
    assert imported is not None
    text = graph_text(imported.graph, as_json=out is not None and out.suffix == ".json")
    for note in imported.notes:
        say(f"note: {note}")
    if out is None:
        print(text, end="")
        return
    out.write_text(text, encoding="utf-8")
    known, total = len(imported.durations), len(imported.graph.tasks)
    say(f"wrote {show_path(out)}: {counted(total, 'task')}, {known} with recorded runtimes")
    say(f"try: windlass simulate {show_path(out)} --agents {imported.fleet or '10x8cpu'}")


def read_wfformat(path: Path, *, sure: bool = True) -> Imported | None:
    """A recorded workflow; None for another document where that is not `sure`."""
    name = "standard input" if str(path) == "-" else str(path)
    if name == "standard input":
        raw = sys.stdin.buffer.read(MAX_BYTES + 1)
    else:
        with path.open("rb") as file:
            raw = file.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise UserError(f"{name} is larger than 1 GiB")
    try:
        data = msgspec.json.decode(raw.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if not sure:
            return None
        raise UserError(f"{name} is no JSON: {error}") from None
    if not is_wfformat(data):
        if not sure:
            return None
        raise UserError(f"{name} is no WfFormat document: it needs `schemaVersion` and `workflow`")
    try:
        return import_wfformat(data)
    except WfFormatError as error:
        lines = "\n  ".join(str(error).splitlines())
        raise UserError(f"{name} cannot be imported:\n  {lines}") from None


def graph_text(graph: Graph, *, as_json: bool) -> str:
    """A document. Large YAML ones have a line a task, because nobody reads them and blocks take minutes to write."""
    if as_json:
        return msgspec.json.format(msgspec.json.encode(to_document(graph)), indent=1).decode() + "\n"
    return dump(graph) if len(graph.tasks) <= _COMPACT else "".join(_lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    document = to_document(graph)
    tasks = document.pop("tasks")
    for name, value in document.items():
        yield f"{name}: {msgspec.json.encode(value).decode()}\n"
    yield "tasks:\n"
    for name, value in tasks.items():
        yield f"  {msgspec.json.encode(name).decode()}: {msgspec.json.encode(value).decode()}\n"


@command
def export_command(
    run: RunArgument,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Where to; else it is printed.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
    core: CoreOption = None,
) -> None:
    """Write a finished run as a WfFormat 1.5 document (JSON)."""
    if out is not None and out.exists() and not force:
        raise UserError(f"{out} is there already (--force overwrites it)")
    with connected(core) as client:
        document = export_run(client, the_run(client, run))
    text = msgspec.json.format(msgspec.json.encode(document), indent=2).decode() + "\n"
    if out is None:
        print(text, end="")
    else:
        out.write_text(text, encoding="utf-8")
        say(f"wrote {show_path(out)}: {counted(len(document['workflow']['specification']['tasks']), 'task')}")


def export_run(client: Client, run: Run) -> dict[str, Any]:
    """The WfFormat document of a run that has ended. `UserError` when it has not."""
    row = run.row()
    if row.state not in ENDED or row.ended is None:
        raise UserError(f"run {run.id} is {row.state}; only a run that has ended can be exported")
    tasks = _tasks(client, run)
    place = {task.id: position for position, task in enumerate(tasks)}
    names = {agent.id: agent for agent in client.agents()}
    used: dict[str, str] = {}
    executions: dict[tuple[int, int], Execution] = {}
    for attempt in run.attempts(running=False):
        if attempt.started is None or attempt.ended is None:
            continue
        if attempt.agent not in used:
            name = attempt.agent_name or attempt.agent
            used[attempt.agent] = name if name not in used.values() else f"{name}-{attempt.agent}"
        executions[attempt.task, attempt.index] = Execution(
            attempt.task, attempt.index, used[attempt.agent], attempt.started, attempt.ended,
            attempt.cpu, attempt.memory, attempt.read, attempt.written,
        )  # fmt: skip
    machines = []
    for id, name in used.items():
        agent = names.get(id)
        if agent is None:
            machines.append(Machine(name))
            continue
        cpus, memory = agent.resources.get("cpus", 1), agent.resources.get("memory", 0)
        labels = agent.labels
        machines.append(Machine(name, cpus, memory, labels.get("os", ""), labels.get("arch", ""), agent.cpu_model))
    files = [
        OutputFile(place[output.task], output.index or 0, output.file.path, output.file.size)
        for output in run.outputs()
        if output.task in place
    ]
    about = {"run": str(row.id), "which": row.state}
    ran = executions.values()
    made = FinishedRun(row.name, tasks, ran, row.submitted, row.ended, __version__, machines, files, about)
    try:
        return export_wfformat(made)
    except ValueError as error:
        raise UserError(f"run {run.id}: {error}", 1) from None


def _tasks(client: Client, run: Run) -> list[Task]:
    """The run's tasks: from its document, or as far as the rows tell where functions were shipped by value."""
    rows = run.tasks()
    text = client.link.ask(GetRun(0, run.id)).data["document"]
    graph = load_document(text).graph if text else None
    if graph is not None and [task.id for task in graph.tasks] == [row.id for row in rows]:
        return graph.tasks
    return [_stub(row) for row in rows]


def _stub(row: TaskRow) -> Task:
    needs = [Need(name) for name in row.needs]
    array = Foreach(opaque=row.count or 0) if row.array else None
    return Task(row.id, Command(["python", row.id]), needs=needs, foreach=array, title=row.title)
