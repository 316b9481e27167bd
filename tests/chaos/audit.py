"""What the audit of the chaos run claims, each claim a function from what was recorded to the sentences that break it.

One live attempt    No attempt of an item gave a sign of life (a line in the ledger, one each tenth of a second) after a
                    later attempt of the same item had begun. Excepted are agents whose wardens were frozen at that
                    time: nobody can end anything on a machine that sleeps, and that machine cannot know. Stamps are
                    hundredths of a second of one clock that nobody sets.
No over-commit      The CPUs of all command attempts that lived on an agent at one instant (first line to last line)
                    are never more than it has.
Ledgers add up      Each acknowledged submit is on record. Each item that succeeded has exactly one accepted end, each
                    other one none. What was accepted is in the ledger from its beginning to its end, by that attempt;
                    and the ledger has no attempt that is not on record.
Right outputs       Outputs by their hash and results by value are what the seed says.
Nothing is left     Once core and agents have ended, no process of the cluster runs, and none became ours to reap.
Bounded             Each process's memory, and the time in which the core answers while it is there and the machine
                    lets it run.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from faults import Window
from stalls import Stalls

SLACK = 0.05
"""Seconds: stamps are rounded to hundredths, and a line is written a moment after its stamp was read."""
THAW = 2.0
"""Seconds after a freeze in which what slept is found and ended."""

AttemptKey = tuple[int, str, int, int]
"""Run, task, item, attempt."""


Accepted = tuple[int, int, int, int]
"""Run, task's position, item, attempt."""


@dataclass
class Life:
    """What one attempt wrote."""

    start: float
    last: float
    through: bool = False


@dataclass
class Ledger:
    commands: dict[AttemptKey, Life] = field(default_factory=dict)
    calls: dict[tuple[int, int], list[tuple[int, str, Life]]] = field(default_factory=lambda: defaultdict(list))
    """(mark of a submit, item) -> (process, agent, life) of each call of a function."""
    odd: list[str] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> Ledger:
        ledger = cls()
        for line in path.read_text().splitlines() if path.exists() else []:
            kind, *rest = line.split()
            if kind in ("start", "beat", "end"):
                run, task, item, attempt, stamp = rest
                key = (int(run), task, int(item), int(attempt))
                if kind == "start" and key in ledger.commands:
                    ledger.odd.append(f"attempt {key} began twice")
                life = ledger.commands.setdefault(key, Life(float(stamp), float(stamp)))
                life.last = max(life.last, float(stamp))
                life.through |= kind == "end"
            else:
                process, mark, item, stamp, *agent = rest
                lives = ledger.calls[int(mark), int(item)]
                if kind == "begin":
                    lives.append((int(process), agent[0] if agent else "", Life(float(stamp), float(stamp))))
                    continue
                for pid, _, life in reversed(lives):
                    if pid == int(process):
                        life.last, life.through = float(stamp), True
                        break
        return ledger


Rows = dict[int, list[dict[str, Any]]]
"""Run -> the core's records of all its attempts, with the task's name in `task_id`, and in `accepted` whether the store
has the item's success from this attempt (the end of a cancelled one may be ok and is not accepted)."""


def one_live_attempt(ledger: Ledger, rows: Rows, frozen: list[Window]) -> list[str]:
    problems = list(ledger.odd)
    where = _agents(rows)
    items: dict[tuple[int, str, int], list[tuple[int, Life]]] = defaultdict(list)
    for (run, task, item, attempt), life in ledger.commands.items():
        items[run, task, item].append((attempt, life))
    for key, attempts in items.items():
        attempts.sort(key=lambda entry: entry[0])
        for at, (number, life) in enumerate(attempts):
            for later, next_life in attempts[at + 1 :]:
                agent = where.get((*key, number), "")
                other = where.get((*key, later), "")
                if life.last > next_life.start + SLACK and not _asleep(agent, life.last, frozen):
                    problems.append(
                        f"run {key[0]} {key[1]}[{key[2]}]: attempt {number} on '{agent}' lived until {life.last:.2f}, "
                        f"attempt {later} on '{other}' began at {next_life.start:.2f}"
                    )
    for call, lives in ledger.calls.items():
        lives.sort(key=lambda entry: entry[2].start)
        for (first, _, life), (second, _, next_life) in pairwise(lives):
            if life.through and life.last > next_life.start + SLACK and not frozen:
                problems.append(f"function {call}: process {second} began it while {first} was in it")
    return problems


def _agents(rows: Rows) -> dict[AttemptKey, str]:
    return {
        (run, row["task_id"], row["index"], row["attempt"]): row["agent_name"] for run, of in rows.items() for row in of
    }


def _asleep(agent: str, moment: float, frozen: list[Window]) -> bool:
    return any(w.whom == agent and w.start - SLACK <= moment <= w.end + THAW for w in frozen)


def no_over_commit(ledger: Ledger, rows: Rows, asked: dict[tuple[int, str], float], cpus: float) -> list[str]:
    """`asked`: (run, task) -> CPUs of one attempt."""
    where = _agents(rows)
    changes: dict[str, list[tuple[float, int, float]]] = defaultdict(list)
    for key, life in ledger.commands.items():
        agent = where.get(key)
        if agent is not None and life.last - life.start > SLACK:
            need = asked.get(key[:2], 0.0)
            changes[agent] += [(life.start, 1, need), (life.last - SLACK, 0, -need)]
    problems = []
    for agent, moments in changes.items():
        held = most = 0.0
        for _, _, change in sorted(moments):
            held += change
            most = max(most, held)
        if most > cpus + 1e-9:
            problems.append(f"{agent} has {cpus:g} CPUs and ran commands for {most:g} at one time")
    return problems


def ledgers_add_up(ledger: Ledger, rows: Rows, states: dict[int, dict[tuple[str, int], str]]) -> list[str]:
    """`states`: run -> (task, item) -> how it ended."""
    problems = []
    known: set[AttemptKey] = set()
    for run, of in rows.items():
        accepted: Counter[tuple[str, int]] = Counter()
        for row in of:
            key = (run, row["task_id"], row["index"], row["attempt"])
            if key in known:
                problems.append(f"attempt {key} is on record twice")
            known.add(key)
            if row["accepted"]:
                accepted[row["task_id"], row["index"]] += 1
                life = ledger.commands.get(key)
                if row["task_id"] != "call" and (life is None or not life.through):
                    problems.append(f"attempt {key} was accepted, and the ledger does not have it from start to end")
        for item, state in states[run].items():
            if accepted[item] != (state == "succeeded"):
                problems.append(f"run {run} {item[0]}[{item[1]}] is {state} with {accepted[item]} accepted ends")
    problems += [
        f"attempt {key} ran and is not on record" for key in ledger.commands if key[0] in rows and key not in known
    ]
    return problems


def answers(
    asked: list[tuple[float, float]], away: list[Window], stalls: Stalls, limit: float
) -> tuple[float, list[str]]:
    """The longest that a question waited while the core was there to answer; `asked` are (when, seconds)."""
    longest = 0.0
    for start, seconds in asked:
        since = start
        for window in sorted(away, key=lambda window: window.start):
            if window.start - 1.0 < start + seconds and window.end > since:
                since = window.end
        end = start + seconds
        longest = max(longest, end - since - stalls.between(since, end))
    late = f"the core took {longest:.1f} s to answer a simple question (allowed: {limit:g})"
    return longest, [late] if longest > limit else []
