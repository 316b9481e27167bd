"""The samples as data: each is complete, documented, and says what it needs."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.model.document import load_document
from windlass_resources import samples

NAMES = [sample.name for sample in samples.list_samples()]


def test_default_comes_first_and_needs_nothing() -> None:
    first = samples.list_samples()[0]
    assert first.name == samples.DEFAULT
    assert first.missing() == []
    assert not first.programs
    assert not first.modules


def test_every_folder_is_listed() -> None:
    root = Path(samples.__file__).parent
    assert sorted(NAMES) == sorted(path.parent.name for path in root.glob("*/graph.yaml"))


@pytest.mark.parametrize("name", NAMES)
def test_sample_is_complete(name: str) -> None:
    sample = samples.get_sample(name)
    assert samples.sample_path(name) == sample.path
    assert sample.path.is_file()
    assert (sample.path.parent / "README.md").read_text(encoding="utf-8").startswith(f"# {name}\n")
    assert sample.title
    assert sample.description.endswith(".")


def test_unknown_name_lists_the_known() -> None:
    with pytest.raises(KeyError, match="monte-carlo"):
        samples.sample_path("monte-calro")


def test_missing_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert samples.get_sample("encode-video").missing() == [
        "ffmpeg is not installed (Debian: apt install ffmpeg)",
        "ffprobe is not installed (Debian: apt install ffmpeg)",
    ]
    assert samples.get_sample("build-c").missing() == ["cc is not installed (Debian: apt install gcc)"]


@pytest.mark.parametrize("name", NAMES)
def test_sample_passes_the_check(name: str) -> None:
    loaded = load_document(samples.sample_path(name))
    assert loaded.problems == []
    assert loaded.graph is not None
    assert loaded.graph.name == name
    assert loaded.graph.description
    assert all(task.title and task.position for task in loaded.graph.tasks)
