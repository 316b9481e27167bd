"""`python -m windlass.server`: a core as a process of its own."""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import logging
import logging.handlers
import os
import resource
import signal
import sys
from pathlib import Path

import zmq

from windlass.blobs.store import BlobError
from windlass.server import heap, settings
from windlass.server.configfile import ConfigError
from windlass.server.loop import Options, Server
from windlass.store.schema import StoreError
from windlass.wire import homes, keys, lan

log = logging.getLogger("windlass.server")

LOG_SIZE = 5 * 1024 * 1024
LOG_FILES = 3
FEW_FILES = 512
"""Descriptors below which a core of some dozen agents would be short of them."""


def main(argv: list[str] | None = None) -> int:
    """Exit status: 0 ended in order, 1 could not start, 2 wrong arguments or a wrong `core.toml`."""
    args = _arguments(argv)
    try:
        config = homes.private_dir(args.config) if args.config else homes.config_dir()
        if args.check_config:
            return _check_config(config)
        data = homes.private_dir(args.data) if args.data else homes.core_dir()
    except OSError as error:
        print(
            f"the core cannot start: {error.filename}: {error.strerror}; make room and rights there, or name other"
            " directories with --data and --config (or all of them with WINDLASS_HOME)",
            file=sys.stderr,
        )
        return 1
    _set_up_log(data, args.log_level)
    _raise_limit()
    try:
        chosen = settings.load(config)
    except ConfigError as error:
        log.error("the core cannot start: its configuration is wrong\n%s", error)
        return 2
    heap.give_back_large_blocks()
    # Before anything is slow: a signal during the start must end it in order, too.
    options = Options(
        data, config, args.bind, lease=args.lease, heartbeat=args.heartbeat, settings=chosen, parent_fd=args.parent_fd
    )
    if args.parent_fd is not None:
        os.set_blocking(args.parent_fd, False)
    # The program itself lives for ever; and attempts come and go in thousands, so the collector looks less often.
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
    # The thread that commits is waited for: a busy loop should let it say soon that it is done.
    sys.setswitchinterval(0.0005)
    try:
        server = Server(options)
    except (StoreError, keys.KeyFileError, BlobError, OSError) as error:
        log.error("the core cannot start: %s", error)
        return 1
    # A handler runs only when the poll returns; the signal itself must end it, even one that came just before it.
    signal.set_wakeup_fd(server.wake_fd, warn_on_full_buffer=False)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: server.interrupt())
    presence: lan.Presence | None = None
    try:
        try:
            found = server.start()
        except zmq.ZMQError as error:
            log.error("cannot listen on %s: %s", args.bind, error)
            return 1
        except StoreError as error:
            log.error("the core cannot start: %s", error)
            return 1
        except OSError as error:
            log.error("the core cannot start: %s: %s", data, error.strerror or error)
            return 1
        if args.ready_fd is not None:
            line = json.dumps({"endpoint": found.endpoint, "public": found.public, "pid": found.pid}) + "\n"
            with contextlib.suppress(OSError):
                os.write(args.ready_fd, line.encode())
                os.close(args.ready_fd)
        if server.remote:
            print(f"agents on other machines join with:\n  windlass agent --join {server.join_token()}", flush=True)
            if args.announce and chosen.get("lan", "announce"):
                fingerprint = keys.fingerprint(found.public)
                presence = lan.announce_core(server.join_endpoints(), fingerprint)
                if presence is not None:
                    log.info("telling the local network that a core is here, fingerprint %s", fingerprint)
        server.run()
    finally:
        signal.set_wakeup_fd(-1)
        server.close()
        if presence is not None:
            presence.close()
    return 0


def _check_config(config: Path) -> int:
    try:
        chosen = settings.load(config)
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    print(settings.show(chosen, config), end="")
    return 0


def _arguments(argv: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m windlass.server", description="Run a Windlass core.")
    parser.add_argument("--bind", default="tcp://127.0.0.1:*", metavar="tcp://HOST:PORT")
    parser.add_argument("--data", type=Path, help="directory of the store and the blobs")
    parser.add_argument("--config", type=Path, help=f"directory of the keys and of {settings.FILE}")
    parser.add_argument(
        "--check-config", action="store_true", help=f"check {settings.FILE}, print what is in force, end"
    )
    parser.add_argument("--log-level", default="info", choices=["debug", "info", "warning", "error"])
    parser.add_argument(
        "--no-announce",
        dest="announce",
        action="store_false",
        help="do not tell the local network that a core listens here",
    )
    parser.add_argument("--parent-fd", type=int, help="end when this descriptor reads end of file")
    parser.add_argument("--ready-fd", type=int, help="write one line of JSON here when the core accepts connections")
    parser.add_argument("--lease", type=_seconds, default=12.0, help="seconds an agent goes on without the core")
    parser.add_argument("--heartbeat", type=_seconds, default=1.0, help="seconds between heartbeats")
    args = parser.parse_args(argv)
    if "://" not in args.bind:
        args.bind = "tcp://" + args.bind
    if args.bind.startswith("tcp://") and not args.bind.rpartition(":")[2]:
        parser.error("--bind needs a port, or * for a free one")
    if args.lease < 2 * args.heartbeat:
        parser.error("a lease shorter than two heartbeats would end all the time")
    return args


def _seconds(text: str) -> float:
    value = float(text)
    if not 0.01 <= value <= 86400:
        raise argparse.ArgumentTypeError("between 0.01 and 86400 seconds")
    return value


def _raise_limit() -> None:
    """Each peer and each file on its way takes a descriptor: as many as the system allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard != resource.RLIM_INFINITY and hard < FEW_FILES:
        log.warning("only %d files and connections may be open at a time; to have more, raise `ulimit -Hn`", hard)


def _set_up_log(data: Path, level: str) -> None:
    """To stderr, and to a file in the data directory that is kept small."""
    logging.raiseExceptions = False  # a full disk must not fill the terminal with tracebacks of its own
    form = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s %(message)s")
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    with contextlib.suppress(OSError):
        handlers.append(
            logging.handlers.RotatingFileHandler(data / "core.log", maxBytes=LOG_SIZE, backupCount=LOG_FILES)
        )
    root = logging.getLogger()
    root.setLevel(level.upper())
    for handler in handlers:
        handler.setFormatter(form)
        root.addHandler(handler)


if __name__ == "__main__":
    sys.exit(main())
