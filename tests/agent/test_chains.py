"""Short commands in a row: what was sent ahead can be asked back, moves on, and is lost with nothing."""

from __future__ import annotations

from copy import copy
from pathlib import Path

import pytest
from agent_bench import Bench

from windlass.model.graph import Command, Task
from windlass.wire import messages as m
from windlass.wire.logs import to_text
from windlass_agent.chains import Chain
from windlass_agent.executor import QUIET_CHAINS

pytestmark = pytest.mark.slow


def warmed(bench: Bench, command: str, count: int) -> list[m.Key]:
    """Items of a task whose first ones are short, so that chains are as long as they get."""
    return bench.give(Task("t", Command(command)), count)


def test_a_long_one_in_a_row_does_not_hold_up_those_behind_it(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f'if [ "$WINDLASS_INDEX" = 60 ]; then while [ ! -e {go} ]; do sleep 0.01; done; fi'
    keys = warmed(bench, script, 150)
    bench.until(lambda: len(bench.core.exits) == 149)
    go.touch()
    assert bench.end_of(keys[60]).outcome == "ok"


def test_those_sent_ahead_are_given_back_on_request(bench: Bench, tmp_path: Path) -> None:
    go = tmp_path / "go"
    script = f'if [ "$WINDLASS_INDEX" -ge 60 ]; then while [ ! -e {go} ]; do sleep 0.01; done; fi'
    keys = warmed(bench, script, 100)
    bench.until(lambda: len(bench.core.exits) == 60)
    bench.executor.stop(m.Stop(keys, if_waiting=True))
    bench.until(lambda: len(bench.core.refused) == 38)
    go.touch()
    bench.until(lambda: len(bench.core.exits) == 62)
    assert {key.index for key, _ in bench.core.refused}.isdisjoint({id[2] for id in bench.core.exits})


def test_a_cancel_reaches_all_of_a_row(bench: Bench) -> None:
    script = 'if [ "$WINDLASS_INDEX" -ge 40 ]; then exec sleep 1000; fi'
    keys = warmed(bench, script, 80)
    bench.until(lambda: len(bench.core.exits) == 40)
    bench.executor.stop(m.Stop(keys[40:], grace=1.0))
    bench.until(lambda: bench.executor.idle)
    assert len(bench.core.exits) + len(bench.core.refused) == 80
    assert {exit.outcome for (_, _, index, _), (exit, _) in bench.core.exits.items() if index >= 40} <= {"stopped"}


def test_a_program_that_is_not_there_does_not_break_the_row(bench: Bench) -> None:
    good, bad = (
        bench.give(Task("t", Command([name])), 50) for name in ("true", "no-such-program-here")
    )  # fmt: skip
    assert {bench.end_of(key).outcome for key in good} == {"ok"}
    assert {bench.end_of(key).outcome for key in bad} == {"spawn_error"}
    assert bench.executor._shop.ledger.fits(bench.executor.settings.resources)


def test_the_wardens_death_takes_only_what_ran(bench: Bench) -> None:
    script = 'if [ "$WINDLASS_INDEX" = 30 ]; then sleep 1000; fi'
    keys = warmed(bench, script, 60)
    bench.until(lambda: len(bench.core.exits) == 59)
    next(link for link in bench.executor._shop.wardens.links if link.held).process.kill()
    bench.until(lambda: len(bench.core.exits) == 60)
    outcomes = [bench.end_of(key).outcome for key in keys]
    assert outcomes[30] == "crashed"
    assert outcomes.count("ok") == 59


def test_the_logs_of_a_row_are_not_mixed(bench: Bench) -> None:
    keys = warmed(bench, "echo $WINDLASS_INDEX", 100)
    assert [to_text(bench.end_of(key).log) for key in keys] == [f"{n}\n" for n in range(100)]


def test_wardens_are_left_alone_while_no_row_runs_out(bench: Bench) -> None:
    """So ends come to the core together; but nobody waits for one that is alone, or of which nothing is known."""
    group, chains = bench.executor._groups, bench.executor.chains
    bench.end_of(bench.command("true"))
    known = next(iter(group.values()))
    warden = bench.executor._shop.wardens.first

    def row(mean: float, sent: int) -> Chain:
        known.mean = mean
        made = Chain(0, copy(known), None, warden)  # type: ignore[arg-type]
        made.sent = dict.fromkeys(range(sent))  # type: ignore[arg-type]
        return made

    def quiet(*rows: Chain) -> float:
        chains._open = set(rows)
        return bench.executor.quiet

    assert quiet() == 0
    assert quiet(row(0.001, 10)) == pytest.approx(0.0075), "until three quarters of it are done"
    assert quiet(row(0.001, 20), row(0.001, 4)) == pytest.approx(0.003), "the first that runs out counts"
    assert quiet(row(0.002, 30)) == QUIET_CHAINS
    assert quiet(row(0.001, 2)) == 0, "somebody may wait for the last one"
    assert quiet(row(0.001, 20), row(-1.0, 1)) == 0, "the first of its task may be over in a moment"
    long = row(-1.0, 1)
    long.stuck = True
    assert quiet(row(0.001, 10), long, row(10.0, 1)) == pytest.approx(0.0075), "who waits for a long one has time"
    chains._open.clear()
