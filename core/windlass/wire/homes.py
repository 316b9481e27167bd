"""Where a user's configuration and data live. `WINDLASS_HOME` overrides both: a whole installation in one folder."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def config_dir() -> Path:
    """Keys and settings; private to the user."""
    home = os.environ.get("WINDLASS_HOME")
    return private_dir(Path(home) / "config" if home else Path(platformdirs.user_config_dir("windlass")))


def data_dir() -> Path:
    """The store, blobs and the agent's state; private to the user."""
    home = os.environ.get("WINDLASS_HOME")
    return private_dir(Path(home) / "data" if home else Path(platformdirs.user_data_dir("windlass")))


def core_dir() -> Path:
    """The core's data, unless it was told another place."""
    return private_dir(data_dir() / "core")


def agent_dir() -> Path:
    """The local agent's data, unless it was told another place."""
    return private_dir(data_dir() / "agent")


def private_dir(path: Path) -> Path:
    """The directory, made for this user only if it is not there. One that exists keeps its mode."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path
