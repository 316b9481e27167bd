"""A task and one item's values become something concrete to execute. Done on the agent, so messages stay small."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from windlass.model.expr import ExprError, Scope
from windlass.model.files import InputRef, render_pattern, task_inputs
from windlass.model.graph import Call, Command, PythonCall, Script, Task
from windlass.model.paths import PathError, check_relative
from windlass.model.quoting import render_script, render_shell
from windlass.model.template import render_argument, render_data, render_string

SHELL = ("/bin/sh", "-c")
"""What a command given as one string is handed to."""


class RenderError(ValueError):
    """The task cannot be made concrete with these values; `field` is where."""

    def __init__(self, field: str, message: str, suggestion: str = "") -> None:
        hint = f" (did you mean '{suggestion}'?)" if suggestion else ""
        super().__init__(f"{field}: {message}{hint}")
        self.field = field


@dataclass(frozen=True, slots=True)
class Rendered:
    """What an agent executes for one attempt."""

    kind: Literal["argv", "shell", "script", "python", "call"]
    argv: list[str] = field(default_factory=list)
    """The program and its arguments. For a script: the interpreter, to which the script's file is appended."""
    text: str = ""
    """The shell's or the script's source."""
    env: dict[str, str] = field(default_factory=dict)
    workdir: str = "."
    """Relative to the attempt's own directory, never outside of it."""
    inputs: list[InputRef] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    """Patterns relative to the attempt's own directory, never outside of it."""
    target: str = ""
    """`module:function` for python, the blob hash for call."""
    args: list[Any] = field(default_factory=list)
    kwargs: dict[str, Any] = field(default_factory=dict)

    def shown(self) -> str:
        """One line or block for people: what is run."""
        if self.kind == "argv":
            return shlex.join(self.argv)
        return self.text or self.target


@contextmanager
def _in(field: str) -> Iterator[None]:
    try:
        yield
    except ExprError as error:
        raise RenderError(field, error.message, error.suggestion) from error
    except (PathError, ValueError) as error:
        raise RenderError(field, str(error)) from error


def make_scope(
    task: Task,
    *,
    params: Mapping[str, Any],
    index: int = 0,
    value: Any = None,
    run_id: int | None = None,
    run_name: str = "",
    results: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Sequence[str]] | None = None,
    statuses: Mapping[str, str] | None = None,
) -> Scope:
    """The names for one item; `item` exists only in an array. A result that must stay undecoded comes as `Opaque`."""
    known: dict[str, Any] = {"item": value} if task.is_array else {}
    return Scope(
        params=params,
        index=index,
        run_id=run_id,
        run_name=run_name,
        task=task.id,
        results=results,
        outputs=outputs,
        statuses=statuses,
        **known,
    )


def render_task(task: Task, scope: Scope) -> Rendered:
    """Raises `RenderError` and nothing else."""
    with _in("env"):
        env = {name: render_string(text, scope) for name, text in task.env.items()}
        if any("\0" in text for text in env.values()):
            raise ValueError("a variable cannot hold a NUL character")
    with _in("workdir"):
        workdir = check_relative(render_string(task.workdir, scope))
    with _in("inputs"):
        inputs = task_inputs(task, scope)
    with _in("outputs"):
        outputs = [check_relative(render_pattern(pattern, scope)) for pattern in task.outputs]
    common: dict[str, Any] = {"env": env, "workdir": workdir, "inputs": inputs, "outputs": outputs}
    match task.action:
        case Command(argv=str(source)):
            with _in("command"):
                text = render_shell(source, scope)
            return Rendered("shell", argv=[*SHELL, text], text=text, **common)
        case Command(argv=list(elements)):
            with _in("command"):
                argv = [argument for element in elements for argument in render_argument(element, scope)]
                if not argv or not argv[0]:
                    raise ValueError("the name of the program is empty")
            return Rendered("argv", argv=argv, **common)
        case Script(text=source, shell=shell):
            with _in("script"):
                text = render_script(source, shell, scope)
                interpreter = shlex.split(shell)
            return Rendered("script", argv=interpreter, text=text, **common)
        case PythonCall(target=target):
            with _in("args"):
                args = render_data(task.action.args, scope)
            with _in("kwargs"):
                kwargs = render_data(task.action.kwargs, scope)
            return Rendered("python", target=target, args=args, kwargs=kwargs, **common)
        case Call(function=function):
            return Rendered("call", target=function, **common)
    raise RenderError("action", "this kind of task is not known here")
