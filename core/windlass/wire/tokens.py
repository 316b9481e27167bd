"""The one string that lets a remote peer in: where the core is, who it is, and a secret that works once."""

from __future__ import annotations

import base64
import binascii

import msgspec

PREFIX = "wl1."


class TokenError(ValueError):
    """The text is not a join token; the message says so in words for people."""


class JoinToken(msgspec.Struct, frozen=True, array_like=True):
    """`endpoints` are tried in order; `core` is the core's public key; `role` is what the secret enrols as."""

    endpoints: list[str]
    core: str
    secret: str
    role: str


def format_token(token: JoinToken) -> str:
    return PREFIX + base64.urlsafe_b64encode(msgspec.msgpack.encode(token)).decode("ascii").rstrip("=")


def parse_token(text: str) -> JoinToken:
    """Read a token, forgiving the spaces and line breaks of a copied text."""
    compact = "".join(text.split())
    if not compact.startswith(PREFIX):
        raise TokenError(f"a join token begins with {PREFIX!r}")
    body = compact[len(PREFIX) :]
    try:
        raw = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        token = msgspec.msgpack.decode(raw, type=JoinToken)
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise TokenError(f"the join token is damaged or cut off ({error})") from None
    if not token.endpoints or not token.secret or len(token.core) != 40:
        raise TokenError("the join token lacks an address, a key or its secret")
    return token
