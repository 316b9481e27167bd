"""The scheduler: a state machine that takes events and returns effects. Pure: no IO, clock, random or threads."""

from windlass.sched.config import Config
from windlass.sched.machine import Scheduler

__all__ = ["Config", "Scheduler"]
