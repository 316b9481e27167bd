"""How long random searches go on: `make test-quick` looks at a quarter of what the whole suite looks at."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import settings

QUICK = "quick"
"""The profile of the quick part; fewer cases, and the same ones each time."""
SHARE = 4
FEWEST = 10


def examples(count: int) -> int:
    """What a test that wants `count` examples gets under the profile in force."""
    return max(min(count, FEWEST), count // SHARE) if settings.get_current_profile_name() == QUICK else count


def seeds(quick: Iterable[int], more: Iterable[int]) -> list[Any]:
    """For `parametrize`: those that the quick part plays too, and those that only the whole suite plays."""
    return [*quick, *(pytest.param(seed, marks=pytest.mark.slow) for seed in more)]
