"""Which programs a graph's commands need that this machine lacks, and which Debian package brings each."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator

from windlass.model.graph import Command, Graph, Script

PACKAGES = {
    "ffmpeg": "ffmpeg", "ffprobe": "ffmpeg", "ffplay": "ffmpeg", "convert": "imagemagick", "magick": "imagemagick",
    "identify": "imagemagick", "montage": "imagemagick", "mogrify": "imagemagick", "cc": "gcc", "gcc": "gcc",
    "g++": "g++", "c++": "g++", "clang": "clang", "make": "make", "cmake": "cmake", "ninja": "ninja-build",
    "git": "git", "curl": "curl", "wget": "wget", "jq": "jq", "zip": "zip", "unzip": "unzip", "zstd": "zstd",
    "7z": "p7zip-full", "rsync": "rsync", "sox": "sox", "flac": "flac", "lame": "lame",
    "exiftool": "libimage-exiftool-perl",
    "gs": "ghostscript", "pdftotext": "poppler-utils", "pdftoppm": "poppler-utils", "tesseract": "tesseract-ocr",
    "pandoc": "pandoc", "dot": "graphviz", "gnuplot": "gnuplot", "octave": "octave", "R": "r-base-core",
    "Rscript": "r-base-core", "perl": "perl", "ruby": "ruby", "node": "nodejs", "npm": "npm", "go": "golang-go",
    "cargo": "cargo", "rustc": "rustc", "java": "default-jre-headless", "javac": "default-jdk-headless",
    "blender": "blender", "inkscape": "inkscape", "povray": "povray", "samtools": "samtools", "bwa": "bwa",
    "gdal_translate": "gdal-bin", "ogr2ogr": "gdal-bin", "parallel": "parallel", "sqlite3": "sqlite3", "awk": "mawk",
    "bc": "bc", "xz": "xz-utils", "file": "file", "time": "time", "vips": "libvips-tools", "optipng": "optipng",
    "gifsicle": "gifsicle", "cwebp": "webp", "mkvmerge": "mkvtoolnix", "x264": "x264", "whisper": "",
}  # fmt: skip
"""Program -> Debian package ("" where Debian has none)."""

_WORD = re.compile(r"[A-Za-z0-9_.+-]+\Z")
_BUILTIN = frozenset(
    {
        "cd", "echo", "test", "[", "[[", "set", "export", "if", "then", "else", "elif", "fi", "for", "while", "until",
        "do", "done", "case", "esac", "exit", "true", "false", ":", ".", "source", "printf", "read", "eval", "exec",
        "trap", "wait", "ulimit", "umask", "local", "return", "shift", "unset", "function", "{", "}", "!", "time",
    }
)  # fmt: skip
"""What a shell knows by itself."""


def missing_programs(graph: Graph) -> list[str]:
    """A sentence for each program that a command begins with and that is not installed here.

    Only what is plain to see: the first word of a command, with no `${{ }}` in it, and the interpreter of a script.
    """
    found: dict[str, str] = {}
    for task in graph.tasks:
        for program in _programs(task.action):
            if program not in found and shutil.which(program) is None:
                found[program] = f"task '{task.id}' needs the program '{program}', which is not installed"
    return [sentence + _package(program) for program, sentence in found.items()]


def package_of(program: str) -> str | None:
    """The Debian package that brings a program, as far as is known here."""
    return PACKAGES.get(program) or None


def _package(program: str) -> str:
    package = package_of(program)
    return f" (Debian: apt install {package})" if package else ""


def _programs(action: object) -> Iterator[str]:
    if isinstance(action, Command):
        if isinstance(action.argv, str):
            yield from _first_word(action.argv)
        elif action.argv and _plain(action.argv[0]):
            yield action.argv[0]
    elif isinstance(action, Script):
        yield from _first_word(action.shell)


def _first_word(text: str) -> Iterator[str]:
    try:
        words = shlex.split(text.strip().splitlines()[0], comments=True) if text.strip() else []
    except ValueError:
        return
    while words and re.match(r"[A-Za-z_]\w*=", words[0]):
        words.pop(0)  # VARIABLE=value before the program
    if words and _plain(words[0]) and words[0] not in _BUILTIN:
        yield words[0]


def _plain(word: str) -> bool:
    """A bare name: not a path (it may be made by the graph), not a template."""
    return _WORD.match(word) is not None and not word.startswith(".")
