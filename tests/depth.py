"""How long random searches go on: `make test-quick` looks at a third of what the whole suite looks at."""

from __future__ import annotations

from hypothesis import settings

QUICK = "quick"
"""The profile of the quick part; fewer cases, and the same ones each time."""
SHARE = 3
FEWEST = 10


def examples(count: int) -> int:
    """What a test that wants `count` examples gets under the profile in force."""
    return max(min(count, FEWEST), count // SHARE) if settings.get_current_profile_name() == QUICK else count
