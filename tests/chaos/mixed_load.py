"""The mixed load of the chaos run: what is submitted, and what must come out of it whatever happens meanwhile.

Every command writes into the ledger, one line with O_APPEND each, stamped with the seconds since boot (`/proc/uptime`,
hundredths): when it begins, every tenth of a second while it lives, and when it is through.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WHO = "$WINDLASS_RUN $WINDLASS_TASK $WINDLASS_INDEX $WINDLASS_ATTEMPT"
SAY = f'say() {{ read up rest < /proc/uptime; echo "$1 {_WHO} $up" >> "$LEDGER"; }}'
LIVE = 'n=0; while [ $n -lt "$beats" ]; do sleep 0.1; say beat; n=$((n+1)); done'
HASH = "sha256sum | cut -c1-64"
PATIENT = "{max: 30, backoff: 0.2, factor: 1.3, max-backoff: 2}"

KINDS = ("functions", "short", "long", "chain", "fan", "files", "toss", "doomed")


@dataclass(frozen=True)
class Job:
    """One submit. `seed` fixes all of it."""

    kind: str
    seed: int
    at: float
    """Seconds after the start."""
    priority: int = 0
    size: int = 1
    token: str = ""

    def plain(self) -> dict[str, Any]:
        return {"kind": self.kind, "seed": self.seed, "priority": self.priority, "size": self.size}


def draw_jobs(draw: random.Random, seconds: float, scale: float) -> list[Job]:
    """Every kind at least once, spread over the time of the faults."""
    sizes = {"functions": 40, "short": 24, "long": 3, "chain": 6, "fan": 8, "files": 2, "toss": 12, "doomed": 4}
    jobs = []
    for kind in [*KINDS, *draw.choices(KINDS[:7], k=max(2, round(6 * scale)))]:
        size = max(2, round(sizes[kind] * scale * draw.uniform(0.7, 1.3)))
        jobs.append(Job(kind, draw.randrange(1 << 30), draw.uniform(0.0, seconds * 0.6), draw.randint(-1, 2), size))
    return sorted(jobs, key=lambda job: job.at)


# --- documents -------------------------------------------------------------------------------------------------


def _document(name: str, tasks: str, ledger: Path) -> str:
    return f"windlass: 1\nname: {name}\ndefaults:\n  env: {{LEDGER: {ledger}}}\ntasks:\n{tasks}"


def _task(id: str, script: str, more: str) -> str:
    """A task that says in the ledger when it begins, lives and ends; `script` runs after it has lived."""
    lines = [SAY, "say start", *script.splitlines(), "say end"]
    body = "\n".join(f"      {line}" for line in lines)
    return f"  {id}:\n{more}    script: |\n{body}\n"


def _more(
    count: int = 0,
    cpus: float = 0.5,
    needs: str = "",
    outputs: str = "",
    inputs: str = "",
    retries: str = PATIENT,
) -> str:
    """The fields beside the script; with `count`, an array of so many items."""
    foreach = f"{{range: {count}}}" if count else ""
    parts = {
        "foreach": foreach, "needs": needs, "outputs": outputs, "inputs": inputs, "retries": retries,
        "resources": f"{{cpus: {cpus}}}",
    }  # fmt: skip
    return "".join(f"    {name}: {value}\n" for name, value in parts.items() if value)


def document(job: Job, ledger: Path) -> str:
    """The graph's text. Kind `functions` has none: it is made with the Python API."""
    return _document(job.kind, _TASKS[job.kind](job.size, job.seed), ledger)


ITEM = "${{ item }}"


def _short(n: int, seed: int) -> str:
    """Every seventh fails the first time that it is tried."""
    fails = f"if [ $(( {ITEM} % 7 )) = 3 ] && [ $WINDLASS_ATTEMPT = 1 ]; then exit 3; fi"
    return _task("short", f"beats=$(( {ITEM} % 5 ))\n{LIVE}\n{fails}", _more(n))


def _long(n: int, seed: int) -> str:
    return _task("long", f"beats=$(( 25 + {ITEM} * 5 ))\n{LIVE}", _more(n, cpus=1))


def _chain(n: int, seed: int) -> str:
    tasks = []
    for place in range(n):
        before = f"cat link{place - 1}.txt; " if place else ""
        script = f"beats={place % 3}\n{LIVE}\n({before}echo {seed}-{place}) | {HASH} > link{place}.txt"
        needs = f"[link{place - 1}]" if place else ""
        inputs = f"[link{place - 1}.outputs]" if place else ""
        tasks.append(_task(f"link{place}", script, _more(0, 0.5, needs, f"[link{place}.txt]", inputs)))
    return "".join(tasks)


def _fan(n: int, seed: int) -> str:
    make = f"beats=$(( {ITEM} % 4 ))\n{LIVE}\nprintf '%s-%s' {seed} {ITEM} | {HASH} > part-{ITEM}.txt"
    gather = f"beats=1\n{LIVE}\nfor n in $(seq 0 {n - 1}); do cat part-$n.txt; done | {HASH} > all.txt"
    return _task("make", make, _more(n, outputs=f'["part-{ITEM}.txt"]')) + _task(
        "gather", gather, _more(0, 1, "[make]", "[all.txt]", "[make.outputs]")
    )


def _files(n: int, seed: int) -> str:
    script = f"beats=2\n{LIVE}\ncat given.bin | {HASH} > sum.txt\ncat given.bin given.bin > twice.bin"
    return _task("sum", script, _more(0, 0.5, "", "[sum.txt, twice.bin]", "[given.bin]"))


def _toss(n: int, seed: int) -> str:
    return _task("toss", f"beats=$(( 3 + {ITEM} % 6 ))\n{LIVE}", _more(n))


def _doomed(n: int, seed: int) -> str:
    return _task("doomed", f"beats=1\n{LIVE}\nexit 5", _more(n, retries="{max: 1, backoff: 0.1}"))


_TASKS = {
    "short": _short, "long": _long, "chain": _chain, "fan": _fan, "files": _files, "toss": _toss, "doomed": _doomed,
}  # fmt: skip


def given(job: Job) -> bytes:
    """The input file of kind `files`: larger than what travels inline."""
    return random.Random(job.seed).randbytes(300_000)


# --- what must come out ----------------------------------------------------------------------------------------


@dataclass
class Expected:
    state: str = "succeeded"
    outputs: dict[str, str] = field(default_factory=dict)
    """Place of the output (TASK/PATH or TASK/INDEX/PATH) -> SHA-256."""
    results: list[int] | None = None


def _sum(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def expected(job: Job) -> Expected:
    if job.kind == "doomed":
        return Expected("failed")
    if job.kind == "functions":
        return Expected(results=[function_result(job.seed, item) for item in range(job.size)])
    outputs: dict[str, str] = {}
    if job.kind == "chain":
        last = ""
        for place in range(job.size):
            last = _sum(f"{last}{job.seed}-{place}\n".encode()) + "\n"
            outputs[f"link{place}/link{place}.txt"] = _sum(last.encode())
    elif job.kind == "fan":
        parts = [_sum(f"{job.seed}-{item}".encode()) + "\n" for item in range(job.size)]
        outputs = {f"make/{item}/part-{item}.txt": _sum(part.encode()) for item, part in enumerate(parts)}
        outputs["gather/all.txt"] = _sum((_sum("".join(parts).encode()) + "\n").encode())
    elif job.kind == "files":
        data = given(job)
        outputs = {"sum/sum.txt": _sum((_sum(data) + "\n").encode()), "sum/twice.bin": _sum(data + data)}
    return Expected(outputs=outputs)


def function_result(seed: int, item: int) -> int:
    return (seed * 31 + item * item) % 1_000_003


def function(seed: int, mark: int, ledger: str, item: int) -> int:
    """Runs in a runner; stamps as the commands do, but knows neither run nor attempt: `mark` and its process stand for
    them."""
    import os
    import time

    def say(kind: str, stamp: float) -> None:
        line = f"{kind} {os.getpid()} {mark} {item} {stamp:.2f} {os.environ.get('WINDLASS_AGENT', '')}\n"
        out = os.open(ledger, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(out, line.encode())
        os.close(out)

    say("begin", time.clock_gettime(time.CLOCK_BOOTTIME))
    time.sleep(0.002 * (item % 8))
    result = (seed * 31 + item * item) % 1_000_003
    say("done", time.clock_gettime(time.CLOCK_BOOTTIME))
    return result
