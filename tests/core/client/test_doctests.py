"""The API's documentation runs as it stands."""

from __future__ import annotations

import doctest
from pathlib import Path

import pytest

from windlass.client import build

PAGE = Path(__file__).resolve().parents[3] / "docs" / "python-api.md"


def test_the_builders_docstrings() -> None:
    result = doctest.testmod(build)
    assert result.attempted > 5
    assert result.failed == 0


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_the_page_about_the_api() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False)
    assert result.attempted > 30
    assert result.failed == 0
