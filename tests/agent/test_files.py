"""Outputs of awkward kinds, inputs of awkward names, and a ledger that never goes below zero."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.blobs.store import BlobStore
from windlass.model.graph import FileRef, Resources
from windlass_agent.files import FilesError, collect, remove_tree, stage
from windlass_agent.ledger import Grant, Ledger


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


def test_a_tree_that_is_deeper_than_python_descends_is_removed(work: Path) -> None:
    here = os.open(work, os.O_RDONLY)
    for _ in range(1500):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    remove_tree(work)
    assert not work.exists()


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
