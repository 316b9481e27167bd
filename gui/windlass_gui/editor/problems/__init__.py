"""What is wrong or doubtful with the graph, and what can be done about it."""
