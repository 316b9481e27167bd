"""A long answer in pages: the next is asked for as soon as one has come, not when the window has looked at it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Generic, TypeVar

Page = TypeVar("Page")

AHEAD = 4
"""Pages that may wait for the UI thread; then asking waits too, so that no memory grows."""


class Pages(Generic[Page]):
    """Asks page after page from the network thread. `read` is told where a page begins, and gives its request.

    `convert` takes a reply's data apart, in the network thread, into a page and where the next begins (None: it was
    the last). `take` gets each page in the UI thread and says whether to go on; `failed` gets the reason of an end.
    """

    def __init__(
        self,
        request: Callable[[Any], Future[Any]],
        call: Callable[[Callable[[], object]], object],
        read: Callable[[int], Any],
        convert: Callable[[dict[str, Any]], tuple[Page, int | None]],
        take: Callable[[Page, bool], bool],
        failed: Callable[[str], object],
    ) -> None:
        self._request, self._call = request, call
        self._read, self._convert, self._take, self._failed = read, convert, take, failed
        self._lock = threading.Lock()
        self._waiting = 0
        self._paused: int | None = None
        """Where to go on when the UI thread has caught up."""
        self._stopped = False

    def start(self, after: int) -> None:
        try:
            self._request(self._read(after)).add_done_callback(self._arrived)
        except Exception as error:  # a closed link says so at once
            reason = str(error) or type(error).__name__
            self._call(lambda: self._failed(reason))

    def stop(self) -> None:
        """Ask for no more; what is on its way is not taken."""
        self._stopped = True

    def _arrived(self, future: Future[Any]) -> None:
        if future.cancelled() or self._stopped:
            return
        try:
            page, following = self._convert(future.result().data)
        except Exception as error:  # the request's, or that of an answer that is none
            reason = str(error) or type(error).__name__
            self._call(lambda: None if self._stopped else self._failed(reason))
            return
        with self._lock:
            self._waiting += 1
            full = self._waiting >= AHEAD
            self._paused = following if full else None
        self._call(lambda: self._taken(page, following is None))
        if following is not None and not full:
            self.start(following)

    def _taken(self, page: Page, last: bool) -> None:
        """In the UI thread."""
        if self._stopped:
            return
        if not self._take(page, last):
            self._stopped = True
            return
        with self._lock:
            self._waiting -= 1
            following, self._paused = self._paused, None
        if following is not None:
            self.start(following)
