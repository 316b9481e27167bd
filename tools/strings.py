"""Collect the app's words for translators, and make what the app loads of a translation.

    python tools/strings.py de          writes or brings up to date windlass_de.ts (Qt Linguist edits it)
    python tools/strings.py --compile   makes windlass_XX.qm and windlass_XX.json of every windlass_XX.ts

Both in resources/windlass_resources/translations. Qt's own lupdate sees only literals inside `self.tr`; the app also
has words in tables and, from the core, sentences with parts put in: those are found here, from the syntax trees.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from xml.etree import ElementTree as ET

ROOT = Path(__file__).parents[1]
GUI = ROOT / "gui" / "windlass_gui"
TRANSLATIONS = ROOT / "resources" / "windlass_resources" / "translations"
SPEAKERS = (
    "core/windlass/model", "core/windlass/sched", "core/windlass/server", "core/windlass/wire", "core/windlass/client",
    "core/windlass/store", "core/windlass/blobs", "agent/windlass_agent", "gui/windlass_gui",
)  # fmt: skip
"""Rooms whose sentences the app shows."""
WORDS, SENTENCES = "Words", "Sentences"
LETTERS = re.compile(r"[^\W\d_]")
KEYS = re.compile(r"(Ctrl|Shift|Alt|Meta)\+\S+|F\d+|Del|Ins|Esc|Pg\w+")
PROSE = re.compile(r"[^\W\d_]{2,}[^\w]* [^\w]*[^\W\d_]{2,}")
"""Two words beside each other: no key, no name, no piece of a command."""
NO_PROSE = re.compile(r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|PRAGMA|ATTACH|VACUUM)\b|[{};]\s*$|\\d|\(\?|https?://|^--")
UNSEEN = frozenset({"debug", "info", "warning", "exception", "getLogger", "compile", "execute", "add_argument"})
"""Calls whose words go into logs, patterns and databases."""

MAKERS = frozenset({"_button", "_action", "_small"})
"""Helpers of the app that take words and hand them to `tr`."""

Found = dict[str, dict[str, str]]
"""Context -> text -> where it was seen first."""


def collect(root: Path = ROOT) -> Found:
    """All that can be seen: by class for `self.tr`, by a module's own context for `_tr`, and the two common ones."""
    found: Found = {WORDS: {}, SENTENCES: {}}

    def add(context: str, text: str, path: Path, line: int) -> None:
        if LETTERS.search(text) and not KEYS.fullmatch(text):
            found.setdefault(context, {}).setdefault(text, f"{path.relative_to(root).as_posix()}:{line}")

    for path in sorted((root / "gui" / "windlass_gui").rglob("*.py")):
        tree = _parsed(path)
        for context, text, line in _translated(tree):
            add(context, text, path, line)
        for text, line in _tables(tree):
            add(WORDS, text, path, line)
    for room in SPEAKERS:
        for path in sorted((root / room).rglob("*.py")):
            tree = _parsed(path)
            if room == "gui/windlass_gui" and _knows_qt(tree):  # its words go through `tr`, but for errors
                tree = ast.Module([node for node in ast.walk(tree) if isinstance(node, ast.Raise)], [])
            for text, line in _sentences(tree):
                # The inspector shows the model's help with quotes in the place of code marks.
                for shape in {text, re.sub(r"`([^`]*)`", r"“\1”", text)}:
                    if shape not in found[WORDS]:
                        add(SENTENCES, shape, path, line)
    for text in _states(root):
        add(SENTENCES, text, root / "core" / "windlass" / "wire" / "rows.py", 1)
    return found


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _knows_qt(tree: ast.Module) -> bool:
    return any(isinstance(node, ast.ImportFrom) and (node.module or "").startswith("PySide6") for node in tree.body)


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _literals(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Texts that an expression may be: a literal, or either branch of a choice."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value, node.lineno
    elif isinstance(node, ast.IfExp):
        yield from (*_literals(node.body), *_literals(node.orelse))


def _context(tree: ast.Module) -> str:
    """What the module's own `_tr` or `tr` names, or nothing."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in ("_tr", "tr"):
            for call in ast.walk(node):
                if isinstance(call, ast.Call) and _name(call) == "translate" and isinstance(call.args[0], ast.Constant):
                    return str(call.args[0].value)
    return WORDS


def _translated(tree: ast.Module) -> Iterator[tuple[str, str, int]]:
    """(context, text, line) of literals inside `tr`, `_tr` and `translate`."""
    own = _context(tree)

    def walk(node: ast.AST, inside: str) -> Iterator[tuple[str, str, int]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Call) and child.args:
                name = _name(child)
                bound = isinstance(child.func, ast.Attribute)
                if name in ("tr", "_tr"):
                    for text, line in _literals(child.args[0]):
                        yield (inside if bound and inside else own), text, line
                elif name == "translate" and len(child.args) > 1 and isinstance(child.args[0], ast.Constant):
                    for text, line in _literals(child.args[1]):
                        yield str(child.args[0].value), text, line
            yield from walk(child, child.name if isinstance(child, ast.ClassDef) else inside)

    yield from walk(tree, "")


def _tables(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Words of a module's tables, of its records (`Spec(...)`, `Column(...)`) and of arguments named for people."""
    for node in tree.body:
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            yield from _shown(node.value)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (
            _name(node)[:1].isupper() or _name(node) in ("_button", "_action", "_small")
        ):
            for argument in [*node.args, *(word.value for word in node.keywords)]:
                yield from _shown(argument)


def _shown(node: ast.AST) -> Iterator[tuple[str, int]]:
    """Texts of a literal structure that read like words: with a capital or several of them."""
    if isinstance(node, ast.Lambda):
        return
    for part in ast.walk(node):
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            text = part.value
            first = LETTERS.search(text)
            if first is not None and (first[0][:1].isupper() or PROSE.search(text)) and not NO_PROSE.search(text):
                yield text, part.lineno


def _sentences(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Prose outside of docstrings and logs; what an f-string puts in becomes %1, %2, ..."""
    unseen: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            unseen.add(id(node.value))
        elif isinstance(node, ast.JoinedStr):
            unseen.update(id(part) for part in node.values)
        elif isinstance(node, ast.Call) and (_name(node) in UNSEEN or _name(node) in ("tr", "_tr", "translate")):
            unseen.update(id(part) for argument in node.args for part in ast.walk(argument))
    for node in ast.walk(tree):
        if id(node) in unseen:
            continue
        if isinstance(node, ast.JoinedStr):
            text = _pattern(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            text = node.value
        else:
            continue
        if PROSE.search(re.sub(r"%\d", "", text)) and not NO_PROSE.search(text) and len(text) < 400:
            yield text, node.lineno


def _pattern(node: ast.JoinedStr) -> str:
    text, number = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += str(part.value)
        else:
            number += 1
            text += f"%{number}"
    return text


def _states(root: Path) -> list[str]:
    """Words for states and ends, which stand alone in cells."""
    names = {"pending", "ready", "active", "backoff", "succeeded", "failed", "cancelled", "skipped"}
    tree = ast.parse((root / "gui" / "windlass_gui" / "models" / "tables.py").read_text("utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "").isupper():
            names |= {text for text, _ in _all_literals(node.value) if re.fullmatch(r"[a-z ]+", text)}
    return sorted(names | {"assigned", "lost", "rejected", "timeout", "stopped", "oom", "spawn"})


def _all_literals(node: ast.AST) -> Iterator[tuple[str, int]]:
    for part in ast.walk(node):
        yield from _literals(part)


# --- files -------------------------------------------------------------------------------------------------------


def write(found: Found, path: Path, language: str) -> tuple[int, int]:
    """A `.ts` with all texts, keeping what was translated; (texts, of them translated)."""
    known = read(path) if path.is_file() else {}
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    texts = done = 0
    for context in sorted(found):
        if not found[context]:
            continue
        element = ET.SubElement(root, "context")
        ET.SubElement(element, "name").text = context
        for text, where in sorted(found[context].items()):
            message = ET.SubElement(element, "message")
            file, _, line = where.rpartition(":")
            ET.SubElement(message, "location", filename=file, line=line)
            ET.SubElement(message, "source").text = text
            said = known.get((context, text), "")
            translation = ET.SubElement(message, "translation")
            translation.text = said
            if not said:
                translation.set("type", "unfinished")
            texts, done = texts + 1, done + bool(said)
    ET.indent(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    body = ET.tostring(root, encoding="unicode")
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{body}\n', "utf-8")
    return texts, done


def read(path: Path) -> dict[tuple[str, str], str]:
    """(context, text) -> translation, of those that are there."""
    said: dict[tuple[str, str], str] = {}
    for context in ET.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.findtext("translation") or ""
            if translation:
                said[context.findtext("name") or "", message.findtext("source") or ""] = translation
    return said


def compile_file(path: Path) -> Path:
    """`windlass_de.ts` -> `windlass_de.qm`, with the patterns of its sentences beside it. Raises CalledProcessError."""
    made = path.with_suffix(".qm")
    tool = Path(sys.executable).with_name("pyside6-lrelease")
    subprocess.run([str(tool), "-silent", str(path), "-qm", str(made)], check=True)
    patterns = sorted(text for context, text in read(path) if context == SENTENCES)
    path.with_suffix(".json").write_text(json.dumps(patterns, ensure_ascii=False, indent=0) + "\n", "utf-8")
    return made


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("language", nargs="*", help="codes such as de or pt_BR")
    parser.add_argument("--compile", action="store_true", help="make what the app loads of each translation")
    parser.add_argument("--folder", type=Path, default=TRANSLATIONS, help="where translations lie")
    options = parser.parse_args(argv)
    found = collect()
    for language in options.language or [path.stem[9:] for path in sorted(options.folder.glob("windlass_*.ts"))]:
        path = options.folder / f"windlass_{language}.ts"
        texts, done = write(found, path, language)
        print(f"{path.name}: {done} of {texts} texts translated")
    if options.compile:
        for path in sorted(options.folder.glob("windlass_*.ts")):
            print(f"made {compile_file(path).name}")
    if not options.language and not list(options.folder.glob("windlass_*.ts")):
        print(f"{sum(map(len, found.values()))} texts; name a language to write them for, such as de")
    return 0


if __name__ == "__main__":
    sys.exit(main())
