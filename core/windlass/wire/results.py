"""A function's result as bytes. The first byte says what follows:

    j  JSON, when the value is plain data that comes back equal and of the same types
    p  cloudpickle of any other value
    x  msgpack of [pickle of the exception that the function raised, its text]
    t  UTF-8 text of an exception that could not be pickled
    b  msgpack of a FileRef: the result itself (in one of the forms above) is a blob

Only the runner, which executes the user's code anyway, and the client that asked for the result ever unpickle.
Everyone else passes the bytes on, or reads the plain ones with `to_json`.
"""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from windlass.model.graph import FileRef

_INT_LIMIT = 2**63
_DEPTH_LIMIT = 100
_encode_json = msgspec.json.Encoder().encode
_decode_json = msgspec.json.Decoder().decode
_encode_ref = msgspec.msgpack.Encoder().encode
_decode_ref = msgspec.msgpack.Decoder(FileRef).decode
NONE = b"jnull"


ERROR_TEXT = 64 * 1024
"""Characters of an exception's text that travel."""


class NotPlainData(ValueError):
    """The result is no plain JSON data, and this process must not unpickle it."""


class RemoteError(Exception):
    """Stands for a remote exception that could not be brought home as itself; the message is its text."""


@dataclass(frozen=True, slots=True)
class ResultRef:
    """In the arguments of a shipped function: put the result of this task here (a list of them for an array)."""

    task: str


def _plain(value: Any, depth: int) -> bool:
    kind = type(value)
    if value is None or kind is bool or kind is str:
        return True
    if kind is int:
        return bool(-_INT_LIMIT <= value < _INT_LIMIT)
    if kind is float:
        return isfinite(value)
    if depth >= _DEPTH_LIMIT:
        return False
    if kind is list:
        return all(_plain(item, depth + 1) for item in value)
    if kind is dict:
        return all(type(key) is str and _plain(item, depth + 1) for key, item in value.items())
    return False


def encode_result(value: Any) -> bytes:
    """Raises what pickling raises when the value can travel in neither form."""
    if value is None:
        return NONE
    if _plain(value, 0):
        try:
            return b"j" + _encode_json(value)
        except (UnicodeEncodeError, msgspec.MsgspecError):
            pass  # a lone surrogate has no UTF-8, but it does have a pickle
    if type(value) in (tuple, set, frozenset, bytes, bytearray, int, float, complex):
        # Most such values hold no code, and plain pickle is some ten times faster; what it refuses goes by value.
        try:
            body = pickle.dumps(value, pickle.HIGHEST_PROTOCOL)
            if b"__main__" not in body:
                return b"p" + body
        except Exception:
            pass
    import cloudpickle

    return b"p" + bytes(cloudpickle.dumps(value))


def decode_result(data: bytes) -> Any:
    """The value. Unpickles: only where the sender's code is trusted (runner, client)."""
    form, body = data[:1], data[1:]
    if form == b"j":
        return _decode_json(body)
    if form == b"p":
        return pickle.loads(body)
    if form == b"b":
        raise ValueError("the result is a blob: fetch it first")
    raise ValueError("not a result")


def to_json(data: bytes) -> Any:
    """The value, if it is plain data. Never unpickles; `NotPlainData` otherwise."""
    if data[:1] == b"j":
        try:
            return _decode_json(data[1:])
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise NotPlainData(f"damaged result: {error}") from None
    raise NotPlainData("the result is a Python object, not plain data (JSON)")


def encode_error(error: BaseException) -> bytes:
    """The exception, or only its text when it does not survive pickling and unpickling."""
    text = _text_of(error)
    try:
        import cloudpickle

        body = bytes(cloudpickle.dumps(error))
        if isinstance(pickle.loads(body), BaseException):
            return b"x" + msgspec.msgpack.encode((body, text))
    except BaseException:  # whatever its own methods raise, an end of the process too
        pass  # exceptions with arguments of their own often do not unpickle; their text always travels
    return b"t" + text.encode("utf-8", "replace")


def _text_of(error: BaseException) -> str:
    try:
        return f"{type(error).__name__}: {error}"[:ERROR_TEXT].encode("utf-8", "replace").decode()
    except BaseException:
        return type(error).__name__  # its __str__ raised


def decode_error(data: bytes) -> BaseException:
    """The exception to raise. Unpickles (`x`), so only in the client."""
    form, body = data[:1], data[1:]
    if form == b"x":
        try:
            pickled, text = msgspec.msgpack.decode(body, type=tuple[bytes, str])
        except msgspec.MsgspecError:
            return RemoteError("the remote exception could not be read")
        try:
            error = pickle.loads(pickled)
            if isinstance(error, BaseException):
                return error
        except Exception:
            pass  # its class is not installed here
        return RemoteError(text)
    if form == b"t":
        return RemoteError(body.decode("utf-8", "replace"))
    return RemoteError("the remote exception could not be read")


def is_error(data: bytes) -> bool:
    return data[:1] in (b"x", b"t")


def encode_ref(ref: FileRef) -> bytes:
    """A result too large for a message, by the blob that holds it."""
    return b"b" + _encode_ref(ref)


def blob_ref(data: bytes) -> FileRef | None:
    """The blob that holds the result, or None when the bytes are the result themselves."""
    if data[:1] != b"b":
        return None
    try:
        return _decode_ref(data[1:])
    except msgspec.MsgspecError as error:
        raise ValueError(f"damaged reference to a result: {error}") from None
