"""Functions of GoogleSQL that neither the engine nor its macros can express: written in Python, called by the engine.

A function that raises ScalarError fails the statement with its words; within SAFE. it gives NULL. None of them runs
where an argument is NULL: the value is NULL then.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.services.bigquery.sql.scalars import json_edit, text
from emulator.services.bigquery.sql.scalars.characters import bytes_of, characters, text_of
from emulator.services.bigquery.sql.scalars.fingerprint import fingerprint
from emulator.services.bigquery.sql.scalars.formatting import format_moment
from emulator.services.bigquery.sql.scalars.parsing import parse_moment
from emulator.services.bigquery.sql.scalars.patterns import group_count, place_pattern
from emulator.services.bigquery.sql.scalars.pretty import pretty_json
from emulator.services.bigquery.sql.scalars.printing import bytes_literal, bytes_text, printf, quoted

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


def register(connection: DuckDBPyConnection) -> None:
    """Make the functions known to every connection of this engine."""
    from duckdb import list_type
    from duckdb.func import FunctionNullHandling
    from duckdb.sqltypes import BIGINT, BLOB, BOOLEAN, INTEGER, VARCHAR

    connection.create_function("bq_format_moment", format_moment, [VARCHAR, VARCHAR, BIGINT, BIGINT], VARCHAR)
    connection.create_function("bq_characters", characters, [BLOB], VARCHAR)
    connection.create_function("bq_bytes", bytes_of, [VARCHAR], BLOB)
    connection.create_function("bq_bytes_to_string", text_of, [BLOB], VARCHAR)
    connection.create_function("bq_pretty_json", pretty_json, [VARCHAR], VARCHAR)
    connection.create_function("bq_parse_moment", parse_moment, [VARCHAR, VARCHAR, VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_group_count", group_count, [VARCHAR], INTEGER)
    connection.create_function("bq_place_pattern", place_pattern, [VARCHAR, BIGINT], VARCHAR)
    texts = list_type(VARCHAR)
    connection.create_function(
        "bq_printf", printf, [VARCHAR, texts, texts], VARCHAR, null_handling=FunctionNullHandling.SPECIAL
    )
    connection.create_function("bq_quoted", quoted, [VARCHAR], VARCHAR)
    connection.create_function("bq_bytes_text", bytes_text, [BLOB], VARCHAR)
    connection.create_function("bq_bytes_literal", bytes_literal, [BLOB], VARCHAR)
    connection.create_function("bq_fingerprint", fingerprint, [BLOB], BIGINT)
    connection.create_function("bq_normalize", text.normalize, [VARCHAR, VARCHAR, BOOLEAN], VARCHAR)
    connection.create_function("bq_soundex", text.soundex, [VARCHAR], VARCHAR)
    numbers = list_type(BIGINT)
    connection.create_function("bq_code_points", text.code_points, [VARCHAR], numbers)
    connection.create_function("bq_byte_values", text.byte_values, [BLOB], numbers)
    special = FunctionNullHandling.SPECIAL
    connection.create_function("bq_string_of", text.string_of, [numbers], VARCHAR, null_handling=special)
    connection.create_function("bq_bytes_of", text.bytes_of_values, [numbers], BLOB, null_handling=special)
    connection.create_function("bq_translate", text.translate, [VARCHAR, VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_parse_numeric", text.parse_numeric, [VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_sha512", text.sha512, [BLOB], BLOB)
    connection.create_function("bq_to_base32", text.to_base32, [BLOB], VARCHAR)
    connection.create_function("bq_from_base32", text.from_base32, [VARCHAR], BLOB)
    flags = list_type(BOOLEAN)
    connection.create_function("bq_json_set", json_edit.set_values, [VARCHAR, texts, texts, BOOLEAN], VARCHAR)
    connection.create_function("bq_json_array_append", json_edit.append_values, [VARCHAR, texts, texts, flags], VARCHAR)
    connection.create_function("bq_json_array_insert", json_edit.insert_values, [VARCHAR, texts, texts, flags], VARCHAR)
    connection.create_function("bq_json_keys", json_edit.keys, [VARCHAR, BIGINT, VARCHAR], texts)
