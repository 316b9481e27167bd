"""Everything at once: a mixed load on a core and three agents, and faults of every kind; then an audit.

    make chaos SEED=5            or   python tests/chaos/chaos.py --seed 1 2 3 [--seconds 20] [--scale 1] [--keep DIR]

Core, agents and clients are real processes; agents and clients reach the core through a proxy of our own (`proxy.py`).
Load (`mixed_load.py`), people (`people.py`) and faults (`faults.py`) are drawn from the seed; what they meet depends
on the machine. `audit.py` says what is claimed afterwards. Exit status 1 when a claim does not hold.

Not played here: a jump of the wall clock (it would be the whole machine's; `tests/system/test_clock_jump.py` sets it
for processes of its own), repeated and reordered messages (in the scheduler's World), and a loss of power.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import random
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).resolve().parent))
import audit
import mixed_load as load
from cluster import PATIENCE, Cluster, Unanswered
from faults import Fault, Hands, SmallDisk, boot, draw_faults
from people import notes
from proxy import Proxy
from stalls import Stalls

from windlass.client.connect import locate
from windlass.client.errors import WindlassError
from windlass.client.link import Link
from windlass.client.run import Run
from windlass.sched.states import ENDED, ItemState
from windlass.store.reader import Reader
from windlass.wire import messages

AGENTS = ["one", "two", "three"]
CPUS = 2.0
SETTLE = 90.0
"""Seconds that the load may take to end once all is healed, on a busy machine."""
ANSWER = 5.0
"""Seconds in which the core answers a simple question."""
MEMORY = {"windlass.server": 300, "windlass_agent.warden": 80, "windlass_agent.runner": 200, "windlass_agent": 150}
"""MiB that a process may have at most, by what it is; the first match counts."""
MANY = 1_000_000
"""More attempts than a run of the load has."""
ROUNDS = 4
"""Times that a person retries what has failed by the faults."""
_SUBREAPER = 36


class Watcher(threading.Thread):
    """Asks the core a simple question again and again, and looks at the memory of all processes."""

    def __init__(self, cluster: Cluster) -> None:
        super().__init__(name="watcher", daemon=True)
        self.cluster = cluster
        self.asked: list[tuple[float, float]] = []
        self.unanswered = 0
        self.peak: Counter[str] = Counter()
        self.going = True

    def run(self) -> None:
        link = Link(locate(home=self.cluster.home), name="watcher", home=self.cluster.home)
        try:
            while self.going:
                start = boot()
                try:
                    link.ask(messages.GetInfo(0), timeout=30.0)
                except (WindlassError, TimeoutError, OSError):
                    self.unanswered += 1
                self.asked.append((start, boot() - start))
                self._measure()
                time.sleep(0.3)
        finally:
            link.close()

    def _measure(self) -> None:
        tops = [self.cluster.core, *self.cluster.agents.values()]
        for top in tops:
            if top is None:
                continue
            with suppress(psutil.Error):
                process = psutil.Process(top.pid)
                for each in (process, *process.children(recursive=True)):
                    self._note(each)

    def _note(self, process: psutil.Process) -> None:
        with suppress(psutil.Error):
            line = " ".join(process.cmdline())
            for kind in MEMORY:
                if f"-m {kind} " in line + " ":
                    self.peak[kind] = max(self.peak[kind], process.memory_info().rss >> 20)
                    return


class Scene:
    """One seed, from the start to the audit."""

    def __init__(self, root: Path, seed: int, seconds: float, scale: float, lease: float) -> None:
        self.root = root
        self.seed = seed
        self.seconds = seconds
        self.scale = scale
        self.lease = lease
        self.problems: list[str] = []
        self.report: dict[str, Any] = {"seed": seed}

    def play(self, show: Any) -> dict[str, Any]:
        began = time.monotonic()
        ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)
        disk = SmallDisk.usable(self.root / "probe")
        draw = random.Random(self.seed)
        faults = draw_faults(draw, self.seconds, AGENTS, self.lease, disk)
        with ExitStack() as stack:
            small = {}
            if disk:
                small = {"core": self.root / "home", AGENTS[-1]: self.root / AGENTS[-1]}
                for path in small.values():
                    stack.enter_context(SmallDisk(path, "48m"))
            else:
                self.report["not played"] = ["a full disk: this machine does not let us mount a small one"]
            options = ("--lease", str(self.lease), "--heartbeat", str(self.lease / 8))
            cluster = stack.enter_context(Cluster(self.root, core_options=options))
            proxy = stack.enter_context(Proxy(lambda: cluster.port))
            self._run(cluster, proxy, small, faults, show)
        if cluster.left_behind:
            self.problems.append(f"processes left behind: {cluster.left_behind}")
        if ours := [child for child in psutil.Process().children(recursive=True) if _alive(child)]:
            self.problems.append(f"processes that became ours to reap: {ours}")
            for child in ours:
                with suppress(psutil.Error):
                    child.kill()
        self.report["seconds"] = round(time.monotonic() - began, 1)
        self.report["problems"] = self.problems
        return self.report

    def _run(self, cluster: Cluster, proxy: Proxy, small: dict[str, Path], faults: list[Fault], show: Any) -> None:
        cluster.start_core()
        starts = {}
        for name in AGENTS:
            wire = proxy.wire(name)
            options = ("--core", wire.endpoint, "--cpus", str(CPUS), "--disk", "1GB", "--log-level", "info")
            starts[name] = lambda name=name, options=options: cluster.start_agent(name, *options)
            starts[name]()
        endpoint = proxy.wire("clients").endpoint
        stalls = Stalls()
        stalls.start()
        watcher = Watcher(cluster)
        watcher.start()
        people = {who: self._person(cluster, who, endpoint) for who in ("submit", "meddle")}
        hands = Hands(cluster, proxy, starts, small)
        hands.start(faults)
        end = time.monotonic() + self.seconds
        while time.monotonic() < end:
            show(self.seed, 1 - (end - time.monotonic()) / self.seconds, f"{hands.log.done.total()} faults")
            time.sleep(0.2)
        hands.join()
        for wire in proxy.wires.values():
            wire.heal()
        for who, person in people.items():
            try:
                if person.wait(2 * PATIENCE):
                    self.problems.append(f"a client failed:\n{cluster.log(who)}")
            except subprocess.TimeoutExpired:
                self.problems.append(f"a client did not end: {person.args}")
                person.kill()
                person.wait()
        show(self.seed, 1.0, "healed; the load ends")
        self._settle(cluster, show)
        watcher.going = False
        watcher.join(40)
        self.problems += hands.problems
        stalls.stop()
        self._audit(cluster, hands, watcher, stalls)
        self.report["injected"] = dict(sorted(hands.log.done.items()))
        self.report["schedule"] = hands.log.lines
        self.report["connections"] = {name: wire.connections for name, wire in proxy.wires.items()}

    def _person(self, cluster: Cluster, who: str, endpoint: str) -> subprocess.Popen[bytes]:
        script = str(Path(__file__).with_name("people.py"))
        arguments = [who, str(self.seed), str(self.root), endpoint, cluster.public, str(self.seconds), str(self.scale)]
        return cluster.start_other(who, [sys.executable, script, *arguments])

    # --- the end -----------------------------------------------------------------------------------------------

    def _settle(self, cluster: Cluster, show: Any) -> None:
        """Wait until all that was acknowledged has ended; a person retries what the faults made fail."""
        jobs = self._jobs()
        retried: Counter[str] = Counter()
        for turn in range(ROUNDS):
            for run in jobs:
                if cluster.run_row(run)["state"] == "paused":
                    cluster.ask(messages.Control(0, "resume", run))
            try:
                cluster.until(lambda: self._over(cluster, jobs, show), f"the end of {len(jobs)} runs", SETTLE)
            except Unanswered as error:
                left = [(run, job.kind, cluster.run_row(run)) for run, job in jobs.items()]
                self.problems.append(f"{error}\n{[each for each in left if each[2]['state'] not in ENDED]}")
                return
            again = [run for run, job in jobs.items() if self._may_be_mended(cluster, run, job)]
            if not again or turn == ROUNDS - 1:
                break
            for run in again:
                retried[jobs[run].kind] += 1
                cluster.ask(messages.Control(0, "retry", run))
        self.report["runs retried by a person at the end"] = dict(retried)

    def _may_be_mended(self, cluster: Cluster, run: int, job: load.Job) -> bool:
        return job.kind not in ("doomed", "toss") and cluster.run_row(run)["state"] != "succeeded"

    def _over(self, cluster: Cluster, jobs: dict[int, load.Job], show: Any) -> bool:
        left = sum(cluster.run_row(run)["state"] not in ENDED for run in jobs)
        show(self.seed, 1.0, f"healed; {left} of {len(jobs)} runs go on")
        return not left

    def _jobs(self) -> dict[int, load.Job]:
        return {
            note["run"]: load.Job(note["kind"], note["seed"], 0.0, note["priority"], note["size"])
            for note in notes(self.root)
            if "kind" in note and "run" in note
        }

    def _audit(self, cluster: Cluster, hands: Hands, watcher: Watcher, stalls: Stalls) -> None:
        jobs = self._jobs()
        said = notes(self.root)
        ledger = audit.Ledger.read(self.root / "ledger.txt")
        rows: audit.Rows = {}
        states: dict[int, dict[tuple[str, int], str]] = {}
        asked: dict[tuple[int, str], float] = {}
        accepted = accepted_ends(cluster.home / "data" / "core" / "windlass.db", jobs)
        link = Link(locate(home=cluster.home), name="audit", home=cluster.home)
        try:
            for id, job in jobs.items():
                run = Run(link, id)
                try:
                    state, tasks = run.state, run.tasks()
                except WindlassError as error:
                    self.problems.append(f"run {id} ({job.kind}) was acknowledged and is not there: {error}")
                    continue
                names = {task.index: task.id for task in tasks}
                rows[id] = [
                    {
                        **row,
                        "task_id": names[row["task"]],
                        "accepted": (id, row["task"], row["index"], row["attempt"]) in accepted,
                    }
                    for row in cluster.attempts(id)
                ]
                states[id] = {(task.id, item.index): item.state for task in tasks for item in run.items(task.index)}
                for name in names.values():
                    asked[id, name] = 1.0 if job.kind == "long" or name == "gather" else 0.5
                self._check_run(run, job, state)
        finally:
            link.close()
        self.problems += audit.one_live_attempt(ledger, rows, hands.log.frozen)
        self.problems += audit.no_over_commit(ledger, rows, asked, CPUS)
        self.problems += audit.ledgers_add_up(ledger, rows, states)
        longest, late = audit.answers(watcher.asked, hands.log.away, stalls, ANSWER)
        self.problems += late
        for kind, most in watcher.peak.items():
            if most > MEMORY[kind]:
                self.problems.append(f"a process of {kind} had {most} MiB (allowed: {MEMORY[kind]})")
        attempts = Counter(row["outcome"] or row["state"] for of in rows.values() for row in of)
        self.report |= {
            "runs acknowledged": len(jobs),
            "submits refused or unanswered": sum("refused" in note for note in said),
            "changes of mind": dict(Counter(note["did"] for note in said if "did" in note)),
            "attempts": dict(attempts.most_common()),
            "attempts in the ledger": len(ledger.commands) + sum(map(len, ledger.calls.values())),
            "slowest answer, s": round(longest, 2),
            "restarts of the core, s": [round(seconds, 2) for seconds in hands.log.restarts],
            "machine stood still, s": round(stalls.total, 1),
            "memory at most, MiB": dict(watcher.peak),
        }

    def _check_run(self, run: Run, job: load.Job, state: str) -> None:
        if job.kind == "toss":
            if state not in ENDED:
                self.problems.append(f"run {run.id} (toss) is {state}")
            return
        wanted = load.expected(job)
        if state != wanted.state:
            failed = [
                (item.index, item.error[:200], item.note)
                for task in run.tasks()
                for item in run.items(task.index, ["failed"])
            ]
            self.problems.append(f"run {run.id} ({job.kind}) is {state}, not {wanted.state}: {failed[:5]}")
            return
        outputs = {output.place: output.file.hash for output in run.outputs()}
        if outputs != wanted.outputs:
            wrong = sorted(set(outputs.items()) ^ set(wanted.outputs.items()))
            self.problems.append(f"run {run.id} ({job.kind}): outputs differ: {wrong[:6]}")
        if wanted.results is not None and run.result("call") != wanted.results:
            self.problems.append(f"run {run.id}: a function returned something else")


def accepted_ends(store: Path, runs: Iterable[int]) -> set[audit.Accepted]:
    """The ends by which items succeeded, as the store's file has them."""
    with closing(Reader(sqlite3.connect(f"file:{store}?mode=ro", uri=True))) as reader:
        return {
            (row.run, row.task, row.index_, row.attempt)
            for run in runs
            for row in reader.last_attempts(run, MANY)
            if row.final == ItemState.SUCCEEDED
        }


def _alive(process: psutil.Process) -> bool:
    with suppress(psutil.Error):
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    return False


def bar(seed: int, share: float, words: str) -> None:
    """On a terminal, one line that moves."""
    if sys.stderr.isatty():
        done = int(30 * min(share, 1.0))
        print(f"\r\x1b[Kseed {seed} [{'#' * done}{'.' * (30 - done)}] {words}", end="", file=sys.stderr, flush=True)


def tell(report: dict[str, Any]) -> None:
    """The report, for people."""
    print(f"\nseed {report['seed']}: {report['seconds']} s")
    for name, value in report.items():
        if name not in ("seed", "seconds", "problems", "schedule"):
            print(
                f"  {name}: {value if not isinstance(value, dict) else ', '.join(f'{k} {v}' for k, v in value.items())}"
            )
    for problem in report["problems"]:
        print(f"  PROBLEM: {problem}")
    print("  all claims hold" if not report["problems"] else f"  {len(report['problems'])} claims broken")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, nargs="+", default=[1])
    parser.add_argument("--seconds", type=float, default=20.0, help="how long faults are injected")
    parser.add_argument("--scale", type=float, default=1.0, help="size of the load")
    parser.add_argument(
        "--lease", type=float, default=4.0, help="seconds; shorter than the product's, so that more happens"
    )
    parser.add_argument("--keep", type=Path, help="use this folder and leave it, with logs, store and ledger")
    parser.add_argument("--json", action="store_true", help="the reports as JSON")
    options = parser.parse_args()
    reports = []
    for seed in options.seed:
        with tempfile.TemporaryDirectory(prefix="windlass-chaos-") as temporary:
            root = (options.keep / str(seed) if options.keep else Path(temporary)).resolve()
            root.mkdir(parents=True, exist_ok=True)
            reports.append(Scene(root, seed, options.seconds, options.scale, options.lease).play(bar))
        if not options.json:
            bar(seed, 1.0, "audited")
            tell(reports[-1])
            sys.stdout.flush()
    if options.json:
        print(json.dumps(reports[0] if len(reports) == 1 else reports, indent=2))
    bad = [report["seed"] for report in reports if report["problems"]]
    if len(reports) > 1 and not options.json:
        took = sum(report["seconds"] for report in reports)
        print(f"\n{len(reports)} seeds in {took:.0f} s: {f'problems with {bad}' if bad else 'all claims hold'}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
