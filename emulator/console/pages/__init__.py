"""The console's pages: a file for what each shows."""

from emulator.console.pages import (
    audit,
    consents,
    faults,
    hl7v2,
    leaving,
    objects,
    operations,
    overview,
    requests,
    resources,
    snapshots,
    sql,
    studies,
    thumbnail,
    topic,
)

__all__ = [
    "audit",
    "consents",
    "faults",
    "hl7v2",
    "leaving",
    "objects",
    "operations",
    "overview",
    "requests",
    "resources",
    "snapshots",
    "sql",
    "studies",
    "thumbnail",
    "topic",
]
