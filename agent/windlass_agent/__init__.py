"""The headless worker process of one machine."""
