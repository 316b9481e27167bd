"""A thread that waits for an answer serves the socket itself, and nobody else hears less for it."""

from __future__ import annotations

import math
import queue
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import Any

import pytest

from windlass.client import helm
from windlass.client import link as link_module
from windlass.client.connect import locate
from windlass.client.embedded import EmbeddedCore
from windlass.client.errors import LinkClosed
from windlass.client.helm import Helm, Unbroken
from windlass.client.link import Link
from windlass.wire import messages as m
from windlass.wire import multipart

pytestmark = pytest.mark.timeout(60, method="thread")
LONG = 20.0


@pytest.fixture(scope="module")
def core() -> Iterator[EmbeddedCore]:
    with EmbeddedCore(agents=0) as embedded:
        yield embedded


@pytest.fixture
def link(core: EmbeddedCore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Link]:
    """Without the net under it, which would hide a lost sign."""
    monkeypatch.setattr(link_module, "SECOND_LOOK", math.inf)
    with Link(locate(home=core.home), name="test") as made:
        made.wait_up(20)
        yield made


def in_thread(call: Callable[[], Any]) -> Future[Any]:
    future: Future[Any] = Future()
    threading.Thread(target=lambda: future.set_result(call())).start()
    return future


def test_an_answer_is_taken_by_the_thread_that_waits(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(helm, "LEASE", LONG)

    def ask() -> tuple[int, int]:
        heard: list[int] = []
        for _ in range(20):
            future = link.request(m.GetAgents(0), at_once=True)
            future.add_done_callback(lambda _: heard.append(threading.get_ident()))
            link.serve(future, 10.0)
            assert future.result(10.0).data == {"agents": []}
        return heard.count(threading.get_ident()), len(heard)

    taken, asked = in_thread(ask).result(30)
    assert asked == 20
    assert taken > asked / 2, "the network thread goes on taking answers, as if nobody else listened"


def test_what_comes_after_the_answer_is_not_forgotten(link: Link) -> None:
    """Two answers are on their way; the guest goes with the first."""
    for _ in range(50):
        other = link.request(m.GetInfo(0))
        link.ask(m.GetAgents(0), timeout=10.0)
        assert other.result(10.0).data["runs"] == 0


@pytest.mark.parametrize("unread", [True, False])
def test_what_a_guest_leaves_unread_wakes_the_network_thread(
    link: Link, monkeypatch: pytest.MonkeyPatch, unread: bool
) -> None:
    """A socket gives no second sign of what it has given one for, and the guest took that: only a ring helps."""
    future = link.request(m.GetAgents(0))
    future.result(10.0)
    rings: list[str] = []
    events, guest = multipart.events, threading.get_ident()

    def look(socket: Any) -> tuple[bool, bool]:
        found, room = events(socket)
        return found or (unread and threading.get_ident() == guest and future.done()), room

    monkeypatch.setattr(helm, "SERVE", LONG)
    monkeypatch.setattr(multipart, "events", look)
    monkeypatch.setattr(link._helm, "park", lambda: 0.0)  # parked, it would look by itself
    monkeypatch.setattr(link, "_ring", lambda **how: (rings.append("ring"), Link._ring(link, **how)))
    with link._helm:
        future = link.request(m.GetAgents(0))
    link.serve(future, 10.0)
    assert future.result(10.0).data == {"agents": []}
    assert bool(rings) is unread


def test_who_waits_in_another_way_hears_of_it_too(link: Link) -> None:
    """After a guest's answer something may be unread of which nothing gives a sign any more."""
    for number in range(100):
        if number % 3:
            later = [link.request(m.GetAgents(0), at_once=number % 2 == 0) for _ in range(2)]
            assert not wait(later, timeout=10.0).not_done
        link.request(m.GetInfo(0))
        in_thread(lambda: link.ask(m.GetAgents(0), timeout=10.0)).result(10.0)


def test_a_topic_is_told_on_the_network_thread(link: Link) -> None:
    heard: queue.Queue[int] = queue.Queue()
    with link.subscribe(["agents"], lambda _: heard.put(threading.get_ident())):
        for _ in range(20):
            link.ask(m.GetAgents(0), timeout=10.0)
        assert heard.get(timeout=10) == link._thread.ident


def test_many_threads_ask_at_once(link: Link) -> None:
    def ask() -> int:
        return sum(link.ask(m.GetAgents(0), timeout=20.0).data == {"agents": []} for _ in range(50))

    assert [each.result(30) for each in [in_thread(ask) for _ in range(4)]] == [50] * 4


def test_another_thread_is_not_kept_waiting_by_a_guest(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("windlass.client.link.SERVE", LONG)
    never: Future[Any] = Future()
    guest = in_thread(lambda: link.serve(never, LONG))
    while not link._helm.left:
        time.sleep(0.001)
    for _ in range(5):
        assert link.request(m.GetAgents(0)).result(5.0).data == {"agents": []}
    never.set_result(None)
    link.request(m.GetAgents(0)).result(5.0)
    guest.result(5.0)


def test_a_guest_is_woken_when_another_thread_took_its_answer(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """The socket gave one sign, which the other thread ate: the guest would sleep until it gives up."""
    monkeypatch.setattr(link_module, "SERVE", LONG)
    for _ in range(20):
        answer: Future[Any] = Future()
        guest = in_thread(lambda answer=answer: link.serve(answer, LONG))
        while not (link._helm.left or guest.done()):
            time.sleep(0.001)
        link._own.append(lambda answer=answer: answer.set_result(None))  # as `_take` does at the helm
        link._ring()
        guest.result(5.0)


def test_what_a_guest_leaves_to_the_network_thread_is_done(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """Such as telling a subscriber of news that came just before the guest's answer."""
    monkeypatch.setattr(link._helm, "park", lambda: 0.0)  # parked, it would look by itself
    for _ in range(20):
        link.request(m.GetAgents(0)).result(10.0)
        told: queue.Queue[int] = queue.Queue()
        future = link.request(m.GetAgents(0), at_once=True)
        future.add_done_callback(lambda _, told=told: link._own.append(lambda: told.put(threading.get_ident())))
        in_thread(lambda future=future: link.serve(future, 10.0)).result(10)
        assert told.get(timeout=5.0) == link._thread.ident


def test_no_sign_is_lost_whoever_serves(link: Link, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests that would sleep for ever, threads that send beside them, others that wait in their own way."""
    monkeypatch.setattr(link_module, "SERVE", 10 * LONG)

    def work(seed: int) -> int:
        draw = random.Random(seed)
        done = 0
        for _ in range(60):
            kind = draw.randrange(4)
            if kind == 0:
                done += link.ask(m.GetAgents(0), timeout=LONG).data == {"agents": []}
            elif kind == 1:
                done += link.request(m.GetAgents(0)).result(LONG).data == {"agents": []}
            elif kind == 2:
                done += link.request(m.GetAgents(0), at_once=True).result(LONG).data == {"agents": []}
            else:
                first, second = link.request(m.GetInfo(0), at_once=True), link.request(m.GetAgents(0))
                link.serve(second, LONG)
                done += second.result(LONG).data == {"agents": []} and bool(first.result(LONG).data)
        return done

    assert [each.result(LONG) for each in [in_thread(lambda n=n: work(n)) for n in range(5)]] == [60] * 5


def test_a_guest_gives_up_in_time_and_what_comes_later_is_heard(link: Link) -> None:
    never: Future[Any] = Future()
    left = in_thread(lambda: link.serve(never, 10.0)).result(10)
    assert left < 10.0 - helm.SERVE / 2
    assert link.request(m.GetAgents(0)).result(10.0).data == {"agents": []}


def test_a_callback_must_not_wait_for_the_link(link: Link) -> None:
    found: queue.Queue[str] = queue.Queue()

    def ask(_: Future[Any]) -> None:
        try:
            link.ask(m.GetAgents(0))
        except RuntimeError as error:
            found.put(str(error))

    for _ in range(3):
        with link._helm:  # so that the answer cannot be there before the callback
            future = link.request(m.GetAgents(0))
            future.add_done_callback(ask)
        in_thread(lambda future=future: link.serve(future, 10.0)).result(10)
        assert "must not wait" in found.get(timeout=10)


def test_closing_ends_a_guests_waiting(core: EmbeddedCore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("windlass.client.link.SERVE", LONG)
    link = Link(locate(home=core.home))
    link.wait_up(20)
    waiting = link.request(m.WaitRun(0, 1, wait=60.0))
    in_thread(lambda: link.serve(waiting, 0.2)).result(10)
    link.close()
    with pytest.raises((LinkClosed, Exception)):
        waiting.result(5.0)
    assert in_thread(lambda: link.serve(waiting, 1.0)).result(5) == 1.0


def test_a_core_that_dies_under_a_guest_is_met_again() -> None:
    with EmbeddedCore(agents=0) as core, Link(locate(home=core.home)) as link:
        link.wait_up(20)
        assert core.core_process is not None
        core.core_process.send_signal(signal.SIGSTOP)
        asked = in_thread(lambda: link.ask(m.GetAgents(0), timeout=30.0).data)
        time.sleep(0)
        core.core_process.send_signal(signal.SIGKILL)
        core.core_process.wait()
        core.start_core()
        assert asked.result(30) == {"agents": []}


# --- who is at the helm, and interrupts --------------------------------------------------------------------


def test_one_guest_at_a_time_and_a_ring_ends_the_lease() -> None:
    held = Helm()
    assert held.left == 0
    assert held.come(time.monotonic() + LONG)
    assert not held.come(time.monotonic() + LONG)
    assert held.left > 1
    assert held.leave(done=True, unread=True), "the network thread may sleep on a sign that the guest has eaten"
    assert 0 < held.left <= helm.LEASE
    assert held.come(time.monotonic() + LONG)
    assert 0 < held.park() <= helm.LEASE
    assert held.visited
    assert not held.leave(done=True, unread=True), "it stays away for a moment longer"
    assert not held.visited
    assert held.come(time.monotonic() + LONG)
    held.end_lease()
    assert held.left == 0
    assert held.leave(done=True, unread=False), "somebody rang meanwhile"
    assert held.come(time.monotonic() + LONG)
    assert held.leave(done=False, unread=False)
    assert held.left == held.park() == 0


def test_the_helm_knows_who_holds_it() -> None:
    held = Helm()
    with held:
        assert held.mine
        assert in_thread(lambda: (held.mine, held.take())).result(5) == (False, False)
    assert held.take()
    held.__exit__()
    assert not held.mine


@pytest.fixture
def plain_signals() -> Iterator[None]:
    """As in a program that has no handlers of its own."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGALRM)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.mark.usefixtures("plain_signals")
def test_an_interrupt_comes_when_the_work_is_done() -> None:
    done: list[bool] = []

    def work() -> None:
        with Unbroken() as unbroken:
            signal.raise_signal(signal.SIGINT)
            done.append(unbroken.allowed)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done == [True]
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.usefixtures("plain_signals")
def test_an_interrupt_of_a_waiting_program_loses_nothing(link: Link) -> None:
    def interrupt(_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    def wait_for_it() -> None:
        future.add_done_callback(interrupt)  # at once, where the answer was there already
        link.serve(future, 1.0)
        threading.Event().wait(10.0)  # a plain interrupt, where the network thread was first

    future = link.request(m.GetAgents(0), at_once=True)
    with pytest.raises(KeyboardInterrupt):
        wait_for_it()
    assert future.result(1.0).data == {"agents": []}
    assert link.ask(m.GetAgents(0), timeout=10.0).data == {"agents": []}


@pytest.mark.usefixtures("plain_signals")
@pytest.mark.parametrize("number", [signal.SIGALRM, signal.SIGINT])
def test_a_program_with_handlers_of_its_own_is_left_alone(link: Link, number: int) -> None:
    signal.signal(number, lambda *_: None)
    with Unbroken() as unbroken:
        assert not unbroken.allowed
    never: Future[Any] = Future()
    assert link.serve(never, 5.0) == 5.0
    assert link.ask(m.GetAgents(0), timeout=10.0).data == {"agents": []}
    assert in_thread(lambda: Unbroken().__enter__().allowed).result(5), "other threads are not interrupted"
