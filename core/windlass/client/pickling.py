"""How functions and their arguments become bytes: by reference what an agent has installed, by value all else.

The user's own modules (a script's neighbours, a checkout) are not on the agents, so their functions and classes
travel with their code. A class keeps its identity: an exception of the user's own class can be caught as such.
"""

from __future__ import annotations

import os
import pickle
import site
import sys
import sysconfig
from pathlib import Path
from types import ModuleType
from typing import Any

import cloudpickle

_OURS = ("windlass", "windlass_agent", "windlass_gui", "windlass_resources")
PLAIN: frozenset[type] = frozenset({int, float, str, bytes, bool, type(None), complex})
"""Types whose values hold no code: the fast pickler is right for them."""
_seen = 0
"""How many modules had been imported when they were last looked through."""
_checked: set[str] = set()


def dumps(value: Any) -> bytes:
    """Bytes that `pickle.loads` on an agent turns into an equal value."""
    _register_own_modules()
    return bytes(cloudpickle.dumps(value))


def dumps_call(args: tuple[Any, ...], kwargs: dict[str, Any], plain: frozenset[type] = PLAIN) -> bytes:
    """The arguments of one call; where all are of plain types, by the fast pickler."""
    if not kwargs and all(type(each) in plain for each in args):
        return pickle.dumps((args, kwargs), pickle.HIGHEST_PROTOCOL)
    return dumps((args, kwargs))


def _register_own_modules() -> None:
    """Have cloudpickle take the user's own modules by value; new imports are looked at once."""
    global _seen
    if len(sys.modules) == _seen:
        return
    _seen = len(sys.modules)
    for name, module in list(sys.modules.items()):
        if name not in _checked:
            _checked.add(name)
            if is_own(name, module):
                cloudpickle.register_pickle_by_value(module)


def is_own(name: str, module: object) -> bool:
    """Whether a module is the user's own source, which no agent can be expected to have."""
    if name.split(".")[0] in _OURS or name == "__main__" or not isinstance(module, ModuleType):
        return False
    file = getattr(module, "__file__", None)
    if not isinstance(file, str) or not file.endswith(".py") or module.__name__ != name:
        return False
    return not file.startswith(_installed())


def _installed() -> tuple[str, ...]:
    """Where installed modules lie: the standard library and what pip and the system bring."""
    global _places
    if not _places:
        paths = sysconfig.get_paths()
        found = [paths[key] for key in ("stdlib", "platstdlib", "purelib", "platlib")]
        found += [*site.getsitepackages(), site.getusersitepackages()]
        found += [str(Path(place).resolve()) for place in found]
        _places = tuple(dict.fromkeys(place.rstrip(os.sep) + os.sep for place in found))
    return _places


_places: tuple[str, ...] = ()
