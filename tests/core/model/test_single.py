"""One field judged alone says what the whole document's check says of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from windlass.model.document import check_text
from windlass.model.single import field_problems


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("placement", "spraed"),
        ("limit", 0),
        ("groups", ["a b", "c", "c"]),
        ("apart", ["9to5"]),
        ("exclusive", "yes"),
        ("deadline", "2 hrss"),
        ("retries", {"maxx": 1}),
        ("where", ["os = linux"]),
        ("resources", {"gpu-memory": "lots", "named": {"maya": "many"}}),
        ("foreach", []),
        ("matrix", {"size": []}),
        ("outputs", ["../up"]),
        ("when", "a ${{ b }}"),
        ("env", {"9": "x"}),
        ("limit", 4),
        ("resources", {"memory": "1 GiB"}),
    ],
)
def test_it_is_the_documents_own_judgement(field: str, value: Any) -> None:
    text = json.dumps({"windlass": 1, "tasks": {"one": {"command": "true", field: value}}})
    whole = [p for p in check_text(text, fmt="json").problems if p.severity == "error" and p.path[2:3] == (field,)]
    told = sorted((p.path[2:], p.message, p.found, p.allowed, p.suggestion) for p in whole)
    assert sorted((p.path, p.message, p.found, p.allowed, p.suggestion) for p in field_problems(field, value)) == told


def test_the_graphs_limits() -> None:
    assert field_problems("limits", {"running": 3, "groups": {"database": 4}}) == []
    (problem,) = field_problems("limits", {"groups": {"database": 0}})
    assert problem.path == ("limits", "groups", "database")
