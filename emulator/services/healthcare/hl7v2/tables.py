"""The tables of HL7v2 stores: their numbers and keys, messages as they are now, what they were, their bytes, patients.

A message's id follows from its bytes and its store's key. Where it is deleted, `live` is 0, and all that would bring it
back stays until no rollback reaches as far; where it is stored again, its row lives again.
"""

MESSAGES = """
CREATE TABLE IF NOT EXISTS hl7v2_stores(
    key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE, secret BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS hl7v2_messages(
    number INTEGER PRIMARY KEY AUTOINCREMENT, store INTEGER NOT NULL, id TEXT NOT NULL, live INTEGER NOT NULL,
    changed INTEGER NOT NULL, created INTEGER NOT NULL, operation TEXT NOT NULL, labels TEXT NOT NULL,
    sent INTEGER NOT NULL, type TEXT NOT NULL, facility TEXT NOT NULL, size INTEGER NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS hl7v2_messages_id ON hl7v2_messages(store, id);
CREATE INDEX IF NOT EXISTS hl7v2_messages_sent ON hl7v2_messages(store, live, sent, number);
CREATE INDEX IF NOT EXISTS hl7v2_messages_live ON hl7v2_messages(store, live, number);
CREATE INDEX IF NOT EXISTS hl7v2_messages_gone ON hl7v2_messages(changed) WHERE live = 0;

CREATE TABLE IF NOT EXISTS hl7v2_bodies(
    number INTEGER PRIMARY KEY, raw BLOB NOT NULL, terminator BLOB NOT NULL, schematized BLOB NOT NULL
);

CREATE TABLE IF NOT EXISTS hl7v2_patients(
    store INTEGER NOT NULL, value TEXT NOT NULL, type TEXT NOT NULL, number INTEGER NOT NULL,
    PRIMARY KEY(store, value, type, number)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS hl7v2_past(
    number INTEGER NOT NULL, changed INTEGER NOT NULL, live INTEGER NOT NULL, created INTEGER NOT NULL,
    operation TEXT NOT NULL, labels TEXT NOT NULL, PRIMARY KEY(number, changed)
) WITHOUT ROWID;
"""
"""Times are microseconds since 1970; `sent` is NEVER_SENT for a message without a readable MSH-7. `changed` is when
the message became as it is, `created` its createTime, `operation` the number of the long-running operation that made it
so, "" for requests. `labels` and `schematized` are JSON, the latter "" without a schema. `terminator` is what separates
the segments of `raw`, whatever the store is set to since."""

NEVER_SENT = -(1 << 62)
