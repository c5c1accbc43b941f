"""Functions of GoogleSQL that neither the engine nor its macros can express: written in Python, called by the engine.

A function that raises ScalarError fails the statement with its words; within SAFE. it gives NULL. None of them runs
where an argument is NULL: the value is NULL then.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from duckdb import DuckDBPyConnection, list_type
from duckdb.func import FunctionNullHandling
from duckdb.sqltypes import BIGINT, BLOB, BOOLEAN, DOUBLE, INTEGER, UBIGINT, VARCHAR

from emulator.services.bigquery.sql.scalars import (
    bignumeric,
    bits,
    casting,
    json_edit,
    json_values,
    net,
    of_types,
    sketches,
    text,
)
from emulator.services.bigquery.sql.scalars.characters import bytes_of, characters, text_of
from emulator.services.bigquery.sql.scalars.errors import or_null
from emulator.services.bigquery.sql.scalars.fingerprint import fingerprint
from emulator.services.bigquery.sql.scalars.formatting import format_moment
from emulator.services.bigquery.sql.scalars.parsing import parse_moment
from emulator.services.bigquery.sql.scalars.patterns import group_count, place_pattern
from emulator.services.bigquery.sql.scalars.pretty import pretty_json
from emulator.services.bigquery.sql.scalars.printing import bytes_literal, bytes_text, printf, quoted

BIGNUMERIC_UNARY = {
    "units": bignumeric.units_of_text,
    "numeric": bignumeric.numeric_of,
    "square_root": bignumeric.square_root,
    "exponential": bignumeric.exponential,
    "logarithm": bignumeric.logarithm,
    "ceiling": bignumeric.ceiling,
    "floored": bignumeric.floor,
}
BIGNUMERIC_BINARY = {
    "product": bignumeric.multiply,
    "quotient": bignumeric.divide,
    "whole_quotient": bignumeric.whole_quotient,
    "remainder": bignumeric.remainder,
    "power": bignumeric.power,
    "logarithm_to": bignumeric.logarithm_to,
}
BIGNUMERIC_SAFE: tuple[Callable[..., Any], ...] = (
    bignumeric.units_of_text,
    bignumeric.units_of_float,
    bignumeric.numeric_of,
    bignumeric.whole_of,
    bignumeric.fit,
)


def register(connection: DuckDBPyConnection) -> None:
    """Make the functions known to every connection of this engine."""
    connection.create_function("bq_format_moment", format_moment, [VARCHAR, VARCHAR, BIGINT, BIGINT], VARCHAR)
    connection.create_function("bq_characters", characters, [BLOB], VARCHAR)
    connection.create_function("bq_bytes", bytes_of, [VARCHAR], BLOB)
    connection.create_function("bq_bytes_to_string", text_of, [BLOB], VARCHAR)
    connection.create_function("bq_bytes_combined", bits.combined, [BLOB, VARCHAR, BLOB], BLOB)
    connection.create_function("bq_bytes_inverted", bits.inverted, [BLOB], BLOB)
    connection.create_function("bq_bytes_shifted", bits.shifted, [BLOB, VARCHAR, BIGINT], BLOB)
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
    connection.create_function("bq_json_remove", json_edit.remove, [VARCHAR, texts], VARCHAR)
    connection.create_function(
        "bq_json_strip_nulls", json_edit.strip_nulls, [VARCHAR, VARCHAR, BOOLEAN, BOOLEAN], VARCHAR
    )
    connection.create_function("bq_parse_json", json_values.parsed, [VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_json_ordered", json_values.ordered, [VARCHAR], VARCHAR)
    connection.create_function("bq_json_found", json_values.lax, [VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_json_flattened", json_values.flattened, [VARCHAR], texts)
    connection.create_function("bq_json_keys", json_edit.keys, [VARCHAR, BIGINT, VARCHAR], texts)
    connection.create_function("bq_hll_sketch", sketches.sketch, [list_type(UBIGINT), VARCHAR, BIGINT], BLOB)
    connection.create_function("bq_hll_merged", sketches.merged, [list_type(BLOB)], BLOB)
    connection.create_function("bq_hll_counted", sketches.counted, [BLOB], BIGINT)
    _register_casts(connection)
    _register_net(connection)
    _register_bignumeric(connection)
    of_types.register(connection)


def _register_casts(connection: DuckDBPyConnection) -> None:
    """Functions of CAST with FORMAT."""
    connection.create_function("bq_format_cast", casting.format_cast, [VARCHAR, VARCHAR, BIGINT, BIGINT], VARCHAR)
    connection.create_function(
        "bq_parse_cast", casting.parse_cast, [VARCHAR, VARCHAR, VARCHAR, VARCHAR, BIGINT], VARCHAR
    )
    connection.create_function("bq_bytes_as_text", casting.bytes_as_text, [BLOB, VARCHAR], VARCHAR)
    connection.create_function("bq_text_as_bytes", casting.text_as_bytes, [VARCHAR, VARCHAR], BLOB)


def _register_net(connection: DuckDBPyConnection) -> None:
    """Functions of NET."""
    special = FunctionNullHandling.SPECIAL
    connection.create_function("bq_host", net.host, [VARCHAR], VARCHAR, null_handling=special)
    connection.create_function("bq_ip_from_string", net.ip_from_string, [VARCHAR], BLOB)
    safe_ip = or_null(net.ip_from_string)
    connection.create_function("bq_safe_ip_from_string", safe_ip, [VARCHAR], BLOB, null_handling=special)
    connection.create_function("bq_ip_to_string", net.ip_to_string, [BLOB], VARCHAR)
    connection.create_function("bq_ip_net_mask", net.ip_net_mask, [BIGINT, BIGINT], BLOB)
    connection.create_function("bq_ip_trunc", net.ip_trunc, [BLOB, BIGINT], BLOB)
    connection.create_function("bq_ipv4_from_int64", net.ipv4_from_int64, [BIGINT], BLOB)
    connection.create_function("bq_ipv4_to_int64", net.ipv4_to_int64, [BLOB], BIGINT)


def _register_bignumeric(connection: DuckDBPyConnection) -> None:
    """Functions of units of BIGNUMERIC, which are text; see bignumeric.sql."""
    for name, one in BIGNUMERIC_UNARY.items():
        connection.create_function(f"bq_big_{name}", one, [VARCHAR], VARCHAR)
    for name, two in BIGNUMERIC_BINARY.items():
        connection.create_function(f"bq_big_{name}", two, [VARCHAR, VARCHAR], VARCHAR)
    connection.create_function("bq_big_units_of_float", bignumeric.units_of_float, [DOUBLE], VARCHAR)
    connection.create_function("bq_big_fitted", bignumeric.fit, [VARCHAR, BIGINT, BIGINT], VARCHAR)
    connection.create_function("bq_big_whole", bignumeric.whole_of, [VARCHAR], BIGINT)
    connection.create_function("bq_big_mean", bignumeric.average, [VARCHAR, BIGINT], VARCHAR)
    connection.create_function("bq_big_rounded", bignumeric.round_to, [VARCHAR, BIGINT, VARCHAR], VARCHAR)
    connection.create_function("bq_big_truncated", bignumeric.truncate, [VARCHAR, BIGINT], VARCHAR)
    connection.create_function("bq_big_series", bignumeric.series, [VARCHAR] * 3, list_type(VARCHAR))
    special = FunctionNullHandling.SPECIAL
    connection.create_function(
        "bq_big_percentile", bignumeric.percentile, [list_type(VARCHAR), VARCHAR], VARCHAR, null_handling=special
    )
    units, units_of_float, numeric, whole, fitted = map(or_null, BIGNUMERIC_SAFE)
    connection.create_function("bq_big_safe_units", units, [VARCHAR], VARCHAR, null_handling=special)
    connection.create_function("bq_big_safe_units_of_float", units_of_float, [DOUBLE], VARCHAR, null_handling=special)
    connection.create_function("bq_big_safe_numeric", numeric, [VARCHAR], VARCHAR, null_handling=special)
    connection.create_function("bq_big_safe_whole", whole, [VARCHAR], BIGINT, null_handling=special)
    connection.create_function("bq_big_safe_fitted", fitted, [VARCHAR, BIGINT, BIGINT], VARCHAR, null_handling=special)
