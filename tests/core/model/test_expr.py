"""The expression language: values, errors with their places, bounds, and names found without computing."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.model.expr import ExprError, Opaque, Scope, condition, evaluate, uses, uses_status
from windlass.model.template import names, render, render_argument, render_data, render_string, split

SCOPE = Scope(
    params={"crf": 28, "my-size": 3, "text": "a b", "list": [3, 1, 2], "map": {"key": "v"}},
    item="dir/a b; rm.tar.gz",
    index=7,
    run_id=12,
    run_name="night",
    task="me",
    results={"step-1": [1, 2], "opaque": Opaque(b"x")},
    outputs={"split": ["p/1", "p/2"]},
    statuses={"split": "succeeded", "step-1": "failed"},
)


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("1 + 2 * 3", 7), ("(1 + 2) * 3", 9), ("7 // 2", 3), ("7 % 4", 3), ("1 / 2", 0.5), ("-3 + 1", -2),
        ("2 - -1", 3),
        ("1 < 2 and 2 <= 2", True), ("not 1 == 2", True), ("!false && true", True), ("false || 'x'", "x"),
        ("'a' + \"b\"", "ab"), ("[1, 2][1]", 2), ("[1] + [2]", [1, 2]), ("'it\\'s'", "it's"), ("null", None),
        ("params.crf", 28), ("params['crf']", 28), ("params.my-size - 1", 2), ("params.map.key", "v"),
        ("item", "dir/a b; rm.tar.gz"), ("item.stem", "a b; rm.tar"), ("item.name", "a b; rm.tar.gz"),
        ("item.suffix", ".gz"), ("item.parent", "dir"), ("item.path", "dir/a b; rm.tar.gz"), ("index", 7),
        ("run.id", 12), ("run.name", "night"), ("task.id", "me"), ("tasks.step-1.result[1]", 2),
        ("tasks['step-1'].status", "failed"), ("tasks.split.outputs[0]", "p/1"), ("len(params.list)", 3),
        ("max(params.list)", 3), ("min(4, 2)", 2), ("join(params.list, '-')", "3-1-2"), ("basename('a/b')", "b"),
        ("dirname('a/b')", "a"), ("format('{}-{:03d} {{}}', 'x', index)", "x-007 {}"), ("range(3)[2]", 2),
        ("len(range(10, 0, -2))", 5), ("int('5') + float('0.5')", 5.5), ("str(1.5)", "1.5"),
        ("contains('abc', 'b')", True),
        ("2 in params.list", True), ("'z' not in 'abc'", True), ("startsWith('abc', 'a')", True),
        ("endsWith(item, '.gz')", True), ("upper(lower('aB'))", "AB"), ("replace('aab', 'a', 'c')", "ccb"),
        ("split('a b')", ["a", "b"]), ("round(2.567, 1)", 2.6), ("abs(-2)", 2), ("json([1, true])", "[1, true]"),
        ("success()", False), ("failure()", True), ("always()", True), ("cancelled()", False),
        ("1.5 in range(1000000000000)", False), ("1_000", 1000), ("1e3", 1000.0),
    ],
)  # fmt: skip
def test_values(source: str, value: Any) -> None:
    found = evaluate(source, SCOPE)
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("source", "offset", "message"),
    [
        ("", 0, "empty"), ("1 +", 3, "expected a value"), ("1 2", 2, "expected an operator"), ("(1", 2, "expected ')'"),
        ("'a", 0, "closing quote"), ("a = 1", 2, "unexpected character"), ("nope", 0, "unknown name"),
        ("params.crg", 7, "unknown parameter"), ("item.foo", 5, "unknown part of a path"),
        ("lne(1)", 0, "unknown function"),
        ("len()", 0, "takes 1 arguments"), ("1 / 0", 2, "division by zero"), ("1 < 'a'", 2, "cannot compare"),
        ("'a' * 2", 4, "needs numbers"), ("true + 1", 5, "needs numbers"), ("1 < 2 < 3", 6, "cannot be chained"),
        ("[1][5]", 3, "no element 5"), ("tasks.x.result", 8, "has no result"),
        ("tasks.split.reslt", 12, "unknown field"),
        ("tasks.split", 6, "say what"), ("params", 0, None), ("int('x')", 0, "int()"),
        ("item.__class__", 5, "unknown part"),
        ("params.list.append", 12, "a list has no 'append'"), ("tasks.opaque.result + 1", 20, "not plain data"),
        ("float('1e308') * 1e300 * 1e300 // 1", None, None), ("range(1.5)", 0, "whole numbers"),
        ("(" * 100 + "1" + ")" * 100, 40, "nested deeper"), ("1" + " + 1" * 300, 798, "more than 400"),
        ("9" * 31, 0, "more than 30 digits"), ("1" * 5000, 0, "longer than"), ("import os", 7, "expected an operator"),
    ],
)  # fmt: skip
def test_errors_have_a_place(source: str, offset: int | None, message: str | None) -> None:
    if message is None:
        # Only that nothing else is raised.
        try:
            evaluate(source, SCOPE)
        except ExprError:
            pass
        return
    with pytest.raises(ExprError, match=message.replace("(", r"\(").replace(")", r"\)")) as error:
        evaluate(source, SCOPE)
    assert error.value.offset == offset


@pytest.mark.parametrize(
    "source",
    [
        "join(range(100000000), ',')", "[] + range(100000000)", "max(range(100000000))", "json(range(100000000))",
        "replace(join(range(100000)), '', join(range(100000)))",
        " * ".join(["999999999999999999999999999999"] * 50), "len(range(999999999999999999999999999999))",
        "len(replace(join(range(9999)), ' ', join(range(9999))))", "int('" + "9" * 3000 + "')",
    ],
)  # fmt: skip
def test_bombs_are_refused_quickly(source: str) -> None:
    with pytest.raises(ExprError):
        evaluate(source, Scope())


def test_conditions() -> None:
    assert condition("params.flag", Scope(params={"flag": "true"}))
    assert not condition("params.flag", Scope(params={"flag": "false"}))
    assert uses_status("failure() or params.x")
    assert not uses_status("params.success")


def test_an_opaque_result_passes_whole_and_only_whole() -> None:
    assert render("${{ tasks.opaque.result }}", SCOPE) == Opaque(b"x")
    with pytest.raises(ExprError, match="not plain data"):
        render("a ${{ tasks.opaque.result }}", SCOPE)


def test_templates() -> None:
    assert render(" ${{ params.crf }} ", SCOPE) == 28
    assert render("x${{ params.crf }}", SCOPE) == "x28"
    assert render("$${{ literal }}", SCOPE) == "${{ literal }}"
    assert render("${{ '}}' }}", SCOPE) == "}}"
    assert render_string("${{ true }}/${{ null }}/${{ [1, 'a'] }}", SCOPE) == 'true//[1, "a"]'
    assert render_argument("${{ item }}", SCOPE) == ["dir/a b; rm.tar.gz"]
    assert render_argument("${{ tasks.split.outputs }}", SCOPE) == ["p/1", "p/2"]
    assert render_argument("x=${{ tasks.split.outputs }}", SCOPE) == ['x=["p/1", "p/2"]']
    assert render_data({"a": ["${{ index }}", 1]}, SCOPE) == {"a": [7, 1]}


def test_names_are_found_with_their_places() -> None:
    text = "a ${{ params.x + len(item.stem) }} $${{ no }} ${{ tasks['b'].result[index] }}"
    found = [(reference.path, text[reference.offset :].split(".")[0][:5]) for reference in names(text)]
    assert found == [(("params", "x"), "param"), (("item", "stem"), "item"), (("tasks", "b", "result"), "tasks"),
                     (("index",), "index")]  # fmt: skip
    assert uses("a and success()").functions == {"success"}


literals = st.recursive(
    st.one_of(
        st.integers(0, 10**6), st.booleans(), st.none(), st.text(st.characters(exclude_categories=["Cs"]), max_size=5)
    ),
    lambda inner: st.lists(inner, max_size=3),
    max_leaves=5,
)


def write(value: Any) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(write, value)) + "]"
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
    return "null" if value is None else str(value).lower()


@given(literals)
def test_literals_read_back(value: Any) -> None:
    assert evaluate(write(value), Scope()) == value


@given(st.lists(st.sampled_from(["1", "'a'", "item", "params.crf", "+", "-", "*", "(", ")", "[", "]", ",", "not", "and",
                                 "len(", "==", "<", ".stem", "range(", "format('{}',", "in",
                                 "tasks.a.result"])))  # fmt: skip
def test_any_tokens_give_a_value_or_an_error(tokens: list[str]) -> None:
    source = " ".join(tokens)
    try:
        evaluate(source, SCOPE)
    except ExprError as error:
        assert 0 <= error.offset <= len(source)  # noqa: PT017


@given(st.text(st.sampled_from("${} '\"\\a.|"), max_size=40))
def test_any_text_is_a_template_or_an_error(text: str) -> None:
    try:
        split(text)
        render(text, SCOPE)
    except ExprError as error:
        assert 0 <= error.offset <= len(text)  # noqa: PT017
