"""A chain of arrays that pass files, on two real agents: what an agent holds it does not fetch again."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.client.api import Client
from windlass.client.embedded import EmbeddedCore

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ITEMS = 16
SIZE = 5_000_000
GRAPH = f"""\
windlass: 1
name: chain
tasks:
  cut:
    foreach: {{range: {ITEMS}}}
    command: ["sh", "-c", "head -c {SIZE} /dev/urandom > piece"]
    outputs: [piece]
  encode:
    foreach: {{range: {ITEMS}}}
    needs: [{{task: cut, each: true}}]
    inputs: [cut.outputs]
    command: ["sh", "-c", "tac piece > coded && sleep 0.05"]
    outputs: [coded]
  check:
    foreach: {{range: {ITEMS}}}
    needs: [{{task: encode, each: true}}]
    inputs: [encode.outputs]
    command: ["test", "-s", "coded"]
"""


def test_only_items_that_moved_are_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WINDLASS_HOME", str(tmp_path / "home"))
    (tmp_path / "graph.yaml").write_text(GRAPH)
    with EmbeddedCore(home=tmp_path / "home", agents=2, cpus=2), Client() as client:
        run = client.submit(str(tmp_path / "graph.yaml"))
        run.wait(100)
        home = {(row.task, row.index): row.agent for row in run.attempts()}
        counters = client.info()["counters"]
    assert len(home) == 3 * ITEMS
    moved = sum(home[task, item] != home[task - 1, item] for task in (1, 2) for item in range(ITEMS))
    sent = counters["blob bytes sent"]
    # What an agent staged ahead and gave back without beginning was fetched too, and may have ended elsewhere.
    back = counters.get("given back", 0)
    print(f"{moved} items moved, {back} given back, {sent / 1e6:.0f} MB fetched")
    assert moved <= sent / SIZE <= moved + back, f"{sent} bytes for {moved} items that moved and {back} given back"
    # Without looking about half of all do. Some must: where nothing is left to do at home, others' work is taken.
    assert moved < ITEMS, f"{moved} of {2 * ITEMS} items ran on another agent than the one before"
