"""Log records become lines: colours kept, everything a terminal would obey made harmless."""

from __future__ import annotations

import random

import pytest

from windlass.wire.logs import ERR, NOTE, OUT, Record, encode_record, resync
from windlass_gui.panes.logtext import LINE_LIMIT, PLAIN, LogText, Style, restyle
from windlass_gui.panes.logwindow import HELD, PIECE, LogWindow


def lines_of(*records: Record) -> list[str]:
    text, shown = LogText(), []
    for record in records:
        replaces, lines = text.feed([record])
        if replaces and lines:
            shown.pop()
        shown += [line.text for line in lines]
    return shown


def out(data: bytes, stream: int = OUT) -> Record:
    return Record(1_800_000_000.0, stream, data)


def test_pieces_join_to_lines() -> None:
    assert lines_of(out(b"one\ntw"), out(b"o\nthree")) == ["one", "two", "three"]
    assert lines_of(out(b"a\n\nb\n")) == ["a", "", "b"]
    assert lines_of(out(b"caf\xc3"), out(b"\xa9\n")) == ["café"]
    assert lines_of(out(b"\xff\xfe\n")) == ["\ufffd\ufffd"]
    assert lines_of(out(b"one\r\ntwo\r"), out(b"\n")) == ["one", "two"]


def test_a_progress_bar_shows_its_newest_state() -> None:
    assert lines_of(out(b"10%\r20%\r30%"), out(b"\r40%\n"), out(b"done\n")) == ["40%", "done"]


def test_streams_do_not_mix_within_a_line() -> None:
    assert lines_of(out(b"out"), out(b"err\n", ERR), out(b"put\n")) == ["out", "err", "put"]
    assert lines_of(out(b"half"), out(b"killed", NOTE)) == ["half", "killed"]


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"\x1b[31mred\x1b[0m", "red"),
        (b"\x1b]0;title\x07x", "x"),
        (b"\x1b]8;;http://a\x1b\\link\x1b]8;;\x1b\\", "link"),
        (b"\x1b[2J\x1b[1;1Hx\x1b[K", "x"),
        (b"a\x07\x00\x08b\x7f", "a^G^@^Hb^?"),
        ("a\u202eb\u2066c\x9bd".encode(), "a<202E>b<2066>c<9B>d"),
        (b"<b>&amp;</b><script>", "<b>&amp;</b><script>"),
        (b"tab\there", "tab\there"),
    ],
)
def test_only_text_is_left(data: bytes, text: str) -> None:
    assert lines_of(out(data + b"\n")) == [text]


def test_colours_become_styles() -> None:
    _, lines = LogText().feed([out(b"\x1b[1;31mbad\x1b[0m ok \x1b[38;5;208mx\x1b[48;2;1;2;3my\n")])
    assert [(span.text, span.style) for span in lines[0].spans] == [
        ("bad", Style(fg=1, bold=True)),
        (" ok ", PLAIN),
        ("x", Style(fg="#ff8700")),
        ("y", Style(fg="#ff8700", bg="#010203")),
    ]
    assert restyle(Style(fg=1, bold=True, italic=True, underline=True), "22;23;24;39") == PLAIN
    assert restyle(PLAIN, "95;104") == Style(fg=13, bg=12)
    assert restyle(PLAIN, "38;5") == PLAIN
    assert restyle(PLAIN, "38;2;999;0;0").fg == "#ff0000"


def test_an_endless_line_is_cut() -> None:
    lines = lines_of(out(b"x" * (LINE_LIMIT * 2 + 5)))
    assert [len(line) for line in lines] == [LINE_LIMIT, LINE_LIMIT + 2, 7]


@pytest.mark.parametrize("seed", range(20))
def test_cuts_anywhere_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    parts = [b"\x1b[31m", b"\x1b[0m", b"text ", b"\n", b"\r\n", b"\r", "é↪".encode(), b"\x1b]0;t\x07", b"\x07", b"y"]
    data = b"".join(rng.choice(parts) for _ in range(60)) + b"\n"
    cut, at = [], 0
    while at < len(data):
        step = rng.randrange(1, 9)
        cut.append(out(data[at : at + step]))
        at += step
    assert lines_of(*cut) == lines_of(out(data))


def records(count: int, start: int = 0) -> bytes:
    return b"".join(encode_record(1_800_000_000.0 + n, OUT, b"line %d\n" % n) for n in range(start, count))


def test_the_window_follows_the_tail_and_moves_back() -> None:
    log = records(1000)
    window = LogWindow()
    assert window.first().offset == -PIECE
    half = len(records(500))
    window.told(len(log), False, 0)
    got = window.append(half, log[half : half + 280])
    assert got is not None
    assert got[0].data == b"line 500\n"
    assert not window.at_end
    assert window.later().offset == window.end
    ask = window.earlier()
    assert ask is not None
    assert (ask.offset, ask.limit) == (0, half), "what lies before, however far from the end"
    assert window.prepend(0, log)
    assert [record.data for record in window.records()][:2] == [b"line 0\n", b"line 1\n"]
    assert window.start == 0
    assert window.append(5, b"") is None, "a piece that does not follow: begin anew"


def test_the_window_is_bounded() -> None:
    window, piece, at = LogWindow(), records(20_000), 0
    while at < HELD * 3 // 2:
        window.told(at + len(piece), False, 0)
        assert window.append(at, piece) is not None
        at += len(piece)
    assert window.end - window.start <= HELD
    window.told(at + 1, True, 0)
    assert not window.complete
    far = LogWindow()
    far.told(HELD * 3, True, 0)
    far.append(HELD, piece)
    ask = far.earlier()
    assert ask is not None
    assert (ask.offset, ask.offset + ask.limit) == (HELD - PIECE, HELD)


@pytest.mark.parametrize("cut", [1, 5, 12, 13, 14, 20])
def test_a_tail_that_was_cut_anywhere_is_found_again(cut: int) -> None:
    log = records(50)
    tail = log[len(records(20)) + cut :]
    at = resync(tail)
    assert len(log) - len(tail) + at == len(records(21)) or at == 0
    window = LogWindow()
    window.told(len(log), False, 0)
    got = window.append(len(log) - len(tail), tail)
    assert got is not None
    assert got[0].data in (b"line 20\n", b"line 21\n")
    assert got[-1].data == b"line 49\n"
    assert resync(b"\x00" * 100) == 100
