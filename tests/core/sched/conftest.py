"""The scheduler's tests share helpers, an audit of transitions and a simulated world that stand beside them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
