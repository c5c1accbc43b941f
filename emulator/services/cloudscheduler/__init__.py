"""Cloud Scheduler: jobs that run by their schedules, as the emulator's clock goes, or by hand."""

from emulator.services.cloudscheduler import jobs, lifecycle
from emulator.services.cloudscheduler.service import SERVICE

__all__ = ["SERVICE", "jobs", "lifecycle"]
