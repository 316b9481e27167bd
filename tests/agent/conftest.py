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
    left = [path for path in (tmp_path / "work").iterdir() if not path.name.startswith(("runner-", "code-"))]
    made.executor.close()
    assert not left or made.executor._shop.attempts, "something was left in the work directory"
