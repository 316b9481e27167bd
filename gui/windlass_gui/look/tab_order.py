"""Tab goes through a part of a window in the order in which it is laid out, whenever its parts were made."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractScrollArea, QLayout, QScrollArea, QSplitter, QWidget


def order_tabs(root: QWidget, after: QWidget | None = None) -> None:
    """The stops inside `root` come after that widget, else from the place of the first of them on.

    To be called when something was added to what had its order already: Qt puts what is new at the end. Not before
    `root` is in its window: Qt keeps no order of what moves into another one.
    """
    before = after
    for stop in stops_in(root):
        if before is not None and stop is not before:
            QWidget.setTabOrder(before, stop)
        before = stop


def stops_in(widget: QWidget) -> Iterator[QWidget]:
    """Whatever Tab can stop at, in the order of the layouts; hidden parts too.

    Of a part that gives the keyboard to one inside, the part: Qt takes the inner one along, and ties a knot into its
    chain when that is moved by itself.
    """
    proxy = widget.focusProxy()
    if widget.focusPolicy() & Qt.FocusPolicy.TabFocus == Qt.FocusPolicy.TabFocus:
        yield widget
    if proxy is not None and widget.isAncestorOf(proxy):
        return
    if isinstance(widget, QScrollArea):
        if (content := widget.widget()) is not None:
            yield from stops_in(content)
    elif isinstance(widget, QSplitter):
        for at in range(widget.count()):
            if (part := widget.widget(at)) is not None:
                yield from stops_in(part)
    elif (layout := widget.layout()) is not None:
        yield from _in_layout(layout)
    elif isinstance(widget, QAbstractScrollArea):
        for child in widget.viewport().children():
            if isinstance(child, QWidget):
                yield from stops_in(child)


def _in_layout(layout: QLayout) -> Iterator[QWidget]:
    for at in range(layout.count()):
        item = layout.itemAt(at)
        if item is None:
            continue
        if (inner := item.layout()) is not None:
            yield from _in_layout(inner)
        elif (widget := item.widget()) is not None:
            yield from stops_in(widget)
