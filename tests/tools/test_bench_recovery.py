"""The stores that `bench/recovery.py` writes by hand are what a core reads: rows that grow would leave it behind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from bench import recovery

from windlass.store.reader import Reader
from windlass.store.store import Store


@pytest.mark.parametrize(
    ("fill", "count"), [(recovery.one_array, 80), (recovery.single_tasks, 20), (recovery.many_runs, 3)]
)
def test_what_the_bench_writes_is_a_store(fill: Callable[[Store, int], None], count: int, tmp_path: Path) -> None:
    store = Store(tmp_path)
    fill(store, count)
    store.end_turn()
    store.flush()
    assert Reader(store.reader()).last_attempts(1, 5)
    store.close()
