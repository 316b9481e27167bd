"""New tasks are written fast, and as the YAML writer would write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.model.blocks import dump, styled
from windlass.model.edit import DocumentText
from windlass.model.writing import TaskWriter

LIKE = ("", "a:\n  - b\n", "a:\n- b\n")
VALUES = st.one_of(
    st.sampled_from(
        ["echo hi", "yes", "No", "null", "a: b", "- a", "x ", "a/b.c", "a #b", "1e5", "", "*", "two\nlines\n"]
    ),
    st.text(alphabet="ab y-n./:#'\"{}[],&*!|>%@`\n\t0", max_size=8),
    st.integers(),
    st.booleans(),
    st.none(),
    st.floats(allow_nan=False, allow_infinity=False),
)
FIELDS = st.dictionaries(
    st.sampled_from(["command", "needs", "no", "position", "gpu-memory"]),
    st.one_of(VALUES, st.lists(VALUES, max_size=4), st.dictionaries(st.sampled_from("abn"), VALUES, max_size=2)),
    max_size=4,
)


@given(st.sampled_from(["a", "step-1", "true", "on", "1", "n", "Encode_2"]), FIELDS, st.sampled_from(LIKE))
def test_as_the_yaml_writer_would(task: str, fields: dict[str, object], like: str) -> None:
    body = styled(dict(fields))
    body.fa.set_block_style()
    assert TaskWriter(like).text(task, fields) == dump({task: body}, like)


def test_many_tasks_are_one_pass_and_the_same_as_one_by_one() -> None:
    start = "windlass: 1\nname: x\ntasks:\n  # first\n  one:\n    command: a\n\n  two: {command: b}\n  # the end\n"
    tasks = {f"t{at}": {"command": f"echo {at}", "needs": ["one"], "script": "a\nb\n"} for at in range(5)}
    together, apart = DocumentText(start), DocumentText(start)
    together.add_tasks(tasks)
    for task, fields in tasks.items():
        apart.add_task(task, fields)
    assert together.to_text() == apart.to_text()
    assert together.data == apart.data == DocumentText(together.to_text()).data
    assert "# the end" in together.to_text()


def test_nothing_is_added_when_one_id_is_taken() -> None:
    document = DocumentText("windlass: 1\nname: x\ntasks:\n  one: {command: a}\n")
    before = document.to_text()
    with pytest.raises(ValueError, match="already"):
        document.add_tasks({"new": {"command": "b"}, "one": {"command": "c"}})
    assert document.to_text() == before
