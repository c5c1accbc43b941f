"""The BigQuery Storage service: its methods, which gRPC alone has, and its tables."""

from __future__ import annotations

from emulator.gateway.service import Service

SCHEMA = """
CREATE TABLE IF NOT EXISTS bigquery_read_sessions(
    name TEXT PRIMARY KEY, storage TEXT NOT NULL, expires INTEGER NOT NULL, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS bigquery_read_sessions_storage ON bigquery_read_sessions(storage);
"""
SERVICE = Service("bigquerystorage", ("bigquerystorage.v1",), SCHEMA, anonymous=True)
SERVICE.grpc = "emulator.services.bigquerystorage.rpc"
