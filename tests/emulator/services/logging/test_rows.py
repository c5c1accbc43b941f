"""Log entries as rows: the columns that their fields become (Cloud Logging: BigQuery schema for logs)."""

from typing import Any

from emulator.services.logging.rows import row_of, schema_of

ENTRY: dict[str, Any] = {
    "timestamp": "2026-01-02T08:59:59Z",
    "severity": "ERROR",
    "jsonPayload": {"status": 5, "timestamp": "soon", "listed": [1, 2]},
    "httpRequest": {"requestMethod": "GET", "status": 500, "requestSize": "12", "latency": "1.5s"},
    "sourceLocation": {"file": "a.py", "line": "7"},
}
AUDIT = {"protoPayload": {"@type": "type.googleapis.com/google.cloud.audit.AuditLog", "status": {"code": 7}}}


def kinds(fields: list[dict[str, Any]], within: str = "") -> dict[str, str]:
    found = {}
    for field in fields:
        path = within + field["name"]
        found[path] = field["type"]
        found.update(kinds(field.get("fields", []), f"{path}."))
    return found


def test_numbers_of_a_payload_are_fractions_and_those_of_the_entry_itself_whole() -> None:
    assert kinds(schema_of([row_of(ENTRY), row_of(AUDIT)])) == {
        "timestamp": "TIMESTAMP",
        "severity": "STRING",
        "jsonPayload": "RECORD",
        "jsonPayload.status": "FLOAT",
        "jsonPayload.timestamp": "STRING",
        "jsonPayload.listed": "FLOAT",
        "httpRequest": "RECORD",
        "httpRequest.requestMethod": "STRING",
        "httpRequest.status": "INTEGER",
        "httpRequest.requestSize": "INTEGER",
        "httpRequest.latency": "STRING",
        "sourceLocation": "RECORD",
        "sourceLocation.file": "STRING",
        "sourceLocation.line": "INTEGER",
        "protopayload_auditlog": "RECORD",
        "protopayload_auditlog.status": "RECORD",
        "protopayload_auditlog.status.code": "INTEGER",
    }
