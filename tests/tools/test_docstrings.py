"""The examples in docstrings say what is so."""

from __future__ import annotations

import doctest
import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = [path for room in ("core", "agent") for path in (ROOT / room).rglob("*.py") if ">>>" in path.read_text()]
MODULES = sorted(".".join(path.relative_to(ROOT).with_suffix("").parts[1:]) for path in SOURCES)


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_docstrings(name: str) -> None:
    found = doctest.testmod(importlib.import_module(name))
    assert found.attempted
    assert not found.failed
