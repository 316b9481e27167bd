"""The samples, run as a newcomer runs them: `windlass run NAME`, on two local agents."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.patience import PATIENCE

from windlass_resources import samples

pytestmark = [pytest.mark.slow, pytest.mark.timeout(200)]


def run_sample(name: str, out: Path, *options: str) -> dict[str, Any]:
    """The document that `windlass run --json` prints, once it ended well."""
    missing = samples.get_sample(name).missing()
    if missing:
        pytest.skip("; ".join(missing))
    command = [sys.executable, "-m", "windlass.cli.main", "run", name, "--agents", "2", "--out", str(out), "--json"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def test_monte_carlo(tmp_path: Path) -> None:
    document = run_sample("monte-carlo", tmp_path, "--param", "darts=20000")
    assert document["results"]["estimate"]["pi"] == pytest.approx(3.14159, abs=0.02)
    text = (tmp_path / "estimate" / "pi.txt").read_text()
    assert "after 1,200,000 darts" in text
    assert abs(float(text.split()[3]) - 3.14159) < 0.02


def test_encode_video_on_two_agents(tmp_path: Path) -> None:
    document = run_sample("encode-video", tmp_path)
    out = tmp_path / "join" / "out.mp4"
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "stream=codec_type,duration", "-of", "json", str(out)],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    streams = {stream["codec_type"]: float(stream["duration"]) for stream in json.loads(told.stdout)["streams"]}
    assert streams == {"video": pytest.approx(16, abs=0.25), "audio": pytest.approx(16, abs=0.25)}
    # Every frame decodes.
    subprocess.run(["ffmpeg", "-v", "error", "-xerror", "-i", str(out), "-f", "null", "-"], check=True)
    agents = {attempt["agent_name"] for attempt in attempts(document, "encode")}
    assert len(agents) == 2, document


def test_thumbnails(tmp_path: Path) -> None:
    image = pytest.importorskip("PIL.Image", reason="needs Pillow: pip install pillow")
    run_sample("thumbnails", tmp_path, "--param", "pictures=7", "--param", "width=400")
    with image.open(tmp_path / "sheet" / "contact-sheet.png") as sheet:
        assert sheet.width == 3 * 168 + 8
    assert len(list((tmp_path / "shrink").glob("*/thumbs/*.jpg"))) == 7


def test_build_c(tmp_path: Path) -> None:
    run_sample("build-c", tmp_path)
    assert "english: 519 bytes" in (tmp_path / "test" / "report.txt").read_text()
    program = tmp_path / "link" / "huff"
    assert os.access(program, os.X_OK)


def test_the_failing_program_says_what_is_wrong(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "windlass.cli.main", "run", "build-c", "--param", "cc=no-such-compiler"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 1
    assert "no-such-compiler" in done.stdout + done.stderr
    assert "Traceback" not in done.stderr


def attempts(document: dict[str, Any], task: str) -> list[dict[str, Any]]:
    """The attempts of one task in the document of `windlass run --json`."""
    return [attempt for item in document["items"] if item["task"] == task for attempt in item["attempts"]]


def test_check_knows_samples_by_name() -> None:
    names = [sample.name for sample in samples.list_samples()]
    command = [sys.executable, "-m", "windlass.cli.main", "check", *names, "--json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [file["name"] for file in json.loads(done.stdout)["files"]] == names


def test_check_names_the_package_of_a_missing_program(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "windlass.cli.main", "check", "encode-video"]
    environment = {**os.environ, "PATH": str(tmp_path)}
    done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE, env=environment)
    assert done.returncode == 0
    assert "apt install ffmpeg" in done.stdout
