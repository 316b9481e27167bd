"""What travels between core, agents and clients: messages, codec, size limits, keys."""
