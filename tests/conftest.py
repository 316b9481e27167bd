"""What every test gets: its own home, no display, and nothing of the user's environment."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from tests.depth import QUICK, SHARE

# The suite gives the same answer each time, the quick part of it fewer cases;
# `--hypothesis-profile=search` looks for new ones by hand. A busy machine is no reason to fail.
LOADED = [HealthCheck.too_slow]
settings.register_profile("same", derandomize=True, deadline=None, suppress_health_check=LOADED)
settings.register_profile(QUICK, settings.get_profile("same"), max_examples=100 // SHARE)
# Whoever only wants to know whether a test fails (tools/mutants.py) needs no small example of it.
settings.register_profile("verdict", settings.get_profile("same"), phases=[Phase.explicit, Phase.generate])
settings.register_profile("search", deadline=None, max_examples=1000, suppress_health_check=LOADED)
settings.load_profile("same")

# Before anything imports Qt: the tests never open a window on somebody's desktop, unless Xvfb is asked for.
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session", autouse=True)
def no_users_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is made for many tests at once has no home of a test yet, and must not have the user's either."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("WINDLASS_HOME", str(tmp_path_factory.mktemp("home")))
        yield


def pytest_collection_finish() -> None:
    """What was imported stays: the collector need not look through all of it hundreds of times."""
    gc.collect()
    gc.freeze()


_homes = count()


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A WINDLASS_HOME of the test's own, so that no test reads or writes the user's keys and runs."""
    # As `mktemp` makes them, but for the look through all homes that there are already.
    place = tmp_path_factory.getbasetemp() / f"home-of-{next(_homes)}"
    place.mkdir(mode=0o700)
    monkeypatch.setenv("WINDLASS_HOME", str(place))
    return place
