"""How fast the app's surface is, beside the targets that it has. Needs no screen."""
