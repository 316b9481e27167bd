"""An item's values put into its task.

Loaded with the first task: an idle agent has no use for the expression language.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from windlass.model.expand import item_value
from windlass.model.expr import ExprError, Opaque, Scope
from windlass.model.render import Rendered, RenderError, make_scope, render_task
from windlass.wire.results import NotPlainData, to_json
from windlass_agent import runnerwire
from windlass_agent.attempts import Attempt
from windlass_agent.prepare import PrepareError


def render(attempt: Attempt, whole: Callable[[bytes], bytes]) -> Rendered:
    """What this item executes. `whole` brings in a result that is a blob."""
    try:
        return render_task(attempt.bundle.spec, _scope(attempt, whole))
    except RenderError as error:
        raise PrepareError(str(error)) from None
    except (ExprError, msgspec.MsgspecError, ValueError, TypeError) as error:
        raise PrepareError(f"the values of the item cannot be used: {error}") from None


def _scope(attempt: Attempt, whole: Callable[[bytes], bytes]) -> Scope:
    bundle, item = attempt.bundle, attempt.item
    value = None
    if item.value:
        value = msgspec.msgpack.decode(item.value)
    elif bundle.spec.is_array:
        try:
            value = item_value(bundle.spec, attempt.key.index, bundle.params)
        except LookupError:
            pass  # only the client knows it, and sent it as the payload
    results: dict[str, Any] = {}
    for name, data in {**bundle.results, **item.results}.items():
        results[name] = [_plain(whole(one)) for one in data] if isinstance(data, list) else _plain(whole(data))
    return make_scope(
        bundle.spec,
        params=bundle.params,
        index=attempt.key.index,
        value=value,
        run_id=bundle.run,
        run_name=bundle.run_name,
        results=results,
        outputs=bundle.outputs,
        statuses=bundle.statuses,
    )


def _plain(data: bytes) -> Any:
    try:
        return to_json(data)
    except NotPlainData:
        return Opaque(data)


def encode_args(rendered: Rendered) -> bytes:
    """The arguments of a named function, for the runner."""
    try:
        return msgspec.msgpack.encode((rendered.args, rendered.kwargs), enc_hook=_pass_on)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError) as error:
        raise PrepareError(f"args: {error}") from None


def _pass_on(value: Any) -> Any:
    """A result that only the runner may unpickle, and sequences that msgpack does not know."""
    if isinstance(value, Opaque):
        return msgspec.msgpack.Ext(runnerwire.PICKLED, value.payload)
    if isinstance(value, range):
        return list(value)
    raise TypeError(f"a value of type {type(value).__name__} cannot be an argument")
