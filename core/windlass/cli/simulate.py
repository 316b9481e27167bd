"""`windlass simulate`: what if these agents ran this graph? No core is asked, nothing is run."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table

from windlass.cli import graphs
from windlass.cli.common import (
    FAILED,
    OK,
    CoreOption,
    JsonOption,
    UserError,
    cells,
    command,
    connected,
    console,
    duration,
    print_json,
    the_run,
)
from windlass.cli.params import parse_params
from windlass.cli.run import GraphArgument, ParamOption
from windlass.cli.trace import write_trace
from windlass.cli.workflows import read_wfformat
from windlass.client.run import Run
from windlass.model.expr import ExprError
from windlass.model.graph import Graph
from windlass.model.units import UnitError, human_size, parse_duration
from windlass.model.words import counted
from windlass.sched.durations import Durations
from windlass.sched.fleet import FleetError, VirtualAgent, parse_fleet
from windlass.sched.plans import graph_plan
from windlass.sched.simulate import Result, SimulationError
from windlass.sched.simulate import simulate as simulate_plan
from windlass.wire.rows import AttemptRow

AgentsOption = Annotated[
    str | None,
    typer.Option("--agents", metavar="GROUPS", help="Such as 10x8cpu,2x8cpu+1gpu,4x16cpu+64GiB."),
]


@command
def simulate(
    graph: GraphArgument,
    agents: AgentsOption = None,
    param: ParamOption = None,
    duration: Annotated[
        list[str] | None,
        typer.Option("--duration", metavar="TASK=TIME", help="How long a task (or pattern) takes: encode=3s, m*=2m."),
    ] = None,
    like: Annotated[
        str | None, typer.Option("--like", metavar="RUN", help="Durations and fan-outs as this run of the core had.")
    ] = None,
    default: Annotated[
        str, typer.Option("--default", metavar="TIME", help="Of tasks of which nothing is known.")
    ] = "1s",
    items: Annotated[
        list[str] | None,
        typer.Option("--items", metavar="TASK=N", help="Items of a task that fans out over outputs or results."),
    ] = None,
    spread: Annotated[
        float, typer.Option("--spread", min=0.0, max=1.0, help="Vary each duration by so much: 0.2 is 80 % to 120 %.")
    ] = 0.0,
    seed: Annotated[int, typer.Option("--seed", help="Another variation of --spread.")] = 0,
    trace: Annotated[
        Path | None,
        typer.Option("--trace", metavar="FILE", help="Write a trace for ui.perfetto.dev or chrome://tracing."),
    ] = None,
    core: CoreOption = None,
    json: JsonOption = False,
) -> None:
    """Run a graph on agents that do not exist, with the real scheduler, on virtual time."""
    chosen, params, fleet = _graph(graph, param or [])
    if agents is None and not fleet:
        raise UserError("say which agents: --agents 10x8cpu,2x8cpu+1gpu,4x16cpu+64GiB")
    machines = _fleet(agents or fleet)
    learned, counts = _learn(like, core) if like is not None else ({}, {})
    counts |= _counts(items or [], chosen)
    durations = Durations(
        chosen,
        declared=_declared(duration or [], chosen),
        like=learned,
        default=_time("--default", default),
        spread=spread,
        seed=seed,
    )
    try:
        plan = graph_plan(chosen, params, expected=durations.mean)
        result = simulate_plan(plan, machines, durations, fan_out=lambda place: counts.get(chosen.tasks[place].id, 1))
    except (ExprError, SimulationError) as error:
        raise UserError(str(error)) from None
    if trace is not None:
        write_trace(trace, result, lambda task, item: _item(chosen, task, item))
    if json:
        print_json(_facts(chosen, durations, result))
    else:
        _tell(chosen, machines, durations, result)
    raise typer.Exit(OK if result.state == "succeeded" else FAILED)


# --- what was asked --------------------------------------------------------------------------------------


def _graph(name: str, params: list[str]) -> tuple[Graph, dict[str, Any], str]:
    """The graph, its parameters, and the machines that a WfFormat document names."""
    path = Path(name)
    imported = read_wfformat(path, sure=False) if path.is_file() and path.suffix == ".json" else None
    if imported is not None:
        return imported.graph, parse_params(params, {}), imported.fleet
    chosen = graphs.choose(name, params)
    return chosen.graph, {**chosen.graph.params, **chosen.params}, ""


def _fleet(text: str) -> list[VirtualAgent]:
    try:
        return parse_fleet(text)
    except FleetError as error:
        raise UserError(f"--agents {error}") from None


def _pair(option: str, text: str) -> tuple[str, str]:
    name, equals, value = text.rpartition("=")
    if not equals or not name.strip() or not value.strip():
        raise UserError(f"{option} {text}: write it as TASK=VALUE")
    return name.strip(), value.strip()


def _time(option: str, text: str) -> float:
    try:
        return parse_duration(text)
    except UnitError as error:
        raise UserError(f"{option} {text}: {error}; {error.allowed}") from None


def _known(option: str, name: str, graph: Graph) -> None:
    ids = [task.id for task in graph.tasks]
    if name not in ids:
        close = difflib.get_close_matches(name, ids[:5000], n=1)
        raise UserError(
            f"{option}: the graph has no task '{name}'" + (f"; did you mean '{close[0]}'?" if close else "")
        )


def _declared(given: Sequence[str], graph: Graph) -> list[tuple[str, float]]:
    declared = []
    for text in given:
        name, value = _pair("--duration", text)
        if not any(sign in name for sign in "*?["):
            _known(f"--duration {text}", name, graph)
        declared.append((name, _time(f"--duration {name}", value)))
    return declared


def _counts(given: Sequence[str], graph: Graph) -> dict[str, int]:
    counts = {}
    for text in given:
        name, value = _pair("--items", text)
        _known(f"--items {text}", name, graph)
        if not value.isdigit() or len(value) > 7 or int(value) > 1_000_000:
            raise UserError(f"--items {text}: a whole number up to 1000000")
        counts[name] = int(value)
    return counts


def _learn(run: str, core: str | None) -> tuple[dict[str, dict[int, float]], dict[str, int]]:
    """Durations of what succeeded in a run, and how many items its tasks had."""
    with connected(core) as client:
        handle = the_run(client, run)
        return learned(handle)


def learned(run: Run) -> tuple[dict[str, dict[int, float]], dict[str, int]]:
    """By task id: item -> seconds of its attempt that ended well, or else of its last one; and the number of items."""
    rows = {row.index: row for row in run.tasks()}
    found: dict[str, dict[int, float]] = {}
    well: set[tuple[int, int]] = set()
    for attempt in run.attempts(running=False):
        place = (attempt.task, attempt.index)
        if attempt.state != "exited" or attempt.started is None or attempt.ended is None:
            continue
        if attempt.outcome == "ok" or place not in well:
            found.setdefault(rows[attempt.task].id, {})[attempt.index] = max(attempt.ended - attempt.started, 0.0)
        if attempt.outcome == "ok":
            well.add(place)
    return found, {row.id: row.count for row in rows.values() if row.count is not None}


# --- what came of it -------------------------------------------------------------------------------------


def _item(graph: Graph, task: int, item: int) -> str:
    found = graph.tasks[task]
    return f"{found.id}[{item}]" if found.is_array else found.id


def _facts(graph: Graph, durations: Durations, result: Result) -> dict[str, Any]:
    return {
        "graph": graph.name,
        "state": result.state,
        "makespan": result.makespan,
        "bound": result.bound,
        "items": result.items,
        "utilisation": {kind.removeprefix("named:"): result.utilisation(kind) for kind in result.capacity},
        "capacity": {kind.removeprefix("named:"): amount for kind, amount in result.capacity.items()},
        "critical_path": {
            "length": result.path.length,
            "tasks": [_item(graph, task, item) for task, item in result.path.places],
        },
        "waiting": result.waiting,
        "durations": durations.sources,
        "stuck": result.stuck,
        "tasks": [
            {"id": task.id, "waited": waited} for task, waited in zip(graph.tasks, result.task_waits, strict=True)
        ],
        "agents": [
            {"name": lanes.agent.name, "attempts": lanes.attempts, "cpu_seconds": lanes.busy, "lanes": lanes.lanes}
            for lanes in result.agents
        ],
        "attempts": [msgspec.to_builtins(row) for row in attempt_rows(result)],
    }


def attempt_rows(result: Result) -> list[AttemptRow]:
    """The timeline in the rows that clients get of real runs; times are seconds after the submit."""
    return [
        AttemptRow(
            seq, 1, row.task, row.item, row.attempt, agent=str(row.agent),
            agent_name=result.agents[row.agent].agent.name, state="exited", outcome=row.outcome.value,
            started=row.started, ended=row.ended, slot=row.slot,
        )
        for seq, row in enumerate(result.rows, 1)
    ]  # fmt: skip


def _tell(graph: Graph, machines: Sequence[VirtualAgent], durations: Durations, result: Result) -> None:
    screen = console()
    cpus, tasks = result.capacity.get("cpus", 0.0), counted(len(graph.tasks), "task")
    screen.print(
        f"{graph.name}: {tasks}, {counted(result.items, 'item')} on {counted(len(machines), 'agent')} ({cpus:g} CPUs)",
        markup=False,
    )
    table = Table(box=None, show_header=False, pad_edge=False)
    ratio = f"{result.makespan / result.bound:.3f} times the bound of {duration(result.bound)}" if result.bound else ""
    table.add_row(*cells("makespan", f"{duration(result.makespan)} ({result.makespan:.3f} s)", ratio))
    for kind, amount in result.capacity.items():
        if result.work.get(kind) or kind == "cpus":
            total = human_size(amount) if kind in ("memory", "disk") else f"{amount:g}"
            label = f"{kind.removeprefix('named:')} used"
            table.add_row(*cells(label, f"{100 * result.utilisation(kind):.1f} %", f"of {total}"))
    names = [_item(graph, task, item) for task, item in result.path.places]
    chain = " -> ".join(names if len(names) <= 6 else [*names[:3], "...", *names[-2:]])
    table.add_row(*cells("critical path", duration(result.path.length), counted(len(names), "task")))
    for cause, seconds in result.waiting.items():
        label = {"needs": "waiting for needs", "retry": "waiting to retry"}.get(cause, f"waiting: {cause}")
        table.add_row(*cells(label, duration(seconds), "item time" if result.items > 1 else ""))
    told = ", ".join(f"{count} {source}" for source, count in durations.sources.items() if count)
    table.add_row(*cells("durations", told, ""))
    screen.print(table)
    screen.print(f"critical path: {chain}", markup=False)
    waited = sorted(zip(result.task_waits, graph.tasks, strict=True), key=lambda entry: -entry[0])[:5]
    if waited and waited[0][0] > 0:
        text = ", ".join(f"{task.id} {duration(seconds)}" for seconds, task in waited if seconds > 0)
        screen.print(f"waited longest for a place: {text}", markup=False)
    for line in result.stuck:
        screen.print(f"can never start: {line}", markup=False, style="bold red")
    if result.state == "failed":
        screen.print("the run fails: a task exceeds its timeout", markup=False, style="bold red")
