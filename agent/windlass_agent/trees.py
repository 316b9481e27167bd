"""Directories that a stranger filled: walked and removed without recursion, without long paths, in little memory.

A task may leave trees that are thousands of levels deep (longer than any path may be), millions of files, and
directories that nobody may enter. So one directory is open at a time, names are relative to it, and the way back up is
`..`, checked to be where we came from.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

_OPEN = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_HERE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

Identity = tuple[int, int]
"""device, inode"""


class TooMany(Exception):
    """More entries than anybody wants to look at."""


class Found(NamedTuple):
    """One entry: its path below the start, and what it is. Directories are listed only where they are not entered."""

    path: str
    kind: str
    """file, link, other, deep (a directory whose path is too long to go on), closed (one that cannot be read)"""


def walk(root: Path, most: int, longest: int) -> Iterator[Found]:
    """All that is below `root` and no directory, in no order. `TooMany` after `most` entries; paths of up to `longest`
    characters are entered. Directories without rights get them: they are ours."""
    seen = 0
    waiting = [""]
    while waiting:
        prefix = waiting.pop()
        try:
            fd = open_dir(os.path.join(root, prefix))
        except OSError:
            if prefix:
                yield Found(prefix, "closed")
            continue
        try:
            with os.scandir(fd) as entries:
                for entry in entries:
                    seen += 1
                    if seen > most:
                        raise TooMany
                    path = f"{prefix}/{entry.name}" if prefix else entry.name
                    if entry.is_dir(follow_symlinks=False):
                        if len(path) > longest:
                            yield Found(path, "deep")
                        else:
                            waiting.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield Found(path, "file")
                    else:
                        yield Found(path, "link" if entry.is_symlink() else "other")
        finally:
            os.close(fd)


def open_dir(name: str | Path, dir_fd: int | None = None) -> int:
    """A descriptor of this directory (no link), given to us if we had no right to read it. Raises `OSError`."""
    try:
        return os.open(name, _OPEN, dir_fd=dir_fd)
    except PermissionError:
        _take_rights(name, dir_fd)
        return os.open(name, _OPEN, dir_fd=dir_fd)


def _take_rights(name: str | Path, dir_fd: int | None) -> None:
    """Of exactly the directory that has this name now: through a descriptor, so that no link can stand in for it."""
    here = os.open(name, _HERE, dir_fd=dir_fd)
    try:
        os.chmod(f"/proc/self/fd/{here}", 0o700)
    finally:
        os.close(here)


def remove_tree(path: Path) -> None:
    """Remove a directory with all that is in it, also when the task took away the right to. Never raises.

    What the kernel keeps (a mount, a file that was made immutable) stays, and so do the directories above it.
    """
    try:
        os.rmdir(path)  # most are empty
        return
    except OSError:
        pass
    if stat.S_ISDIR(_mode(path)):
        with contextlib.suppress(OSError):
            _empty(open_dir(path))
        with contextlib.suppress(OSError):
            os.rmdir(path)
    else:
        with contextlib.suppress(OSError):
            os.unlink(path)


def _mode(path: Path) -> int:
    try:
        return os.lstat(path).st_mode
    except OSError:
        return 0


def _empty(fd: int) -> None:
    """Remove all that is in the directory `fd`, which is closed in the end."""
    levels: list[tuple[Identity, str]] = []
    """(directory above, our name in it), from the top."""
    kept: dict[Identity, set[str]] = {}
    """What could not be removed, by directory."""
    try:
        while True:
            here = _identity(fd)
            below = _unlink_files(fd, kept.setdefault(here, set()))
            if below is not None:
                try:
                    inner = open_dir(below, fd)
                except OSError:
                    kept[here].add(below)
                    continue
                levels.append((here, below))
                fd, outer = inner, fd
                os.close(outer)
                continue
            stubborn = bool(kept.pop(here))
            if not levels:
                return
            above, name = levels.pop()
            outer = os.open("..", _OPEN, dir_fd=fd)
            fd, inner = outer, fd
            os.close(inner)
            if _identity(fd) != above:
                return  # somebody moves it about while we remove it: nothing outside may be touched
            if stubborn or not _forced(os.rmdir, name, fd):
                kept[above].add(name)
    finally:
        os.close(fd)


def _identity(fd: int) -> Identity:
    found = os.fstat(fd)
    return found.st_dev, found.st_ino


def _unlink_files(fd: int, kept: set[str]) -> str | None:
    """Remove what is no directory; the name of the first one that is, and is not `kept`."""
    with os.scandir(fd) as entries:
        for entry in entries:
            if entry.name in kept:
                continue
            if entry.is_dir(follow_symlinks=False):
                return entry.name
            if not _forced(os.unlink, entry.name, fd):
                kept.add(entry.name)
    return None


def _forced(remove: Callable[..., None], name: str, fd: int) -> bool:
    """Take this out of the directory `fd`, given to us if we had no right to write it; whether that was done."""
    try:
        remove(name, dir_fd=fd)
    except PermissionError:
        try:
            os.chmod(f"/proc/self/fd/{fd}", 0o700)
            remove(name, dir_fd=fd)
        except OSError:
            return False
    except OSError:
        return False
    return True
