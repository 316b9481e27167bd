"""What runs in the workers on behalf of an `Executor`. Imported there, so it imports next to nothing itself."""

from __future__ import annotations

import pickle
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

KEEP = 256
"""Functions a worker keeps loaded, the latest used ones."""

_functions: OrderedDict[bytes, Callable[..., Any]] = OrderedDict()
_initialised: dict[str, BaseException | None] = {}


def call(key: bytes, pickled: bytes, /, *args: Any, **kwargs: Any) -> Any:
    """Call a function that came along with its arguments; `key` names it, so that it is unpickled once."""
    return _load(key, pickled)(*args, **kwargs)


def call_chunk(key: bytes, pickled: bytes, chunk: list[tuple[Any, ...]], /) -> list[Any]:
    """Several calls as one item, as `map` with a chunksize asks for."""
    function = _load(key, pickled)
    return [function(*args) for args in chunk]


def initialise(executor: str, initializer: Callable[..., object], initargs: tuple[Any, ...]) -> None:
    """Run an executor's initializer once in this process, however many of its functions are loaded here."""
    if executor not in _initialised:
        try:
            initializer(*initargs)
        except BaseException as error:
            _initialised[executor] = error
            raise
        _initialised[executor] = None
    failed = _initialised[executor]
    if failed is not None:
        raise failed


def _load(key: bytes, pickled: bytes) -> Callable[..., Any]:
    function = _functions.get(key)
    if function is None:
        loaded: Callable[..., Any] = pickle.loads(pickled)
        function = _functions[key] = loaded
        if len(_functions) > KEEP:
            _functions.popitem(last=False)
    else:
        _functions.move_to_end(key)
    return function
