"""Which external programs a graph's commands name, and which Debian package brings each.

A guess from the text alone: no file is looked at, nothing is run.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from windlass.model.graph import Command, Graph, PythonCall, Script, Task
from windlass.model.quoting import language
from windlass.model.template import Hole, split, whole

PACKAGES: dict[str, str] = {
    program: package
    for package, programs in {
        "ffmpeg": "ffmpeg ffprobe ffplay", "gcc": "gcc cc gcov", "g++": "g++ c++", "clang": "clang clang++",
        "make": "make", "cmake": "cmake ctest", "ninja-build": "ninja", "binutils": "ld ar as nm objdump strip",
        "gdb": "gdb", "pkg-config": "pkg-config", "imagemagick": "convert magick identify mogrify montage composite",
        "python3": "python3", "git": "git", "curl": "curl", "wget": "wget", "rsync": "rsync",
        "openssh-client": "ssh scp",
        "unzip": "unzip", "zip": "zip", "xz-utils": "xz unxz", "zstd": "zstd unzstd", "bzip2": "bzip2 bunzip2",
        "p7zip-full": "7z", "jq": "jq", "gawk": "gawk", "bc": "bc", "parallel": "parallel", "sqlite3": "sqlite3",
        "graphviz": "dot neato", "gnuplot-nox": "gnuplot", "r-base-core": "R Rscript", "octave": "octave",
        "julia": "julia", "nodejs": "node nodejs", "npm": "npm", "default-jre-headless": "java",
        "default-jdk-headless": "javac jar", "golang-go": "go", "cargo": "cargo", "rustc": "rustc", "perl": "perl",
        "ruby": "ruby", "php-cli": "php", "sox": "sox soxi", "lame": "lame", "flac": "flac metaflac",
        "mediainfo": "mediainfo", "mkvtoolnix": "mkvmerge mkvextract", "x264": "x264", "webp": "cwebp dwebp",
        "libjpeg-turbo-progs": "cjpeg djpeg jpegtran", "pngquant": "pngquant", "optipng": "optipng",
        "exiftool": "exiftool", "blender": "blender", "povray": "povray", "openscad": "openscad",
        "inkscape": "inkscape",
        "librsvg2-bin": "rsvg-convert", "ghostscript": "gs", "poppler-utils": "pdftotext pdftoppm pdfinfo pdfunite",
        "qpdf": "qpdf", "tesseract-ocr": "tesseract", "pandoc": "pandoc", "texlive-latex-base": "pdflatex latex",
        "latexmk": "latexmk", "gdal-bin": "gdalwarp gdal_translate ogr2ogr gdalinfo", "samtools": "samtools",
        "bcftools": "bcftools", "bwa": "bwa", "bowtie2": "bowtie2", "ncbi-blast+": "blastn blastp makeblastdb",
        "gromacs": "gmx", "openmpi-bin": "mpirun mpiexec", "stress-ng": "stress-ng", "time": "time",
        "busybox": "busybox", "bash": "bash", "zsh": "zsh", "tar": "tar", "gzip": "gzip", "xxd": "xxd", "file": "file",
    }.items()
    for program in programs.split()
}  # fmt: skip
"""Program -> the Debian package that brings it."""

_SHELL_WORDS = frozenset({
    "if", "then", "else", "elif", "fi", "for", "while", "until", "do", "done", "case", "esac", "in", "function",
    "select", "time", "{", "}", "!", "[[", "]]", "[", ":", ".", "alias", "bg", "break", "cd", "command",
    "continue", "declare", "echo", "eval", "exec", "exit", "export", "false", "fg", "getopts", "hash", "help",
    "jobs", "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "set", "shift", "shopt",
    "source", "test", "times", "trap", "true", "type", "typeset", "ulimit", "umask", "unalias", "unset", "wait",
})  # fmt: skip
_SEPARATORS = frozenset({"|", "||", "&", "&&", ";", ";;", "(", ")", "|&", "\n"})
_LEADING = frozenset({"if", "then", "else", "elif", "while", "until", "do", "!", "{", "time", "exec", "command"})
_PROGRAM = re.compile(r"[\w.+/-]+")
_HOLE = "\ufffc"


@dataclass(frozen=True, slots=True)
class NeededProgram:
    """A program that tasks start."""

    name: str
    tasks: tuple[str, ...]
    package: str = ""
    """The Debian package; empty when not known."""


def needed_programs(graph: Graph) -> list[NeededProgram]:
    """The programs that an agent needs for this graph, in the order of the document.

    A program inside the graph's own files (a path) and a name that is computed are left out, and so are names in
    scripts that are neither in `PACKAGES` nor the script's interpreter: there they may be functions.
    """
    found: dict[str, list[str]] = {}
    for task in graph.tasks:
        for name in dict.fromkeys(_of_task(graph, task)):
            found.setdefault(name, []).append(task.id)
    return [NeededProgram(name, tuple(tasks), PACKAGES.get(name, "")) for name, tasks in found.items()]


def _of_task(graph: Graph, task: Task) -> list[str]:
    match task.action:
        case Command(argv=str(text)):
            return _in_shell(text)
        case Command(argv=[first, *_]):
            return [name for name in [_default(graph, first)] if _named(name)]
        case Script(text=text, shell=shell):
            names = [shlex.split(shell)[0]] if shlex.split(shell) else []
            known = [name for name in _in_shell(text) if name in PACKAGES] if language(shell) == "shell" else []
            return [name for name in names if _named(name) and name != "sh"] + known
        case PythonCall():
            return []
    return []


def _default(graph: Graph, word: str) -> str:
    """A program named by a parameter alone is known by the parameter's default."""
    hole = whole(word)
    match = re.fullmatch(r"\s*params\.([\w-]+)\s*", hole.source) if hole else None
    return str(graph.params.get(match[1], "")) if match else word


def _named(name: str) -> bool:
    return bool(name) and "/" not in name and "${{" not in name and bool(_PROGRAM.fullmatch(name))


def _in_shell(text: str) -> list[str]:
    """The first word of every simple command, as far as a tokenizer without a shell's full grammar sees it."""
    plain = "".join(_HOLE if isinstance(part, Hole) else part for part in split(text))
    lexer = shlex.shlex(plain.replace("\\\n", " ").replace("\n", " ; "), posix=True, punctuation_chars=True)
    lexer.commenters = ""
    lexer.whitespace_split = True
    names: list[str] = []
    first = True
    try:
        for word in lexer:
            if word in _SEPARATORS or set(word) <= set("();|&"):
                first = True
            elif first and not re.match(r"[A-Za-z_]\w*=", word):
                first = word in _LEADING
                if _named(word) and word not in _SHELL_WORDS and not word.startswith("-"):
                    names.append(word)
    except ValueError:
        # Quotes that the tokenizer cannot pair: what came before is still a fair guess.
        pass
    return names
