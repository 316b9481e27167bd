"""Machines on this network that say that they wait to be invited, one line each; nothing while nobody does."""

from __future__ import annotations

import threading

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QLabel, QWidget

from windlass.wire import lan

SHOWN = 6
"""Lines; how many more there are is said."""


class _Bell(QObject):
    """Rung by the network's thread, which keeps it: it lives at least as long as somebody may ring."""

    rung = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.pending = threading.Event()
        """A signal is on its way; there is one at a time, however much is heard."""

    def ring(self) -> None:
        if not self.pending.is_set():
            self.pending.set()
            self.rung.emit()


class NearbyLabel(QLabel):
    """Listens until `stop`. Everything it shows was said by strangers: plain text only."""

    grown = Signal()
    """It needs another height."""

    def __init__(self, open_network: lan.Opener = lan.multicast, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setWordWrap(True)
        self.setAccessibleName(self.tr("Machines on this network that wait to be invited"))
        self.setToolTip(self.tr("They run: windlass agent --announce"))
        self.hide()
        self._bell = _Bell()
        self._bell.rung.connect(self._show, Qt.ConnectionType.QueuedConnection)
        self._watch: lan.Watch | None = None
        if lan.available():
            self._watch = lan.Watch(lan.WAITING_AGENT, self._bell.ring, open_network)

    def stop(self) -> None:
        """Does not wait for the network."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None

    def _show(self) -> None:
        self._bell.pending.clear()
        peers = self._watch.peers() if self._watch is not None else []
        if peers:
            lines = [self.tr("Waiting to be invited on this network:")]
            lines += [self._line(peer) for peer in peers[:SHOWN]]
            if len(peers) > SHOWN:
                lines.append(self.tr("and {} more").format(len(peers) - SHOWN))
            lines.append(
                self.tr(
                    "A name on the network proves nothing, and nobody is let in by it: go to the machine, see that it "
                    "shows the same fingerprint, and run the line above there."
                )
            )
            self.setText("\n".join(lines))
        self.setVisible(bool(peers))
        self.grown.emit()

    def _line(self, peer: lan.Peer) -> str:
        return self.tr("• {}, {}, fingerprint {}").format(peer.name, peer.addresses[0], peer.fingerprint)
