"""Finding, starting and leaving cores. Everything here may block: worker threads only.

The app's own core lives in the user's directories and is nobody's child in spirit: it leads a session of its own and
holds no leash, so that closing the window can leave it running and the next window finds it again.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import psutil

from windlass.client import connect
from windlass.client.embedded import running_core
from windlass.client.errors import CoreUnreachable, StartFailed, WindlassError
from windlass.client.link import Link, client_name
from windlass.model.document import load_document
from windlass.wire import homes
from windlass.wire import messages as m

if TYPE_CHECKING:
    from windlass.client.account import Account
    from windlass.client.submit import Package

START_TIMEOUT = 30.0
"""Seconds for a core to say that it accepts connections."""
MEET_TIMEOUT = 5.0
"""Seconds for a core that should be running to welcome us."""
STOP_TIMEOUT = 8.0
"""Seconds that closing the last window waits for the processes it has started."""
BOOK = "app.json"
"""In the data directory: the core and the agent that the app has started last."""

Listener: TypeAlias = Callable[[str, str], None]
"""Gets the link's phase (connecting, up, refused, closed) and a reason, in any thread."""
Progress: TypeAlias = Callable[[str, str, int, int], None]
"""Gets phase, text, bytes done and bytes in all."""

_children: list[subprocess.Popen[bytes]] = []
"""Processes of this window, to be reaped; they may outlive it."""


def open_own(listener: Listener) -> Link:
    """A link to the user's own core, which is started (with an agent for this machine) when it does not run."""
    if running_core() is not None:
        link = _own_link(listener)
        try:
            link.wait_up(MEET_TIMEOUT)
        except CoreUnreachable:
            link.close()  # a file left behind by a core that was killed, its number now another process's
        else:
            _tend_agent()
            return link
    start_again()
    link = _own_link(listener)
    try:
        link.wait_up(START_TIMEOUT)
    except WindlassError:
        link.close()
        raise
    return link


def start_again() -> None:
    """Start the user's own core unless it runs, and this machine's agent unless one runs."""
    if running_core() is None:
        try:
            _start_core()
        except StartFailed:
            # Another window may have started one in the same moment; there is one core to a data directory.
            if running_core() is None:
                raise
    _tend_agent()


def agent_lost() -> bool:
    """An agent that the app had started here has ended (by whatever hand) while its core goes on."""
    return _book().get("agent") is not None and _noted_agent() is None and not _someone_elses_agent()


def open_address(address: str, listener: Listener) -> Link:
    """A link to a core somewhere else: a token, or an address that was joined before. Goes on dialling by itself."""
    return Link(connect.locate(address), name=client_name(), on_phase=listener)


def report(link: Any, run: int) -> Account:
    """What happened to a run; a page of requests for each few thousand attempts."""
    from windlass.client.account import account_of
    from windlass.client.run import Run

    return account_of(Run(link, run))


def submit(
    link: Any, document: str, folder: Path | None, params: dict[str, Any], progress: Progress, *, name: str = "",
    owner: str = "", project: str = "", priority: int = 0, deadline: float = 0.0,
) -> int:  # fmt: skip
    """Check, find and hash the files, upload them, start the run; its number once the core has it durably."""
    from windlass.client.submit import send

    made = _packed(document, folder, params, progress)
    return send(
        link, made, params, name=name or made.graph.name, owner=owner or _user(), project=project, priority=priority,
        deadline=deadline, progress=_uploading(progress),
    )  # fmt: skip


def amend(link: Any, run: int, document: str, folder: Path | None, progress: Progress) -> list[str]:
    """Check, find, hash and upload as for a submit, and give a run this graph; the tasks that work otherwise now."""
    from windlass.client.submit import amend as send

    params = link.ask(m.GetRun(0, run)).data["params"]
    made = _packed(document, folder, params, progress)
    return send(link, run, made, progress=_uploading(progress))[0]


def _packed(document: str, folder: Path | None, params: dict[str, Any], progress: Progress) -> Package:
    from windlass.client.submit import package  # brings parsers that the app's start does not need

    progress("packing", "Looking for the graph's files…", 0, 0)
    loaded = load_document(document)
    if loaded.graph is None:
        errors = [str(problem) for problem in loaded.problems if problem.severity == "error"]
        raise WindlassError("\n".join(errors[:5]) or "This is no graph document.")
    return package(loaded.graph, document, folder, params)


def _uploading(progress: Progress) -> Callable[[int, int], None]:
    return lambda done, total: progress("uploading", "Uploading the graph's files…", done, total)


def leave(link: Any, stop_core: bool) -> None:
    """End the conversation; with `stop_core` also what the app has started: the core, this machine's agent.

    A core that the user has started by hand goes on: it was there before the window.
    """
    core = running_core()
    elses = core is not None and _book().get("core") != core.pid
    if stop_core and not elses and link.phase == "up":
        with contextlib.suppress(WindlassError):
            link.ask(m.StopCore(0, agents=True), timeout=MEET_TIMEOUT)
    link.close()
    if stop_core:
        _wait_for_children()


# --- the processes ---------------------------------------------------------------------------------------------


def _own_link(listener: Listener) -> Link:
    core = running_core()
    if os.environ.get(connect.ADDRESS_VARIABLE) and core is not None:
        return Link(connect.locate(core.endpoint, core.public), name=client_name(), on_phase=listener)
    return Link(connect.locate(), name=client_name(), on_phase=listener)


def _start_core() -> None:
    ready, told = os.pipe()
    try:
        command = [sys.executable, "-m", "windlass.server", "--ready-fd", str(told), "--log-level", "warning"]
        process = _spawn(command, "core", (told,))
    finally:
        os.close(told)
    try:
        said = _line(ready, process)
    finally:
        os.close(ready)
    if not said:
        raise StartFailed(f"The core did not start:\n{last_words('core') or 'it ended before it was ready'}")
    _note(core=process.pid)


def _tend_agent() -> None:
    """Start this machine's agent unless one that the app has started still runs beside this core."""
    core = running_core()
    if core is None:
        return
    if _noted_agent() is not None:
        return
    if _someone_elses_agent():
        return
    started = _spawn([sys.executable, "-m", "windlass_agent", "--log-level", "warning"], "agent", ())
    began = time.time()
    with contextlib.suppress(psutil.Error):
        began = psutil.Process(started.pid).create_time()
    _note(agent=started.pid, began=began)


def _note(**facts: float) -> None:
    """Write into the book what the app has started, for this window and later ones."""
    book = homes.data_dir() / BOOK
    temporary = book.with_suffix(f".{os.getpid()}.tmp")
    temporary.write_text(json.dumps(_book() | facts))
    os.replace(temporary, book)


def _book() -> dict[str, float]:
    """What `_note` wrote; empty when nothing or nothing sensible is there."""
    with contextlib.suppress(OSError, ValueError):
        noted = json.loads((homes.data_dir() / BOOK).read_text())
        if isinstance(noted, dict):
            return noted
    return {}


def _someone_elses_agent() -> bool:
    """An agent that the user has started by hand in this data directory."""
    for process in psutil.process_iter(["cmdline"]):
        command = process.info["cmdline"] or []
        if "windlass_agent" not in command or {"--core", "--join", "--data"} & set(command):
            continue
        with contextlib.suppress(psutil.Error):
            if process.environ().get("WINDLASS_HOME") == os.environ.get("WINDLASS_HOME"):
                return True
    return False


def _spawn(command: list[str], name: str, descriptors: tuple[int, ...]) -> subprocess.Popen[bytes]:
    logs = homes.private_dir(homes.data_dir() / "logs")
    with open(logs / f"{name}.log", "ab") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=descriptors, start_new_session=True
        )
    _children.append(process)
    return process


def _line(descriptor: int, process: subprocess.Popen[bytes]) -> bytes:
    """What the core says when it is ready; empty when it ended or was silent for too long."""
    said, until = b"", time.monotonic() + START_TIMEOUT
    while b"\n" not in said:
        left = until - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            process.kill()
            return b""
        piece = os.read(descriptor, 4096)
        if not piece:
            return b""
        said += piece
    return said


def last_words(name: str, lines: int = 4) -> str:
    """The end of what the core or the agent wrote, of a traceback only what it was about."""
    with contextlib.suppress(OSError):
        text = (homes.data_dir() / "logs" / f"{name}.log").read_bytes()[-8192:].decode("utf-8", "replace")
        told = [line for line in text.splitlines() if line.strip() and not line.startswith((" ", "Traceback"))]
        return "\n".join(told[-lines:])
    return ""


def _wait_for_children() -> None:
    """The core ends by itself and tells its agents; an agent that had lost it is told with a signal."""
    known = [process.pid for process in _children]
    agent = _noted_agent()
    processes = [process for pid in known if (process := _process(pid)) is not None]
    if agent is not None and agent.pid not in known:
        processes.append(agent)
    _, left = psutil.wait_procs(processes, timeout=2.0)
    for process in left:
        with contextlib.suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(left, timeout=STOP_TIMEOUT)
    for child in _children:
        child.poll()
    _children[:] = [child for child in _children if child.returncode is None]


def _process(pid: int) -> psutil.Process | None:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid)
    return None


def _noted_agent() -> psutil.Process | None:
    """The agent that this window or an earlier one has started, if it still runs."""
    noted = _book()
    with contextlib.suppress(ValueError, KeyError, TypeError, psutil.Error):
        process = psutil.Process(int(noted["agent"]))
        if process.status() != psutil.STATUS_ZOMBIE and abs(process.create_time() - noted["began"]) < 2:
            return process
    return None


def _user() -> str:
    import getpass

    with contextlib.suppress(KeyError, OSError):
        return getpass.getuser()
    return ""
