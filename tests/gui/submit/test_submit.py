"""The submit dialog: parameters of their kinds, parts of a graph, what will come of it, what was said before."""

from __future__ import annotations

import time
from array import array
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QSettings, Qt

from windlass.model.document import check_text
from windlass.model.graph import Command, Foreach, Graph, Need, Resources, Task
from windlass.model.part import MARK
from windlass.wire import messages as m
from windlass_gui.bridge import Bridge
from windlass_gui.bridge.recording import RecordingLink
from windlass_gui.editor.document.session import EditorSession
from windlass_gui.submit.dialog import SubmitDialog
from windlass_gui.submit.form import ParamsForm
from windlass_gui.submit.options import Earlier, SubmitHistory, SubmitOptions, parse_due
from windlass_gui.submit.preview import Recorded, estimate, preview, unfit

TEXT = """windlass: 1
name: frames
params: {size: 4, fast: true, mode: "5", axes: [1, 2], rate: 0.5, more: {a: 1}}
tasks:
  split: {command: "split", outputs: "*.png"}
  setup: {command: "setup"}
  render: {command: "render", needs: [split, setup], foreach: {range: "${{ params.size }}"}, inputs: split.outputs}
  wide: {command: "wide", needs: setup, resources: {cpus: 64}}
  later: {command: "later", needs: split, foreach: split.outputs}
"""
TEXT = TEXT.replace('foreach: {range: "${{ params.size }}"}', 'foreach: "${{ range(params.size) }}"')


def graph_of(text: str) -> Graph:
    found = check_text(text)
    assert found.graph is not None, [str(problem) for problem in found.problems]
    return found.graph


# --- the form ---


def test_values_keep_the_kind_of_their_default(qtbot: Any) -> None:
    params = {"size": 4, "mode": "5", "fast": True, "axes": [1, 2], "rate": 0.5, "more": {"a": 1}, "any": None}
    form = ParamsForm(params)
    qtbot.addWidget(form)
    assert form.values() == params
    form._lines["size"].setText("1e3")
    form._texts["axes"].setPlainText("[3]")
    form._boxes["fast"].setChecked(False)
    assert form.values() == {**params, "size": 1000.0, "axes": [3], "fast": False}
    form._resets["axes"].click()
    assert form.values()["axes"] == [1, 2]
    assert not form._resets["axes"].isEnabled()
    assert form._resets["fast"].isEnabled()


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [("size", "many", "no number"), ("size", "inf", "finite"), ("axes", "3", "a list"), ("more", "[1]", "a mapping")],
)
def test_what_is_wrong_is_named(qtbot: Any, name: str, text: str, words: str) -> None:
    form = ParamsForm({"size": 4, "axes": [1], "more": {"a": 1}})
    qtbot.addWidget(form)
    form.set_values({name: text})
    with pytest.raises(ValueError, match=words) as error:
        form.values()
    assert name in str(error.value)


# --- when ---


def test_deadlines_are_durations_times_or_dates() -> None:
    now = time.mktime((2026, 11, 23, 18, 0, 0, 0, 0, -1))
    assert parse_due("", now) == 0
    assert parse_due("2 h", now) == 7200
    assert parse_due("18:30", now) == 1800
    assert parse_due("17:30", now) == 23.5 * 3600  # tomorrow's
    assert parse_due("2026-11-24 18:00", now) == 86400
    for wrong, words in (("2026-11-23 17:00", "is over"), ("soon", "is no time"), ("0 s", "no time")):
        with pytest.raises(ValueError, match=words):
            parse_due(wrong, now)


# --- what was said before ---


def test_submissions_are_remembered_by_graph(tmp_path: Path) -> None:
    settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
    clock = [1000.0]
    history = SubmitHistory(settings, lambda: clock[0])
    history.add("a", SubmitOptions({"size": 1}), "")
    history.add("b", SubmitOptions({"size": 9}), "")
    clock[0] = 2000.0
    history.add("a", SubmitOptions({"size": 2}, name="x"), "2 h")
    history.add("a", SubmitOptions({"size": 1}), "")
    assert [(one.at, one.params) for one in history.of("a")] == [(2000.0, {"size": 1}), (2000.0, {"size": 2})]
    assert history.of("a")[1].due == "2 h"
    assert [one.params for one in history.of("b")] == [{"size": 9}]
    for n in range(30):
        history.add("a", SubmitOptions({"size": n}), "")
    assert len(history.of("a")) == 12
    settings.setValue("submits", "no json")
    assert history.of("a") == []
    settings.setValue("submits", '{"x": 3}')
    assert history.of("a") == []
    assert "size=3" in Earlier(0.0, {"size": 3}).words


# --- what will come of it ---


def test_which_agents_can_take_what_and_why_not(make: Any) -> None:
    desk = make.agent("desk")
    gpu = make.agent("gpu1", resources={"cpus": 96.0, "memory": 64 << 30, "gpus": 2})
    graph = graph_of(TEXT)
    rows = {row.id: row for row in preview(graph, graph.params, [desk, gpu])}
    assert rows["render"].count == 4
    assert rows["later"].count is None
    assert rows["render"].agents == ("desk", "gpu1")
    assert rows["wide"].agents == ("gpu1",)
    (wide,) = [row for row in preview(graph, graph.params, [desk]) if not row.agents]
    assert wide.reason == "it asks for 64 CPUs, there are 4"
    assert preview(graph, {**graph.params, "size": 7}, [])[2].count == 7
    assert preview(graph, graph.params, [])[0].reason == "no agent is connected yet"
    with pytest.raises(ValueError, match="render"):
        preview(graph, {**graph.params, "size": "x"}, [])


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"where": ["os == windows"]}, "does not hold"),
        ({"resources": Resources(memory=1 << 50)}, "memory"),
        ({"resources": Resources(gpus=1)}, "1 GPUs"),
        ({"resources": Resources(named={"matlab": 2})}, ""),
        ({"resources": Resources(gpu_memory=1)}, "no GPU"),
        ({}, ""),
    ],
)
def test_reasons(make: Any, fields: dict[str, Any], words: str) -> None:
    found = unfit(Task("a", Command(["x"]), **fields), make.agent("desk"))
    assert (words in found) if words else found == ""


def test_an_estimate_is_no_less_than_the_work_and_the_longest_chain() -> None:
    tasks = [
        Task("a", Command(["x"])),
        Task("b", Command(["x"]), needs=[Need("a")], foreach=Foreach(range=(0, 10, 1)), resources=Resources(cpus=2)),
        Task("c", Command(["x"]), needs=[Need("b")]),
    ]
    recorded = Recorded([4], {"a": 2, "b": 10}, {"a": 20.0, "b": 50.0}, {"b": 10})
    found = estimate(Graph("g", tasks), {"a": 1, "b": None, "c": 1}, recorded, 4)
    assert found is not None
    assert (found.work, found.chain, found.seconds, found.unknown) == (110.0, 15.0, 27.5, 1)
    assert estimate(Graph("g", tasks), {}, Recorded(), 4) is None
    assert estimate(Graph("g", tasks), {}, recorded, 0) is None


# --- the dialog ---


class Opened:
    def __init__(self, bridge: Bridge, link: RecordingLink, make: Any, qtbot: Any, tmp_path: Path) -> None:
        self.bridge, self.link, self.make, self.qtbot = bridge, link, make, qtbot
        self.settings = QSettings(str(tmp_path / "s.ini"), QSettings.Format.IniFormat)
        self.session = EditorSession(TEXT)
        old = make.run(3, state="succeeded", name="frames")
        link.tell(make.snapshot("agents", agents=[make.agent("desk")]), make.snapshot("runs", runs=[old]))
        bridge.frame()

    def dialog(self, chosen: tuple[str, ...] = (), scope: str = "whole") -> SubmitDialog:
        made = SubmitDialog(self.bridge, self.settings, self.session, graph_of(TEXT), chosen, scope)
        made.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
        self.qtbot.addWidget(made)
        return made


@pytest.fixture
def opened(bridge: Bridge, link: RecordingLink, make: Any, qtbot: Any, tmp_path: Path) -> Opened:
    return Opened(bridge, link, make, qtbot, tmp_path)


def test_the_preview_follows_what_is_typed(opened: Opened) -> None:
    dialog = opened.dialog()
    assert dialog.summary.text() == "5 tasks, 7 items, and those of 1 task that fan out over what others make"
    assert dialog.agents.text() == "No agent can take 1 task: it would wait"
    assert [dialog.table.item(0, column).text() for column in (0, 3)] == ["wide", "it asks for 64 CPUs, there are 4"]
    dialog.form._lines["size"].setText("100")
    dialog.refresh()
    assert "103 items" in dialog.summary.text()
    dialog.form._lines["size"].setText("x")
    dialog.refresh()
    assert not dialog.submit.isEnabled()
    assert dialog.form._lines["size"].property("invalid") is True
    assert "103 items" in dialog.summary.text(), "what could be understood last"
    assert "size" in dialog.error.text()
    dialog.form._lines["size"].setText("5")
    dialog.due.setText("yesterday")
    dialog.refresh()
    assert "yesterday" in dialog.error.text()


def test_what_was_chosen_is_handed_on_and_comes_back_the_next_time(opened: Opened) -> None:
    dialog = opened.dialog()
    dialog.form._lines["size"].setText("8")
    dialog.name.setText("night")
    dialog.priority.setValue(5)
    dialog.due.setText("2 h")
    dialog.project.setText("film")
    dialog.accept()
    assert dialog.options == SubmitOptions(
        {"size": 8, "fast": True, "mode": "5", "axes": [1, 2], "rate": 0.5, "more": {"a": 1}}, "night", 5, 7200.0, "",
        "film", "",
    )  # fmt: skip
    again = opened.dialog()
    assert again.form.values()["size"] == 8
    assert (again.name.text(), again.priority.value(), again.due.text()) == ("night", 5, "2 h")
    again._earlier_chosen(1)
    assert again.form.values()["size"] == 4
    assert again.name.text() == ""
    again._earlier_chosen(2)
    assert again.name.text() == "night"


def test_a_part_takes_along_what_it_takes_files_from_and_asks_before_it_loses_order(opened: Opened) -> None:
    dialog = opened.dialog(("render",), "chosen")
    assert dialog.scope.tasks == {"split", "render"}
    assert "split" in dialog.scope.taken.text()
    assert "setup" in dialog.scope.dropped.text()
    assert not dialog.submit.isEnabled()
    assert "without waiting" in dialog.error.text()
    dialog.scope.agree.setChecked(True)
    dialog.refresh()
    assert dialog.submit.isEnabled()
    assert dialog.table.rowCount() == 2
    dialog.accept()
    text = dialog.options.text
    assert text.startswith(MARK)
    graph = graph_of(text)
    assert [(task.id, [need.task for need in task.needs]) for task in graph.tasks] == [
        ("split", []), ("render", ["split"])
    ]  # fmt: skip


def test_from_here_on(opened: Opened) -> None:
    dialog = opened.dialog(("setup",), "onward")
    assert dialog.scope.tasks == {"setup", "render", "wide", "split"}
    whole = opened.dialog((), "chosen")
    assert whole.scope.scope == "whole"
    assert not whole.scope.buttons["chosen"].isEnabled()
    whole.accept()
    assert whole.options.text == ""


def test_the_estimate_comes_from_recorded_runs(opened: Opened, link: RecordingLink, bridge: Bridge) -> None:
    dialog = opened.dialog()
    assert dialog.time.text() == "Looking at earlier runs…"
    (asked,) = link.of(m.GetRun)
    asked.answer({"tasks": [{"index": 0, "id": "split", "count": 1}, {"index": 1, "id": "render", "count": 4}]})
    bridge.frame()
    rows = [(0, 0, 1, 10.0, 40.0), (1, 0, 1, 40.0, 100.0), (1, 1, 1, 40.0, 160.0)]
    kinds = {"task": "I", "index": "I", "attempt": "I", "started": "d", "ended": "d"}
    data: dict[str, Any] = {
        name: array(kind, [row[at] for row in rows]).tobytes() for at, (name, kind) in enumerate(kinds.items())
    }
    data |= {"memory": bytes(24), "slot": bytes(12), "agent": bytes(6), "outcome": bytes(3)}
    link.of(m.GetColumns)[0].answer({**data, "agents": ["a"], "outcomes": ["ok"], "next": None, "last": 3})
    bridge.frame()
    dialog.refresh()
    # 30 s of split, 4 items of 90 s each: 390 CPU seconds on 4 CPUs, and no less than 30 + 90 s one after the other.
    assert dialog.time.text().startswith("At least about 2 min")
    assert "as recorded in run 3; nothing is known of 3 tasks" in dialog.time.text()


def test_without_a_record_it_says_so(
    bridge: Bridge, link: RecordingLink, make: Any, qtbot: Any, tmp_path: Path
) -> None:
    opened = Opened(bridge, link, make, qtbot, tmp_path)
    opened.session = EditorSession(TEXT.replace("name: frames", "name: other"))
    dialog = SubmitDialog(bridge, opened.settings, opened.session, graph_of(opened.session.document.text))
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose, False)
    qtbot.addWidget(dialog)
    assert "no earlier run" in dialog.time.text()
