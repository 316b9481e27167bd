"""Wherever an attempt is opened, the window shows its log."""

from __future__ import annotations

from windlass_gui.window.main_window import MainWindow


def test_a_bar_that_is_clicked_has_its_log_ready_and_one_that_is_opened_shows_it(window: MainWindow) -> None:
    window.bottom.setCurrentWidget(window.timeline)
    window.timeline.view.bar_clicked.emit(7, 1, 3, 2)
    assert (window.log.item, window.log.attempt) == ((7, 1, 3), 2)
    assert window.bottom.currentWidget() is window.timeline, "its arrows are looked at"
    window.timeline.view.bar_opened.emit(7, 1, 4, 1)
    assert (window.log.item, window.log.attempt) == ((7, 1, 4), 1)
    assert window.bottom.currentWidget() is window.log


def test_an_attempt_of_the_monitor_shows_its_log_in_the_main_window(window: MainWindow) -> None:
    window.show_monitor()
    assert window.monitor is not None
    window.monitor.attempt_selected.emit(7, 1, 3, 2)
    assert (window.log.item, window.log.attempt) == ((7, 1, 3), 2)
    assert window.bottom.currentWidget() is window.log
    assert window.runs.current == 7, "its run is followed, so that the log knows names"
