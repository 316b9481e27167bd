"""The docs say what the code says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from windlass.model import fields

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def prose(page: Path) -> str:
    """The page without its blocks of code."""
    return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)


@pytest.mark.parametrize(
    "table", [fields.GRAPH, fields.TASK, fields.RESOURCES, fields.RETRIES, fields.NEED, fields.FOREACH]
)
def test_every_field_is_explained(table: dict[str, object]) -> None:
    text = prose(ROOT / "docs" / "graph.md")
    quoted = set(re.findall(r"[\w$-]+", " ".join(re.findall(r"`[^`]+`", text))))
    assert set(table) <= quoted


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_local_links_lead_somewhere(path: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", prose(path)):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_the_index_leads_to_every_page() -> None:
    text = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    for page in (ROOT / "docs").glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in text, page.name


def test_paths_that_the_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"`((?:tests|docs|core|tools)/[\w./]+\.\w+)`", text)):
        assert (ROOT / name).exists(), name
