"""Values inside source text of a shell or of Python: quoted so that they can only ever be data.

A shell command is scanned as a shell would read it, so that each hole's place is known: bare, inside quotes, in a
here-document, in a comment. The value is written in the form that this place reads back as exactly that value.
Places where no such form exists (backquotes, `${...}`, `$'...'`, right after a backslash) are refused with what to
do instead; so is anything that the scan cannot follow. What a program makes of its arguments afterwards is its own
matter: `eval`, `sh -c "..."` and `ssh` read them a second time, and `second_reading` finds these for a warning.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from windlass.model.expr import Scope, to_text
from windlass.model.syntax import ExprError
from windlass.model.template import Hole, Part, limited, split

SHELLS = frozenset({"sh", "bash", "dash", "zsh", "ksh", "ash", "busybox"})

BARE, SINGLE, DOUBLE, COMMENT = "bare", "single", "double", "comment"
HEREDOC, RAW_HEREDOC, ARITHMETIC = "heredoc", "raw heredoc", "arithmetic"
_REFUSED = {
    "backquote": "inside `...`: write $(...) instead",
    "brace": "inside ${...}: put the value in `env` and use the variable",
    "ansi": "inside $'...': use plain single or double quotes",
    "escape": "right after a backslash: remove the backslash, values are quoted already",
    "lost": "where the quoting cannot be followed: put the value in `env` and use the variable",
}
_HEREDOC = re.compile(r"<<(-?)[ \t]*(?:'([^'\n]+)'|\"([^\"\n]+)\"|(\\?[\w.+-]+))")
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


NO, YES, UNSURE = range(3)
"""Whether a word begins here, which decides what `#` means."""


class _ShellScan:
    """Follows a shell's quoting through the literal parts of a template."""

    def __init__(self, parts: Iterable[Part]) -> None:
        self.whole = "".join(part if isinstance(part, str) else "\0" for part in parts)
        self.stack = [BARE]
        """Where we are; outer places below. `(` is a subshell, `$(` a substitution; both have BARE above them."""
        self.pending: list[tuple[bool, str, bool]] = []
        """Here-documents whose bodies begin after this line: strip tabs, delimiter, taken literally."""
        self.word_start = YES
        self.escaped = False
        self.line = ""
        """What stands so far on the current line of a here-document."""

    @property
    def place(self) -> str:
        return "escape" if self.escaped else self.stack[-1]

    def delimiter(self) -> str:
        return self.pending[0][1]

    def feed(self, text: str) -> None:
        at = 0
        while at < len(text):
            at = self._step(text, at)

    def hole(self) -> None:
        """A value stood here: it is the inside of a word, or part of a line."""
        self.word_start = NO
        self.line += "\0"

    def _step(self, text: str, at: int) -> int:
        char, state = text[at], self.stack[-1]
        if self.escaped:
            self.escaped = False
            self.line += "\0"
            if char != "\n":
                self.word_start = NO
            return at + 1
        if state in (SINGLE, COMMENT, RAW_HEREDOC, "lost"):
            return self._verbatim(state, char, at)
        if char == "\\":
            self.escaped = True
            return at + 1
        if state in ("ansi", "backquote"):
            if char == ("'" if state == "ansi" else "`"):
                self.stack.pop()
            return at + 1
        if state.startswith(ARITHMETIC):
            return self._arithmetic(text, at)
        if char == "`" or text.startswith(("$(", "${"), at):
            return self._expansion(text, at)
        if state == "brace":
            return self._brace(char, at)
        if state == HEREDOC:
            return self._heredoc(char, at)
        if state == DOUBLE:
            if char == '"':
                self.stack.pop()
                self.word_start = NO
            return at + 1
        return self._bare(text, at, char)

    def _verbatim(self, state: str, char: str, at: int) -> int:
        if state == RAW_HEREDOC:
            return self._heredoc(char, at)
        if state == COMMENT and char == "\n":
            self.stack.pop()
            return at
        if state == SINGLE and char == "'":
            self.stack.pop()
        return at + 1

    def _expansion(self, text: str, at: int) -> int:
        self.word_start = NO
        self.line += "\0"
        if text[at] == "`":
            self.stack.append("backquote")
            return at + 1
        if text.startswith("${", at):
            self.stack.append("brace")
            return at + 2
        if text.startswith("$((", at):
            self.stack.append(ARITHMETIC)
            return at + 3
        self.stack += ["$(", BARE]
        self.word_start = YES
        return at + 2

    def _brace(self, char: str, at: int) -> int:
        if char == "}":
            self.stack.pop()
        elif char in "'\"":
            # Whether quotes count here depends on the shell and on what stands around.
            self.stack.append("lost")
        return at + 1

    def _arithmetic(self, text: str, at: int) -> int:
        inner = self.stack[-1] != ARITHMETIC
        if inner and text[at] == ")":
            self.stack.pop()
        elif not inner and text.startswith("))", at):
            self.stack.pop()
            self.word_start = UNSURE
            return at + 2
        elif text[at] == "(":
            self.stack.append(ARITHMETIC + "(")
        return at + 1

    def _bare(self, text: str, at: int, char: str) -> int:
        start, self.word_start = self.word_start, NO
        if char == "'":
            self.stack.append(SINGLE)
        elif char == '"':
            self.stack.append(DOUBLE)
        elif text.startswith("$'", at):
            self.stack.append("ansi")
            return at + 2
        elif char == "#" and start:
            self.stack.append(COMMENT if start == YES else "lost")
        elif char in " \t;&|":
            self.word_start = YES
        elif char == "\n":
            self.word_start = YES
            self._begin_heredoc()
        elif text.startswith("((", at):
            # Inside of a word (`x=((`) it is an error in most shells, and bash goes on with the next line then.
            self.stack.append(ARITHMETIC if start else "lost")
            return at + 2
        elif char == "(":
            self.stack += ["(" if start and text[at - 1 : at] not in ("<", ">") else "?(", BARE]
            self.word_start = YES
        elif char == ")":
            self._close()
        elif text.startswith("<<<", at):
            self.word_start = YES
            return at + 3
        elif text.startswith("<<", at):
            return self._heredoc_operator(text, at)
        elif start and len(self.stack) > 1 and re.match(r"case\b", text[at : at + 5]):
            # `case x in a) ...` inside $( ) has a parenthesis without its partner.
            self.stack.append("lost")
        elif char in "<>":
            self.word_start = YES
        return at + 1

    def _close(self) -> None:
        if len(self.stack) < 3:
            # The one of a `case`.
            self.word_start = YES
            return
        opened = self.stack[-2]
        del self.stack[-2:]
        self.word_start = {"(": YES, "$(": NO}.get(opened, UNSURE)

    def _heredoc_operator(self, text: str, at: int) -> int:
        match = _HEREDOC.match(text, at)
        delimiter = (match[2] or match[3] or match[4].lstrip("\\")) if match else ""
        if match is None or not re.search(rf"^\t*{re.escape(delimiter)}$", self.whole, re.MULTILINE):
            self.stack.append("lost")
            return at + 2
        literal = match[2] is not None or match[3] is not None or match[4].startswith("\\")
        self.pending.append((bool(match[1]), delimiter, literal))
        return match.end()

    def _begin_heredoc(self) -> None:
        if self.pending:
            self.stack.append(RAW_HEREDOC if self.pending[0][2] else HEREDOC)
            self.line = ""

    def _heredoc(self, char: str, at: int) -> int:
        strip, delimiter, _ = self.pending[0]
        if char != "\n":
            self.line += char
            return at + 1
        line = self.line.lstrip("\t") if strip else self.line
        self.line = ""
        if line == delimiter:
            self.stack.pop()
            self.pending.pop(0)
            self.word_start = YES
            self._begin_heredoc()
        return at + 1


def render_shell(text: str, scope: Scope) -> str:
    """The template as shell source: every value is one word or part of one (a list bare on its own: several words).

    Raises `ExprError`.
    """
    if "${{" not in text:
        return text
    scan = _ShellScan(split(text))
    out: list[str] = []
    for part in split(text):
        if isinstance(part, str):
            scan.feed(part)
            out.append(part)
        else:
            out.append(_shell_value(part.value(scope), scan, part))
            scan.hole()
    return limited("".join(out))


def _shell_value(value: Any, scan: _ShellScan, hole: Hole) -> str:
    place = scan.place
    if place == BARE and isinstance(value, list | tuple | range):
        return " ".join(shlex.quote(_clean(to_text(element), hole)) for element in value)
    text = _clean(to_text(value), hole)
    if place == BARE:
        return shlex.quote(text)
    if place == SINGLE:
        return text.replace("'", "'\"'\"'")
    if place == DOUBLE:
        return re.sub(r'([\\"$`])', r"\\\1", text)
    if place == COMMENT:
        return re.sub(r"[\r\n]", " ", text)
    if place in (HEREDOC, RAW_HEREDOC):
        if "\n" in text or text.strip() == scan.delimiter():
            raise ExprError("a value with line breaks cannot stand in a here-document", hole.start)
        return text if place == RAW_HEREDOC else re.sub(r"([\\$`])", r"\\\1", text)
    if place.startswith(ARITHMETIC):
        if not _NUMBER.fullmatch(text):
            raise ExprError("only a number can stand inside $((...))", hole.start)
        return text
    raise _refusal(place, hole)


def _clean(text: str, hole: Hole) -> str:
    if "\0" in text:
        raise ExprError("a command cannot hold a NUL character", hole.start)
    return text


def _refusal(place: str, hole: Hole) -> ExprError:
    return ExprError(f"${{{{ }}}} cannot stand {_REFUSED.get(place, _REFUSED['lost'])}", hole.start)


def check_shell(text: str) -> None:
    """Refuse, before any value is known, a hole in a place that cannot be quoted. Raises `ExprError`."""
    scan = _ShellScan(split(text))
    for part in split(text):
        if isinstance(part, str):
            scan.feed(part)
            continue
        if scan.place in _REFUSED:
            raise _refusal(scan.place, part)
        scan.hole()


_TWICE = re.compile(r"(?:^|[\s;&|(])(eval|ssh|(?:\S*/)?(?:sh|bash|dash|zsh|ksh)\s+(?:-\w+\s+)*-\w*c)\s")


def second_reading(text: str) -> tuple[str, int] | None:
    """The first command that reads its arguments as shell source again, when a hole comes after it."""
    match = _TWICE.search(text)
    if match is None:
        return None
    late = next((part for part in split(text) if isinstance(part, Hole) and part.start > match.start(1)), None)
    return (match[1].split()[0], late.start) if late else None


def language(shell: str) -> str:
    """What a script's interpreter reads: `shell`, `python`, or `other`."""
    try:
        words = shlex.split(shell)
    except ValueError:
        return "other"
    words = [word for word in words if not word.startswith("-") and "=" not in word]
    if words and words[0].rsplit("/", 1)[-1] == "env":
        words = words[1:]
    program = words[0].rsplit("/", 1)[-1] if words else ""
    if program in SHELLS:
        return "shell"
    return "python" if re.fullmatch(r"(python|pypy)[\d.]*", program) else "other"


def _python_places(text: str) -> list[tuple[Hole, bool]]:
    """The holes of a Python script, each with whether it stands inside a string or a comment."""
    closing = ""
    places: list[tuple[Hole, bool]] = []
    for part in split(text):
        if isinstance(part, Hole):
            places.append((part, bool(closing)))
            continue
        at = 0
        while at < len(part):
            char = part[at]
            if closing == "\n":
                closing = "" if char == "\n" else closing
            elif closing and char == "\\":
                at += 1
            elif closing and (part.startswith(closing, at) or (char == "\n" and len(closing) == 1)):
                at += len(closing) - 1
                closing = ""
            elif not closing and char in "'\"":
                closing = char * 3 if part.startswith(char * 3, at) else char
                at += len(closing) - 1
            elif not closing and char == "#":
                closing = "\n"
            at += 1
    return places


def check_script(text: str, shell: str) -> None:
    """Refuse a hole that this interpreter's source has no safe form for. Raises `ExprError`."""
    if "${{" not in text:
        return
    kind = language(shell)
    if kind == "shell":
        check_shell(text)
        return
    for part, inside in _python_places(text):
        if kind == "other":
            raise ExprError(
                f"values cannot be put safely into source for '{shell}': pass them through `env`", part.start
            )
        if inside:
            raise ExprError("a value in Python source is a literal already: write it outside of quotes", part.start)


def render_script(text: str, shell: str, scope: Scope) -> str:
    """The script's source; in Python a value becomes a literal. Raises `ExprError`."""
    if "${{" not in text:
        return text
    check_script(text, shell)
    if language(shell) == "shell":
        return render_shell(text, scope)
    parts = [part if isinstance(part, str) else _python_literal(part.value(scope), part) for part in split(text)]
    return limited("".join(parts))


def _python_literal(value: Any, hole: Hole) -> str:
    if isinstance(value, range):
        return repr(value)
    if isinstance(value, Mapping):
        inside = (f"{key!r}: {_python_literal(element, hole)}" for key, element in value.items())
        return "{" + ", ".join(inside) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_python_literal(element, hole) for element in value) + "]"
    if isinstance(value, float) and value not in (float("inf"), float("-inf")) and value == value:
        return repr(value)
    if value is None or isinstance(value, str | int):
        return repr(value)
    raise ExprError("only plain data can be written into a script", hole.start)
