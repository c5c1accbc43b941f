"""Cloud Run jobs (v2): jobs, their executions and tasks; services, worker pools and builds are not emulated.

An execution runs on this machine where the emulator was told which command stands for the job's image.
"""

from emulator.services.run import executions, jobs, operations, starting, tasks
from emulator.services.run.running import execution
from emulator.services.run.service import SERVICE

__all__ = ["SERVICE", "execution", "executions", "jobs", "operations", "starting", "tasks"]
