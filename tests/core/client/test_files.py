"""The local ends of transfers: nothing half-written appears, nothing leaves its folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from windlass.client.errors import TransferFailed
from windlass.client.files import Sink, Source, hash_file, safe_path
from windlass.model.graph import FileRef


def ref(data: bytes, mode: int = 0o644) -> FileRef:
    return FileRef("out.bin", hashlib.sha256(data).hexdigest(), len(data), mode)


def test_a_file_appears_whole_with_its_mode(tmp_path: Path) -> None:
    target = tmp_path / "deep" / "out.bin"
    sink = Sink(ref(b"abcdef", 0o755), target)
    sink.write(3, b"def")
    assert not target.exists()
    sink.write(0, b"abc")
    sink.finish()
    assert target.read_bytes() == b"abcdef"
    assert target.stat().st_mode & 0o777 == 0o755
    assert list(target.parent.iterdir()) == [target]


def test_wrong_bytes_leave_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "out.bin"
    target.write_bytes(b"before")
    sink = Sink(ref(b"abcdef"), target)
    sink.write(0, b"abcxxx")
    with pytest.raises(TransferFailed, match="hash"):
        sink.finish()
    assert target.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [target]


def test_memory_and_empty_files(tmp_path: Path) -> None:
    sink = Sink(ref(b"abc"), None)
    sink.write(0, b"abc")
    sink.finish()
    assert sink.data == b"abc"
    empty = Sink(ref(b""), tmp_path / "empty")
    empty.finish()
    assert (tmp_path / "empty").read_bytes() == b""


def test_sources_read_pieces(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"0123456789")
    assert hash_file(path) == (hashlib.sha256(b"0123456789").hexdigest(), 10)
    for source in (Source(path), Source(b"0123456789")):
        assert source.read(8, 5) == b"89"
        source.close()


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "", "a\0b"])
def test_outputs_are_laid_inside(path: str, tmp_path: Path) -> None:
    with pytest.raises(TransferFailed):
        safe_path(tmp_path, path)
    assert safe_path(tmp_path, "task/0/a.txt") == tmp_path / "task" / "0" / "a.txt"
