"""Whose a run is: a person, and the project that it is done for, as one text: `ann`, or `ann/renders`.

The fair share is between *accounts*: the project where one is named, else the person. An admin (the user who runs the
core is one) may submit for anybody and any project. Everybody else is who their key was let in as, whatever they say,
and may name only projects to which an admin gave a weight in `core.toml`: a new name would be a new share.
"""

from __future__ import annotations

from collections.abc import Container

from windlass.wire import roles

_BETWEEN = "/"
_MOST = 100
"""Characters of either name."""


class OwnerError(ValueError):
    """This project cannot be named; the text says by whom, and what to do."""


def owner_of(role: str | None, known: str, said: str, project: str, projects: Container[str], fallback: str) -> str:
    """The run's owner. `known`: the name that the sender's key was let in under; `said`: who it claims to be;
    `projects`: those that everybody may name. Raises `OwnerError`."""
    person = (said or known or fallback) if role == roles.ADMIN else (known or fallback)
    person = person.replace(_BETWEEN, "-")[:_MOST]
    if not project:
        return person
    if _BETWEEN in project or len(project) > _MOST:
        raise OwnerError(f"a project's name has at most {_MOST} characters and no '{_BETWEEN}'")
    if role != roles.ADMIN and project not in projects:
        raise OwnerError(
            f"only an admin may submit for the project '{project}': it has no weight under [fair-share.weights] in the"
            " core's core.toml"
        )
    return f"{person}{_BETWEEN}{project}"


def account(owner: str) -> str:
    """Between whom the fair share is.

    >>> account("ann"), account("ann/renders")
    ('ann', 'renders')
    """
    return owner.partition(_BETWEEN)[2] or owner
