"""What a graph is: documents, tasks, resources, expressions and their checks. Pure: no IO, clock or random."""
