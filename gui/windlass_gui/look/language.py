"""The language of the app: a translation for the system's language, and `spoken` for sentences that others made.

The app's own words go through Qt's `tr`. The core, the checker and the agents speak English on the wire and on the
command line, and know nothing of Qt: `spoken` finds the pattern that such a sentence was made of and puts its parts
into the pattern's translation. Without a translation both cost nothing and change nothing.

A translation is a pair of files in `translations`, beside the app's settings or in the resources: `windlass_de.qm`,
and `windlass_de.json` with the patterns that `spoken` looks for. `tools/strings.py` makes both (docs/translating.md).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

from PySide6.QtCore import QCoreApplication, QLibraryInfo, QLocale, QObject, QTranslator

WORDS = "Words"
"""The context of texts that stand in tables and reach `tr` by a name."""
SENTENCES = "Sentences"
"""The context of what the core, the checker and the agents say."""
OF_QT = frozenset({"QShortcut", "QPlatformTheme", "QTabBar", "QLineEdit", "QDialogButtonBox"})
"""Contexts of which Qt has translations itself, some with words that are ours too in another meaning."""
_HOLE = re.compile(r"%(\d)")
_PARTS = re.compile(r"(; |\n| · )")
_KEPT = 4096
"""Sentences whose translation is remembered."""


class Language(QTranslator):
    """One translation. What a class does not have in its own context is looked for among the tables' words."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.sentences = Sentences(())
        self.qt = QTranslator(self)
        """Qt's own words (OK, Cancel, ...), as far as they are there."""

    def read(self, path: Path) -> bool:
        """Take the pair of files of `windlass_de.qm`."""
        if not self.load(str(path)):
            return False
        try:
            patterns = json.loads(path.with_suffix(".json").read_text("utf-8"))
        except (OSError, ValueError):
            patterns = []
        self.sentences = Sentences(str(each) for each in patterns)
        return True

    def translate(self, context: str, source: str, disambiguation: str | None = None, n: int = -1) -> str | None:
        for place in (context,) if context in OF_QT else (context, WORDS, SENTENCES):
            found = super().translate(place, source, disambiguation, n)
            if found:
                return found
        return None


class Sentences:
    """Patterns of sentences, with `%1`, `%2`, ... where something was put in."""

    def __init__(self, patterns: Iterable[str]) -> None:
        # The one with the most words of its own says most exactly what a sentence is.
        ordered = sorted(set(patterns), key=lambda each: -len(_HOLE.sub("", each)))
        self._exact = frozenset(each for each in ordered if not _HOLE.search(each))
        self._with_holes = [(each, _regex(each)) for each in ordered if _HOLE.search(each)]
        self.say = lru_cache(_KEPT)(self._say)

    def _say(self, text: str) -> str:
        if text in self._exact:
            return _translated(text)
        for pattern, regex in self._with_holes:
            found = regex.fullmatch(text)
            if found is not None:
                return _filled(_translated(pattern), [self.say(part) for part in found.groups()])
        clauses = _PARTS.split(text)  # every second one is what stands between two
        if len(clauses) == 1:
            return text
        return "".join(clause if at % 2 else self.say(clause) for at, clause in enumerate(clauses))


def _translated(pattern: str) -> str:
    return QCoreApplication.translate(SENTENCES, pattern)


def _filled(pattern: str, parts: list[str]) -> str:
    """A hole that the sentence does not have stays as it is: a slip of the translator that can be seen."""
    return _HOLE.sub(lambda hole: parts[int(hole[1]) - 1] if 0 < int(hole[1]) <= len(parts) else hole[0], pattern)


def _regex(pattern: str) -> re.Pattern[str]:
    """Finds sentences of a pattern; each part as short as possible."""
    return re.compile("".join("(.*?)" if at % 2 else re.escape(text) for at, text in enumerate(_HOLE.split(pattern))))


_current: list[Language] = []
"""The one that is installed, if any."""


def spoken(text: str) -> str:
    """A sentence of the core, the checker or an agent in the app's language; as it is where no pattern fits."""
    return _current[-1].sentences.say(text) if _current and text else text


def install(app: QCoreApplication, language: Language) -> None:
    """From now on; what is shown already stays as it is."""
    remove(app)
    app.installTranslator(language.qt)
    app.installTranslator(language)
    _current.append(language)


def remove(app: QCoreApplication) -> None:
    """Back to English."""
    for language in _current:
        app.removeTranslator(language.qt)
        app.removeTranslator(language)
    _current.clear()


def follow_system(app: QCoreApplication, folder: Path, locale: QLocale | None = None) -> Language | None:
    """Load the translation for the system's languages, the one that a person prefers first; None: there is none.

    `folder` is the person's own, looked into before the resources; so a translation can be tried without installing.
    """
    with as_file(files("windlass_resources").joinpath("translations")) as shipped:
        for name in _names(locale or QLocale.system()):
            if name in ("en", "C"):
                return None
            for place in (folder, shipped):
                path = place / f"windlass_{name}.qm"
                language = Language(app)
                if path.is_file() and language.read(path):
                    language.qt.load(f"qtbase_{name}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath))
                    install(app, language)
                    return language
                language.deleteLater()
    return None


def _names(locale: QLocale) -> list[str]:
    """`de_AT`, `de`, ... for each of the person's languages, in their order."""
    found: list[str] = []
    for name in locale.uiLanguages():
        parts = name.replace("-", "_").split("_")
        found += ["_".join(parts[:length]) for length in range(len(parts), 0, -1)]
    return list(dict.fromkeys(found))
