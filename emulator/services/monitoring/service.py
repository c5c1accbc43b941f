"""The service object of Cloud Monitoring, and the tables of incidents and of values that clients wrote."""

from emulator.gateway.service import Service

SERVICE = Service(
    "monitoring",
    documents=("monitoring.v3", "monitoring.v1"),
    schema="""
CREATE TABLE IF NOT EXISTS incidents(
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, project TEXT NOT NULL, policy TEXT NOT NULL,
    condition TEXT NOT NULL, series TEXT NOT NULL, opened REAL NOT NULL, closes REAL, closed REAL, told REAL NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS incidents_open ON incidents(policy, condition, series) WHERE closed IS NULL;
CREATE INDEX IF NOT EXISTS incidents_closes ON incidents(closes) WHERE closed IS NULL;
""",
)
POLICIES = "monitoring.alertPolicies"
CHANNELS = "monitoring.notificationChannels"
SNOOZES = "monitoring.snoozes"
