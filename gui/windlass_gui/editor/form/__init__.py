"""The inspector: a form made from the format's schema, for one task or many."""
