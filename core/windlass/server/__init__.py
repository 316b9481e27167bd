"""The loop that joins sockets, scheduler and store into one core process."""
