"""Sizes that are checked before anything is decoded. All in bytes unless said otherwise."""

HEADER = 8 * 1024 * 1024
"""A message's header frame."""
PAYLOAD_FRAME = 16 * 1024 * 1024
PAYLOAD_FRAMES = 20_000
PACKED_FRAME = 1024 * 1024
"""Many small payload frames that travel as one."""
MESSAGE = 64 * 1024 * 1024
"""All frames of one message together."""
CHUNK = 256 * 1024
"""One piece of a blob."""
WINDOW = 8
"""Pieces of a blob asked for and not yet arrived."""
INLINE_RESULT = 64 * 1024
"""A function's result up to this size travels in the message and lives in the store; a larger one is a blob."""
INLINE_LOG = 16 * 1024
"""A log up to this size travels in the message and lives in the store; a larger one is a blob."""
BATCH = 1000
"""Attempts in one message."""
STRANGER = 4096
"""All frames of a message from a key that is not known; an `Enrol` has some 200."""
