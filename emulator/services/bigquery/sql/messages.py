"""What the engine says about a statement, in BigQuery's words. Its own reach the emulator's log, never a user."""

from __future__ import annotations

import logging
import re

from emulator.services.bigquery.sql.errors import OutOfMemory, SqlError

MEMORY_LIMIT = "2GB"  # the engine's own, which does not count lists, texts and Python's objects
DATA_LIMIT = 4 << 30  # of the engine process, all counted
BLOCK = re.compile(r"Failed to allocate block of (\d+) bytes")
_log = logging.getLogger("emulator.bigquery")


def statement_error(error: Exception) -> SqlError:
    """DuckDB's words as BigQuery's, as far as they have a counterpart."""
    text = first_line(error)
    for prefix in ("Binder", "Catalog", "Invalid Input", "Conversion", "Parser"):
        text = text.removeprefix(f"{prefix} Error: ")
    if text.startswith('Referenced column "'):
        return SqlError(f"Unrecognized name: {text.split(chr(34))[1]}")
    if "not found in FROM clause" in text:
        return SqlError(f"Unrecognized name: {text.split(chr(34))[1] if chr(34) in text else text}")
    if text.startswith(("Scalar Function with name", "Aggregate Function with name")):
        return SqlError(f"Function not found: {text.split()[4].upper()}")
    if text.startswith("Constraint Error: NOT NULL"):
        return SqlError(f"Required field {text.rsplit('.', 1)[-1]} cannot be null", "invalidQuery")
    if "cannot affect the same target row more than once" in text:
        return SqlError("UPDATE/MERGE must match at most one source row for each target row")
    if text.startswith("Out of Memory Error"):
        block = BLOCK.search(text)
        return out_of_memory(alone=block is not None and int(block[1]) > DATA_LIMIT)
    if "Max expression depth" in text:
        return too_complex()
    return SqlError(text)


def out_of_memory(*, alone: bool = False) -> SqlError:
    """More memory than the emulator gives to queries. alone: more than all of it, whatever else runs."""
    return (SqlError if alone else OutOfMemory)(
        "Resources exceeded during query execution: The query could not be executed in the allotted memory; the "
        f"emulator gives all queries together {MEMORY_LIMIT}.",
        "resourcesExceeded",
    )


def too_complex() -> SqlError:
    """A statement that is nested too deeply to be analysed."""
    return SqlError(
        "Resources exceeded during query execution: Not enough resources for query planning - too many subqueries or "
        "query is too complex.",
        "resourcesExceeded",
    )


def first_line(error: Exception) -> str:
    """The sentence of an error, without the engine's hints."""
    return str(error).split("\n", 1)[0].strip()
