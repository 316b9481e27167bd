"""Three network namespaces on one machine: a core's, with a bridge in it, and two agents' that are plugged into it.

Nothing of the host's network is touched. What runs in a namespace also gets a mount namespace in which the other
homes are covered by empty file systems, so that there is no shared disk either.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

CORE_ADDRESS = "10.77.0.1"


def unusable() -> str:
    """Why namespaces cannot be made here; empty when they can."""
    if os.geteuid() != 0:
        return "needs root to make network namespaces"
    if shutil.which("ip") is None:
        return "needs ip (Debian: apt install iproute2)"
    probe = f"wlprobe{os.getpid()}"
    if subprocess.run(["ip", "netns", "add", probe], capture_output=True).returncode:
        return "the kernel or the container does not allow network namespaces"
    try:
        pair = ["ip", "-n", probe, "link", "add", "a0", "type", "veth", "peer", "name", "b0"]
        if subprocess.run(pair, capture_output=True).returncode:
            return "the kernel has no veth devices"
        bridge = ["ip", "-n", probe, "link", "add", "br0", "type", "bridge"]
        if subprocess.run(bridge, capture_output=True).returncode:
            return "the kernel has no bridge devices"
    finally:
        subprocess.run(["ip", "netns", "del", probe], check=True)
    return ""


class NetLab:
    """The namespaces, one home each, and the processes in them. A context manager."""

    def __init__(self, root: Path, agents: tuple[str, ...]) -> None:
        self.root = root
        self.names = ("core", *agents)
        self._prefix = f"wl{os.getpid()}"
        self._children: list[subprocess.Popen[str]] = []

    def __enter__(self) -> NetLab:
        try:
            self._build()
        except BaseException:
            self._tear_down()
            raise
        return self

    def __exit__(self, *exc: object) -> None:
        self._tear_down()

    def home(self, name: str) -> Path:
        return self.root / name

    def run(self, name: str, *arguments: str, timeout: float = 60) -> str:
        """A `windlass` command in a namespace; what it printed. A failure shows what it said."""
        done = subprocess.run(
            self._inside(name, arguments), env=self._environment(name), capture_output=True, text=True, timeout=timeout
        )
        assert done.returncode == 0, f"windlass {' '.join(arguments)}\n{done.stdout}\n{done.stderr}{self.logs()}"
        return done.stdout

    def start(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """A `windlass` command that goes on; its output goes to a log."""
        with open(self.root / f"{name}.log", "a") as log:
            child = subprocess.Popen(
                self._inside(name, arguments), env=self._environment(name), stdout=log, stderr=log, text=True
            )
        self._children.append(child)
        return child

    def plug(self, name: str, in_: bool) -> None:
        """Pull an agent's cable out of the bridge, or put it back."""
        port = f"port{self.names.index(name) + 1}"
        _ip("-n", self._space("core"), "link", "set", port, "up" if in_ else "down")

    def log(self, name: str) -> str:
        return (self.root / f"{name}.log").read_text(errors="replace")

    def logs(self) -> str:
        return "".join(
            f"\n--- {path.name}\n{path.read_text(errors='replace')[-3000:]}" for path in self.root.glob("*.log")
        )

    def sees(self, name: str, path: Path) -> bool:
        """Whether a process of this namespace could read that path."""
        return subprocess.run(self._covered(name, ["test", "-e", str(path)])).returncode == 0

    def _inside(self, name: str, arguments: tuple[str, ...]) -> list[str]:
        return self._covered(name, [sys.executable, "-m", "windlass.cli.main", *arguments])

    def _covered(self, name: str, command: list[str]) -> list[str]:
        others = [str(self.home(other)) for other in self.names if other != name]
        script = 'while [ "$1" != -- ]; do mount -t tmpfs none "$1" || exit 99; shift; done; shift; exec "$@"'
        return ["ip", "netns", "exec", self._space(name), "sh", "-c", script, "sh", *others, "--", *command]

    def _environment(self, name: str) -> dict[str, str]:
        return {**os.environ, "WINDLASS_HOME": str(self.home(name)), "COLUMNS": "200", "NO_COLOR": "1"}

    def _space(self, name: str) -> str:
        return f"{self._prefix}-{name}"

    def _build(self) -> None:
        for name in self.names:
            self.home(name).mkdir(mode=0o700)
            _ip("netns", "add", self._space(name))
            _ip("-n", self._space(name), "link", "set", "lo", "up")
        core = self._space("core")
        _ip("-n", core, "link", "add", "br0", "type", "bridge")
        _ip("-n", core, "addr", "add", f"{CORE_ADDRESS}/24", "dev", "br0")
        _ip("-n", core, "link", "set", "br0", "up")
        for number, name in enumerate(self.names[1:], 2):
            space, port = self._space(name), f"port{number}"
            _ip("-n", core, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", space)
            _ip("-n", core, "link", "set", port, "master", "br0", "up")
            _ip("-n", space, "addr", "add", f"10.77.0.{number}/24", "dev", "eth0")
            _ip("-n", space, "link", "set", "eth0", "up")

    def _tear_down(self) -> None:
        for child in reversed(self._children):
            child.terminate()
        for child in reversed(self._children):
            try:
                child.wait(15)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        for name in self.names:
            subprocess.run(["ip", "netns", "del", self._space(name)], capture_output=True)


def _ip(*arguments: str) -> None:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
