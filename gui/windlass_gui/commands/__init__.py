"""Everything that a person can do or go to, found by typing a few letters of it (Ctrl+K)."""

from windlass_gui.commands.collect import Command, Where, all_commands
from windlass_gui.commands.palette import CommandPalette

__all__ = ["Command", "CommandPalette", "Where", "all_commands"]
