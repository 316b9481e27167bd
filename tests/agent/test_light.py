"""What an idle agent and its warden must not load: each machine has one all day long, and half of it was libraries.

What belongs on these lists was a hundred kilobytes or more, and is of use only where it is imported now.
"""

from __future__ import annotations

import subprocess
import sys

import pytest

AGENT = [
    "_hashlib", "asyncio", "cloudpickle", "difflib", "email", "multiprocessing", "networkx", "platformdirs", "psutil",
    "shutil", "sqlite3", "ssl", "tempfile", "windlass.model.expr", "windlass.wire.lan", "windlass_agent.nearby",
    "windlass_agent.rendering", "yaml",
]  # fmt: skip
WARDEN = [
    *(name for name in AGENT if name != "cloudpickle"), "json", "pathlib", "subprocess", "windlass.wire.messages",
    "windlass_agent.delegation", "zmq",
]  # fmt: skip


@pytest.mark.parametrize(
    ("start", "unwanted"),
    [
        ("import windlass_agent.__main__", AGENT),
        ("from windlass_agent import warden; warden.hatch.preload()", WARDEN),
    ],
    ids=["agent", "warden"],
)
def test_an_idle_process_has_loaded_what_it_needs_only(start: str, unwanted: list[str]) -> None:
    code = f"import sys; {start}; print(*(name for name in {unwanted!r} if name in sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert not found, "import it where it is needed, or say here why each idle agent has to have it"
