"""`python -m windlass_agent`, this machine's worker. Exit status: 0 ended in order, 2 wrong arguments, 1 other."""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import gc
import logging
import os
import sys
from pathlib import Path

import msgspec

from windlass.model.graph import Resources
from windlass.model.units import UnitError, parse_size
from windlass.wire import homes, keys
from windlass.wire.tokens import TokenError, parse_token
from windlass_agent import facts, heap
from windlass_agent.delegation import Groups, delegated
from windlass_agent.enrol import EnrolError, Joined, enrol
from windlass_agent.gpus import Gpus
from windlass_agent.logs import DEFAULT_CAP
from windlass_agent.loop import Agent, Target, signal_pipe
from windlass_agent.shop import Settings


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"expected name=value, found {text!r}")
    return name, value


def _counted(text: str) -> tuple[str, float]:
    name, value = _pair(text)
    try:
        amount = float(value)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{name}: expected a number, found {value!r}") from None
    if not 0 <= amount < 1e15:
        raise argparse.ArgumentTypeError(f"{name}: expected a number of 0 or more, found {value!r}")
    return name, amount


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except UnitError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _cpus(text: str) -> float:
    return _counted(f"cpus={text}")[1]


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.1 <= value <= 600:
        raise argparse.ArgumentTypeError(f"expected 0.1 to 600 seconds, found {text!r}")
    return value


def arguments(argv: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="windlass agent", description="Run tasks for a core on this machine.")
    where = parser.add_argument_group("the core (default: the one of this user on this machine, or the one joined)")
    where.add_argument("--core", metavar="ENDPOINT", help="its address, such as tcp://host:7077 (with --core-key)")
    where.add_argument("--core-key", metavar="PUBLIC", help="its public key")
    where.add_argument("--join", metavar="TOKEN", help="enrol with the token that the core printed, and remember it")
    lan = parser.add_argument_group("the local network (a hint: nobody is let in or trusted by it)")
    lan.add_argument("--announce", action="store_true", help="say that this machine waits to be invited, until it is")
    lan.add_argument("--discover", action="store_true", help="list the cores that say that they are here, and end")
    lan.add_argument("--json", action="store_true", help="with --discover: as JSON")
    lan.add_argument("--wait", type=_seconds, default=3.0, metavar="SECONDS", help="with --discover: how long (3)")
    parser.add_argument("--name", default="", help="what people see (default: the host's name)")
    parser.add_argument("--data", type=Path, help="this agent's directory; agents beside each other need one each")
    parser.add_argument("--config", type=Path, help="directory of keys")
    parser.add_argument("--key", type=Path, help="file of this agent's key pair")
    offered = parser.add_argument_group("what it offers (default: all that this process may use)")
    offered.add_argument("--cpus", type=_cpus, metavar="N")
    offered.add_argument("--memory", type=_size, metavar="SIZE")
    offered.add_argument("--disk", type=_size, metavar="SIZE")
    offered.add_argument("--gpus", type=int, metavar="N")
    offered.add_argument("--resource", type=_counted, action="append", default=[], metavar="NAME=N")
    offered.add_argument("--label", type=_pair, action="append", default=[], metavar="K=V")
    parser.add_argument(
        "--cgroup", default="auto", metavar="DIR", help="control group to divide among attempts (auto: our own; none)"
    )
    parser.add_argument("--log-cap", type=_size, default=DEFAULT_CAP, metavar="SIZE", help="of one attempt's output")
    parser.add_argument("--parent-fd", type=int, help="end when this descriptor reads end of file")
    parser.add_argument("--log-level", default="warning", choices=["debug", "info", "warning", "error"])
    found = parser.parse_args(argv)
    if bool(found.core) != bool(found.core_key):
        parser.error("--core and --core-key go together")
    if sum(map(bool, (found.core, found.join, found.announce, found.discover))) > 1:
        parser.error("--core, --join, --announce and --discover do not go together")
    if found.json and not found.discover:
        parser.error("--json goes with --discover")
    return found


def agent_id(data: Path) -> str:
    """Chosen once, kept in the data directory."""
    path = data / "agent.id"
    with contextlib.suppress(OSError):
        text = path.read_text().strip()
        if text.isalnum():
            return text
    text = os.urandom(8).hex()
    path.write_text(text + "\n")
    return text


def target(args: argparse.Namespace, data: Path) -> Target:
    """Where to dial: what was said, what was joined, or the local core, in this order."""
    if args.core:
        return Target(lambda: (args.core, args.core_key))
    joined = Joined.read(data)
    if joined is not None:
        turn = iter(range(sys.maxsize))
        endpoints, core = joined.endpoints, joined.core
        return Target(lambda: (endpoints[next(turn) % len(endpoints)], core))

    def local() -> tuple[str, str] | None:
        found = keys.CoreFile.read()
        return (found.endpoint, found.public) if found else None

    return Target(local)


def offered(args: argparse.Namespace, data: Path, gpus: Gpus) -> Resources:
    found = facts.resources(data, gpus)
    return Resources(
        cpus=found.cpus if args.cpus is None else args.cpus,
        memory=found.memory if args.memory is None else args.memory,
        disk=found.disk if args.disk is None else args.disk,
        gpus=found.gpus if args.gpus is None else max(0, args.gpus),
        named=dict(args.resource),
    )


def control_groups(wanted: str, agent: str) -> Groups | None:
    """Where attempts get control groups; `OSError` when a directory was named and cannot be used."""
    if wanted == "none":
        return None
    groups, problem = delegated(agent, None if wanted == "auto" else Path(wanted))
    if groups is None:
        if wanted != "auto":
            raise OSError(f"--cgroup {wanted}: {problem}")
        logging.getLogger(__name__).info("memory is watched by looking: %s", problem)
    return groups


def main(argv: list[str] | None = None) -> int:
    args = arguments(argv)
    logging.basicConfig(level=args.log_level.upper(), format="%(asctime)s agent %(levelname)s %(message)s")
    if args.discover or args.announce:
        from windlass_agent import nearby  # here: who works for a core already has no use for it
    if args.discover:
        return nearby.discover(args.wait, args.json)
    try:
        data = homes.private_dir(args.data) if args.data else homes.agent_dir()
        data = data.resolve()
        config = homes.private_dir(args.config) if args.config else homes.config_dir()
        if args.announce:
            key = keys.load_or_create(args.key or config / keys.AGENT_KEY)
            return nearby.wait_to_be_invited(args.name, keys.fingerprint(key.public), data, signal_pipe())
        lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"another agent uses {data}; give this one its own with --data", file=sys.stderr)
            return 1
        key = keys.load_or_create(args.key or config / keys.AGENT_KEY)
        if args.join:
            enrol(parse_token(args.join), key, args.name).write(data)
        gpus = Gpus()
        resources = offered(args, data, gpus)
        agent = agent_id(data)
        groups = control_groups(args.cgroup, agent)
        kernel = groups is not None and groups.memory
        known = facts.facts(args.name, resources, dict(args.label), gpus, kernel)
        settings = Settings(agent, data, resources, log_cap=args.log_cap, groups=groups, has_gpus=bool(gpus.names))
        worker = Agent(settings, known, key, target(args, data), gpus)
    except (OSError, keys.KeyFileError, TokenError, EnrolError, msgspec.MsgspecError) as error:
        print(f"windlass agent: {error}", file=sys.stderr)
        return 2 if isinstance(error, TokenError) else 1
    heap.give_back()
    gc.set_threshold(20_000, 20, 50)  # ends come in thousands
    worker.run(signal_pipe(), args.parent_fd)
    return 0


if __name__ == "__main__":
    sys.exit(main())
