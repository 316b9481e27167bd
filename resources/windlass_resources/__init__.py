"""Icons, themes and sample graphs."""
