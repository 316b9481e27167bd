"""The same work done by Windlass and by what people would use instead; `python -m bench.peers`."""
