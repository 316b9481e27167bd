"""How an attempt ended, in words, and which failures are the same one. Pure text.

Two failures are the same when they ended alike and their last line of error output differs only in what changes from
item to item: numbers, addresses, paths, quoted values.
"""

from __future__ import annotations

import re
import signal

LINE = 400
"""Characters of a line that are looked at."""

_OUTCOMES = {
    "timeout": "stopped: it ran longer than its timeout",
    "oom": "stopped: it used more memory than it asked for",
    "spawn_error": "it could not be started",
    "stopped": "stopped in order",
    "crashed": "the agent's helper process died with it",
    "failed": "it failed",
    "lost": "its agent was lost",
    "rejected": "given back by the agent before it began",
}
_CODES = {
    126: "the program may not be executed",
    127: "program not found",
    128: "a wrong exit code was asked for",
    255: "an exit code out of range, or ssh's own failure",
}
_SIGNALS = {
    "SIGKILL": "often out of memory",
    "SIGSEGV": "it touched memory that is not its own",
    "SIGABRT": "it ended itself: a failed assertion, or damaged memory",
    "SIGTERM": "somebody asked it to end",
    "SIGINT": "interrupted",
    "SIGBUS": "a mapped file became shorter, or memory is damaged",
    "SIGFPE": "a wrong calculation, such as a division by zero",
    "SIGILL": "the program is for another processor",
    "SIGPIPE": "nobody read what it wrote",
    "SIGXCPU": "it used more processor time than allowed",
    "SIGXFSZ": "it wrote a larger file than allowed",
}


def end_words(outcome: str, code: int = 0) -> str:
    """How it ended, for people, with what it often means.

    >>> end_words("nonzero", 127)
    'exit code 127: program not found'
    >>> end_words("signal", 9)
    'killed (signal 9, SIGKILL): often out of memory'
    >>> end_words("nonzero", 137)
    'exit code 137, as of a process killed by signal 9 (SIGKILL): often out of memory'
    """
    if outcome == "ok":
        return "succeeded"
    if outcome == "signal":
        name = _signal_name(code)
        verb = "killed" if name == "SIGKILL" else "ended"
        words = (
            f"{verb} (signal {code}{', ' + name if name else ''})" if verb == "killed" else f"{verb} by signal {code}"
        )
        words += f" ({name})" if name and verb != "killed" else ""
        return words + (f": {_SIGNALS[name]}" if name in _SIGNALS else "")
    if outcome == "nonzero":
        name = _signal_name(code - 128) if code > 128 else ""
        if code in _CODES:
            return f"exit code {code}: {_CODES[code]}"
        if name:
            # A shell that saw its command killed says so by 128 and the signal's number.
            meaning = f": {_SIGNALS[name]}" if name in _SIGNALS else ""
            return f"exit code {code}, as of a process killed by signal {code - 128} ({name}){meaning}"
        return f"exit code {code}"
    return _OUTCOMES.get(outcome, outcome or "it failed")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return ""


_ANSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_CHANGING = re.compile(
    r"""
      (?P<url>[a-z][a-z0-9+.-]{1,15}://[^\s'",;)]+)
    | (?P<path>(?:[A-Za-z]:\\|~?/|\.{1,2}/)[^\s'":,;()]*)
    | (?P<hex>\b0x[0-9a-fA-F]+\b|\b[0-9a-fA-F]{8,}(?:-[0-9a-fA-F]{4,})*\b)
    | (?P<number>[-+]?\d+(?:[.:]\d+)*(?:[eE][-+]?\d+)?)
    """,
    re.VERBOSE,
)
_MARKS = {"url": "URL", "path": "PATH", "hex": "HEX", "number": "N"}


def normalise(line: str) -> str:
    """A line without what differs from item to item.

    >>> normalise("frame 0017: cannot open '/data/in/0017.png' (errno 2)")
    "frame N: cannot open 'PATH' (errno N)"
    """
    line = _ANSI.sub("", line[:LINE])
    line = _CHANGING.sub(lambda found: _MARKS[found.lastgroup or "number"], line)
    return " ".join(line.split())


def last_line(text: str) -> str:
    """The last line that says something; what stands before a carriage return was overwritten.

    >>> last_line("10%\\r20%\\rcannot read\\n\\n")
    'cannot read'
    """
    for line in reversed(text.splitlines()):
        shown = _ANSI.sub("", line).strip()
        if shown:
            return shown[:LINE]
    return ""


def same_key(outcome: str, code: int, line: str) -> str:
    """Equal for failures that are the same one."""
    return f"{outcome} {code} {normalise(line)}"
