"""Asking a disk that may not answer, such as that of a machine which has gone, without freezing with it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread
from typing import Generic, TypeVar

from PySide6.QtCore import QCoreApplication, QObject, Signal
from PySide6.QtWidgets import QWidget

from windlass_gui.relay import Way
from windlass_gui.waiting import wait_for_disk

Result = TypeVar("Result")

AT_ONCE = 0.25
"""Seconds for which the window waits without looking at its events: a disk that answers takes a thousandth of it."""


class _Question(QObject, Generic[Result]):
    """Asked in a thread of its own: one that never comes back keeps neither other files nor the app's end waiting."""

    answered = Signal()

    def __init__(self, job: Callable[[], Result]) -> None:
        super().__init__()
        known = self.known = Event()
        told: list[Result | Exception] = []
        self._told, way = told, Way(self)

        def work() -> None:  # without a hold on the question, which lives and ends in the UI thread
            try:
                told.append(job())
            except Exception as error:  # is raised again for whoever asked
                told.append(error)
            known.set()
            way.tell(lambda question: question.answered.emit())

        Thread(target=work, name="windlass-disk", daemon=True).start()

    def get(self) -> Result:
        """Its answer. Raises what the job has raised."""
        (answer,) = self._told
        if isinstance(answer, Exception):
            raise answer
        return answer


def ask_disk(job: Callable[[], Result], window: QWidget, path: Path) -> Result | None:
    """What `job` gives, which is about `path`; None when the person does not want to wait. Raises what it raises.

    A disk that takes its time is waited for with a word on the screen.
    """
    question = _Question(job)
    if not question.known.wait(AT_ONCE):
        words = QCoreApplication.translate("Files", "The disk takes its time: {} is still being read.")
        wait_for_disk(window, lambda: [] if question.known.is_set() else [path.name], question.answered, words)
    return question.get() if question.known.is_set() else None


def soon(job: Callable[[], Result], otherwise: Result) -> Result:
    """What `job` gives, if it does so at once; else, or when it raises OSError, `otherwise`."""
    question = _Question(job)
    if question.known.wait(AT_ONCE):
        try:
            return question.get()
        except OSError:
            pass
    return otherwise
