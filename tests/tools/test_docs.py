"""The pages for people: what they link to is there, and the commands that they show can be typed."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tools.mutants import MUTANTS
from typer.main import get_command

from windlass.cli.main import COMMANDS, GROUPS, PASS_ON, app
from windlass.model.document import load_document

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("resources/**/*.md")])
ROOMS = "core|agent|gui|resources|tests|bench|docs|tools"


def blocks(text: str) -> list[str]:
    return re.findall(r"^```[a-z]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def anchors(page: Path) -> set[str]:
    """What the headings are called in links, as forges make it."""
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    titles = (re.sub(r"[`*]|\]\([^)]*\)|\[", "", title) for title in re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE))
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = page.read_text()
    for target in re.findall(r'\]\(([^)\s]+)\)|src="([^"]+)"', text):
        path, _, anchor = "".join(target).partition("#")
        if path.startswith(("http:", "https:")):
            continue
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{path} is not there"
        assert not anchor or anchor in anchors(there), f"{there.name} has no heading for #{anchor}"
    for path in re.findall(rf"`((?:{ROOMS})/[\w./-]+)`", text):
        assert (ROOT / path).exists(), f"{path} is not there"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_that_are_named_are_there(page: Path) -> None:
    for path, name in re.findall(r"`(tests/[\w/.]+)::(\w+)`", page.read_text()):
        assert re.search(rf"^def {name}\(", (ROOT / path).read_text(), re.MULTILINE), f"{path} has no {name}"


def test_each_mutant_is_named_with_what_it_breaks() -> None:
    order = (ROOT / "docs/faults.md").read_text().partition("## The order of work")[2]
    told = re.findall(r"::(\w+)` \| `([\w-]+)`", order)
    known = {mutant.name: mutant.tests for mutant in MUTANTS}
    assert len(told) == 6
    for test, mutant in told:
        assert known[mutant][-1] in test, f"{mutant} is not for {test}"


@functools.cache
def options(name: str) -> frozenset[str]:
    """What may be typed after `windlass NAME`."""
    group = get_command(app)
    command = group.commands[name]  # type: ignore[attr-defined]
    found = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for inner in getattr(command, "commands", {}).values():
        found |= {option for parameter in inner.params for option in parameter.opts}
    if command.context_settings.keys() >= PASS_ON.keys() and command.context_settings["ignore_unknown_options"]:
        # Another program's: it knows them.
        if name == "app":
            pytest.importorskip("PySide6", reason="the app is not installed")
        shown = subprocess.run(
            [sys.executable, "-m", "windlass.cli.main", name, "--help"], capture_output=True, text=True, check=True
        )
        found |= set(re.findall(r"--[a-z][a-z-]*", shown.stdout))
    return frozenset(found | {"--help"})


def shown(page: Path) -> Iterator[tuple[str, str]]:
    """Each command of ours that the page shows: its name and what follows it."""
    text = page.read_text().replace("\\\n", " ")
    lines = [line.split("#")[0] for block in blocks(text) for line in block.splitlines()]
    lines += re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))
    if page.name == "cli.md":  # its table leaves the first word out
        lines += [f"windlass {cell}" for row in re.findall(r"^\| (`.*?`) \|", text, re.MULTILINE)
                  for cell in re.findall(r"`([^`]+)`", row) if cell[0].isalpha()]  # fmt: skip
    for line in lines:
        if found := re.match(r"(?:\S*\$ +)?windlass ([a-z]+)(?: (.*)|$)", line):
            yield found[1], found[2] or ""


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_can_be_typed(page: Path) -> None:
    for name, rest in shown(page):
        assert name in get_command(app).commands, f"windlass {name}"  # type: ignore[attr-defined]
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", rest):
            assert option in options(name), f"windlass {name} {option}"


def test_every_command_stands_on_the_page_about_them() -> None:
    assert {name for name, _ in shown(ROOT / "docs/cli.md")} >= {*COMMANDS, *GROUPS}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_whole_graphs_are_right(page: Path) -> None:
    for block in blocks(page.read_text()):
        if block.startswith("windlass: 1\n"):
            _, problems = load_document(block)
            assert not [str(problem) for problem in problems if problem.severity == "error"], block
