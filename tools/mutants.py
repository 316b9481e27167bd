"""Show that the tests notice when a safety is taken away: apply each mutant to a copy of the sources, run the tests.

    python tools/mutants.py [NAME...]      or   make mutants

A study of ten mutants of schedulers showed that simple histories miss just these four. Each is one small change of the
sources, as a hurried hand could make it; where core and agent both hold the safety, each has its own. Others break
what the scheduler promises of its order, one promise each, for the property test that is named for it. The tests must
pass on the unchanged copy and fail on every changed one. Exit status 1 when a mutant survives, 2 when one cannot be
applied any more (the sources have moved on: correct it here).
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
COPIED = ("core", "agent", "resources", "tests", "tools", "docs", "pyproject.toml", "README.md")
SCHED = ("tests/core/sched/test_rules.py", "tests/core/sched/test_world.py", "-k", "not catches_the_mutant")
"""The World's stories and the rules, without the test that plays mutants of its own."""
AGENT = ("tests/agent/test_session.py", "tests/agent/test_loop.py", "tests/agent/test_commands.py")
ORDER, GAP = "tests/core/sched/test_order_properties.py", "tests/core/sched/test_backfill.py"


@dataclass(frozen=True)
class Mutant:
    name: str
    what: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...] = SCHED


MUTANTS = (
    Mutant(
        "stop-said-once", "a STOP is not repeated", "core/windlass/sched/attempts.py",
        "    if not agent.stopping:\n        return\n    due: dict", "    return\n    due: dict",
    ),
    Mutant(
        "no-lease", "the core takes a broken link for a dead agent", "core/windlass/sched/leases.py",
        '        agent.become(DISCONNECTED)\n        book.agent_changed(agent, "the link was lost")\n',
        '        down(book, agent, "the link was lost")\n',
    ),
    Mutant(
        "no-lease-agent", "the agent does not mind its lease", "agent/windlass_agent/session.py",
        "            todo.append(Do.EXPIRE)\n", "", AGENT,
    ),
    Mutant(
        "no-lease-warden", "the warden does not mind the lease when its agent hangs", "agent/windlass_agent/warden.py",
        "self._lease = message.until", "self._lease = None", AGENT,
    ),
    Mutant(
        "zombies-spared", "the core does not ask a returning agent to stop what is not its own any more",
        "core/windlass/sched/leases.py",
        "stop = [id for id in held if id not in agent.live]", "stop: list[AttemptId] = []",
    ),
    Mutant(
        "zombies-spared-agent", "the agent does not stop what the core's welcome tells it to",
        "agent/windlass_agent/executor.py",
        "stopped = {id_of(key) for key in message.stop}", "stopped: set[object] = set()", AGENT,
    ),
    Mutant(
        "number-not-raised", "a second attempt gets the number of the first", "core/windlass/sched/tasks.py",
        "number = self.number(item) + 1", "number = self.number(item) or 1",
    ),
    Mutant(
        "starving", "whoever had most goes first, so others never have a turn", "core/windlass/sched/shares.py",
        "return (self.held(owner) + self.average(owner, now)) / owner.weight",
        "return -(self.held(owner) + self.average(owner, now)) / owner.weight",
        (ORDER, "-k", "every_ready_item_is_begun"),
    ),
    Mutant(
        "unfair", "the fair share does not look at the weights", "core/windlass/sched/shares.py",
        "return (self.held(owner) + self.average(owner, now)) / owner.weight",
        "return self.held(owner) + self.average(owner, now)",
        (ORDER, "-k", "fair_within_one_item"),
    ),
    Mutant(
        "inversion", "the run's priority is not looked at", "core/windlass/sched/order.py",
        "return -task.run.priority", "return 0.0",
        (ORDER, "-k", "nothing_of_lower_priority"),
    ),
    Mutant(
        "nothing-kept", "what is kept for a large request is given away", "core/windlass/sched/placement.py",
        "return room if reservation is None else unreserved_room(self._book, task, reservation, room, agent.free)",
        "return room",
        (GAP, "-k", "starves_no_large_request"),
    ),
    Mutant(
        "gap-overrun", "work that is too long for the gap before a reservation begins in it",
        "core/windlass/sched/backfill.py",
        "and seconds is not None and now + seconds <= found.start:", "and seconds is not None:",
        (GAP, "-k", "never_delays"),
    ),
    Mutant(
        "dead-edge", "the table allows a transition that nothing makes", "core/windlass/sched/states.py",
        "    RUNNING: frozenset({EXITED, LOST}),", "    RUNNING: frozenset({EXITED, LOST, REJECTED}),",
        ("tests/core/sched/test_transitions.py", "-k", "every_edge"),
    ),
)  # fmt: skip


def run_tests(copy: Path, tests: tuple[str, ...]) -> tuple[int, str]:
    """pytest's status and the line that says how it went."""
    path = os.pathsep.join(str(copy / part) for part in ("core", "agent", "resources"))
    environment = {**os.environ, "PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}
    # Mutants may hang; what hangs is caught, too.
    options = ["-q", "-x", "-p", "no:cacheprovider", "--timeout", "120", "--hypothesis-profile", "verdict"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *tests], cwd=copy, env=environment, capture_output=True, text=True
    )
    told = [line for line in done.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))] or [done.stdout[-500:]]
    return done.returncode, told[-1]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(mutant.name for mutant in MUTANTS))
    options = parser.parse_args()
    if unknown := set(options.names) - {mutant.name for mutant in MUTANTS}:
        parser.error(f"no mutant {sorted(unknown)[0]!r}")
    chosen = [mutant for mutant in MUTANTS if not options.names or mutant.name in options.names]
    survived = []
    with tempfile.TemporaryDirectory(prefix="windlass-mutants-") as scratch:
        copy = Path(scratch)
        for part in COPIED:
            if (HERE / part).is_dir():
                shutil.copytree(HERE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(HERE / part, copy / part)
        for tests in dict.fromkeys(mutant.tests for mutant in chosen):
            status, told = run_tests(copy, tests)
            if status:
                print(f"the tests fail without any mutant: {told}")
                return 1
        for mutant in chosen:
            path = copy / mutant.file
            text = path.read_text()
            if text.count(mutant.old) != 1:
                print(f"{mutant.name}: cannot be applied to {mutant.file} any more: correct it in tools/mutants.py")
                return 2
            path.write_text(text.replace(mutant.old, mutant.new))
            began = time.monotonic()
            status, told = run_tests(copy, mutant.tests)
            path.write_text(text)
            caught = status == 1
            word = "caught  " if caught else "SURVIVED"
            print(f"{word} {mutant.name} ({mutant.what}), {time.monotonic() - began:.0f} s")
            print(f"         {told.strip()[:140]}", flush=True)
            if not caught:
                survived.append(mutant.name)
    print(f"{len(chosen) - len(survived)} of {len(chosen)} mutants caught")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
