"""Cloud Run's service, its kinds of resources, and where their methods are."""

from emulator.gateway.service import Service

SERVICE = Service("run", documents=("run.v2",))
JOBS = "run.jobs"
EXECUTIONS = "run.executions"
TASKS = "run.tasks"
METHODS = "run.projects.locations"
RUNNING = "run.execution"  # the operations that run an execution
DONE = "run.done"  # those that were done when they were answered
TYPES = "type.googleapis.com/google.cloud.run.v2"
