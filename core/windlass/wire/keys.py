"""CURVE key pairs as files, and how a local peer finds its core.

A key file is JSON {"public", "secret"} in Z85, readable by its owner only. `core.json` in the core's data
directory says where a running core listens and what its public key is; it is written whole or not at all.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Any

import msgspec
import zmq
from zmq.utils import z85

from windlass.wire import homes

CORE_KEY = "core.key"
CLIENT_KEY = "client.key"
AGENT_KEY = "agent.key"


class KeyFileError(Exception):
    """A key file is damaged or readable by others; the text says what to do."""


class KeyPair(msgspec.Struct, frozen=True):
    """Public and secret key, Z85 text of 40 characters each."""

    public: str
    secret: str

    def __repr__(self) -> str:
        return f"<KeyPair {self.public[:8]}...>"


def new_pair() -> KeyPair:
    public, secret = zmq.curve_keypair()
    return KeyPair(public.decode("ascii"), secret.decode("ascii"))


def fingerprint(public: str) -> str:
    """A key as people compare it: `3f2a 90c1 77de b004`, the first 64 bits of its SHA-256."""
    import hashlib  # here: it brings OpenSSL, a megabyte that an idle agent has no use for

    digest = hashlib.sha256(public.encode("utf-8", "replace")).hexdigest()[:16]
    return " ".join(digest[at : at + 4] for at in range(0, 16, 4))


def load_or_create(path: Path) -> KeyPair:
    """The pair in this file; made first if the file is not there. Safe when two processes start at once."""
    if not path.exists():
        homes.private_dir(path.parent)
        pair = new_pair()
        temporary = _write_private(path, msgspec.json.encode(pair).decode() + "\n")
        try:
            os.link(temporary, path)  # unlike a rename, this does not replace what another process made meanwhile
        except FileExistsError:
            pass
        finally:
            os.unlink(temporary)
    return load(path)


def load(path: Path) -> KeyPair:
    """Read a key file; `KeyFileError` when it is damaged or open to other users."""
    try:
        mode = path.stat().st_mode
        pair = msgspec.json.decode(path.read_bytes(), type=KeyPair)
        if zmq.curve_public(pair.secret.encode("ascii")).decode("ascii") != pair.public:
            raise ValueError("the two keys do not belong together")
    except OSError as error:
        raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from None
    except (ValueError, msgspec.MsgspecError, zmq.ZMQError) as error:
        raise KeyFileError(f"the key file {path} is damaged ({error}); remove it to get a new key") from None
    if mode & 0o077:
        raise KeyFileError(f"the key file {path} can be read by other users; run: chmod 600 {path}")
    return pair


def is_public_key(text: str) -> bool:
    """Whether this may be a CURVE public key at all."""
    if len(text) != 40 or not text.isascii():
        return False
    try:
        z85.decode(text.encode("ascii"))
    except (ValueError, KeyError):
        return False
    return True


class CoreFile(msgspec.Struct, frozen=True):
    """Where a running core can be found."""

    endpoint: str
    public: str
    pid: int
    core: str = ""
    """The random id of that core's life."""

    @staticmethod
    def path(data: Path) -> Path:
        """`data` is the core's data directory."""
        return data / "core.json"

    def write(self, data: Path) -> None:
        path = self.path(data)
        temporary = _write_private(path, msgspec.json.encode(self).decode() + "\n")
        os.replace(temporary, path)

    @staticmethod
    def read(data: Path | None = None) -> CoreFile | None:
        """What the core of this data directory (default: the user's) wrote; None without one or with a torn one.

        The file of a core that was killed stays behind: whether anybody listens shows only by connecting.
        """
        try:
            return msgspec.json.decode(CoreFile.path(data or homes.core_dir()).read_bytes(), type=CoreFile)
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return None

    def remove(self, data: Path) -> None:
        """Take the file away, unless another core has written its own meanwhile."""
        if CoreFile.read(data) == self:
            with contextlib.suppress(FileNotFoundError):
                self.path(data).unlink()


def secure(socket: zmq.Socket[Any], own: KeyPair, core_public: str) -> None:
    """Make a dialling socket speak CURVE with a core of that key. Before `connect`."""
    socket.curve_publickey = own.public.encode("ascii")
    socket.curve_secretkey = own.secret.encode("ascii")
    socket.curve_serverkey = core_public.encode("ascii")


def _write_private(path: Path, text: str) -> Path:
    """A new file beside `path`, mode 0600, on disk."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    return temporary
