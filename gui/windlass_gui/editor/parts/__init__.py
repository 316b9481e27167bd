"""What can be added: kinds of tasks, templates, samples, dropped files; how they are found."""
