"""Outputs of awkward kinds, inputs of awkward names, and a ledger that never goes below zero."""

from __future__ import annotations

import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.blobs.store import BlobStore
from windlass.model.graph import FileRef, Resources
from windlass_agent import files, trees
from windlass_agent.files import FilesError, collect, stage
from windlass_agent.ledger import Grant, Ledger
from windlass_agent.trees import Found, remove_tree, walk


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", durable=False)


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_links_pipes_and_loops_are_no_outputs(store: BlobStore, work: Path) -> None:
    (work / "real.txt").write_text("real")
    (work / "inside.txt").symlink_to("real.txt")
    (work / "outside.txt").symlink_to("/etc/passwd")
    (work / "loop.txt").symlink_to("loop.txt")
    (work / "dir").mkdir()
    (work / "dir" / "up").symlink_to("..")
    os.mkfifo(work / "pipe.txt")
    refs = collect(store, work, ["**/*.txt"], {})
    assert [ref.path for ref in refs] == ["inside.txt", "real.txt"]
    for name, why in (("outside.txt", "out of"), ("loop.txt", "nowhere"), ("pipe.txt", "not a regular file")):
        with pytest.raises(FilesError, match=why):
            collect(store, work, [name], {})


@pytest.mark.parametrize("name", ["a\nb.txt", "~/x.txt"])
def test_a_name_that_no_task_could_take_as_an_input_is_no_output(store: BlobStore, work: Path, name: str) -> None:
    (work / name).parent.mkdir(exist_ok=True)
    (work / name).write_text("x")
    with pytest.raises(FilesError, match=r"output .*the path "):
        collect(store, work, ["**"], {})


@pytest.mark.parametrize("pattern", ["*.txt", "out"])
def test_a_name_that_is_not_utf8_is_refused_in_words(store: BlobStore, work: Path, pattern: str) -> None:
    (work / "out").mkdir()
    for folder in (work, work / "out"):
        (Path(os.fsdecode(os.fsencode(folder) + b"/bad\xff.txt"))).write_text("x")
    with pytest.raises(FilesError, match=r"bad\\xff.txt: .* not UTF-8") as refused:
        collect(store, work, [pattern], {})
    str(refused.value).encode()


@pytest.mark.parametrize("pattern", ["../x", "/etc/passwd", "a/../../x"])
def test_patterns_cannot_leave(store: BlobStore, work: Path, pattern: str) -> None:
    with pytest.raises(FilesError):
        collect(store, work, [pattern], {})


def test_a_directory_means_all_below(store: BlobStore, work: Path) -> None:
    (work / "out" / "deep").mkdir(parents=True)
    (work / "out" / "a").write_text("a")
    (work / "out" / "deep" / "b").write_text("b")
    assert [ref.path for ref in collect(store, work, ["out"], {})] == ["out/a", "out/deep/b"]


def test_a_wildcard_leaves_untouched_inputs_out(store: BlobStore, work: Path) -> None:
    refs = [FileRef("a.txt", *store.add_bytes(b"a")), FileRef("b.txt", *store.add_bytes(b"b"))]
    staged = stage(store, refs, work)
    (work / "b.txt").write_text("changed")
    (work / "c.txt").write_text("c")
    assert [ref.path for ref in collect(store, work, ["*.txt"], staged)] == ["b.txt", "c.txt"]


def test_one_file_under_two_names(store: BlobStore, work: Path) -> None:
    (work / "a").write_text("same")
    os.link(work / "a", work / "b")
    refs = collect(store, work, ["a", "b"], {})
    assert {ref.hash for ref in refs} == {store.add_bytes(b"same")[0]}


def test_a_tree_without_rights_is_removed(work: Path) -> None:
    (work / "d").mkdir()
    (work / "d" / "f").write_text("x")
    os.chmod(work / "d", 0)
    remove_tree(work)
    assert not work.exists()


def deepen(top: Path, levels: int) -> None:
    here = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("dd", dir_fd=here)
        below = os.open("dd", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(os.open("f.txt", os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_outputs_beside_a_tree_of_any_depth(store: BlobStore, work: Path) -> None:
    """Deeper than Python recurses, and longer than the kernel takes a path."""
    (work / "deep").mkdir()
    deepen(work / "deep", 1400)
    (work / "a.txt").write_text("a")
    (work / "b").mkdir()
    (work / "b" / "c.txt").write_text("c")
    assert [ref.path for ref in collect(store, work, ["*.txt", "b/**"], {})] == ["a.txt", "b/c.txt"]
    for pattern in ("**/*.txt", "deep", "deep/**"):
        with pytest.raises(FilesError, match=r"deep/dd/dd.* go deeper than a path may be long"):
            collect(store, work, [pattern], {})
    remove_tree(work)
    assert not work.exists()


def test_a_file_of_holes_larger_than_the_disk_is_refused_at_once(store: BlobStore, work: Path) -> None:
    with open(work / "big", "wb") as file:
        file.truncate(4 << 40)
    with pytest.raises(FilesError, match=r"output big is 4\.0 TiB long; the disk has room for "):
        collect(store, work, ["big"], {})
    assert not list((store.root / "tmp").iterdir())


def test_more_entries_than_anybody_looks_at(store: BlobStore, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "MAX_ENTRIES", 100)
    for number in range(101):
        (work / f"{number}").touch()
    with pytest.raises(FilesError, match="more than 100 entries"):
        collect(store, work, ["*"], {})
    assert [ref.path for ref in collect(store, work, ["7"], {})] == ["7"]


def as_nobody(work: Path, action: Callable[[], object]) -> None:
    """In a process that rights hold for: the tests may be run by root, for whom they do not."""
    for path in (work, *work.rglob("*")):
        os.chown(path, 65534, 65534, follow_symlinks=False) if os.getuid() == 0 else None
    for parent in work.parents:
        if parent.stat().st_uid == os.getuid() and parent != Path("/"):
            parent.chmod(parent.stat().st_mode | 0o711)
    pid = os.fork()
    if pid == 0:
        try:
            if os.getuid() == 0:
                os.setgroups([])
                os.setgid(65534)
                os.setuid(65534)
            action()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)
    assert os.waitpid(pid, 0)[1] == 0


def test_directories_that_nobody_may_enter_are_read_and_removed(work: Path) -> None:
    (work / "d" / "e").mkdir(parents=True)
    (work / "d" / "e" / "f.txt").write_text("x")
    (work / "d" / "g.txt").write_text("y")
    (work / "link").symlink_to(work.parent)

    def check() -> None:
        os.chmod(work / "d" / "g.txt", 0)
        os.chmod(work / "d" / "e", 0)
        os.chmod(work / "d", 0)
        assert sorted(walk(work, 100, 1000)) == [
            Found("d/e/f.txt", "file"), Found("d/g.txt", "file"), Found("link", "link"),
        ]  # fmt: skip
        for path in (work / "d" / "e", work / "d"):
            os.chmod(path, 0o500)
        remove_tree(work / "d")
        assert not (work / "d").exists()

    as_nobody(work, check)
    assert (work / "link").is_symlink()


def test_removing_never_leaves_the_tree(work: Path) -> None:
    outside = work.parent / "outside"
    outside.mkdir()
    (outside / "keep").write_text("x")
    (work / "d").mkdir()
    (work / "d" / "link").symlink_to(outside)
    (work / "link").symlink_to(outside)
    remove_tree(work / "link")
    remove_tree(work)
    assert (outside / "keep").exists()
    assert not work.exists()


def test_a_tree_that_is_moved_about_while_it_is_removed(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`..` leads elsewhere then, and what is there is not ours."""
    elsewhere = work.parent / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "keep").write_text("x")
    (work / "a" / "b").mkdir(parents=True)
    unlink = trees._unlink_files

    def moved(fd: int, kept: set[str]) -> str | None:
        if os.readlink(f"/proc/self/fd/{fd}").endswith("/a/b"):
            os.rename(work / "a" / "b", elsewhere / "b")
        return unlink(fd, kept)

    monkeypatch.setattr(trees, "_unlink_files", moved)
    remove_tree(work)
    assert (elsewhere / "keep").exists()


def test_one_that_cannot_be_removed_does_not_keep_the_others(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (work / "a" / "b").mkdir(parents=True)
    for name in ("a/stays", "a/goes", "a/b/goes", "goes"):
        (work / name).touch()
    unlink = os.unlink

    def refuse(name: str, *, dir_fd: int | None = None) -> None:
        if name == "stays":
            raise PermissionError(1, "immutable")
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(trees.os, "unlink", refuse)
    remove_tree(work)
    assert [path.relative_to(work).as_posix() for path in sorted(work.rglob("*"))] == ["a", "a/stays"]


requests = st.builds(
    Resources,
    cpus=st.sampled_from([0.0, 0.1, 0.25, 1.0, 3.0]),
    memory=st.integers(0, 50),
    gpus=st.integers(0, 2),
    named=st.dictionaries(st.sampled_from(["a", "b"]), st.sampled_from([0.1, 1.0])),
)


@given(st.lists(st.tuples(st.booleans(), requests)))
def test_the_ledger_is_never_over_committed(steps: list[tuple[bool, Resources]]) -> None:
    ledger = Ledger(Resources(cpus=4, memory=100, gpus=3, named={"a": 1}))
    grants: list[Grant] = []
    for take, request in steps:
        if take and ledger.fits(request):
            assert ledger.times(request, 1) == 1
            grants.append(ledger.take(request))
        elif not take and grants:
            ledger.give(grants.pop(0))
        assert sum(grant.request.cpus for grant in grants) <= 4 + 1e-6
        assert sum(grant.request.memory for grant in grants) <= 100
        used = [gpu for grant in grants for gpu in grant.gpus]
        assert len(used) == len(set(used)) <= 3
