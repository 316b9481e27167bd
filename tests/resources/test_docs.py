"""The docs say what the code says."""

from __future__ import annotations

import re
from pathlib import Path
from types import ModuleType

import pytest
from docs import make_fields, make_states

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


@pytest.mark.parametrize("maker", [make_states, make_fields], ids=lambda maker: maker.__name__)
def test_pages_made_from_tables_are_current(maker: ModuleType) -> None:
    assert maker.PAGE.read_text(encoding="utf-8") == maker.page(), f"run: python {maker.__name__.replace('.', '/')}.py"


@pytest.mark.parametrize("path", PAGES, ids=lambda path: str(path.relative_to(ROOT)))
def test_local_links_lead_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if "://" not in target:
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


def test_paths_that_the_architecture_names_exist() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    for name in set(re.findall(r"`((?:tests|docs|core|tools)/[\w./]+\.\w+)`", text)):
        assert (ROOT / name).exists(), name
