"""CAST(... AS ... FORMAT ...) rewritten for DuckDB, by the type of what is cast.

https://cloud.google.com/bigquery/docs/reference/standard-sql/format-elements#formatting_syntax
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.errors import SqlError
from emulator.services.bigquery.sql.kinds import BYTES, STRING, TEMPORAL, Kind, engine_name, kind_of, of_datatype
from emulator.services.bigquery.sql.nodes import call, cast, zone_name


def rewrite_formatted_cast(node: exp.Cast) -> exp.Expr:
    """The replacement of a CAST or SAFE_CAST that has a FORMAT. Raises SqlError for types that take none."""
    form, zone = node.args["format"], None
    if isinstance(form, exp.AtTimeZone):
        form, zone = form.this, form.args["zone"]
    own, to = kind_of(node.this), of_datatype(node.to)
    made = _made(node.this, own, to, form, zone)
    if made is None:
        types = f"{own or 'a type that cannot be told'} to {to or node.to.sql('bigquery')}"
        raise SqlError(f"CAST with FORMAT from {types} is not emulated.")
    return call("TRY", made) if isinstance(node, exp.TryCast) else made


def _made(value: exp.Expr, own: Kind | None, to: Kind | None, form: exp.Expr, zone: exp.Expr | None) -> exp.Expr | None:
    if own is None or to is None:
        return None
    if own.name == "NULL" and to.name in (*TEMPORAL, "STRING", "BYTES"):
        return cast(exp.Null(), engine_name(to) or "")
    if (own, to) == (BYTES, STRING):
        return call("bq_bytes_as_text", value, form)
    if (own, to) == (STRING, BYTES):
        return call("bq_text_as_bytes", value, form)
    if to == STRING and own.name in TEMPORAL:
        zones = (zone_name(zone),) if own.name == "TIMESTAMP" else ()
        return call(f"bq_cast_{own.name.lower()}_as_text", form, value, *zones)
    if own == STRING and to.name in TEMPORAL:
        moment = call("bq_parse_cast_now", to.name, form, value, zone_name(zone) if to.name == "TIMESTAMP" else "")
        return cast(cast(moment, "TIMESTAMP") if to.name == "TIME" else moment, engine_name(to) or "")
    return None
