"""The tables of FHIR stores: their numbers, every version of every resource, and who refers to what.

A version has a number in its store, `rid`, which grows with its time of change (emulator/fhir/search/tables.py says
how). The newest version of a resource is the current one; where that is a deletion, its body is empty.
"""

VERSIONS = """
CREATE TABLE IF NOT EXISTS fhir_stores(key INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL UNIQUE);

CREATE TABLE IF NOT EXISTS fhir_versions(
    number INTEGER PRIMARY KEY, store INTEGER NOT NULL, rid INTEGER NOT NULL, type TEXT NOT NULL, id TEXT NOT NULL,
    method TEXT NOT NULL, blob TEXT NOT NULL, body BLOB NOT NULL, operation TEXT NOT NULL DEFAULT '',
    forgotten INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS fhir_versions_rid ON fhir_versions(store, rid);
CREATE UNIQUE INDEX IF NOT EXISTS fhir_versions_id ON fhir_versions(store, type, id, rid);

CREATE TABLE IF NOT EXISTS fhir_references(
    store INTEGER NOT NULL, target TEXT NOT NULL, rid INTEGER NOT NULL, counts INTEGER NOT NULL,
    PRIMARY KEY(store, target, rid)
) WITHOUT ROWID;
"""
"""A row's `number` is its rid, so that a rid leads to it without a look at an index; another one where a row of another
store has that number, and in rows of states that were made before this was so.

`method` is the verb that made a version, `blob` the file of a Binary that was sent raw, `operation` the number of
the long-running operation that made it, "" for requests. Where versions just before it are not kept (imports, purges),
`forgotten` is when the first of them was made, in microseconds since 1970; 0 where none is missing. References are
those of current versions, by Type/id of their targets, which need not be there; those in extensions may not count.
"""
