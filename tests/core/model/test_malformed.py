"""Malformed documents: each gives clear problems with line, field and message; none raises, hangs or eats memory."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass

import pytest

from windlass.model.document import load_document


@dataclass
class Bad:
    name: str
    text: str | bytes
    line: int
    field: str
    """Without the `tasks.` in front."""
    message: str
    """A part of the message."""
    suggestion: str = ""
    fmt: str = "yaml"


HEAD = "windlass: 1\nname: x\n"
ONE = HEAD + "tasks:\n  a:\n    command: echo hi\n"


def task(lines: str, params: str = "") -> str:
    """A document whose task `a` has these lines from line 5 (6 with params)."""
    return HEAD + params + "tasks:\n  a:\n" + "".join(f"    {line}\n" for line in lines.splitlines())


MAKES_Y = "  b: {command: x, outputs: [y]}\n"

BAD = [
    # The text itself.
    Bad("empty", "", 1, "", "the document is empty"),
    Bad("only a comment", "# nothing\n", 1, "", "the document is empty"),
    Bad("a list", "- a\n- b\n", 1, "", "a graph document is a mapping"),
    Bad("a word", "hello\n", 1, "", "a graph document is a mapping"),
    Bad("utf-16", ONE.encode("utf-16"), 1, "", "the file is UTF-16"),
    Bad("utf-32", ONE.encode("utf-32"), 1, "", "the file is UTF-32"),
    Bad("not utf-8", b"windlass: 1\nname: caf\xe9\n", 2, "", "not UTF-8"),
    Bad("truncated utf-8", b"windlass: 1\nname: \xe2\x82", 2, "", "not UTF-8"),
    Bad("binary", b"\x7fELF\x02\x01\x01\x00\x00", 1, "", "is not allowed"),
    Bad("control character", "windlass: 1\nname: a\x07b\n", 2, "", "is not allowed"),
    Bad("tab", "windlass: 1\ntasks:\n\ta: {command: x}\n", 3, "", "a tab cannot be used"),
    Bad("unclosed quote", 'windlass: 1\nname: "abc\n', 2, "", "never closed"),
    Bad("unclosed list", "windlass: 1\ntasks: [a, b\n", 2, "", "never closed"),
    Bad("colon in a value", "windlass: 1\nname: a: b\n", 2, "", "put the value into quotes"),
    Bad("reserved character", "windlass: 1\nname: @home\n", 2, "", "cannot begin with '@'"),
    Bad("two documents", ONE + "---\n" + ONE, 6, "", "a second document"),
    Bad("duplicate task", ONE + "  a:\n    command: echo again\n", 6, "", "'a' stands here a second time"),
    Bad("duplicate field", ONE + "    command: echo\n", 6, "", "'command' stands here a second time"),
    Bad("python tag", task("command: !!python/object/apply:os.system [ls]"), 5, "", "is not allowed: a graph is plain"),
    Bad("unknown tag", task("command: !secret x"), 5, "", "the tag '!secret' is not allowed"),
    Bad("unknown alias", task("command: *nothing"), 5, "", "called '&nothing', and there is none"),
    Bad("alias of itself", task("env: &e {A: *e}\ncommand: x"), 5, "", "stands inside of what it names"),
    Bad("list as key", HEAD + "tasks:\n  ? [a, b]\n  : {command: x}\n", 4, "", "a key is a text"),
    Bad("braces without quotes", task("command: {{ item }}"), 5, "", "put ${{ }} into quotes"),
    # JSON.
    Bad("json syntax", '{"windlass": 1,\n "tasks": {,}}', 2, "", "a name in double quotes is missing", fmt="json"),
    Bad("json trailing comma", '{"windlass": 1,}', 1, "", "too many", fmt="json"),
    Bad("json duplicate", '{"windlass": 1,\n"tasks": {"a": {"command": "x"},\n"a": {"command": "y"}}}', 3, "",
        "'a' stands here a second time", fmt="json"),
    Bad("json nan", '{"windlass": 1, "params":\n{"x": NaN},\n"tasks": {"a": {"command": "x"}}}', 2, "params.x",
        "NaN and infinity are not allowed", fmt="json"),
    Bad("json surrogate", '{"windlass": 1, "name":\n"\\ud800", "tasks": {}}', 2, "", "surrogate", fmt="json"),
    # The graph.
    Bad("no version", "name: x\ntasks: {a: {command: x}}\n", 1, "", "the version is missing"),
    Bad("other version", "windlass: 2\ntasks: {a: {command: x}}\n", 1, "windlass", "this version is not known"),
    Bad("no tasks", HEAD, 1, "", "there are no tasks"),
    Bad("tasks a list", HEAD + "tasks:\n  - id: a\n", 4, "tasks", "tasks is not a mapping"),
    Bad("tasks empty", HEAD + "tasks: {}\n", 3, "tasks", "there are no tasks"),
    Bad("unknown top field", ONE + "parms: {a: 1}\n", 6, "parms", "unknown field of a graph", "params"),
    Bad("name a number", "windlass: 1\nname: 5\ntasks: {a: {command: x}}\n", 2, "name", "not a text", '"5"'),
    Bad("params a list", ONE + "params: [a]\n", 6, "params", "not a mapping"),
    Bad("param name", ONE + "params: {a b: 1}\n", 6, "params['a b']", "not a name for a parameter"),
    Bad("param infinite", ONE + "params: {a: .inf}\n", 6, "params.a", "NaN and infinity"),
    Bad("param too large", ONE + "params: {a: 99999999999999999999999}\n", 6, "params.a", "more than 64 bits"),
    Bad("unknown default", ONE + "defaults: {comand: x}\n", 6, "defaults.comand", "unknown field of defaults"),
    Bad("bad default", ONE + "defaults: {timeout: 5 mni}\n", 6, "defaults.timeout", "unknown unit 'mni'", "min"),
    # A task.
    Bad("task a text", HEAD + "tasks:\n  a: echo\n", 4, "a", "a task is a mapping"),
    Bad("task nothing", HEAD + "tasks:\n  a:\n", 4, "a", "a task is a mapping"),
    Bad("task id", HEAD + "tasks:\n  a/b: {command: x}\n", 4, "tasks['a/b']", "not an id for a task"),
    Bad("number as id", HEAD + "tasks:\n  1: {command: x}\n", 4, "1", "not an id for a task"),
    Bad("unknown field", task("comand: x"), 5, "a.comand", "unknown field of a task", "command"),
    Bad("another tool's field", task("command: x\ndepends_on: [b]"), 6, "a.depends_on", "unknown field", "needs"),
    Bad("no action", task("title: x"), 4, "a", "exactly one of"),
    Bad("two actions", task("command: x\nscript: y"), 4, "a", "exactly one of"),
    Bad("empty command", task("command: []"), 5, "a.command", "not a command"),
    Bad("blank command", task("command: '  '"), 5, "a.command", "it is empty"),
    Bad("nested command", task("command: [echo, [a]]"), 5, "a.command[1]", "an argument is a text"),
    Bad("args without python", task("command: x\nargs: [1]"), 6, "a.args", "'args' belongs to 'python'"),
    Bad("shell without script", task("command: x\nshell: bash"), 6, "a.shell", "'shell' belongs to 'script'"),
    Bad("shell quotes", task("script: x\nshell: bash '"), 6, "a.shell", "not an interpreter"),
    Bad("python target", task("python: pkg.work.render"), 5, "a.python", "not a function's name", "pkg.work:render"),
    Bad("python file", task("python: work.py:render"), 5, "a.python", "not a function's name", "work:render"),
    Bad("python call", task("python: os:system('x')"), 5, "a.python", "not a function's name"),
    Bad("kwargs list", task("python: m:f\nkwargs: [1]"), 6, "a.kwargs", "not a mapping"),
    Bad("kwargs nan", task("python: m:f\nkwargs: {x: .nan}"), 6, "a.kwargs.x", "NaN and infinity"),
    # Units and numbers.
    Bad("memory unit", task("command: x\nresources: {memory: 5 MBi}"), 6, "a.resources.memory", "'MBi'", "MiB"),
    Bad("memory negative", task("command: x\nresources: {memory: -1 GiB}"), 6, "a.resources.memory", "negative"),
    Bad("memory impossible", task("command: x\nresources: {memory: 9999 PiB}"), 6, "a.resources.memory", "1 EiB"),
    Bad("cpus nan", task("command: x\nresources: {cpus: .nan}"), 6, "a.resources.cpus", "not a number (NaN)"),
    Bad("cpus text", task("command: x\nresources: {cpus: many}"), 6, "a.resources.cpus", "not a number"),
    Bad("cpus true", task("command: x\nresources: {cpus: true}"), 6, "a.resources.cpus", "not a number"),
    Bad("cpus too many", task("command: x\nresources: {cpus: 1e9}"), 6, "a.resources.cpus", "more than any machine"),
    Bad("gpus half", task("command: x\nresources: {gpus: 0.5}"), 6, "a.resources.gpus", "not a whole number"),
    Bad("cpu", task("command: x\nresources: {cpu: 1}"), 6, "a.resources.cpu", "unknown resource", "cpus"),
    Bad("gpu-memory", task("command: x\nresources: {gpu_memory: 1 GiB}"), 6, "a.resources.gpu_memory",
        "unknown resource",
        "gpu-memory"),
    Bad("gpu-memory unit", task("command: x\nresources: {gpu-memory: 8 GBi}"), 6, "a.resources.gpu-memory", "'GBi'",
        "GiB"),
    Bad("timeout unit", task("command: x\ntimeout: 10 minuets"), 6, "a.timeout", "unknown unit", "minutes"),
    Bad("timeout zero", task("command: x\ntimeout: 0"), 6, "a.timeout", "the duration is zero"),
    Bad("deadline order", task("command: x\ndeadline: 30m1h"), 6, "a.deadline", "from long to short"),
    Bad("retries negative", task("command: x\nretries: -1"), 6, "a.retries", "not a whole number in range"),
    Bad("retries field", task("command: x\nretries: {max: 1, delay: 5}"), 6, "a.retries.delay", "unknown", "backoff"),
    Bad("exit code", task("command: x\nretries: {only-on: [300]}"), 6, "a.retries.only-on[0]", "in range"),
    Bad("priority", task("command: x\npriority: high"), 6, "a.priority", "not a whole number"),
    Bad("yes", task("command: x\ncontinue-on-error: yes"), 6, "a.continue-on-error", "not true or false", "true"),
    Bad("env name", task("command: x\nenv: {MY VAR: 1}"), 6, "a.env['MY VAR']", "not a variable's name"),
    Bad("env list", task("command: x\nenv: {A: [1]}"), 6, "a.env.A", "a variable holds a text"),
    Bad("position", task("command: x\nposition: [1]"), 6, "a.position", "not a position"),
    # Where and how many at once.
    Bad("placement", task("command: x\nplacement: spred"), 6, "a.placement", "not a way to choose agents", "spread"),
    Bad("placement list", task("command: x\nplacement: [pack]"), 6, "a.placement", "not a way to choose agents"),
    Bad("exclusive", task("command: x\nexclusive: on"), 6, "a.exclusive", "not true or false", "true"),
    Bad("pin", task("command: x\npin: 2"), 6, "a.pin", "not true or false"),
    Bad("limit zero", task("command: x\nlimit: 0"), 6, "a.limit", "not a whole number in range"),
    Bad("limit half", task("command: x\nlimit: 1.5"), 6, "a.limit", "not a whole number in range"),
    Bad("max-parallel", task("command: x\nmax-parallel: 2"), 6, "a.max-parallel", "unknown field", "limit"),
    Bad("group name", task("command: x\ngroups: [db one]"), 6, "a.groups[0]", "not a name of a group"),
    Bad("group twice", task("command: x\ngroups: [db, db]"), 6, "a.groups[1]", "stands here twice"),
    Bad("group number", task("command: x\ngroups: 3"), 6, "a.groups", "not a name of a group"),
    Bad("apart from nobody", task("command: x\napart: [b]") + "  bb: {command: x}\n", 6, "a.apart[0]", "no task 'b'",
        "bb"),
    Bad("apart number", task("command: x\napart: 1"), 6, "a.apart", "not a name of a task"),
    Bad("limits of a run", ONE.replace("tasks:", "limits: {run: 3}\ntasks:"), 3, "limits.run",
        "unknown field of limits", "running"),
    Bad("limits number", ONE.replace("tasks:", "limits: {running: many}\ntasks:"), 3, "limits.running", "in range"),
    Bad("canvas list", ONE.replace("tasks:", "canvas: [3]\ntasks:"), 3, "canvas", "not a mapping"),
    Bad("canvas field", ONE.replace("tasks:", "canvas: {frame: {}}\ntasks:"), 3, "canvas.frame",
        "unknown field of canvas", "frames"),
    Bad("frame color", ONE.replace("tasks:", "canvas: {frames: {f: {color: bleu}}}\ntasks:"), 3,
        "canvas.frames.f.color", "not a colour", "blue"),
    Bad("frame tasks", ONE.replace("tasks:", "canvas: {frames: {f: {tasks: a}}}\ntasks:"), 3,
        "canvas.frames.f.tasks", "not a list of tasks"),
    Bad("frame id", ONE.replace("tasks:", "canvas: {frames: {1 f: {}}}\ntasks:"), 3,
        "canvas.frames['1 f']", "not an id"),
    Bad("notes mapping", ONE.replace("tasks:", "canvas: {notes: {a: b}}\ntasks:"), 3, "canvas.notes", "not a list"),
    Bad("note size", ONE.replace("tasks:", "canvas: {notes: [{text: a, size: [0, 3]}]}\ntasks:"), 3,
        "canvas.notes[0].size", "no such size"),
    Bad("limits list", ONE.replace("tasks:", "limits: [3]\ntasks:"), 3, "limits", "not a mapping"),
    Bad("group size", ONE.replace("tasks:", "limits: {groups: {db: 0}}\ntasks:"), 3, "limits.groups.db", "in range"),
    Bad("group size name", ONE.replace("tasks:", "limits: {groups: {d b: 1}}\ntasks:"), 3, "limits.groups['d b']",
        "not a name of a group"),
    # Paths.
    Bad("output above", task("command: x\noutputs: [../x]"), 6, "a.outputs[0]", "leaves its directory"),
    Bad("output winding", task("command: x\noutputs: [a/../../x]"), 6, "a.outputs[0]", "leaves its directory"),
    Bad("output absolute", task("command: x\noutputs: /etc/passwd"), 6, "a.outputs", "absolute", "etc/passwd"),
    Bad("output home", task("command: x\noutputs: [~/x]"), 6, "a.outputs[0]", "home directory"),
    Bad("output empty", task("command: x\noutputs: ['']"), 6, "a.outputs[0]", "the path is empty"),
    Bad("input above", task("command: x\ninputs: [../x]"), 6, "a.inputs[0]", "leaves its directory"),
    Bad("workdir absolute", task("command: x\nworkdir: /tmp"), 6, "a.workdir", "absolute", "tmp"),
    # Needs.
    Bad("unknown need", task("command: x\nneeds: [b]") + "  bb: {command: x}\n", 6, "a.needs[0]", "no task 'b'", "bb"),
    Bad("misspelt need", task("command: x\nneeds: [splt]") + "  split: {command: x}\n", 6, "a.needs[0]",
        "no task 'splt'", "split"),
    Bad("self-loop", task("command: x\nneeds: a"), 6, "a.needs", "task 'a' needs itself"),
    Bad("needed twice", task("command: x\nneeds: [b, b]") + "  b: {command: x}\n", 6, "a.needs[1]", "needed twice"),
    Bad("need number", task("command: x\nneeds: [1]"), 6, "a.needs[0]", "not a need"),
    Bad("cycle", task("command: x\nneeds: [c]") + "  b: {command: x, needs: [a]}\n  c: {command: x, needs: [b]}\n", 6,
        "a.needs", "these tasks wait for each other: a -> b -> c -> a"),
    Bad("cycle through inputs", task("command: x\noutputs: [o]\ninputs: [b.outputs]")
        + "  b: {command: x, needs: [a], outputs: [p]}\n", 4, "a.needs", "wait for each other: a -> b -> a"),
    Bad("each of different counts", task("command: x\nforeach: 3") + "  b: {command: x, foreach: 4, needs: "
        "[{task: a, each: true}]}\n", 7, "b.needs[0]", "'b' has 4 items, 'a' has 3"),
    Bad("each without array", task("command: x") + "  b: {command: x, foreach: 4, needs: [{task: a, each: true}]}\n", 6,
        "b.needs[0]", "must have foreach or matrix"),
    # Arrays.
    Bad("matrix and foreach", task("command: x\nmatrix: {a: [1]}\nforeach: 2"), 6, "a.matrix", "either matrix or"),
    Bad("axis empty", task("command: x\nmatrix: {a: []}"), 6, "a.matrix.a", "at least one value"),
    Bad("matrix size", task("command: x\nmatrix: {a: &l [1,2,3,4,5,6,7,8,9,0,1],b: *l, c: *l, d: *l, e: *l, f: *l}"),
        6, "a.matrix", "too many combinations"),
    Bad("foreach empty", task("command: x\nforeach: []"), 6, "a.foreach", "makes no items"),
    Bad("foreach word", task("command: x\nforeach: split"), 6, "a.foreach", "not a foreach", "split.outputs"),
    Bad("foreach misspelt", task("command: x\nforeach: split.output"), 6, "a.foreach", "not a foreach",
        "split.outputs"),
    Bad("foreach unknown", task("command: x\nforeach: b.outputs"), 6, "a.foreach", "there is no task 'b'"),
    Bad("foreach without outputs", task("command: x\nforeach: b.outputs") + "  b: {command: x}\n", 6, "a.foreach",
        "declares no outputs"),
    Bad("foreach result of a command", task("command: x\nforeach: b.result") + "  b: {command: x}\n", 6,
        "a.foreach", "has no result"),
    Bad("range step", task("command: x\nforeach: {range: [0, 5, 0]}"), 6, "a.foreach.range", "step of a range is zero"),
    Bad("range empty", task("command: x\nforeach: {range: [5, 0]}"), 6, "a.foreach.range", "no items"),
    Bad("range huge", task("command: x\nforeach: {range: 99999999999999}"), 6, "a.foreach.range", "too many items"),
    Bad("foreach expression", task("command: x\nforeach: ${{ range(params.n) }}", "params: {n: 5000000}\n"), 7,
        "a.foreach", "at most 1000000"),
    # Expressions.
    Bad("unknown parameter", task("command: echo ${{ params.crg }}", "params: {crf: 1}\n"), 6, "a.command",
        "unknown parameter 'crg'", "crf"),
    Bad("unknown name", task("command: echo ${{ parms.x }}"), 5, "a.command", "unknown name 'parms'", "params"),
    Bad("unknown function", task("command: echo ${{ lne(1) }}"), 5, "a.command", "unknown function 'lne'", "len"),
    Bad("unclosed", task("command: echo ${{ index"), 5, "a.command", "without its '}}'"),
    Bad("broken expression", task("command: [echo, '${{ 1 + }}']"), 5, "a.command[1]", "expected a value"),
    Bad("expression in a block", task("script: |\n  echo\n  echo ${{ foo }}"), 7, "a.script", "unknown name 'foo'"),
    Bad("item without array", task("command: echo ${{ item }}"), 5, "a.command", "only in a task with foreach"),
    Bad("unknown axis", task("command: echo ${{ matrix.lrr }}\nmatrix: {lr: [1]}"), 5, "a.command",
        "unknown axis 'lrr'", "lr"),
    Bad("part of a path", task("command: echo ${{ item.steam }}\nforeach: b.outputs") + MAKES_Y,
        5, "a.command", "unknown part of a path", "stem"),
    Bad("result of a command", task("python: m:f\nargs: ['${{ tasks.b.result }}']") + "  b: {command: x}\n", 6,
        "a.args[0]", "has no result"),
    Bad("field of a task", task("python: m:f\nargs: ['${{ tasks.b.reslt }}']") + "  b: {python: m:f}\n", 6,
        "a.args[0]", "unknown field of a task", "result"),
    Bad("condition", task("command: x\nwhen: params.n >"), 6, "a.when", "expected a value"),
    Bad("item in a condition", task("command: x\nforeach: 2\nwhen: item == 1"), 7, "a.when", "decided once"),
    Bad("late input", task("command: x\nforeach: b.outputs\ninputs: ['${{ item }}']") + MAKES_Y,
        7, "a.inputs[0]", "uploaded before"),
    # Values inside commands.
    Bad("backquotes", task("command: echo `cat ${{ index }}`"), 5, "a.command", "write $(...) instead"),
    Bad("expansion", task('script: echo "${X:-${{ index }}}"'), 5, "a.script", "put the value in `env`"),
    Bad("python in quotes", task("script: print('${{ index }}')\nshell: python3"), 5, "a.script", "outside of quotes"),
    Bad("other language", task("script: puts ${{ index }}\nshell: ruby"), 5, "a.script", "pass them through `env`"),
    # Constraints.
    Bad("single equals", task("command: x\nwhere: os = linux"), 6, "a.where", "found '='", "=="),
    Bad("where list", task("command: x\nwhere: [os == linux, 'memory > lots']"), 6, "a.where[1]", "compares numbers"),
]  # fmt: skip


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name.replace(" ", "-"))
def test_each_malformed_document_gets_a_clear_problem(bad: Bad) -> None:
    graph, problems = load_document(bad.text, fmt=bad.fmt)
    assert graph is None
    found = [problem for problem in problems if bad.message in problem.message]
    assert found, [str(problem) for problem in problems]
    problem = found[0]
    # A single text instead of a list has the field's place.
    field = problem.field.removeprefix("tasks.").removesuffix("[0]")
    assert (problem.line, field) == (bad.line, bad.field.removesuffix("[0]")), str(problem)
    assert problem.suggestion == bad.suggestion, str(problem)
    assert problem.severity == "error"
    assert "Traceback" not in str(problem)


def test_there_is_one_problem_for_one_mistake() -> None:
    """No mistake drags others behind it, except where one really causes two."""
    twice = {"no action", "unknown field", "task nothing", "cycle through inputs", "two documents"}
    for bad in BAD:
        if bad.name not in twice:
            problems = load_document(bad.text, fmt=bad.fmt).problems
            assert len(problems) <= 2, (bad.name, [str(problem) for problem in problems])


def test_a_group_without_a_size_is_doubtful() -> None:
    """The core's configuration may have one, which the document cannot know."""
    text = HEAD + "limits: {groups: {database: 2}}\ntasks:\n  a: {command: x, groups: [database, databse]}\n"
    loaded = load_document(text)
    assert loaded.graph is not None
    (problem,) = loaded.problems
    assert (problem.severity, problem.line, problem.field) == ("warning", 5, "tasks.a.groups[1]")
    assert (problem.found, problem.suggestion) == ("'databse'", "database")


def test_columns_point_at_the_mistake() -> None:
    text = task('command: ["echo", "${{ params.crg }}"]', "params: {crf: 1}\n")
    problem = load_document(text).problems[0]
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].startswith("params.crg")
    text = task("script: |\n  # ${{ index }}\n\n  echo ${{ index + lne(2) }}")
    problem = load_document(text).problems[0]
    assert text.splitlines()[problem.line - 1][problem.column - 1 :].startswith("lne(2)")


def test_a_billion_laughs_costs_nothing() -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    tracemalloc.start()
    graph, problems = load_document("windlass: 1\n" + "\n".join(lines))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert graph is None
    assert problems[0].code == "alias-bomb"
    assert problems[0].line
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("text", "fmt"),
    [
        ("windlass: 1\nparams: " + "[" * 100_000, "yaml"),
        ("windlass: 1\nparams: " + "{a: " * 50_000, "yaml"),
        ("- " * 50_000, "yaml"),
        ('{"windlass": 1, "params": ' + "[" * 100_000 + "]" * 100_000 + "}", "json"),
        ('{"windlass": 1, "params": ' + "[" * 100 + "]" * 100 + "}", "json"),
        ('{"a":' * 100_000, "json"),
    ],
    ids=["flow", "flow-maps", "block", "json", "json-modest", "json-open"],
)
def test_deep_nesting_is_refused(text: str, fmt: str) -> None:
    graph, problems = load_document(text, fmt=fmt)
    assert graph is None
    assert any(problem.code in ("too-deep", "json-syntax", "key") for problem in problems)


def test_what_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("windlass.model.source.MAX_BYTES", 1000)
    graph, problems = load_document(b"windlass: 1\nname: " + b"x" * 1000)
    assert graph is None
    assert problems[0].code == "too-large"


def test_many_problems_are_cut_and_the_rest_is_counted() -> None:
    graph, problems = load_document(HEAD + "tasks:\n" + "".join(f"  t{n}: {{comand: x}}\n" for n in range(500)))
    assert graph is None
    assert len(problems) == 201
    assert problems[-1].message == "and 800 more problems"


def test_a_byte_order_mark_is_no_problem() -> None:
    assert load_document(b"\xef\xbb\xbf" + ONE.encode()).graph is not None
    assert load_document("\ufeff" + ONE).graph is not None


def test_warnings_leave_the_graph() -> None:
    graph, problems = load_document(task('command: bash -c "ls ${{ index }}"\nresources: {memory: 512}'))
    assert graph is not None
    assert [(problem.severity, problem.code) for problem in problems] == [
        ("warning", "second-reading"),
        ("warning", "unit"),
    ]
    assert problems[1].suggestion == "512 MiB"


@pytest.mark.parametrize("bad", BAD, ids=lambda bad: bad.name.replace(" ", "-"))
def test_both_yaml_parsers_agree(bad: Bad, monkeypatch: pytest.MonkeyPatch) -> None:
    fast = load_document(bad.text, fmt=bad.fmt).problems
    monkeypatch.setattr("windlass.model.source.fast_parser_reads", lambda text: False)
    assert load_document(bad.text, fmt=bad.fmt).problems == fast
