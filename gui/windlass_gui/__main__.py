"""`python -m windlass_gui`: the desktop app."""

from __future__ import annotations

import sys

from windlass_gui.app import main

if __name__ == "__main__":
    sys.exit(main())
