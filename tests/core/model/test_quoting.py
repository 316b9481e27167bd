"""Values inside shell and Python source: real shells and Python read back exactly what was put in."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples
from tests.patience import PATIENCE

from windlass.model.expr import ExprError, Scope
from windlass.model.quoting import check_script, check_shell, language, render_script, render_shell, second_reading

NASTY = [
    "a b; rm -rf ~", "it's", "$(touch HACK)", "`touch HACK`", '"; touch HACK; "', "a\nb; touch HACK #", "\\",
    "\\'; touch H",
    "*", "", "-n", "$HOME", "'$(touch HACK)'", "#x", "EOF", "!!", "~", "a\\", "')\"; touch HACK #", "\ttab", "ünï",
]  # fmt: skip

PLACES = {
    "bare": "printf %s ${{ item }}",
    "single": "printf %s '${{ item }}'",
    "double": 'printf %s "${{ item }}"',
    "substitution": "printf %s \"$(printf %sx ${{ item }})\" | sed '$ s/x$//'",
    "quotes in substitution": 'printf %s "$(printf %sx "${{ item }}")" | sed \'$ s/x$//\'',
    "after a comment": "# about ${{ item }}\nprintf %s ${{ item }}",
    "comment behind a sign": "true;# ${{ item }}\nprintf %s ${{ item }}",
    "comment on a continued line": "true \\\n# ${{ item }}\nprintf %s ${{ item }}",
    "assignment": 'x=${{ item }}; printf %s "$x"',
    "function": 'f() { printf %s "$1"; }; f ${{ item }}',
    "subshell": "(printf %s ${{ item }})",
    "case": "case a in a) printf %s ${{ item }};; esac",
    "line of a here-document": "cat <<EOF; printf %s ${{ item }}\nEOF",
    "inside of a word": "printf %s pre${{ item }} | sed '1 s/^pre//'",
}
HEREDOCS = {
    "plain": "cat <<EOF\n<${{ item }}>\nEOF\n",
    "literal": "cat <<'EOF'\n<${{ item }}>\nEOF\n",
    "stripped": "cat <<-EOF\n\t<${{ item }}>\n\tEOF\n",
    "substitution": "cat <<EOF\n<$(printf %s ${{ item }})>\nEOF\n",
}


def run(shell: str, source: str, folder: Path) -> str:
    done = subprocess.run([shell, "-c", source], capture_output=True, cwd=folder, timeout=PATIENCE, check=False)
    assert done.returncode == 0, (source, done.stderr)
    assert not list(folder.iterdir()), source
    return done.stdout.decode()


@pytest.mark.parametrize("place", PLACES)
def test_a_shell_reads_back_the_value(place: str, tmp_path: Path) -> None:
    for value in NASTY:
        assert run("sh", render_shell(PLACES[place], Scope(item=value)), tmp_path) == value


@pytest.mark.parametrize("place", HEREDOCS)
def test_here_documents(place: str, tmp_path: Path) -> None:
    for value in NASTY:
        try:
            source = render_shell(HEREDOCS[place], Scope(item=value))
        except ExprError as error:
            assert "here-document" in error.message  # noqa: PT017
            assert "\n" in value or value == "EOF"
            continue
        assert run("sh", source, tmp_path) == f"<{value}>\n"


def test_bash_agrees(tmp_path: Path) -> None:
    script = "\n".join(f"{text}; echo" for name, text in PLACES.items() if "comment" not in name and "here" not in name)
    value = "a'b\"c $(touch HACK) `x`\\"
    assert set(run("bash", render_shell(script, Scope(item=value)), tmp_path).splitlines()) == {value}


@pytest.mark.parametrize(
    "text",
    [
        "echo `echo ${{ item }}`", "echo ${x:-${{ item }}}", "echo $'${{ item }}'", "echo \\${{ item }}",
        "cat <<E\n${{ item }}", "cat <<EOF\n\\${{ item }}\nEOF", "x=$(case a in a) echo ${{ item }};; esac)",
        "x=$(( 1 )) ; ((x<<y))# ${{ item }}", "f()# ${{ item }}", 'cat <<EOF\n${x:-"${{ item }}"}\nEOF',
    ],
)  # fmt: skip
def test_places_without_a_safe_form_are_refused(text: str) -> None:
    with pytest.raises(ExprError) as error:
        check_shell(text)
    assert text[error.value.offset :].startswith("${{")
    with pytest.raises(ExprError):
        render_shell(text, Scope(item="x; touch HACK"))


def test_only_numbers_in_arithmetic(tmp_path: Path) -> None:
    assert run("sh", render_shell("echo $((${{ item }} + 1))", Scope(item=4)), tmp_path) == "5\n"
    with pytest.raises(ExprError, match="only a number"):
        render_shell("echo $((${{ item }} + 1))", Scope(item="a[$(touch HACK)]"))


def test_a_list_becomes_words(tmp_path: Path) -> None:
    source = render_shell("printf '<%s>' ${{ item }}", Scope(item=["a b", "c", "$x"]))
    assert run("sh", source, tmp_path) == "<a b><c><$x>"


def test_python_source_gets_literals() -> None:
    source = "x = ${{ item }}\ny = [1, '#', \"'\"] # it's\nz = ${{ params.data }}\n"
    names: dict[str, object] = {}
    exec(render_script(source, "python3 -u", Scope(item="'\"\\\n", params={"data": {"a": [1, None, 2.5]}})), names)
    assert (names["x"], names["z"]) == ("'\"\\\n", {"a": [1, None, 2.5]})


@pytest.mark.parametrize("text", ["x = '${{ item }}'", '"""\n${{ item }}"""', "# ${{ item }}", "f'{x}${{ item }}'"])
def test_python_strings_are_refused(text: str) -> None:
    with pytest.raises(ExprError, match="outside of quotes"):
        check_script(text, "python3")


def test_languages() -> None:
    assert {language(shell) for shell in ("sh -e", "/bin/bash", "/usr/bin/env bash", "dash")} == {"shell"}
    assert {language(shell) for shell in ("python3 -u", "/usr/bin/env python3.12", "pypy")} == {"python"}
    assert {language(shell) for shell in ("ruby", "perl -w", "fish", "")} == {"other"}


def test_second_readings_are_noticed() -> None:
    assert second_reading("ssh host 'ls ${{ item }}'") == ("ssh", 13)
    assert second_reading('bash -c "echo ${{ item }}"') == ("bash", 14)
    assert second_reading("eval ${{ item }}") == ("eval", 5)
    assert second_reading("sh build.sh ${{ item }}") is None
    assert second_reading("echo ${{ item }}; sh -c true") is None


SIGNS = st.sampled_from("'\"\\$`!#;&|<>(){}[]*?~\n\r\t =-")
SAFE_TEXT = st.text(SIGNS | st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)
CHAINED = [PLACES[name] for name in ("bare", "single", "double", "assignment", "function", "subshell", "case")]


@settings(max_examples=examples(25), deadline=None)
@given(st.lists(SAFE_TEXT, min_size=1, max_size=5))
def test_any_value_comes_back_from_every_place(values: list[str]) -> None:
    lines = [f"{render_shell(place, Scope(item=value))}; printf '\\000'" for value in values for place in CHAINED]
    done = subprocess.run(["sh", "-c", "\n".join(lines)], capture_output=True, timeout=PATIENCE, check=True)
    assert done.stdout.decode().split("\0")[:-1] == [value for value in values for _ in CHAINED]


@settings(max_examples=examples(200), deadline=None)
@given(st.text(st.sampled_from("'\"\\$`#;|<>(){}\n axxx"), max_size=25))
def test_a_value_never_runs_wherever_the_hole_is(text: str) -> None:
    """Any shell text with holes: either refused, or the value's command substitution does not become code."""
    text = text.replace("x", "${{ item }}")
    marker = "$(WINDLASS_CODE)"
    try:
        source = render_shell(text, Scope(item=marker))
    except ExprError:
        return
    # What the shell would run can be asked of it without running: an unknown command says its name.
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            ["/bin/sh", "-c", source],
            capture_output=True,
            timeout=PATIENCE,
            check=False,
            env={"PATH": "/nowhere"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
        )
    assert b"WINDLASS_CODE: not found" not in done.stderr, source
