"""Writing a file so that a crash or a full disk leaves either the old one or the new one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PySide6.QtCore import QBuffer, QIODevice
from PySide6.QtGui import QImage

PIECE = 1 << 20
"""Bytes that are written between two looks at whether to go on."""
Told = Callable[[float], object]
"""Gets the share that is done, in the thread that writes; it raises where the file is not wanted any more."""


@contextmanager
def replacing(path: Path, told: Told = lambda _share: None) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block has ended well. Raises OSError.

    `told` is asked a last time when all is on the disk, before it does.
    """
    spare = path.with_name(f".{path.name}.new")
    try:
        with spare.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        told(1.0)
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | bytearray | memoryview, told: Told) -> None:
    """All of it, or nothing. Raises OSError, and what `told` raises."""
    with replacing(path, told) as file:
        for start in range(0, len(content), PIECE):
            told(start / len(content))
            file.write(content[start : start + PIECE])


def write_png(path: Path, image: QImage, told: Told) -> None:
    """An image as PNG. Raises as `write_whole`."""
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    if not image.save(buffer, "PNG"):  # type: ignore[call-overload]  # takes a device, too
        raise OSError("there is not enough memory for a picture of this size")
    write_whole(path, buffer.data().data(), told)
