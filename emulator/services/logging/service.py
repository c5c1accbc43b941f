"""The service object of Cloud Logging, and the table of what log-based metrics counted."""

from emulator.gateway.service import Service

SERVICE = Service(
    "logging",
    documents=("logging.v2",),
    schema="""
CREATE TABLE IF NOT EXISTS log_metric_points(
    metric TEXT NOT NULL, minute INTEGER NOT NULL, labels TEXT NOT NULL, resource TEXT NOT NULL, count INTEGER NOT NULL,
    measured TEXT NOT NULL, PRIMARY KEY(metric, minute, labels, resource)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS log_metric_points_minute ON log_metric_points(minute);
""",
)
