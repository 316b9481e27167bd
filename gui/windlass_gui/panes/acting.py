"""Everything that can be done to runs, tasks, items and agents, for all tables, menus and windows.

What touches many or ends work is shown by a preview first; what can be taken back offers so in a strip afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox, QWidget

from windlass.wire.messages import Pick
from windlass_gui.bridge import PLAIN, Acted, Bridge, How
from windlass_gui.models import format as fmt
from windlass_gui.panes.deleting import DeleteQuestion
from windlass_gui.panes.preview import Preview
from windlass_gui.panes.undo import UndoStrip

MANY = 10
"""A retry of more failed items than this is shown first."""

BeforeRetry = Callable[[int, frozenset[int | None], Callable[[], None]], None]
"""Gets a run, its tasks that are named (None: all), and what to do when the person has been asked all there is."""


class Acting(QObject):
    """`window` is where questions and the strip appear."""

    def __init__(self, bridge: Bridge, window: QWidget) -> None:
        super().__init__(window)
        self.bridge = bridge
        self.window = window
        self._strip: UndoStrip | None = None
        self.before_retry: BeforeRetry = lambda run, tasks, go: go()
        """Asks with which graph a run goes on, where that is a question."""

    @property
    def strip(self) -> UndoStrip:
        """Made when something is first said in it."""
        if self._strip is None:
            self._strip = UndoStrip(self.window)
        return self._strip

    # --- items ---------------------------------------------------------------------------------------------

    def retry(self, picks: Sequence[Pick], how: How = PLAIN) -> None:
        """Run again what failed of these; many items, or what has succeeded, are shown first."""

        def told(acted: Acted) -> None:
            if acted.items and acted.items <= MANY and not how.downstream:
                self._retry(picks, how, acted)
            elif acted.items:
                self._preview("retry", picks, how, self._retry)
            else:
                self.strip.say(self.tr("Nothing of this has failed"))

        self.bridge.act("retry", picks, how, dry=True, done=told)

    def again(self, picks: Sequence[Pick]) -> None:
        """Run these again in whatever state they ended, with what comes after; always shown first."""
        self._preview("retry", picks, How(downstream=True), self._retry)

    def _retry(self, picks: Sequence[Pick], how: How, _acted: Acted) -> None:
        def done(acted: Acted) -> None:
            self.strip.say(_number(acted.items, self.tr("1 item runs again"), self.tr("{} items run again")))

        def go() -> None:
            self.bridge.act("retry", picks, how, done=done)

        runs = {pick.run for pick in picks}
        if len(runs) == 1:
            self.before_retry(next(iter(runs)), frozenset(pick.task for pick in picks), go)
        else:
            go()

    def cancel(self, picks: Sequence[Pick]) -> None:
        """More than one item is shown first."""

        def told(acted: Acted) -> None:
            if acted.items > 1:
                self._preview("cancel", picks, PLAIN, self._cancel)
            elif acted.items or any(pick.task is None or not pick.items for pick in picks):
                self._cancel(picks, PLAIN, acted)
            else:
                self.strip.say(self.tr("All of this has ended"))

        self.bridge.act("cancel", picks, dry=True, done=told)

    def _cancel(self, picks: Sequence[Pick], _how: How, _acted: Acted) -> None:
        def done(acted: Acted) -> None:
            gone = list(picks) if acted.cut else stretches(acted.picks)
            text = _number(acted.items, self.tr("1 item cancelled"), self.tr("{} items cancelled"))
            if acted.items:
                self.strip.say(text, lambda: self.bridge.act("retry", gone), self.tr("Run them again"))
            else:
                self.strip.say(text)

        self.bridge.act("cancel", picks, done=done)

    def _preview(
        self, action: str, picks: Sequence[Pick], how: How, do: Callable[[Sequence[Pick], How, Acted], None]
    ) -> None:
        Preview(self.bridge, action, picks, how, lambda how, acted: do(picks, how, acted), self.window).open()

    # --- runs ----------------------------------------------------------------------------------------------

    def pause(self, runs: Iterable[int], on: bool = True) -> None:
        """Start nothing more of these, or go on."""
        runs = list(runs)
        picks = [Pick(run) for run in runs]

        def done(_acted: Acted) -> None:
            text = (self.tr("Paused {}") if on else self.tr("Resumed {}")).format(named_runs(runs))
            self.strip.say(text, lambda: self.bridge.act("resume" if on else "pause", picks))

        if runs:
            self.bridge.act("pause" if on else "resume", picks, done=done)

    def prioritise(self, values: Mapping[int, int], text: str = "") -> None:
        """Runs and their new priorities."""
        known = self.bridge.mirror.runs
        before = [Pick(run, value=known[run].priority) for run in values if run in known]

        def done(_acted: Acted) -> None:
            said = text or self.tr("Priority of {} is {}").format(
                named_runs(list(values)), ", ".join(str(value) for value in sorted(set(values.values())))
            )
            self.strip.say(said, lambda: self.bridge.act("priority", before))

        if values:
            self.bridge.act("priority", [Pick(run, value=value) for run, value in values.items()], done=done)

    def raise_by(self, runs: Iterable[int], step: int) -> None:
        """Each run's priority up or down."""
        known = self.bridge.mirror.runs
        self.prioritise({run: known[run].priority + step for run in runs if run in known})

    def delete(self, runs: Iterable[int]) -> None:
        """Ended runs with their logs and outputs, for good; always asked first."""
        runs = list(runs)

        def go() -> None:
            picks = [Pick(run) for run in runs]
            self.bridge.act(
                "delete", picks, done=lambda _: self.strip.say(self.tr("Deleted {}").format(named_runs(runs)))
            )

        DeleteQuestion(self.bridge, runs, named_runs(runs), go, self.window).open()

    # --- agents --------------------------------------------------------------------------------------------

    def drain(self, agents: Iterable[str], on: bool = True) -> None:
        """Nothing new for these machines; what runs there goes on. Or take work again."""

        def done(agents: list[str]) -> None:
            one = self.tr("{} gets nothing new") if on else self.tr("{} takes work again")
            many = self.tr("{} machines get nothing new") if on else self.tr("{} machines take work again")
            self.strip.say(self._said(agents, one, many), lambda: self._control("undrain" if on else "drain", agents))

        self._control("drain" if on else "undrain", agents, done)

    def forgive(self, agents: Iterable[str]) -> None:
        """Machines that were set aside as sick get work again at once."""

        def done(agents: list[str]) -> None:
            # Taken back, they are set aside again for as long as they would have been.
            words = self._said(agents, self.tr("{} is forgiven"), self.tr("{} machines are forgiven"))
            self.strip.say(words, lambda: self._control("unforgive", agents))

        self._control("forgive", agents, done)

    def _control(
        self, action: str, agents: Iterable[str], done: Callable[[list[str]], object] = lambda _: None
    ) -> None:
        """Ask for it; when all are answered, `done` gets those with which it was done, if there are any."""
        left, good = list(agents), list[str]()

        def answered(agent: str, reason: str = "") -> None:
            left.remove(agent)
            if reason:
                self.bridge.failed.emit(reason)
            else:
                good.append(agent)
            if not left and good:
                done(good)

        for agent in list(left):
            self.bridge.agent_control(action, agent, partial(answered, agent), partial(answered, agent))

    def remove(self, agents: Iterable[str]) -> None:
        """Forget machines that are down; asked first."""
        agents = list(agents)

        self._ask(
            self._said(agents, self.tr("Forget {}?"), self.tr("Forget {} machines?")),
            self.tr("It leaves the list. Its key stays known: it appears again when its agent starts again."),
            self.tr("Forget"), lambda: self._control("remove", agents),
        )  # fmt: skip

    def _said(self, agents: list[str], one: str, many: str) -> str:
        """Words on a machine, which is named, or on several."""
        if len(agents) != 1:
            return many.format(len(agents))
        row = self.bridge.mirror.agents.get(agents[0])
        return one.format(row.name if row is not None else agents[0])

    def _ask(self, text: str, more: str, word: str, go: Callable[[], object]) -> None:
        box = QMessageBox(self.window)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setIcon(QMessageBox.Icon.Warning)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(text)
        box.setInformativeText(more)
        yes = box.addButton(word, QMessageBox.ButtonRole.DestructiveRole)
        stay = box.addButton(QMessageBox.StandardButton.Cancel)
        box.setDefaultButton(stay)
        box.finished.connect(lambda: go() if box.clickedButton() is yes else None)
        box.open()


def stretches(picks: Iterable[tuple[int, int, int, int]]) -> list[Pick]:
    """What was touched, as picks of their own: one a task."""
    found: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for run, task, first, last in picks:
        found.setdefault((run, task), []).append((first, last))
    return [Pick(run, task, items) for (run, task), items in found.items()]


def picks_of(run: int, targets: Iterable[tuple[int | None, int | None]]) -> list[Pick]:
    """Targets of a run (a task and an item, None for all) as picks: items of one task together."""
    items: dict[int, list[tuple[int, int]]] = {}
    found: list[Pick] = []
    for task, index in targets:
        if task is None or index is None:
            found.append(Pick(run, task))
        else:
            items.setdefault(task, []).append((index, index + 1))
    return found + [Pick(run, task, spans) for task, spans in items.items()]


def named_runs(runs: Sequence[int]) -> str:
    """`run 7`, or `3 runs`."""
    return f"run {runs[0]}" if len(runs) == 1 else f"{fmt.count(len(runs))} runs"


def _number(count: int, one: str, many: str) -> str:
    return one if count == 1 else many.format(fmt.count(count))
