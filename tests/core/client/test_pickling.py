"""What travels by value: everything the agents cannot have."""

from __future__ import annotations

import importlib
import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from windlass.client import pickling, trampoline


def test_installed_modules_and_our_own_are_left_where_they_are() -> None:
    import json

    import cloudpickle

    assert not pickling.is_own("json", json)
    assert not pickling.is_own("cloudpickle", cloudpickle)
    assert not pickling.is_own("windlass.client.trampoline", trampoline)
    assert not pickling.is_own("sys", sys)
    assert (
        pickle.dumps(trampoline.call) in pickling.dumps(trampoline.call) or len(pickling.dumps(trampoline.call)) < 100
    )


def test_the_users_own_modules_travel_with_their_code(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "windlass_test_helper.py").write_text("FACTOR = 3\ndef deep(x):\n    return FACTOR * x\n")
    (tmp_path / "windlass_test_own.py").write_text(
        "import windlass_test_helper\ndef work(x):\n    return windlass_test_helper.deep(x) + 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    own = importlib.import_module("windlass_test_own")
    data = pickling.dumps(own.work)
    # Another process, which has no such modules.
    script = "import pickle, sys; print(pickle.loads(sys.stdin.buffer.read())(2))"
    done = subprocess.run([sys.executable, "-c", script], input=data, capture_output=True, cwd="/")
    assert done.stdout == b"7\n", done.stderr.decode()


def test_plain_arguments_take_the_fast_way_and_others_keep_their_class() -> None:
    class Own:
        pass

    assert pickle.loads(pickling.dumps_call((1, "x", None), {})) == ((1, "x", None), {})
    (own,), _ = pickle.loads(pickling.dumps_call((Own(),), {}))
    assert type(own) is Own


def test_a_worker_loads_a_function_once_and_prepares_once() -> None:
    calls: list[str] = []
    assert trampoline.call(b"k1", pickle.dumps(abs), -3) == 3
    assert trampoline.call(b"k1", b"not read again", -4) == 4
    assert trampoline.call_chunk(b"k1", b"", [(-1,), (-2,)]) == [1, 2]
    trampoline.initialise("one", calls.append, ("x",))
    trampoline.initialise("one", calls.append, ("x",))
    trampoline.initialise("two", calls.append, ("y",))
    assert calls == ["x", "y"]

    def fail() -> None:
        calls.append("fail")
        raise ValueError("no")

    for _ in range(2):
        with pytest.raises(ValueError):
            trampoline.initialise("three", fail, ())
    assert calls == ["x", "y", "fail"]


def test_a_worker_forgets_the_functions_used_longest_ago(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trampoline, "KEEP", 2)
    monkeypatch.setattr(trampoline, "_functions", type(trampoline._functions)())
    for key in (b"a", b"b", b"a", b"c"):
        trampoline.call(key, pickle.dumps(abs), 1)
    assert list(trampoline._functions) == [b"a", b"c"]
