"""How long tests wait for what another thread or process does: long, as only a test that fails waits to the end."""

PATIENCE = 120.0
"""Seconds. On a machine that is busy with other things, what takes a tenth of a second alone has taken ten."""
