"""An attempt's files: its inputs laid into the work directory, its declared outputs taken out of it.

An input is always a copy (a clone where the file system can), so whatever the task does to it, the blob stays as it
is. Outputs are regular files inside the work directory only: links that lead out of it, pipes and devices are not.
"""

from __future__ import annotations

import fcntl
import os
import stat
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from windlass.blobs.store import BlobStore
from windlass.model.graph import FileRef
from windlass.model.paths import MAX_PATH, PathError, check_relative, is_pattern, matches
from windlass.model.units import human_size
from windlass_agent.trees import Found, TooMany, walk

_FICLONE = 0x40049409
MAX_OUTPUTS = 100_000
"""Output files of one attempt."""
MAX_ENTRIES = 1_000_000
"""Files and directories of a work directory that are looked at."""


class FilesError(Exception):
    """Inputs that cannot be laid out, or outputs that are not as declared; the text is for people.

    `errno` is that of the system call which failed, if one did.
    """

    def __init__(self, text: str, errno: int | None = None) -> None:
        super().__init__(text)
        self.errno = errno


Stamp = tuple[int, int, int]
"""inode, size, modification time: whether a file is still the one that was laid out."""


def stage(store: BlobStore, files: Iterable[FileRef], root: Path) -> dict[str, Stamp]:
    """Lay the files under `root`; what each looks like then."""
    stamps: dict[str, Stamp] = {}
    for ref in files:
        try:
            path = check_relative(ref.path)
        except PathError as error:
            raise FilesError(f"input {ref.path!r}: {error}") from None
        target = root / path
        if path in stamps:
            continue
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            _copy(store.path(ref.hash), target, ref.mode)
            stamps[path] = _stamp(target.stat())
        except OSError as error:
            raise FilesError(f"input {path}: {error.strerror or error}", error.errno) from None
    return stamps


def _copy(source: Path, target: Path, mode: int) -> None:
    with open(source, "rb") as src, open(target, "xb") as dst:
        try:
            fcntl.ioctl(dst.fileno(), _FICLONE, src.fileno())
        except OSError:
            left = os.fstat(src.fileno()).st_size
            while left > 0:
                moved = os.sendfile(dst.fileno(), src.fileno(), None, left)
                if moved == 0:
                    break
                left -= moved
        os.fchmod(dst.fileno(), (mode & 0o777) | 0o600)


def _stamp(info: os.stat_result) -> Stamp:
    return info.st_ino, info.st_size, info.st_mtime_ns


def collect(store: BlobStore, root: Path, patterns: Sequence[str], staged: Mapping[str, Stamp]) -> list[FileRef]:
    """Keep every file that the patterns name; `FilesError` naming a pattern that has none.

    A wildcard does not take an input that is as it was laid out. Nothing is kept unless every pattern is served.
    """
    root = root.resolve()
    found: dict[str, Path] = {}
    listing: list[tuple[str, Path]] | None = None
    hidden: list[Found] = []
    for pattern in patterns:
        try:
            wanted = check_relative(pattern)
        except PathError as error:
            raise FilesError(f"output {pattern!r}: {error}") from None
        if not is_pattern(wanted):
            here = _exactly(root, wanted)
        else:
            if listing is None:
                listing, hidden = _list(root, "", root)
            for closed in hidden:
                if _below(wanted, closed.path):
                    raise FilesError(f"output {pattern!r}: {_hidden(closed)}")
            here = [
                (path, real)
                for path, real in listing
                if matches(wanted, path) and (path not in staged or _stamp(real.stat()) != staged[path])
            ]
        if not here:
            raise FilesError(f"no file matches the declared output {pattern!r}{_why(root, wanted)}")
        found.update(here)
    if len(found) > MAX_OUTPUTS:
        raise FilesError(f"{len(found)} output files; {MAX_OUTPUTS} are allowed")
    for path in found:
        if not _is_text(path):
            shown = os.fsencode(path).decode("utf-8", "backslashreplace")
            raise FilesError(f"output {shown}: a file name that is not UTF-8 cannot be told to other machines")
        try:
            check_relative(path)  # what no task could take as an input must fail here, where it was made
        except PathError as error:
            raise FilesError(f"output {path!r}: {error}") from None
    _has_room(store, found)
    refs = []
    for path, real in sorted(found.items()):
        info = real.stat()
        # Only a file with no other name, which nothing else declares again, may become the blob itself.
        alone = info.st_nlink == 1 and real == root / path
        try:
            digest, size = store.add_file(real, move=alone)
        except OSError as error:
            raise FilesError(f"output {path} could not be kept: {error.strerror or error}") from None
        refs.append(FileRef(path, digest, size, stat.S_IMODE(info.st_mode) & 0o777))
    return refs


def _is_text(path: str) -> bool:
    """Whether a name that the file system gave can be written as UTF-8; other bytes in it became lone surrogates."""
    try:
        path.encode()
    except UnicodeEncodeError:
        return False
    return True


def _exactly(root: Path, path: str) -> list[tuple[str, Path]]:
    """The file of this name, or all files below the directory of this name."""
    real = _inside(root, root / path)
    if real is None:
        return []
    if real.is_dir():
        files, hidden = _list(real, "" if path == "." else path + "/", root)
        if hidden:
            raise FilesError(f"output {path}: {_hidden(hidden[0])}")
        return files
    return [(path, real)] if real.is_file() else []


def _list(directory: Path, prefix: str, root: Path) -> tuple[list[tuple[str, Path]], list[Found]]:
    """Files below, by name, and directories that cannot be looked into. Links to directories are not followed (so
    loops end); links to files inside are files."""
    files: list[tuple[str, Path]] = []
    hidden: list[Found] = []
    try:
        for found in walk(directory, MAX_ENTRIES, MAX_PATH):
            if found.kind == "file":
                files.append((prefix + found.path, directory / found.path))
            elif found.kind == "link":
                real = _inside(root, directory / found.path)
                if real is not None and real.is_file():
                    files.append((prefix + found.path, real))
            elif found.kind != "other":
                hidden.append(Found(prefix + found.path, found.kind))
    except TooMany:
        raise FilesError(f"its work directory holds more than {MAX_ENTRIES} entries, too many to look at") from None
    return sorted(files), hidden


def _hidden(found: Found) -> str:
    name = found.path if len(found.path) <= 60 else f"{found.path[:60]}..."
    shown = os.fsencode(name).decode("utf-8", "backslashreplace")
    if found.kind == "deep":
        return f"the directories in {shown} go deeper than a path may be long ({MAX_PATH} characters)"
    return f"the directory {shown} cannot be read"


def _below(pattern: str, directory: str) -> bool:
    """Whether the pattern may mean something in that directory."""
    first = pattern.split("/")[0]
    if "**" not in pattern and pattern.count("/") <= directory.count("/"):
        return False
    return "**" in first or matches(first, directory.split("/")[0])


def _has_room(store: BlobStore, found: Mapping[str, Path]) -> None:
    """A file of holes takes no place until it is copied, so one may be larger than all disks together."""
    infos = [(path, real.stat()) for path, real in found.items()]
    disk = os.statvfs(store.root)
    room = disk.f_bavail * disk.f_frsize + sum(info.st_blocks * 512 for _, info in infos)
    if sum(info.st_size for _, info in infos) <= room:
        return
    path, info = max(infos, key=lambda each: each[1].st_size)
    raise FilesError(f"output {path} is {human_size(info.st_size)} long; the disk has room for {human_size(room)}")


def _inside(root: Path, path: Path) -> Path | None:
    """Where the path really leads, if that is inside the work directory."""
    try:
        real = path.resolve(strict=True)
    except (OSError, RuntimeError):
        return None
    return real if real.is_relative_to(root) else None


def _why(root: Path, path: str) -> str:
    """What stands there instead, if anything does."""
    try:
        mode = os.lstat(root / path).st_mode
    except OSError:
        return ""
    if stat.S_ISLNK(mode):
        return " (it is a link that leads nowhere, or out of the work directory)"
    return "" if stat.S_ISDIR(mode) or stat.S_ISREG(mode) else " (it is not a regular file)"
