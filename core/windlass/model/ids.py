"""What the id of a task may be. Names of groups and licences follow the same rule."""

from __future__ import annotations

import re

PATTERN = r"[^\W\d][\w-]*"
"""As a regular expression of Python and of JSON Schema."""
LONGEST = 100
"""Characters."""
ALLOWED = f"a letter, then letters, digits, `-` and `_`, at most {LONGEST}"
"""In words."""

_ID = re.compile(PATTERN)


def is_id(value: object) -> bool:
    """Whether it is a text that may be an id.

    >>> is_id("encode-2"), is_id("2-encode"), is_id(2)
    (True, False, False)
    """
    return isinstance(value, str) and len(value) <= LONGEST and _ID.fullmatch(value) is not None
