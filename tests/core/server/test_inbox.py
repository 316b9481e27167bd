"""Which message the loop takes next."""

from __future__ import annotations

from collections import deque
from typing import Any

from windlass.server.inbox import AHEAD, FEW, Inbox
from windlass.server.links import Connection
from windlass.wire import messages as m

A = Connection(b"a", "", 0.0)


def ends(run: int, count: int) -> Any:
    some = [0] * count
    times = [0.0] * count
    return A, m.Succeeded(1, run, 0, 1, some, some, times, times, times, some), []


def order(messages: list[Any], hurried: bool) -> list[Any]:
    came = deque(messages)
    inbox = Inbox(lambda now: came.popleft() if came else None)
    found = []
    while (got := inbox.next(0.0, hurried)) is not None:
        found.append(got)
    assert sorted(map(id, found)) == sorted(map(id, messages))
    return found


def test_messages_come_in_their_order() -> None:
    messages = [ends(1, 1000), ends(1, 300), ends(2, 1), (A, m.Started([]), []), ends(3, 1)]
    assert order(messages, False) == messages


def test_few_ends_go_before_many_but_before_nothing_else() -> None:
    many, more, one, started, two = ends(1, 1000), ends(1, FEW + 1), ends(2, 1), (A, m.Started([]), []), ends(3, FEW)
    assert order([many, more, one, started, two], True) == [one, many, more, started, two]
    assert order([many, more, one, two, started], True) == [one, two, many, more, started]


def test_it_looks_only_so_far() -> None:
    messages = [ends(1, 1000) for _ in range(AHEAD)] + [ends(2, 1)]
    assert order(messages, True).index(messages[-1]) == 1
