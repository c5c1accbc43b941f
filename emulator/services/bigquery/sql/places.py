"""Where a storage lies: its name says which of DuckDB's files has it, so that nobody has to be asked.

A name is a letter for what it is (t: a table's rows, r: a result, s: a copy of a read session, w: what a write stream
has not given its table yet) and digits. In front of it, where a version of a key protects the rows, stands the name of
that version's own file: k1234567890abcdef_t_... (see keyed.py). What has none is in the files of all others.
"""

from __future__ import annotations

import re

STORED, RESULTS = "stored", "results"
"""DuckDB's names of the file of tables and of that of results, which the root key alone encrypts, if anything does."""
_NAME = re.compile(r"(?:(k[0-9a-f]{16})_)?([trsw])_")


def file_of(storage: str) -> str:
    """DuckDB's name of the file of a version that a storage lies in; "" where it lies in none."""
    found = _NAME.match(storage)
    return (found[1] or "") if found else ""


def kind_of(storage: str) -> str:
    """The letter for what a storage is; "" for a name of another form."""
    found = _NAME.match(storage)
    return found[2] if found else ""


def database_of(table: str) -> str:
    """DuckDB's name of the file that a table lies in, by its full name."""
    return table.partition(".main.")[0]


def storage_of(table: str) -> str:
    """The name of a storage out of its full name."""
    return table.partition(".main.")[2].strip('"')


def beside(table: str, own: str) -> str:
    """The full name of one of the engine's own tables in the file of another table, which one transaction changes."""
    return f"{database_of(table)}.main.{own}"
