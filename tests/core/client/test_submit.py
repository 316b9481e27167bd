"""Which files a graph takes from its folder, and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from windlass.client import submit
from windlass.client.errors import SubmitError
from windlass.model.graph import Call, Command, Foreach, Graph, Need, PythonCall, Task


def graph(*tasks: Task, **params: Any) -> Graph:
    return Graph("test", list(tasks), params)


def files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(name)


def test_paths_patterns_folders_and_parameters(tmp_path: Path) -> None:
    files(tmp_path, "a.txt", "src/x.c", "src/y.c", "src/.hidden.c", "deep/1/2.dat", "clip one.mp4")
    made = graph(
        Task("one", Command("true"), inputs=["a.txt", "src/*.c", "deep", "${{ params.clip }}"]), clip="clip one.mp4"
    )
    found = submit.collect(made, tmp_path, made.params)
    assert sorted(found) == ["a.txt", "clip one.mp4", "deep/1/2.dat", "src/x.c", "src/y.c"]


def test_inputs_by_item_and_outputs_of_tasks(tmp_path: Path) -> None:
    files(tmp_path, "a.c", "b.c", "c.c")
    each = Task("compile", Command("cc"), foreach=Foreach(values=["a", "c"]), inputs=["${{ item }}.c"])
    link = Task("link", Command("cc"), needs=[Need("compile")], inputs=["compile.outputs/*.o"])
    assert sorted(submit.collect(graph(each, link), tmp_path, {})) == ["a.c", "c.c"]


def test_python_modules_travel_from_the_folder_and_are_optional(tmp_path: Path) -> None:
    files(tmp_path, "darts.py", "sim/__init__.py", "sim/model.py", "other.py", "sim/__pycache__/model.pyc")
    made = graph(
        Task("a", PythonCall("darts:throw")), Task("b", PythonCall("sim.model:run")), Task("c", PythonCall("math:sqrt"))
    )
    assert sorted(submit.collect(made, tmp_path, {})) == ["darts.py", "sim/__init__.py", "sim/model.py"]


def test_every_missing_file_is_named(tmp_path: Path) -> None:
    made = graph(Task("one", Command("true"), inputs=["a.txt"]), Task("two", Command("true"), inputs=["b/*.txt"]))
    with pytest.raises(SubmitError) as caught:
        submit.collect(made, tmp_path, {})
    assert "'one': no file matches the input 'a.txt'" in str(caught.value)
    assert "'two': no file matches the input 'b/*.txt'" in str(caught.value)


@pytest.mark.parametrize("entry", ["../secret", "/etc/passwd", "a/../../secret"])
def test_inputs_do_not_leave_the_folder(tmp_path: Path, entry: str) -> None:
    files(tmp_path, "secret", "graph/a/x")
    with pytest.raises(SubmitError):
        submit.collect(graph(Task("one", Command("true"), inputs=[entry])), tmp_path / "graph", {})


def test_links_do_not_leave_the_folder(tmp_path: Path) -> None:
    files(tmp_path, "secret", "graph/inside")
    (tmp_path / "graph" / "out").symlink_to(tmp_path / "secret")
    (tmp_path / "graph" / "in").symlink_to("inside")
    with pytest.raises(SubmitError, match="link out of the graph's folder"):
        submit.collect(graph(Task("one", Command("true"), inputs=["out"])), tmp_path / "graph", {})
    found = submit.collect(graph(Task("one", Command("true"), inputs=["in"])), tmp_path / "graph", {})
    assert found == {"in": (tmp_path / "graph" / "inside").resolve()}


def test_a_package_holds_hashes_modes_and_sizes(tmp_path: Path) -> None:
    files(tmp_path, "run.sh", "same.sh")
    (tmp_path / "same.sh").write_text("run.sh")
    (tmp_path / "run.sh").chmod(0o755)
    made = submit.package(graph(Task("one", Command("true"), inputs=["*.sh"])), "text", tmp_path)
    assert [(file.path, file.mode) for file in made.files] == [("run.sh", 0o755), ("same.sh", 0o644)]
    assert len(made.sources) == 1
    assert made.size == len("run.sh")


def test_batches_respect_both_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "BATCH_BYTES", 10)
    monkeypatch.setattr(submit, "BATCH_ITEMS", 3)
    assert list(submit.batches([])) == []
    assert [len(batch) for batch in submit.batches([b"x"] * 7)] == [3, 3, 1]
    assert [len(batch) for batch in submit.batches([b"x" * 8, b"x" * 8, b"x" * 20, b"x"])] == [1, 1, 1, 1]


def test_large_arrays_are_appended_after_the_submit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(submit, "FIRST_BYTES", 10)
    one = Task("one", Call("0" * 64))
    small = Task("small", Call("0" * 64), foreach=Foreach(opaque=2))
    large = Task("large", Call("0" * 64), foreach=Foreach(opaque=2))
    made = submit.Package(graph(one, small, large), payloads={0: [b"123"], 1: [b"1", b"2"], 2: [b"12345", b"67890"]})
    sent, frames, later = submit._with_items(made)
    assert [msgspec.msgpack.decode(frame) if frame else None for frame in frames] == [[b"123"], [b"1", b"2"], None]
    assert later == {2: [b"12345", b"67890"]}
    assert sent.tasks[2].foreach == Foreach(opaque=0)
    assert sent.tasks[1].foreach == Foreach(opaque=2)
