"""The scheduler: a state machine that takes events and returns effects. Pure: no IO, clock, random or threads."""
