"""Where a user's configuration and data live. `WINDLASS_HOME` overrides both: a whole installation in one folder."""

from __future__ import annotations

import os
from pathlib import Path


def config_dir() -> Path:
    """Keys and settings; private to the user."""
    return private_dir(_place("config"))


def data_dir() -> Path:
    """The store, blobs and the agent's state; private to the user."""
    return private_dir(_place("data"))


def _place(kind: str) -> Path:
    home = os.environ.get("WINDLASS_HOME")
    if home:
        return Path(home) / kind
    import platformdirs  # here: most agents are told where to live, and it is a twentieth of an idle one's memory

    find = platformdirs.user_config_dir if kind == "config" else platformdirs.user_data_dir
    return Path(find("windlass"))


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
