"""What all commands share: exit statuses, errors in words, the connection, and output for people or for programs."""

from __future__ import annotations

import functools
import os
import re
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, ParamSpec, TypeVar

import msgspec
import typer
from rich.console import Console
from rich.text import Text

from windlass.client.api import Client
from windlass.client.errors import (
    CoreRefused,
    CoreUnreachable,
    LinkClosed,
    RequestFailed,
    StartFailed,
    SubmitError,
    WindlassError,
)
from windlass.client.run import Run
from windlass.wire import tokens
from windlass.wire.keys import KeyFileError

OK, FAILED, USAGE, NO_CORE, INTERRUPTED = 0, 1, 2, 3, 130
"""Exit statuses: done; something failed; a bad document or command line; no core answers; Ctrl-C."""

P = ParamSpec("P")
T = TypeVar("T")

CoreOption = Annotated[
    str | None,
    typer.Option("--core", metavar="ADDRESS", help="HOST:PORT or join token of the core; default: the local one."),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of a table.")]


class UserError(Exception):
    """Something the user can put right; ends the command with `status` and this text."""

    def __init__(self, text: str, status: int = USAGE) -> None:
        super().__init__(text)
        self.status = status


def console(stderr: bool = False) -> Console:
    """A console for now: tests and pipes replace the streams."""
    return Console(stderr=stderr, highlight=False, soft_wrap=True)


def cells(*texts: str) -> list[Text]:
    """Cells of a table; names and messages are never read as markup."""
    return [Text(text) for text in texts]


def say(text: str = "") -> None:
    """A line for people, beside the output proper."""
    print(text, file=sys.stderr, flush=True)


def print_json(value: Any) -> None:
    """One document on the standard output."""
    data = msgspec.json.format(msgspec.json.encode(value, enc_hook=_plain), indent=2)
    print(data.decode("utf-8", "replace"), flush=True)


def _plain(value: Any) -> Any:
    return str(value)


def command(function: Callable[P, T]) -> Callable[P, T]:
    """Turn what a command may raise into a text and an exit status; no traceback (WINDLASS_DEBUG=1 shows it)."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return function(*args, **kwargs)
        except KeyboardInterrupt:
            say("interrupted")
            raise typer.Exit(INTERRUPTED) from None
        except BrokenPipeError:
            # The reader went away (`windlass status | head`): nobody is left to tell.
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            raise typer.Exit(OK) from None
        except UserError as error:
            text, status = str(error), error.status
        except (CoreUnreachable, CoreRefused) as error:
            text, status = str(error), NO_CORE
        except LinkClosed:
            text, status = "the connection to the core was closed", NO_CORE
        except SubmitError as error:
            text, status = str(error), USAGE
        except RequestFailed as error:
            text, status = f"the core refused: {error}", USAGE if error.code in ("not-found", "bad-request") else FAILED
        except (StartFailed, WindlassError, KeyFileError) as error:
            text, status = str(error), FAILED
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            text, status = f"{where}{error.strerror or error}", FAILED
        except (typer.Exit, typer.Abort, typer.TyperException):
            raise
        except Exception as error:
            if os.environ.get("WINDLASS_DEBUG"):
                traceback.print_exc()
            text = f"internal error: {type(error).__name__}: {error} (WINDLASS_DEBUG=1 shows where; please report it)"
            status = FAILED
        say(f"windlass: {text}")
        raise typer.Exit(status)

    return guarded


@contextmanager
def connected(core: str | None) -> Iterator[Client]:
    """A client of the core that the user means."""
    client = Client(core, timeout=5.0)
    if core is not None and core.startswith(tokens.PREFIX):
        say(f"joined; from now on `--core {client.link.endpoint.removeprefix('tcp://')}` is enough")
    try:
        yield client
    finally:
        client.close()


def the_run(client: Client, text: str) -> Run:
    """A run by its number, or `last` for the newest."""
    if text == "last":
        rows = client.runs(limit=1)
        if not rows:
            raise UserError("there are no runs yet; start one with `windlass submit GRAPH`")
        return client.run(rows[0].id)
    try:
        return client.run(int(text.lstrip("#")))
    except ValueError:
        raise UserError(f"'{text}' is no run; give its number (see `windlass status`) or 'last'") from None


_ITEM = re.compile(r"([^\[\]]+)(?:\[(\d+)\])?\Z")


def parse_item(text: str) -> tuple[str, int | None]:
    """`encode[7]` or `encode`.

    >>> parse_item("encode[7]"), parse_item("split")
    (('encode', 7), ('split', None))
    """
    match = _ITEM.match(text)
    if match is None:
        raise UserError(f"'{text}' is no task or item; write TASK or TASK[INDEX], such as encode[7]")
    return match[1], None if match[2] is None else int(match[2])


def duration(seconds: float | None) -> str:
    """A span of time in at most 6 characters.

    >>> [duration(x) for x in (None, 0.034, 4.21, 75, 7300, 200000)]
    ['', '34ms', '4.2s', '1m15s', '2h01m', '2d07h']
    """
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{max(0.0, seconds) * 1000:.0f}ms"
    if seconds < 60:
        return f"{seconds:.1f}s"
    minutes, rest = divmod(int(seconds), 60)
    if minutes < 60:
        return f"{minutes}m{rest:02d}s"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours}h{minutes:02d}m"
    return f"{hours // 24}d{hours % 24:02d}h"


def ago(moment: float | None) -> str:
    """How long ago a moment was."""
    return "" if not moment else f"{duration(max(0.0, time.time() - moment))} ago"


def show_path(path: Path) -> str:
    """Relative to the working directory when it is below it."""
    try:
        return str(path.resolve().relative_to(Path.cwd().resolve()))
    except ValueError:
        return str(path)
