"""Whose turn it is: of all work that waits, what goes first, found without looking at the rest.

Work waits in *lines*: of one owner, one shape and one set of limits, in the order of the tasks. Each owner's lines
stand in a heap by the order of their first task; the owners stand in a heap by what their first line and their fair
share say.
So a placement costs logarithms, not the number of owners or of shapes.

Both heaps are lazy. What made an entry too small (work was taken, a share grew) is found out when it comes to the top,
where it is entered anew; what would make one smaller (new work, a share that fell) enters it at once.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

from windlass.sched.limits import Limits, blocking

if TYPE_CHECKING:
    from windlass.sched.order import Policy
    from windlass.sched.shapes import Shape
    from windlass.sched.tasks import Order, Owner, TaskState

FEW = 16
"""Owners that are all looked at for each plan;"""
EACH = 1e-3
"""of more, those whose share fell, and all of them once in so many seconds for each: shares also fade with time."""


class Line:
    """Tasks with ready work that compete only by their own order. `key` says of what market it is a line."""

    __slots__ = ("heap", "key", "limits", "owner", "parked", "queued", "shape", "starved")

    def __init__(self, shape: Shape, owner: Owner, limits: Limits) -> None:
        self.shape = shape
        self.owner = owner
        self.limits = limits
        self.key = (owner, limits)
        self.heap: list[tuple[Order, int, TaskState]] = []
        self.queued: Order | None = None
        """The order under which it stands among its owner's lines; None: it does not."""
        self.parked = False
        """One of its limits has no room."""
        self.starved: float | None = None
        """Since when it is known to wait for more of a licence than others ask for."""

    def head(self) -> TaskState | None:
        """Its first task; forgets on the way what waits no more."""
        heap = self.heap
        while heap:
            order, _, task = heap[0]
            if order is not task.order:
                heapq.heappop(heap)
            elif task.queue.size and not task.run.paused:
                return task
            else:
                heapq.heappop(heap)
                task.board = False
        return None

    def take_head(self) -> TaskState:
        task = heapq.heappop(self.heap)[2]
        task.board = False
        return task

    def park(self) -> bool:
        """Step aside if a limit has no room, until something is given back (`Supply.given_back`). It has a head."""
        if not self.limits or not (full := blocking(self.heap[0][2])):
            return False
        self.parked = True
        full[0].parked[self] = None
        return True

    def __repr__(self) -> str:
        return f"<Line of {self.owner.name} for {self.shape!r}, {len(self.heap)} tasks>"


class _Claims:
    """An owner's lines."""

    __slots__ = ("heap", "owner", "stamp")

    def __init__(self, owner: Owner) -> None:
        self.owner = owner
        self.heap: list[tuple[Order, int, Line]] = []
        self.stamp = 0
        """Of its entry among the owners that counts."""


class Race:
    def __init__(self, policy: Policy, empty: Callable[[Line], None]) -> None:
        """`empty` is told of lines in which nothing waits any more."""
        self._policy = policy
        self._empty = empty
        self._owners: dict[Owner, _Claims] = {}
        self._top: list[tuple[Order, float, Order, int, _Claims]] = []
        """What comes after the key tells entries apart, and is the claims' stamp."""
        self._passed: list[Line] = []
        self._fell: dict[Owner, None] = {}
        self._all_at = 0.0
        self._seq = 0

    @property
    def alone(self) -> bool:
        """Nobody competes."""
        return len(self._owners) < 2

    def fell(self, owner: Owner) -> None:
        """The owner's share may have become smaller."""
        if owner in self._owners:
            self._fell[owner] = None

    def enter(self, line: Line, order: Order) -> None:
        """The line has work, the first of that order."""
        if line.queued is not None and line.queued <= order:
            return
        claims = self._owners.get(line.owner)
        if claims is None:
            claims = self._owners[line.owner] = _Claims(line.owner)
        line.queued = order
        self._seq += 1
        heapq.heappush(claims.heap, (order, self._seq, line))
        if claims.heap[0][2] is line:
            self._claim(claims, order, 0.0)  # 0 is never too large: the share is asked for when it comes to the top

    def begin(self, now: float, standing: Callable[[Owner], float]) -> None:
        """A plan begins: enter anew whose share fell."""
        if not self.alone:
            if len(self._owners) <= FEW or now >= self._all_at:
                self._all_at = now + EACH * len(self._owners)
                self._top.clear()
                fell = list(self._owners.values())
            else:
                fell = [self._owners[owner] for owner in self._fell if owner in self._owners]
            for claims in fell:
                if claims.heap:
                    self._claim(claims, claims.heap[0][0], standing(claims.owner))
        self._fell.clear()

    def first(self, standing: Callable[[Owner], float]) -> Line | None:
        """The line that goes first, its head in place; `pass_by` takes it out for this plan."""
        top, cut = self._top, self._policy.cut
        while top:
            lead, stood, rest, stamp, claims = top[0]
            if stamp != claims.stamp:
                heapq.heappop(top)
                continue
            line = self._first_of(claims)
            if line is None:
                heapq.heappop(top)
                self._owners.pop(claims.owner, None)
                continue
            order = line.queued
            assert order is not None
            share = 0.0 if not self._policy.fair or self.alone else standing(claims.owner)
            if (lead, stood, rest) == (order[:cut], share, order[cut:]):
                return line
            heapq.heappop(top)
            self._claim(claims, order, share)
        return None

    def first_of(self, shape: Shape, standing: Callable[[Owner], float]) -> Line | None:
        """The same among the lines of one shape that have no limits."""
        passed = len(self._passed)
        while (line := self.first(standing)) is not None and (line.shape is not shape or line.limits):
            self.pass_by(line)
        back, self._passed = self._passed[passed:], self._passed[:passed]
        self._return(back)
        return line

    def pass_by(self, line: Line) -> None:
        """The first line has no room anywhere: it waits until this plan ends."""
        claims = self._owners[line.owner]
        heapq.heappop(claims.heap)
        line.queued = None
        self._passed.append(line)

    def end(self) -> None:
        """The plan is over."""
        passed, self._passed = self._passed, []
        self._return(passed)

    def stands(self, line: Line) -> bool:
        """Whether the line would be found."""
        claims = self._owners.get(line.owner)
        entered = claims is not None and any(entry[3] == claims.stamp and entry[4] is claims for entry in self._top)
        return entered and line.queued is not None

    def _return(self, lines: list[Line]) -> None:
        for line in lines:
            if not line.parked and line.heap:
                self.enter(line, line.heap[0][0])

    def _claim(self, claims: _Claims, order: Order, share: float) -> None:
        self._seq += 1
        claims.stamp = self._seq
        cut = self._policy.cut
        heapq.heappush(self._top, (order[:cut], share, order[cut:], claims.stamp, claims))

    def _first_of(self, claims: _Claims) -> Line | None:
        heap = claims.heap
        while heap:
            order, _, line = heap[0]
            if line.queued is not order:
                heapq.heappop(heap)
                continue
            head = line.head()
            if head is None or line.parked or line.park():
                heapq.heappop(heap)
                line.queued = None
                if head is None:
                    self._empty(line)
            elif head.order is not order:
                self._seq += 1
                line.queued = head.order
                heapq.heapreplace(heap, (head.order, self._seq, line))
            else:
                return line
        return None
