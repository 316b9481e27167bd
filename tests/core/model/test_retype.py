"""A typed text that is read only where it differs says the same as when all of it is read."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from windlass.model.edit import DocumentText
from windlass.model.retype import retyped, tasks_at
from windlass.model.steps import difference

from .test_edit import TEXT

PLAIN = """\
windlass: 1
name: plain
params:
  size: 4
# What is done.
tasks:
  split:
    command: echo split

  work:
    needs: [split]
    script: |
      echo one
      # two
  # The last one.
  join:
    needs:
    - work
    title: Join
# Where it stands.
canvas:
  frames:
    one: {title: One, tasks: [split]}
"""
TYPED = st.one_of(
    st.sampled_from([
        " x", "\n", "\n\n", "  ", " ", "#", "# a remark\n", "  # a remark\n", "  new:\n    command: a\n", "new: 1\n",
        "[", "]", "{", "}", "'", '"', "|\n", "|+\n", ">\n", "- a\n", "? ", ": ", "&a ", "*a", "!!str ", "<<: {a: 1}\n",
        "---\n", "...\n", "%", "\t", "\r", "\x85", "\u2028", "\ufeff", "é🙂", "tasks:\n", "    retries: 2\n",
    ]),
    st.text(max_size=3),
)  # fmt: skip
CHANGES = st.lists(st.tuples(st.integers(0, 900), st.integers(0, 25), TYPED), min_size=1, max_size=3)


def _changed(text: str, at: int, length: int, typed: str) -> str:
    at %= len(text) + 1
    return text[:at] + typed + text[at + length :]


def _agrees(before: DocumentText, text: str) -> bool:
    """Whether the text could be read in part; what came of it is checked."""
    mark = retyped(before.mark(), text)
    if mark is None:
        return False
    fresh = DocumentText(text)
    made = DocumentText(before.to_text())
    made.go_to(mark)
    assert made.to_text() == text
    assert made.data == fresh.data
    assert list(made.data) == list(fresh.data)
    assert made.task_ids == fresh.task_ids
    assert list(mark.tasks.entries) == fresh.task_ids if mark.tasks is not None else True
    step = made.step_since(before.mark())
    assert step is None or text != before.to_text()
    # What is edited then is edited as in a document that was read whole.
    for task in fresh.task_ids:
        assert _titled(made, task) == _titled(fresh, task)
    assert made.data == fresh.data
    if made.to_text() == fresh.to_text():
        return True
    assert DocumentText(made.to_text()).data == DocumentText(fresh.to_text()).data
    return True


def _titled(document: DocumentText, task: str) -> str:
    try:
        document.set_field(task, "title", "T")
    except ValueError as error:
        return str(error)
    return ""


@settings(max_examples=250, deadline=None)
@given(st.sampled_from([TEXT, PLAIN, PLAIN.replace("\n", "\r\n"), PLAIN.rstrip("\n")]), CHANGES)
def test_in_part_and_whole_say_the_same(text: str, changes: list[tuple[int, int, str]]) -> None:
    document = DocumentText(text)
    for change in changes:
        text = _changed(document.to_text(), *change)
        if _agrees(document, text):
            document.go_to(retyped(document.mark(), text) or document.mark())


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("echo split", "echo split more"),
        ("needs: [split]", "needs: []"),
        ("    title: Join\n", ""),
        ("    title: Join\n", "    title: Join\n    retries: 2\n"),
        ("  work:", "  labour:"),
        ("  work:", "    work:"),
        ("  # The last one.\n", "  extra:\n    command: x\n  # The last one.\n"),
        ("    title: Join\n", "    title: Join\n  more:\n    command: y\n"),
        ("  split:\n    command: echo split\n\n", ""),
        ("name: plain", "name: other"),
        ("  size: 4\n", "  size: 4\n  other: 5\n"),
        ("title: One", "title: Two"),
        ("windlass: 1\n", "windlass: 1\ndescription: more\n"),
    ],
)
def test_what_people_type_is_read_in_part(before: str, after: str) -> None:
    assert before in PLAIN
    assert _agrees(DocumentText(PLAIN), PLAIN.replace(before, after, 1))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("needs: [split]", "needs: [split"),
        ("  work:", " work:"),
        ("  work:", "  split:"),
        ("script: |", "script: |+"),
        ("echo split", "&a echo"),
        ("  join:", "join:"),
        ("name: plain", "params: {}"),
        ("tasks:", "task:"),
        ("  size: 4\n", "  size: 4\n---\n"),
        ("# Where it stands.\n", "# a remark\n"),
    ],
)
def test_what_may_mean_something_elsewhere_is_not(before: str, after: str) -> None:
    text = PLAIN.replace("# Where it stands.\n", "") if after.startswith("# a remark") else PLAIN
    changed = PLAIN.replace(before, after, 1)
    assert changed != text
    assert retyped(DocumentText(text).mark(), changed) is None


def test_whose_lines_change() -> None:
    mark = DocumentText(PLAIN).mark()

    def at(before: str, after: str) -> list[str]:
        hunk = difference(PLAIN, PLAIN.replace(before, after, 1))
        assert hunk is not None
        return tasks_at(mark, hunk)

    assert at("echo split", "echo") == ["split"]
    assert at("echo one", "[") == ["work"]
    assert at("title: Join", "title: [") == ["join"]
    assert at("echo split\n\n  work:", "x:") == ["split", "work"]
    assert at("name: plain", "name: [") == []
