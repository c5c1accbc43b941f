"""Functions of GoogleSQL that neither the engine nor its macros can express: written in Python, called by the engine.

A function that raises ScalarError fails the statement with its words; within SAFE. it gives NULL. None of them runs
where an argument is NULL: the value is NULL then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.bigquery.sql.scalars.characters import bytes_of, characters, text_of
from emulator.services.bigquery.sql.scalars.formatting import format_moment
from emulator.services.bigquery.sql.scalars.parsing import parse_moment
from emulator.services.bigquery.sql.scalars.patterns import group_count, group_place
from emulator.services.bigquery.sql.scalars.pretty import pretty_json
from emulator.services.bigquery.sql.scalars.printing import bytes_literal, bytes_text, printf, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def register(connection: DuckDBPyConnection) -> None:
    """Make the functions known to every connection of this engine."""
    from duckdb import list_type
    from duckdb.func import FunctionNullHandling
    from duckdb.sqltypes import BIGINT, BLOB, INTEGER, VARCHAR

    connection.create_function("bq_format_moment", format_moment, [VARCHAR, VARCHAR, BIGINT, BIGINT], VARCHAR)
    connection.create_function("bq_characters", characters, [BLOB], VARCHAR)
    connection.create_function("bq_bytes", bytes_of, [VARCHAR], BLOB)
    connection.create_function("bq_bytes_to_string", text_of, [BLOB], VARCHAR)
    connection.create_function("bq_pretty_json", pretty_json, [VARCHAR], VARCHAR)
    connection.create_function("bq_parse_moment", parse_moment, [VARCHAR, VARCHAR, VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_group_count", group_count, [VARCHAR], INTEGER)
    connection.create_function("bq_group_place", group_place, [VARCHAR, VARCHAR, BIGINT], BIGINT)
    texts = list_type(VARCHAR)
    connection.create_function(
        "bq_printf", printf, [VARCHAR, texts, texts], VARCHAR, null_handling=FunctionNullHandling.SPECIAL
    )
    connection.create_function("bq_quoted", quoted, [VARCHAR], VARCHAR)
    connection.create_function("bq_bytes_text", bytes_text, [BLOB], VARCHAR)
    connection.create_function("bq_bytes_literal", bytes_literal, [BLOB], VARCHAR)
