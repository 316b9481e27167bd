"""What can go wrong between a client and its core, in words that say what to do next."""

from __future__ import annotations


class WindlassError(Exception):
    """Base of what the client's own code raises. What a user's function raised is re-raised as it is."""


class CoreUnreachable(WindlassError):
    """No core answers (or none is known)."""


class CoreRefused(WindlassError):
    """The core answered and will not go on with this peer. `code` as in `messages.Refused`."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason or code)
        self.code = code


class LinkClosed(WindlassError):
    """The client was closed before the core answered."""


class LinkBusy(WindlassError):
    """Too much waits to be sent; try again when some requests were answered."""


class RequestFailed(WindlassError):
    """The core did not do what was asked. `code`: not-found, bad-request, forbidden, busy, internal, unknown."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason or code)
        self.code = code


class TransferFailed(WindlassError):
    """A file did not get through: the sender lacks it, its copy is damaged, or it cannot be read or written here."""


class StartFailed(WindlassError):
    """A core or an agent of our own did not start; the text has the last lines of its log."""


class SubmitError(WindlassError):
    """The graph cannot be submitted as it is: a missing input file, a path that leaves the graph's folder, ..."""


class TaskError(WindlassError):
    """An item ended without a result and without an exception of its own: a failed command, a cancel, a skip."""

    def __init__(self, message: str, *, task: str = "", index: int | None = None, state: str = "") -> None:
        super().__init__(message)
        self.task = task
        self.index = index
        self.state = state


class RemoteTraceback(Exception):
    """The `__cause__` of an exception that was raised on an agent: its text is the traceback over there."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return "\n\n" + self.text.strip("\n")
