"""Writing a file so that a crash or a full disk leaves either the old one or the new one."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write to that takes the place of `path` when the block has ended well. Raises OSError."""
    spare = path.with_name(f".{path.name}.new")
    try:
        with spare.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        spare.replace(path)
    finally:
        spare.unlink(missing_ok=True)
