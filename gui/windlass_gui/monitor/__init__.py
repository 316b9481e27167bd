"""The monitor window: what the machines do now.

agent_page.py  all about one agent: history, hardware, attempts, what happened to it
card.py        one agent in a few lines: state, slots, live curves
control.py     drain, forgive, remove: what destroys asks first
curves.py      a small live curve
flow.py        cards in columns
following.py   which runs' attempts are followed
heat.py        the heat map: a cell for each agent
joining.py     how another machine joins
measures.py    what the heat map can show of an agent
nearby.py      machines that wait to be invited, as the network says
shares.py      who has how much of the machines
strip.py       curves of all agents together
totals.py      what these curves are made of
window.py      puts them together
"""

from __future__ import annotations

from windlass_gui.monitor.window import MonitorWindow

__all__ = ["MonitorWindow"]
