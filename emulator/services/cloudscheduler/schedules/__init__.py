"""Schedules of jobs: unix-cron, and the English-like form of App Engine (Cloud Scheduler: "Cron job format")."""

from __future__ import annotations

from emulator.services.cloudscheduler.schedules import cron, english
from emulator.services.cloudscheduler.schedules.schedule import Schedule


def read(text: str) -> Schedule:
    """The schedule that a text describes. Raises ValueError for a text of neither form."""
    words = text.lower().split()
    try:
        return cron.read(words)
    except ValueError:
        return english.read(words)
