"""What a task asks of an agent, from the raw document: right or wrong, checked or not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from windlass.model.graph import Resources
from windlass.model.units import UnitError, parse_size
from windlass_gui.editor.form.schema_form import with_value

SIZES = ("memory", "disk", "gpu-memory")


def asked(
    document: Mapping[str, Any], task: str, typed: Mapping[str, object] | None = None
) -> tuple[Resources, tuple[str, ...]]:
    """Resources and constraints of a task with the graph's defaults, and with what is being typed into its fields.

    What cannot be understood counts as not said: the checker tells of it.
    """
    tasks, defaults = document.get("tasks"), document.get("defaults")
    raw: Mapping[str, Any] = tasks.get(task) or {} if isinstance(tasks, Mapping) else {}
    if not isinstance(raw, Mapping):
        raw = {}
    for key, value in (typed or {}).items():
        field, whole = with_value(raw, key, value)
        raw = {**raw, field: whole}
    shared: Mapping[str, Any] = defaults if isinstance(defaults, Mapping) else {}
    amounts = {**_mapping(shared.get("resources")), **_mapping(raw.get("resources"))}
    named = {**_mapping(_mapping(shared.get("resources")).get("named")), **_mapping(amounts.get("named"))}
    where = raw.get("where")
    return _resources(amounts, named), _where(shared.get("where") if where is None else where)


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _resources(amounts: Mapping[str, Any], named: Mapping[str, Any]) -> Resources:
    counted = {str(name): _number(value, 0) for name, value in named.items()}
    sizes = {key: _size(amounts.get(key)) for key in SIZES}
    return Resources(
        cpus=_number(amounts.get("cpus"), 1.0), memory=sizes["memory"], disk=sizes["disk"],
        gpus=int(_number(amounts.get("gpus"), 0)), named=counted,
        gpu_memory=sizes["gpu-memory"],
    )  # fmt: skip


def _number(value: object, default: float) -> float:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else default


def _size(value: object) -> int:
    try:
        return 0 if value is None else parse_size(value)
    except (UnitError, ValueError):
        return 0


def _where(value: object) -> tuple[str, ...]:
    if isinstance(value, Mapping):
        return tuple(f"{label} == {wanted}" for label, wanted in value.items())
    if isinstance(value, str):
        return (value,)
    return tuple(map(str, value)) if isinstance(value, list) else ()
