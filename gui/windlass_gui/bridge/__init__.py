"""Between the windows and the core: one network thread, one inbox, one frame for all that came.

inbox.py    what other threads hand to the UI thread; conflates, so that a frame costs the same at any rate
frames.py   when the UI thread looks into it: soon after news, at most thirty times a second, else never
local.py    finds or starts the user's own core and agent (blocking; called in worker threads)
pages.py    a long answer, page by page
reader.py   a record that grows, read on from where its keeper stands, over whatever connection there is
bridge.py   the QObject that the windows talk to
"""

from __future__ import annotations

from windlass_gui.bridge.bridge import PLAIN, Acted, Bridge, How, SubmitProgress
from windlass_gui.bridge.inbox import Inbox

__all__ = ["PLAIN", "Acted", "Bridge", "How", "Inbox", "SubmitProgress"]
