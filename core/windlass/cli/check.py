"""`windlass check`, `windlass schema` and `windlass new`: about documents only, no core is asked."""

from __future__ import annotations

import json as json_text
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from windlass.model.document import Loaded, Problem, load_document, load_file
from windlass.model.expr import ExprError
from windlass.model.files import folder_inputs
from windlass.model.graph import Graph
from windlass.model.paths import PathError, is_pattern
from windlass.model.programs import needed_programs
from windlass.model.schema import FILE, schema_text, starter
from windlass.model.words import counted

BAD_DOCUMENT = 2
"""Exit status when a document has errors or cannot be read."""
_MOST_INPUTS = 2000
_WIDEST = 160


def check_command(
    files: Annotated[
        list[str], typer.Argument(help="Graph documents (.yaml, .json) or samples; - reads standard input.")
    ],
    json: Annotated[bool, typer.Option("--json", help="Print the problems as one JSON document.")] = False,
) -> None:
    """Say everything that is wrong with graph documents. Exit status 2 when there is an error."""
    console = Console(highlight=False, soft_wrap=True)
    told: list[dict[str, Any]] = []
    failed = False
    for name in files:
        text, loaded = _load(name)
        errors = sum(problem.severity == "error" for problem in loaded.problems)
        failed |= errors > 0
        if json:
            told.append(_facts(name, loaded))
        else:
            print_problems(console, name, loaded.problems, text)
            console.print(_summary(name, loaded, errors))
    if json:
        print(json_text.dumps({"ok": not failed, "files": told}, indent=2, ensure_ascii=False))
    raise typer.Exit(BAD_DOCUMENT if failed else 0)


def schema_command(
    write: Annotated[
        Path | None, typer.Option("--write", help="Write the schema into this folder, named graph.schema.json.")
    ] = None,
) -> None:
    """Print the JSON Schema of graph documents, which editors use to complete and check them."""
    if write is None:
        print(schema_text(), end="")
        return
    target = write / FILE.name if write.is_dir() else write
    try:
        target.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        _stop(f"{target}: {error.strerror}")
    print(target)


def new_command(
    path: Annotated[Path, typer.Argument(help="The file to write.")] = Path("graph.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that is there.")] = False,
) -> None:
    """Write a commented starter graph, and the schema beside it so that editors complete it."""
    if path.suffix not in (".yaml", ".yml"):
        _stop(f"{path}: a starter graph is YAML: name it {path.with_suffix('.yaml')}")
    if path.exists() and not force:
        _stop(f"{path} is there already (--force overwrites it)")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(starter(path.resolve().stem if path.stem != "graph" else "my-graph"), encoding="utf-8")
        schema = path.with_name(FILE.name)
        if not schema.exists() or force:
            schema.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        _stop(f"{path}: {error.strerror}")
    print(f"wrote {path}; try: windlass run {path}")


def print_problems(console: Console, name: str, problems: Iterable[Problem], text: str = "") -> None:
    """Each problem with its place, the line it stands in, what was found, what is allowed, what may be meant."""
    lines = text.splitlines()
    for problem in problems:
        console.print(_render(name, problem, lines))


def _render(name: str, problem: Problem, lines: list[str]) -> Text:
    # Text objects, never markup: a document's content must not be read as formatting.
    colour = "bold red" if problem.severity == "error" else "bold yellow"
    place = f"{name}:{problem.line}:{problem.column}: " if problem.line else f"{name}: "
    out = Text()
    out.append(place, style="bold").append(f"{problem.severity}: ", style=colour).append(problem.message)
    if 0 < problem.line <= len(lines):
        number = f"{problem.line:>5}"
        before, line = _window(lines[problem.line - 1], problem.column - 1)
        out.append(f"\n{number} | ", style="dim").append(line)
        out.append("\n" + " " * len(number) + " | ", style="dim").append(" " * before + "^", style=colour)
    for label, value in (("in", problem.field), ("found", problem.found), ("allowed", problem.allowed)):
        if value:
            out.append(f"\n      {label + ':':<9}", style="dim").append(_printable(value))
    if problem.suggestion:
        out.append("\n      did you mean: ", style="dim").append(_printable(problem.suggestion), style="bold green")
    return out


def _window(line: str, column: int) -> tuple[int, str]:
    """The part of a long line around a column, and where the column stands in it."""
    start = max(0, column - _WIDEST // 2) if len(line) > _WIDEST else 0
    shown = _printable(line[start : start + _WIDEST])
    # Wide characters take two cells of a terminal.
    return cell_len(shown[: max(column - start, 0)]), shown


def _printable(text: str) -> str:
    """No control characters reach the terminal: a document could hold escape sequences."""
    return "".join(char if char.isprintable() else " " if char == "\t" else "�" for char in text)


def _summary(name: str, loaded: Loaded, errors: int) -> Text:
    warnings = len(loaded.problems) - errors
    numbers = ((errors, "error"), (warnings, "warning"))
    counts = [counted(number, what) for number, what in numbers if number]
    if loaded.graph is None:
        return Text(f"{name}: {', '.join(counts)}", style="bold red")
    tasks = counted(len(loaded.graph.tasks), "task")
    text = f"{name}: {loaded.graph.name}, {tasks}, {', '.join(counts) or 'no problems'}"
    return Text(text, style="green" if not counts else "yellow")


def _facts(name: str, loaded: Loaded) -> dict[str, Any]:
    graph = loaded.graph
    return {
        "file": name,
        "ok": graph is not None,
        "name": graph.name if graph else None,
        "tasks": len(graph.tasks) if graph else None,
        "problems": [msgspec.to_builtins(problem) for problem in loaded.problems],
    }


def _load(name: str) -> tuple[str, Loaded]:
    """The document's text (for excerpts) and what came of it; a file that cannot be read is a problem too."""
    path = Path(name)
    if not path.exists():
        from windlass.cli.graphs import find_sample  # which prints its problems through this module

        path = find_sample(name) or path
    try:
        if name == "-":
            raw = sys.stdin.buffer.read()
            loaded, folder = load_document(raw), Path.cwd()
        else:
            loaded, folder = load_file(path), path.parent
            raw = path.read_bytes()
    except OSError as error:
        problem = Problem(message=f"cannot be read: {error.strerror or error}", code="file")
        return "", Loaded(None, [problem])
    if loaded.graph is not None:
        extra = [*_missing_inputs(loaded.graph, folder), *_missing_programs(loaded.graph)]
        loaded = Loaded(loaded.graph, [*loaded.problems, *extra])
    return raw.decode("utf-8", "replace").removeprefix("\ufeff"), loaded


def _missing_inputs(graph: Graph, folder: Path) -> Iterator[Problem]:
    """Files of the folder that the graph names and that are not there (they may come before it is run)."""
    try:
        for number, (task, ref) in enumerate(folder_inputs(graph, graph.params)):
            if number >= _MOST_INPUTS:
                return
            # A search of whole trees is left to the submit.
            if ref.optional or "**" in ref.pattern:
                continue
            there = any(folder.glob(ref.pattern)) if is_pattern(ref.pattern) else (folder / ref.pattern).exists()
            if not there:
                yield Problem(
                    message=f"no file {ref.pattern} in the graph's folder",
                    code="missing-input",
                    severity="warning",
                    path=("tasks", task, "inputs"),
                    field=f"tasks.{task}.inputs",
                    task=task,
                )
    except (ExprError, PathError, LookupError, OSError, ValueError) as error:
        message = f"the inputs cannot be worked out: {error}"
        yield Problem(message=message, code="missing-input", severity="warning")


def _missing_programs(graph: Graph) -> Iterator[Problem]:
    for program in needed_programs(graph):
        if shutil.which(program.name) is None:
            package = f"; Debian: apt install {program.package}" if program.package else ""
            yield Problem(
                message=f"the program '{program.name}' is not on this machine; the agents need it{package}",
                code="missing-program",
                severity="warning",
                task=program.tasks[0],
                field=f"tasks.{program.tasks[0]}",
            )


def _stop(message: str) -> None:
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(message, style="bold red"))
    raise typer.Exit(BAD_DOCUMENT)
