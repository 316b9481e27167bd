"""`core.toml`: read, refused with every mistake in its place, shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from windlass.server import __main__ as program
from windlass.server import configfile, settings
from windlass.server.configfile import ConfigError, ConfigKey, ConfigTable
from windlass.server.loop import Options, Server

DECLARED = (
    ConfigKey("keep", "days", configfile.duration(1.0), 86400.0, "How long."),
    ConfigKey("keep", "most", configfile.whole(1, 10), 3, "How many."),
    ConfigKey("keep", "share", configfile.number(0, 1), 0.5, "How much."),
    ConfigKey("keep", "on", configfile.flag, True, "Whether."),
    ConfigKey("keep", "name", str, "x", "Who."),
    ConfigKey("keep", "ways", configfile.list_of(configfile.one_of(("left", "right")), 1), ("left",), "Which."),
    ConfigTable("keep.each", configfile.number(0, 10), "NAME = NUMBER"),
)


def problems(source: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        configfile.parse(source, DECLARED)
    return str(caught.value).splitlines()


def test_nothing_said_means_the_defaults(tmp_path: Path) -> None:
    found = configfile.load(tmp_path / "none.toml", DECLARED)
    assert found.path is None
    assert found.get("keep", "days") == 86400.0
    assert found.get("keep.each") == {}
    assert not found.said


def test_what_is_said_is_read_in_its_units() -> None:
    found = configfile.parse(
        '[keep]\ndays = "2 days"\nshare = 1\nways = ["right", "left"]\neach.a = 1\n',
        DECLARED,
    )
    assert found.get("keep", "days") == 2 * 86400.0
    assert found.get("keep", "ways") == ("right", "left")
    assert found.get("keep.each") == {"a": 1.0}
    assert ("keep", "most") not in found.said


@pytest.mark.parametrize(
    ("source", "parts"),
    [
        ("[keep]\n\nmots = 2", ["settings:3: keep.mots: unknown key", "did you mean 'most'?"]),
        ("[keeep]\nmost = 2", ["settings:1: keeep: unknown table", "allowed: [keep]", "did you mean 'keep'?"]),
        ("keep = 3", ["settings:1: keep: is a table, found 3; allowed: [keep]"]),
        ("[keep]\nmost = 11", ["settings:2: keep.most", "found 11", "a whole number from 1 to 10"]),
        ("[keep]\nmost = true", ["keep.most", "found true"]),
        ("[keep]\nshare = nan", ["keep.share", "found nan"]),
        ("[keep]\nshare = inf", ["keep.share", "found inf"]),
        ("[keep]\non = 1", ["keep.on", "true, false"]),
        ("[keep]\ndays = '3 dais'", ["settings:2: keep.days: unknown unit 'dais'", "did you mean 'days'?"]),
        ("[keep]\ndays = 0.5", ["keep.days: is too short", "1 s to"]),
        ("[keep]\nways = ['rigt']", ["keep.ways", "found 'rigt'", "left, right", "did you mean 'right'?"]),
        ("[keep]\nways = ['left', 'left']", ["keep.ways: names something twice"]),
        ("[keep]\nways = []", ["keep.ways: is too short"]),
        ("[keep]\nways = 'left'", ["keep.ways: is not a list"]),
        ("[keep.each]\na = 1\n'b c' = 11", ["settings:3: keep.each['b c']", "found 11"]),
        ("[keep]\neach = 3", ["settings:2: keep.each: is a table"]),
        ("[keep]\nmost = \n", ["settings:2:8: is not TOML"]),
        ("[keep]\nmost = 1\nmost = 2\n", ["settings:3", "is not TOML"]),
        ("[keep]\nways = [", ["is not TOML", "at the end of the file"]),
    ],
)
def test_a_mistake_is_told_with_its_place(source: str, parts: list[str]) -> None:
    [line] = problems(source)
    for part in parts:
        assert part in line


def test_all_mistakes_are_told_at_once_in_the_order_of_the_file() -> None:
    lines = problems("[keep.each]\na = 'x'\n[keep]\nmost = 0\nnobody = 1")
    assert [line.split(":")[1] for line in lines] == ["2", "4", "5"]


def test_a_file_that_is_no_text_or_far_too_large_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "core.toml"
    path.write_bytes(b"[keep]\n# \xff\n")
    with pytest.raises(ConfigError, match=r"core\.toml:2: is not UTF-8"):
        configfile.load(path, DECLARED)
    path.write_bytes(b"#" * (configfile.MAX_FILE + 1))
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        configfile.load(path, DECLARED)
    path.unlink()
    path.mkdir()
    with pytest.raises(ConfigError, match="cannot be read"):
        configfile.load(path, DECLARED)


def test_what_is_shown_says_the_same_when_it_is_read() -> None:
    source = '[keep]\ndays = 90\nname = "a \\"b\\" \\\\ c"\n[keep.each]\n"b c" = 2.5\nplain = 1\n'
    found = configfile.parse(source, DECLARED)
    again = configfile.parse(configfile.show(found, DECLARED), DECLARED)
    assert again.values == found.values
    assert again.said == found.said


# --- the core's own ------------------------------------------------------------------------------------------


def test_the_core_takes_its_order_and_weights_from_the_file(tmp_path: Path) -> None:
    (tmp_path / settings.FILE).write_text('[scheduler]\norder = ["age", "priority"]\n[fair-share.weights]\nann = 3\n')
    server = Server(Options(tmp_path / "data", tmp_path, settings=settings.load(tmp_path)))
    try:
        book = server.core.scheduler._book
        assert book.policy.names == ("age", "priority")
        assert book.owner("ann").weight == 3.0
        assert book.owner("bob").weight == 1.0
    finally:
        server.close()


def test_check_config_prints_what_is_in_force(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert program.main(["--config", str(tmp_path), "--check-config"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"# {tmp_path / settings.FILE} is not there: all defaults\n")
    assert '# order = ["priority", "fair-share", "deadline", "longest-path", "age"]' in out
    assert settings.load(tmp_path).values == configfile.parse(out, settings.DECLARED).values


@pytest.mark.parametrize("options", [["--check-config"], []])
def test_a_wrong_file_starts_no_core(
    tmp_path: Path, options: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "_set_up_log", lambda data, level: None)
    monkeypatch.setattr(program.log, "error", lambda text, *args: print(text % args))
    (tmp_path / settings.FILE).write_text('[scheduler]\norder = ["priorty"]\n')
    assert program.main(["--config", str(tmp_path), "--data", str(tmp_path / "data"), *options]) == 2
    told = "".join(capfd.readouterr())
    assert f"{settings.FILE}:2: scheduler.order" in told
    assert "did you mean 'priority'?" in told
    assert not (tmp_path / "data" / "core.json").exists()
