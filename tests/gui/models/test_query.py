"""The filter language: what it says, what it refuses and how, and that no text can break it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass_gui.models.query import (
    Field,
    Query,
    QueryError,
    allowed_values,
    complete,
    help_text,
    parse,
    parts,
)

STATE = Field("state", "word", "where it stands", ("failed", "cancelled", "skipped", "succeeded"))
FIELDS = (
    STATE,
    Field("agent", "text", "where it ran"),
    Field("name", "text", "what it is called"),
    Field("time", "time", "how long it ran"),
    Field("mem", "size", "memory at most"),
    Field("attempts", "number", "how many"),
)
ROW: dict[str, Any] = {
    "state": "failed", "agent": "gpu7", "name": "Encode all", "time": 301.0, "mem": 3 << 30, "attempts": 2,
}  # fmt: skip


def holds(text: str, row: dict[str, Any] = ROW) -> bool:
    return parse(text, FIELDS).holds(row.get, lambda: [str(value) for value in row.values()])


@pytest.mark.parametrize(
    ("text", "holds_"),
    [
        ("", True),
        ("state:failed", True),
        ("state:FAILED", True),
        ("state:cancelled,failed", True),
        ("state:fail", None),
        ("state:f*", True),
        ("-state:skipped", True),
        ("-state:failed", False),
        ("agent:gpu*", True),
        ("agent:gpu", True),
        ("agent=gpu", False),
        ("agent=gpu7", True),
        ("agent:g?u7", True),
        ("agent:pu*", False),
        ('name:"code all"', True),
        ("name:enc*", True),
        ("time>5m", True),
        ("time>1h30m", False),
        ("time>=301", True),
        ("time:301", True),
        ("mem>2GiB mem<4GiB", True),
        ("mem>3GiB", False),
        ("attempts=2", True),
        ("attempts<2", False),
        ("encode", True),
        ("encode decode", False),
        ("-decode", True),
        ("state:failed agent:gpu* time>5m mem>2GiB name:enc* -state:skipped all", True),
    ],
)
def test_what_a_filter_keeps(text: str, holds_: bool | None) -> None:
    if holds_ is None:
        with pytest.raises(QueryError):
            parse(text, FIELDS)
    else:
        assert holds(text) is holds_


def test_a_row_without_a_value_fits_no_comparison() -> None:
    assert not holds("time>0", ROW | {"time": None})
    assert holds("-time>0", ROW | {"time": None})
    assert not holds("agent:x", ROW | {"agent": None})


@pytest.mark.parametrize(
    ("text", "start", "says", "suggestion"),
    [
        ("stat:failed", 0, "no field “stat”", "state"),
        ("agent:a  -tine>5m", 10, "no field “tine”", "time"),
        ("state:faild", 6, "“faild” is no state", "failed"),
        ("time>5 minuts", None, "", ""),
        ("time>5minuts", 5, "unknown unit 'minuts'", "minute"),
        ("time>soon", 5, "is not a duration", ""),
        ("mem>2x", 4, "unknown unit 'x'", ""),
        ("attempts>many", 9, "is not a number", ""),
        ("attempts>nan", 9, "is not a number", ""),
        ("state>failed", 5, "cannot be compared by >", ""),
        ("state:", 0, "needs a value", ""),
        ("state:,", 0, "needs a value", ""),
        ('name:"enc', 5, "not closed", ""),
    ],
)
def test_mistakes_say_where_and_what_is_allowed(text: str, start: int | None, says: str, suggestion: str) -> None:
    if start is None:
        assert len(parse(text, FIELDS).terms) == 2, "the space begins another term"
        return
    with pytest.raises(QueryError) as caught:
        parse(text, FIELDS)
    error = caught.value
    assert error.start == start
    assert error.end > error.start
    assert says in str(error)
    assert error.allowed
    assert error.suggestion.startswith(suggestion)
    assert f"character {start + 1}" in error.sentence()
    assert (f"did you mean “{suggestion}" in error.sentence()) == bool(suggestion)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused_with_a_place(text: str) -> None:
    refused: QueryError | None = None
    try:
        parse(text, FIELDS).holds(ROW.get, lambda: ["a", "b"])
    except QueryError as error:
        refused = error
    assert refused is None or (0 <= refused.start < refused.end and refused.sentence())
    complete(text, len(text), FIELDS, lambda _: ["a b", "c"])


values = st.text(st.characters(exclude_characters='"', exclude_categories=["Cs"]), min_size=1, max_size=12)


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["", "agent:", "name:", "name="]), values), max_size=5))
def test_what_is_quoted_comes_back_as_it_was(terms: list[tuple[bool, str, str]]) -> None:
    text = "  ".join(f'{"-" * negated}{head}"{value}"' for negated, head, value in terms)
    found = parts(text)
    assert [part.value for part in found] == [value for _, _, value in terms]
    assert [part.negated for part in found] == [negated for negated, _, _ in terms]
    assert [part.name + part.op for part in found] == [head for _, head, _ in terms]
    for part in found:
        assert text[part.value_start : part.end].strip('"') == part.value


@given(values, values)
def test_a_value_is_found_by_a_part_of_it(before: str, wanted: str) -> None:
    row = {"agent": before + wanted + before}
    query = Query(parse(f'agent:"{wanted}"', FIELDS).terms) if wanted.strip(" ,") and "," not in wanted else None
    if query is not None and not {"*", "?"} & set(wanted) and wanted == wanted.strip():
        assert query.holds(row.get, list)
        assert not Query((type(query.terms[0])(None, ":", ("\0\0",)),)).holds(row.get, lambda: row.values())


@given(st.sampled_from(["time", "mem", "attempts"]), st.sampled_from([">", ">=", "<", "<=", "="]), st.integers(0, 9999))
def test_a_comparison_is_pythons_own(name: str, op: str, bound: int) -> None:
    query = parse(f"{name}{op}{bound}", FIELDS)
    for value in (bound - 1, bound, bound + 1):
        assert query.holds({name: value}.get, list) == eval(f"{value} {op if op != '=' else '=='} {bound}")


def test_completion_offers_fields_then_values() -> None:
    names = [each.text for each in complete("", 0, FIELDS)]
    assert names == ["state:", "agent:", "name:", "time>", "mem>", "attempts>"]
    assert [each.text for each in complete("x -st", 5, FIELDS)] == ["state:"]
    assert complete("x -st", 5, FIELDS)[0].start == 3
    assert [each.text for each in complete("state:failed,s", 14, FIELDS)] == ["skipped", "succeeded"]
    known = complete("agent:g", 7, FIELDS, lambda name: ["gpu 1", "gpu2", "cpu"] if name == "agent" else [])
    assert [(each.start, each.text) for each in known] == [(6, '"gpu 1"'), (6, "gpu2")]
    assert complete('name:"a b', 9, FIELDS) == []
    assert complete("time>", 5, FIELDS) == []


def test_the_help_names_every_field() -> None:
    text = help_text(FIELDS)
    assert all(each.name in text and each.help in text for each in FIELDS)
    assert "failed" in allowed_values(STATE)


def test_many_stars_are_no_trap() -> None:
    assert not holds("agent:" + "*" * 40 + "x", ROW | {"agent": "g" * 5000})
