"""`model/fitting.py` says of machines what the scheduler says of agents where nothing runs."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.depth import examples
from turns import Bench

from windlass.model.fitting import Machine, fit, lack
from windlass.model.graph import Gpu, Resources
from windlass.sched import events as e
from windlass.sched.events import TaskPlan

GIB = 1 << 30
SIZES = st.sampled_from([0, GIB, 8 * GIB])


@st.composite
def machines(draw: st.DrawFn) -> Machine:
    gpus = draw(st.lists(SIZES, max_size=3))
    named = draw(st.dictionaries(st.sampled_from(["maya", "nuke"]), st.sampled_from([1.0, 4.0]), max_size=2))
    resources = Resources(draw(st.sampled_from([1, 4])), draw(SIZES), draw(SIZES), len(gpus), named)
    return Machine("a", resources, {"os": draw(st.sampled_from(["linux", "darwin"]))}, tuple(gpus))


ASKS = st.builds(
    Resources,
    st.sampled_from([0.5, 1.0, 2.0]), SIZES, SIZES, st.integers(0, 2),
    st.dictionaries(st.sampled_from(["maya"]), st.sampled_from([1.0, 2.0]), max_size=1), SIZES,
)  # fmt: skip


@given(machines(), ASKS, st.sampled_from([(), ("os == linux",)]))
@settings(max_examples=examples(150), deadline=None)
def test_one_verdict_with_the_scheduler(machine: Machine, asked: Resources, where: tuple[str, ...]) -> None:
    bench = Bench()
    gpus = tuple(Gpu(index, "", size) for index, size in enumerate(machine.gpu_memory))
    bench.do(e.AgentHello("a", machine.resources, machine.labels, 0, (), gpus=gpus))
    bench.submit(TaskPlan("t", count=9, resources=asked, where=where))
    (reason,) = bench.scheduler.why(1, 0, 8, bench.now, {}).agents
    found = lack(asked, where, machine)
    assert (found is not None) == (reason.kind in ("label", "lacks")), reason
    if found is not None and not asked.gpu_memory:
        assert found == reason.words


def test_what_no_machine_has_by_name_may_be_a_licence() -> None:
    machine = Machine("a", Resources(4.0))
    found = fit(Resources(1.0, named={"maya": 1.0}), (), [machine])
    assert found.words() == "fits all of 1 agent; maya must be a licence of the core"
    assert not found.never


def test_the_words_group_the_reasons() -> None:
    small, large = Machine("a", Resources(2.0)), Machine("b", Resources(8.0, gpus=1), {"os": "linux"}, (0,))
    found = fit(Resources(4.0, gpus=1), ("os == linux",), [small, small, large])
    assert found.words() == "fits 1 of 3 agents (2 are not 'os == linux')"
    assert fit(Resources(4.0), (), [small]).never
    assert fit(Resources(4.0), (), []).words() == "no agent is known"
