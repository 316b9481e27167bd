"""The sample graphs: each a folder with `graph.yaml` and the files that it uses.

`windlass run NAME` and the app's start page find them here by name.
"""

from __future__ import annotations

import importlib.util
import shutil
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).resolve().parent

DEFAULT = "monte-carlo"
"""The sample that needs nothing but Python."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample. `programs` and `modules` map what an agent must have to the way to get it."""

    name: str
    title: str
    description: str
    programs: tuple[tuple[str, str], ...] = ()
    """(program, Debian package)."""
    modules: tuple[tuple[str, str], ...] = ()
    """(Python module, what brings it)."""

    @property
    def path(self) -> Path:
        """The graph document; the files it uses lie beside it."""
        return _HERE / self.name / "graph.yaml"

    def missing(self) -> list[str]:
        """A sentence for each program or module that this machine lacks; empty when the sample can run here."""
        return [
            f"{program} is not installed (Debian: apt install {package})"
            for program, package in self.programs
            if shutil.which(program) is None
        ] + [
            f"the Python module {module} is not installed ({source})"
            for module, source in self.modules
            if importlib.util.find_spec(module) is None
        ]


_SAMPLES = (
    Sample(
        "monte-carlo",
        "Estimate pi",
        "Sixty batches of random darts in Python, combined into one estimate. Needs nothing.",
    ),
    Sample(
        "sweep",
        "Sweep parameters",
        "Trains a tiny network on 24 combinations of its settings and keeps the best. Needs nothing.",
    ),
    Sample(
        "encode-video",
        "Encode a video in parallel",
        "Makes a test clip with ffmpeg, cuts it, encodes the parts, joins them and checks the duration.",
        programs=(("ffmpeg", "ffmpeg"), ("ffprobe", "ffmpeg")),
    ),
    Sample(
        "thumbnails",
        "Thumbnails of a folder of pictures",
        "Draws pictures with Pillow, shrinks each and lays them out on a contact sheet.",
        modules=(("PIL", "pip install pillow, or Debian: apt install python3-pil"),),
    ),
    Sample(
        "build-c",
        "Build a C program",
        "Compiles the files of a small compressor, links them and runs the program's test.",
        programs=(("cc", "gcc"),),
    ),
)


def list_samples() -> list[Sample]:
    """All samples, the simplest first."""
    return list(_SAMPLES)


def get_sample(name: str) -> Sample:
    """The sample of that name; KeyError names those there are."""
    for sample in _SAMPLES:
        if sample.name == name:
            return sample
    raise KeyError(f"there is no sample {name!r}; there are: {', '.join(sample.name for sample in _SAMPLES)}")


def sample_path(name: str) -> Path:
    """The graph document of a sample."""
    return get_sample(name).path
