"""An executor with a fake core for each test; its end is checked to leave nothing behind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from agent_bench import Bench

from windlass.model.graph import Resources


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path, Resources(cpus=2, memory=8 << 30, disk=1 << 40))
    yield made
    busy = bool(made.executor._shop.attempts)
    made.executor.close()
    assert busy or not list((tmp_path / "work").iterdir()), "something was left in the work directory"
