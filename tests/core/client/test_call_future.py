"""Futures of calls: ended on the network thread, opened by whoever asks, and nobody's code runs where it must not."""

from __future__ import annotations

import pickle
import threading
from concurrent.futures import wait
from typing import Any

import pytest

from windlass.client.dispatch import CallFuture
from windlass.wire.results import encode_result


class Told:
    """Remembers in which thread it was unpickled."""

    def __init__(self) -> None:
        self.thread = 0

    def __setstate__(self, state: Any) -> None:
        self.thread = threading.get_ident()


class Broken:
    def __reduce__(self) -> Any:
        return _fail, ()


def _fail() -> None:
    raise ValueError("this cannot be read")


def elsewhere(call: Any) -> Any:
    found: list[Any] = []
    thread = threading.Thread(target=lambda: found.append(call()))
    thread.start()
    thread.join()
    return found[0]


def test_a_result_is_unpickled_once_by_the_thread_that_asks() -> None:
    future = CallFuture()
    assert elsewhere(lambda: future.end_quietly(encode_result(Told())))
    assert future.done()
    assert wait([future]).done == {future}
    first = future.result()
    assert first.thread == threading.get_ident()
    assert future.result() is first
    assert elsewhere(future.result) is first
    assert future.exception() is None


def test_nothing_at_all_is_none() -> None:
    future = CallFuture()
    assert future.end_quietly(b"")
    assert future.result() is None


def test_a_result_that_cannot_be_unpickled_is_an_error_each_time() -> None:
    future = CallFuture()
    assert future.end_quietly(b"p" + pickle.dumps(Broken()))
    for _ in range(2):
        with pytest.raises(ValueError, match="this cannot be read"):
            future.result()
        assert isinstance(future.exception(), ValueError)


def test_one_with_callbacks_is_left_to_the_other_thread() -> None:
    future = CallFuture()
    seen: list[Any] = []
    future.add_done_callback(lambda done: seen.append(done.result()))
    assert not future.end_quietly(encode_result(1))
    assert not future.done()
    assert future.claim()
    future.set_result(2)
    assert seen == [2]


def test_only_one_ends_it() -> None:
    future = CallFuture()
    assert future.claim()
    assert not future.claim()
    assert not future.end_quietly(b"")
    quiet = CallFuture()
    assert quiet.end_quietly(b"")
    assert not quiet.claim()
    late: list[Any] = []
    quiet.add_done_callback(late.append)  # runs here, at once
    assert late == [quiet]
