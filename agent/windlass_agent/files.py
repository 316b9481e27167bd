"""An attempt's files: its inputs laid into the work directory, its declared outputs taken out of it.

An input is always a copy (a clone where the file system can), so whatever the task does to it, the blob stays as it
is. Outputs are regular files inside the work directory only: links that lead out of it, pipes and devices are not.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from windlass.blobs.store import BlobStore
from windlass.model.graph import FileRef
from windlass.model.paths import PathError, check_relative, is_pattern, matches

_FICLONE = 0x40049409
MAX_OUTPUTS = 100_000
"""Output files of one attempt."""


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
    for pattern in patterns:
        try:
            wanted = check_relative(pattern)
        except PathError as error:
            raise FilesError(f"output {pattern!r}: {error}") from None
        if not is_pattern(wanted):
            here = list(_exactly(root, wanted))
        else:
            if listing is None:
                listing = list(_walk(root, ""))
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


def _exactly(root: Path, path: str) -> Iterator[tuple[str, Path]]:
    """The file of this name, or all files below the directory of this name."""
    real = _inside(root, root / path)
    if real is None:
        return
    if real.is_dir():
        yield from _walk(real, "" if path == "." else path + "/", root)
    elif real.is_file():
        yield path, real


def _walk(directory: Path, prefix: str, root: Path | None = None) -> Iterator[tuple[str, Path]]:
    """Regular files below, links to directories not followed (so loops end); links to files inside are files."""
    root = root or directory
    try:
        entries = sorted(os.scandir(directory), key=lambda entry: entry.name)
    except OSError:
        return
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{prefix}{entry.name}/", root)
        elif entry.is_file(follow_symlinks=False):
            yield prefix + entry.name, Path(entry.path)
        elif entry.is_symlink():
            real = _inside(root, Path(entry.path))
            if real is not None and real.is_file():
                yield prefix + entry.name, real


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


def remove_tree(path: Path) -> None:
    """Remove a work directory, also when the task took away the right to."""
    try:
        os.rmdir(path)  # most are empty
        return
    except OSError:
        pass

    def retry(function: object, name: str, _: object) -> None:
        with contextlib.suppress(OSError):
            os.chmod(os.path.dirname(name), 0o700)
            if os.path.isdir(name) and not os.path.islink(name):
                os.chmod(name, 0o700)  # never of a link: that would be of whatever it leads to
                shutil.rmtree(name, ignore_errors=True)
            else:
                os.unlink(name)

    try:
        shutil.rmtree(path, onerror=retry)
    except RecursionError:
        # Python descends by recursion; rm does not.
        subprocess.run(["rm", "-rf", "--", path], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
