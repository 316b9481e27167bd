"""Messages to frames and back. Strict at the border: sizes are checked before anything is decoded.

A message on the wire is `[type: one byte][header: msgpack array][payload...]`. Many small payload frames travel as
one, a msgpack array of them, because each frame costs more than its bytes; the type then has its high bit set.
`decode` raises `WireError` for
whatever a peer may have sent wrong, and nothing else, so that a loop can count it, drop it and go on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from windlass.wire import limits
from windlass.wire.messages import MESSAGES, Message


class WireError(Exception):
    """A peer's message is not one: unknown type, too large, or not what its type says. `code` is for counters."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


PACKED = 0x80
"""The bit of the type that says that the payload is one frame."""
FEW = 4
"""Payload frames that are not worth packing."""
_encode = msgspec.msgpack.Encoder().encode
_type_frames: dict[type[Message], bytes] = {cls: bytes((place + 1,)) for place, cls in enumerate(MESSAGES)}
_packed_frames = {cls: bytes((frame[0] | PACKED,)) for cls, frame in _type_frames.items()}
_unpack = msgspec.msgpack.Decoder(list[bytes]).decode
_decoders = {place + 1: msgspec.msgpack.Decoder(cls) for place, cls in enumerate(MESSAGES)}


def encode(msg: Message, payload: Iterable[bytes] = ()) -> list[bytes]:
    """The frames of a message. A message over the limits is refused here too, where its maker can see it."""
    header = _encode(msg)
    frames = [_type_frames[type(msg)], header, *payload]
    sizes = list(map(len, frames))
    check_sizes(sizes)
    if len(frames) > 2 + FEW and sum(sizes) - sizes[1] < limits.PACKED_FRAME - 5 * len(frames):
        return [_packed_frames[type(msg)], header, _encode(frames[2:])]
    return frames


def check_sizes(sizes: Sequence[int]) -> None:
    """Refuse a message by the sizes of its frames (type, header, payload...) alone."""
    if sum(sizes) <= limits.HEADER and 2 <= len(sizes) <= limits.PAYLOAD_FRAMES and sizes[0] == 1:
        return  # nearly all: within the smallest of the limits together
    if len(sizes) < 2:
        raise WireError("malformed", f"a message has at least 2 frames, not {len(sizes)}")
    if len(sizes) - 2 > limits.PAYLOAD_FRAMES:
        raise WireError("oversize", f"{len(sizes) - 2} payload frames; {limits.PAYLOAD_FRAMES} are allowed")
    if sizes[0] != 1:
        raise WireError("malformed", f"the type frame has {sizes[0]} bytes instead of 1")
    if sizes[1] > limits.HEADER:
        raise WireError("oversize", f"a header of {sizes[1]} bytes; {limits.HEADER} are allowed")
    if max(sizes) > limits.PAYLOAD_FRAME:
        raise WireError("oversize", f"a frame of {max(sizes)} bytes; {limits.PAYLOAD_FRAME} are allowed")
    if sum(sizes) > limits.MESSAGE:
        raise WireError("oversize", f"a message of {sum(sizes)} bytes; {limits.MESSAGE} are allowed")


def decode(frames: Sequence[bytes]) -> tuple[Any, list[bytes]]:
    """The message and its payload frames; `frames` come without the router's identity frame."""
    check_sizes(list(map(len, frames)))
    return decode_checked(frames)


def decode_checked(frames: Sequence[bytes]) -> tuple[Any, list[bytes]]:
    """The same, of frames whose sizes were checked."""
    number = frames[0][0]
    decoder = _decoders.get(number & ~PACKED)
    if decoder is None:
        raise WireError("unknown-type", f"no message has type {number}")
    payload = list(frames[2:])
    try:
        if number & PACKED:
            payload = _unpacked(payload)
        msg = decoder.decode(frames[1])
    except (msgspec.MsgspecError, ValueError, RecursionError, MemoryError, OverflowError) as error:
        raise WireError("malformed", f"{decoder.type.__name__}: {error}") from None
    return msg, payload


def _unpacked(payload: list[bytes]) -> list[bytes]:
    if len(payload) != 1:
        raise WireError("malformed", f"a packed payload is one frame, not {len(payload)}")
    if len(payload[0]) > limits.PACKED_FRAME:
        raise WireError("oversize", f"a packed payload of {len(payload[0])} bytes; {limits.PACKED_FRAME} are allowed")
    parts = _unpack(payload[0])
    if len(parts) > limits.PAYLOAD_FRAMES:
        raise WireError("oversize", f"{len(parts)} payload frames; {limits.PAYLOAD_FRAMES} are allowed")
    return parts
