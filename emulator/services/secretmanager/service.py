"""The service object of Secret Manager, and the tables of payloads and of what is due."""

from emulator.gateway.service import Service

SERVICE = Service(
    "secretmanager",
    documents=("secretmanager.v1",),
    schema="""
CREATE TABLE IF NOT EXISTS secret_payloads(
    version TEXT PRIMARY KEY, data BLOB NOT NULL, checksum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS secret_due(
    resource TEXT NOT NULL, what TEXT NOT NULL, at REAL NOT NULL, PRIMARY KEY(resource, what)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS secret_due_at ON secret_due(at);
""",
    data=("secretmanager.projects.secrets.versions.access", "secretmanager.projects.locations.secrets.versions.access"),
)
SERVICE.grpc = "emulator.services.secretmanager.rpc"
SECRETS, VERSIONS = "secretmanager.secrets", "secretmanager.versions"
METHODS = ("secretmanager.projects.secrets", "secretmanager.projects.locations.secrets")
"""What the ids of methods begin with: of global secrets, and of regional ones."""
