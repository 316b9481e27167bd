"""The monitor window: what the machines do now.

card.py     one agent: state, slots, live curves
curves.py   a small live curve
joining.py  how another machine joins
shares.py   who has how much of the machines
window.py   all cards, the running attempts, the queue, the shares
"""

from __future__ import annotations

from windlass_gui.monitor.window import MonitorWindow

__all__ = ["MonitorWindow"]
