"""Open documents and their files: tabs, opening and saving, recent files, recovery after a crash, changes by others."""
