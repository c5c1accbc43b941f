"""Cloud Scheduler's service, and the table of what is due."""

from emulator.gateway.service import Service

SERVICE = Service(
    "cloudscheduler",
    documents=("cloudscheduler.v1",),
    schema="""
CREATE TABLE IF NOT EXISTS scheduler_due(job TEXT PRIMARY KEY, at REAL NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS scheduler_due_at ON scheduler_due(at);
""",
)
JOBS = "cloudscheduler.jobs"
