"""The core's configuration: `core.toml` in its configuration directory. docs/core-config.md tells it to users.

A new key is one entry of `DECLARED`, and one line in whoever uses it. A missing file or key means the default.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from windlass.model import ids
from windlass.model.units import format_duration
from windlass.sched import order
from windlass.sched.config import Config
from windlass.server import configfile
from windlass.server.configfile import ConfigKey, ConfigTable, Values, Wrong
from windlass.server.retention import Criteria

FILE = "core.toml"

_SCHEDULER = Config()
"""Where the scheduler's own defaults are written."""


def _owner(name: str) -> None:
    if not name or len(name) > 200:
        raise Wrong("cannot be an owner", "1 to 200 characters")


def _name(name: str) -> None:
    if not ids.is_id(name):
        raise Wrong("cannot be a name here", ids.ALLOWED)


def _hours(value: Any) -> float:
    """None at all, or so long that no machine which was cut off for a while is taken for one that is gone."""
    seconds: float = configfile.duration()(value)
    if 0.0 < seconds < 3600.0:
        raise Wrong("is too short", "1 h and more, or 0 for never")
    return seconds


_COUNT = configfile.whole(1, 1_000_000_000)

DECLARED: tuple[ConfigKey | ConfigTable, ...] = (
    ConfigKey(
        "scheduler",
        "order",
        configfile.list_of(configfile.one_of(order.NAMES), 1, "a list of criteria such as " + str(list(order.NAMES))),
        _SCHEDULER.order,
        "What decides which ready work goes first; the first criterion that tells two tasks apart decides.",
    ),
    ConfigKey(
        "scheduler",
        "learn-memory",
        configfile.flag,
        _SCHEDULER.learn_memory,
        "A task that declares no memory is placed by what its attempts were seen to use.",
    ),
    ConfigKey(
        "fair-share",
        "half-life",
        configfile.duration(),
        _SCHEDULER.half_life,
        "After so long, what an owner has used counts half; 0: only what runs now counts.",
        format_duration,
    ),
    ConfigKey(
        "backfill",
        "enabled",
        configfile.flag,
        _SCHEDULER.backfill,
        "Small work uses the gap on an agent that is kept for a large request.",
    ),
    ConfigKey(
        "backfill",
        "reserve-after",
        configfile.duration(),
        _SCHEDULER.reserve_after,
        "A request that finds no room for so long gets an agent kept for it.",
        format_duration,
    ),
    ConfigKey(
        "backfill",
        "depth",
        configfile.whole(0, 10_000),
        _SCHEDULER.backfill_depth,
        "So many tasks with equal requests are tried for one that fits into the gap.",
    ),
    ConfigKey(
        "sick-agents",
        "after",
        configfile.number(0.0, 1_000_000.0),
        _SCHEDULER.sick_after,
        "So many different items that fail on one agent and succeed elsewhere set it aside; 0: none ever does.",
    ),
    ConfigKey(
        "sick-agents",
        "pause",
        configfile.duration(0.1),
        _SCHEDULER.sick_pause,
        "It gets nothing new for so long; twice as long each further time, an hour at most.",
        format_duration,
    ),
    ConfigKey(
        "retention",
        "older-than",
        configfile.duration(),
        0.0,
        "Runs that ended longer ago are deleted, with their logs, results and files; 0s: none for its age.",
        show=format_duration,
    ),
    ConfigKey(
        "retention",
        "keep-runs",
        configfile.whole(-1, 10_000_000),
        -1,
        "The newest so many ended runs are kept; -1: any number. With older-than, only what both let go is deleted.",
    ),
    ConfigKey(
        "executors",
        "abandoned-after",
        _hours,
        86400.0,
        "An Executor that was silent for so long is gone: its run is closed, what is left of it cancelled; 0: never.",
        format_duration,
    ),
    ConfigKey(
        "lan",
        "announce",
        configfile.flag,
        True,
        "A core that listens to the network tells it so; a hint for people, nobody is let in by it.",
    ),
    ConfigTable(
        "fair-share.weights",
        configfile.number(0.001, 1000.0),
        "OWNER = WEIGHT, 0.001 to 1000: with weight 2 an owner gets twice as much as one with 1, which is the default.",
        check=_owner,
    ),
    ConfigTable(
        "licences",
        configfile.number(0.001, 1_000_000_000),
        "NAME = HOW MANY: a named resource of the whole cluster, asked for by `resources: {named: {NAME: 1}}`.",
        check=_name,
    ),
    ConfigKey(
        "limits",
        "owner",
        configfile.whole(0, 1_000_000_000),
        0,
        "Most items of one owner that are active at once, for owners that `limits.owners` does not name; 0: no limit.",
    ),
    ConfigTable("limits.owners", _COUNT, "OWNER = MOST items of theirs that are active at once.", check=_owner),
    ConfigTable(
        "limits.groups",
        _COUNT,
        "NAME = MOST items that are active at once of all tasks with `groups: NAME`.",
        check=_name,
    ),
)


def for_retention(values: Values) -> Criteria:
    """Which ended runs go by themselves: none, unless the file says so."""
    age, keep = values.get("retention", "older-than"), values.get("retention", "keep-runs")
    return Criteria(age or None, None if keep < 0 else keep)


def load(directory: Path) -> Values:
    """Raises `ConfigError`."""
    return configfile.load(directory / FILE, DECLARED)


def defaults() -> Values:
    return configfile.parse("", DECLARED)


def show(values: Values, directory: Path) -> str:
    """For `--check-config`: where it was read from, and all that is in force."""
    path = directory / FILE
    head = f"# {path}" if values.path is not None else f"# {path} is not there: all defaults"
    return f"{head}\n\n{configfile.show(values, DECLARED)}"


def for_scheduler(values: Values) -> dict[str, Any]:
    """Fields of the scheduler's `Config`."""
    return {
        "order": values.get("scheduler", "order"),
        "learn_memory": values.get("scheduler", "learn-memory"),
        "half_life": values.get("fair-share", "half-life"),
        "weights": values.get("fair-share.weights"),
        "backfill": values.get("backfill", "enabled"),
        "reserve_after": values.get("backfill", "reserve-after"),
        "backfill_depth": values.get("backfill", "depth"),
        "sick_after": values.get("sick-agents", "after"),
        "sick_pause": values.get("sick-agents", "pause"),
        "licences": values.get("licences"),
        "owner": values.get("limits", "owner") or None,
        "owners": values.get("limits.owners"),
        "groups": values.get("limits.groups"),
    }
