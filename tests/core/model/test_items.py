"""Arrays, rendering, constraints, paths and inputs: what the core and the agents ask of a task."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from windlass.model.constraints import ConstraintError, compile_where, holds, parse
from windlass.model.expand import count, display, fan_out, item_value, source
from windlass.model.expr import ExprError, Opaque
from windlass.model.files import InputRef, folder_inputs, module_patterns, parse_input
from windlass.model.graph import Command, Foreach, Graph, PythonCall, Script, Task
from windlass.model.paths import PathError, check_relative, escape, is_pattern, matches
from windlass.model.render import RenderError, make_scope, render_task


def array(foreach: Foreach | None = None, **fields: object) -> Task:
    return Task("a", Command("x"), foreach=foreach, **fields)  # type: ignore[arg-type]


def test_a_million_items_cost_nothing() -> None:
    task = array(Foreach(range=(10, 2_000_010, 2)))
    assert count(task, {}) == 1_000_000
    assert item_value(task, 999_999, {}) == 2_000_008
    with pytest.raises(LookupError):
        item_value(task, 1_000_000, {})


def test_the_last_axis_of_a_matrix_is_fastest() -> None:
    task = array(matrix={"x": [1, 2], "y": ["a", "${{ params.p }}"]})
    assert count(task, {}) == 4
    assert [item_value(task, index, {"p": 9}) for index in range(4)] == [
        {"x": 1, "y": "a"}, {"x": 1, "y": 9}, {"x": 2, "y": "a"}, {"x": 2, "y": 9},
    ]  # fmt: skip


def test_items_from_parameters_and_from_others() -> None:
    task = array(Foreach(expr="params.n"))
    assert (count(task, {"n": 3}), item_value(task, 2, {"n": 3})) == (3, 2)
    assert item_value(task, 1, {"n": ["a", "b"]}) == "b"
    with pytest.raises(ExprError):
        count(task, {"n": "three"})
    late = array(Foreach(outputs_of="s", pattern="*.mkv"))
    assert (count(late, {}), source(late)) == (None, "s")
    assert fan_out(late.foreach or Foreach(), ["a.mkv", "b.txt", "d/c.mkv"]) == ["a.mkv"]
    with pytest.raises(LookupError):
        item_value(late, 0, {})
    assert (count(array(), {}), item_value(array(), 0, {}), source(array())) == (1, None, None)


def test_values_are_shown_short() -> None:
    assert display({"lr": 0.1, "on": True}) == "lr=0.1 on=true"
    assert display(list(range(100))).startswith("[0, 1, 2")
    assert len(display("x" * 10**6 + ".mp4")) == 60
    assert display("a/very/long/" * 10 + "name.mp4").endswith("name.mp4")


def test_rendering_a_command() -> None:
    task = array(
        Foreach(outputs_of="s"),
        outputs=["${{ item.stem }}.mp4", "*.log"],
        inputs=["s.outputs/*.txt", "${{ params.extra }}"],
        env={"N": "${{ index }}"},
        workdir="w/${{ index }}",
    )
    task.action = Command(["enc", "${{ item }}", "-o${{ params.crf }}", "${{ tasks.s.outputs }}"])
    scope = make_scope(
        task, params={"crf": 1, "extra": "*.cfg"}, index=4, value="a [b]; rm.mkv", outputs={"s": ["1 2", "3"]}
    )
    rendered = render_task(task, scope)
    assert rendered.argv == ["enc", "a [b]; rm.mkv", "-o1", "1 2", "3"]
    assert rendered.outputs == ["a [[]b]; rm.mp4", "*.log"]
    assert rendered.inputs == [InputRef("s", "*.txt"), InputRef(None, "*.cfg"), InputRef("s", "a [[]b]; rm.mkv")]
    assert (rendered.env, rendered.workdir) == ({"N": "4"}, "w/4")
    assert rendered.shown() == "enc 'a [b]; rm.mkv' -o1 '1 2' 3"


def test_rendering_the_other_kinds() -> None:
    scope = make_scope(array(), params={"p": "a b"}, results={"r": Opaque(b"z")})
    assert render_task(Task("a", Command("echo ${{ params.p }}")), scope).argv == ["/bin/sh", "-c", "echo 'a b'"]
    script = render_task(Task("a", Script("x = ${{ params.p }}", "python3 -u")), scope)
    assert (script.argv, script.text) == (["python3", "-u"], "x = 'a b'")
    call = render_task(Task("a", PythonCall("m:f", ["${{ tasks.r.result }}"], {"k": ["${{ params.p }}"]})), scope)
    assert (call.target, call.args, call.kwargs) == ("m:f", [Opaque(b"z")], {"k": ["a b"]})


@pytest.mark.parametrize(
    ("task", "field"),
    [
        (array(outputs=["${{ params.p }}"]), "outputs"), (array(workdir="${{ params.p }}"), "workdir"),
        (array(inputs=["${{ params.p }}"]), "inputs"), (array(env={"A": "${{ params.z }}"}), "env"),
        (Task("a", Command("echo ${{ item }}")), "command"), (Task("a", Command(["${{ '' }}"])), "command"),
        (Task("a", PythonCall("m:f", ["${{ 1 / 0 }}"])), "args"), (array(env={"A": "${{ '\\0' }}"}), "env"),
    ],
)  # fmt: skip
def test_what_cannot_be_rendered_names_the_field(task: Task, field: str) -> None:
    with pytest.raises(RenderError) as error:
        render_task(task, make_scope(task, params={"p": "../../etc/passwd"}))
    assert error.value.field == field


LABELS = {"os": "linux", "arch": "x86_64", "hostname": "gpu7", "memory_gb": "64", "gpu0": "A100", "site": "north side"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("os == linux", True), ("os==Linux", True), ("os != linux", False), ("missing != x", True),
        ("missing == x", False),
        ("hostname == gpu*", True), ("gpu*", True), ("tpu*", False), ("os", True), ("not os", False),
        ("memory_gb >= 64", True),
        ("memory_gb < 64", False), ("arch > 3", False), ("missing < 3", False), ("os in [linux, mac]", True),
        ("os not in [linux]", False), ("site == 'north side'", True), ("os == linux and not slow", True),
        ("slow or (os == linux and arch == x86*)", True), ("not (os == linux)", False),
    ],
)  # fmt: skip
def test_constraints(text: str, expected: bool) -> None:
    assert holds(text, LABELS) is expected


def test_all_constraints_of_a_task_hold() -> None:
    assert compile_where(["os == linux", "gpu*"])(LABELS)
    assert not compile_where(["os == linux", "slow"])(LABELS)
    assert compile_where([])({})
    assert parse("os == linux and memory_gb > 3").labels == ("os", "memory_gb")


@pytest.mark.parametrize(
    ("text", "offset", "hint"),
    [("os = linux", 3, "=="), ("os ==", 5, ""), ("", 0, ""), ("(os", 3, ""), ("os && x", 3, ""), ("a < b", 4, ""),
     ("os not linux", 3, ""), ("in [a", 3, ""), ("(" * 50 + "a", 30, "")],
)  # fmt: skip
def test_constraints_that_cannot_be_read(text: str, offset: int, hint: str) -> None:
    with pytest.raises(ConstraintError) as error:
        parse(text)
    assert (error.value.offset, error.value.suggestion) == (offset, hint)


@given(
    st.lists(
        st.sampled_from(["os", "==", "in", "[", "]", "(", ")", "not", "and", "or", "<", "5", "*", ","]), max_size=300
    )
)
def test_any_words_are_a_constraint_or_an_error(words: list[str]) -> None:
    try:
        assert holds(" ".join(words), LABELS) in (True, False)
    except ConstraintError:
        pass


@pytest.mark.parametrize(
    "path", ["/x", "..", "a/../..", "~", "~/x", "", " ", "a\0", "a\nb", "C:\\x", "**/../..", "x" * 2000]
)
def test_paths_that_leave(path: str) -> None:
    with pytest.raises(PathError):
        check_relative(path)


@given(st.lists(st.sampled_from(["a", "..", ".", "", "b*"]), max_size=8).map("/".join))
def test_a_checked_path_has_no_way_out(path: str) -> None:
    try:
        checked = check_relative(path)
    except PathError:
        return
    assert ".." not in checked.split("/")
    assert not checked.startswith("/")
    assert check_relative(checked) == checked


@given(st.text(st.sampled_from("ab[]*?!-."), min_size=1, max_size=10))
def test_an_escaped_name_matches_itself_alone(name: str) -> None:
    if name not in (".",) and name.strip("."):
        assert matches(escape(name), name)
        assert not matches(escape(name), name + "x")


def test_patterns() -> None:
    assert matches("**", "a/b/c") and matches("a/**/c", "a/c") and matches("a/**/c", "a/x/y/c")  # noqa: PT018
    assert not matches("*", "a/b")
    assert not matches("a/**/c", "b/c")
    assert is_pattern("a*") and not is_pattern("a")  # noqa: PT018
    # No pattern can make the search explode.
    assert not matches("/".join(["**", "*a*a*a*a*"] * 20), "/".join(["a" * 30] * 40) + "/b")


def test_inputs_of_the_folder() -> None:
    graph = Graph(
        "g",
        [
            Task("a", Command("x"), inputs=["data/*.csv", "b.outputs", "./c.outputs", "${{ params.p }}"]),
            Task("b", Command("x"), inputs=["${{ item }}.txt", "same"], foreach=Foreach(values=["1", "2"])),
            Task("c", PythonCall("pkg.mod:f")),
        ],
    )
    found = [(task, ref.pattern, ref.optional) for task, ref in folder_inputs(graph, {"p": "*.png"})]
    assert found == [
        ("a", "data/*.csv", False), ("a", "c.outputs", False), ("a", "*.png", False),
        ("b", "1.txt", False), ("b", "same", False), ("b", "2.txt", False), ("c", "pkg.py", True),
        ("c", "pkg/**", True),
    ]  # fmt: skip
    assert parse_input("my-task.outputs/x/*.y") == InputRef("my-task", "x/*.y")
    assert module_patterns("m:f") == ["m.py", "m/**"]
    with pytest.raises(PathError):
        list(folder_inputs(graph, {"p": "/etc/passwd"}))
