"""Files of ORC as Arrow's stream, which the engine reads as a table; by pyarrow, an extra, since the engine reads none.

https://cloud.google.com/bigquery/docs/loading-data-cloud-storage-orc#orc_conversions
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from emulator.services.bigquery import errors
from emulator.services.bigquery.jobs.files import READING

PACKAGE = "pyarrow"
INSTALL = "pip install 'healthcare-cloud-poc[orc]'"
# decimalTargetTypes, whose default for ORC is NUMERIC, then STRING: digits after the point, and before it.
NUMERIC_SCALE, NUMERIC_WHOLE = 9, 29


def check_installed() -> None:
    """Raise a 501 where no package is installed that reads ORC."""
    if find_spec(PACKAGE) is None:
        raise errors.error(
            "notImplemented",
            f"Files of ORC cannot be read here: the package {PACKAGE} is not installed. Run `{INSTALL}`, or in a clone "
            "scripts/setup, or use PARQUET.",
        )


class OrcFile:
    """The rows of a file, a stripe at a time, in types that have one of BigQuery; read anew by whoever asks.

    Raises a 400 for what is no ORC file.
    """

    def __init__(self, path: Path) -> None:
        import pyarrow as pa
        from pyarrow import orc

        try:
            self._file = orc.ORCFile(path)
            written = self._file.schema
        except (pa.ArrowException, OSError):
            raise errors.invalid(f"{READING} The file is no ORC file that can be read.") from None
        self._schema = pa.schema([(field.name, _kind(field.type)) for field in written])

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
        import pyarrow as pa

        stripes = (self._file.read_stripe(number) for number in range(self._file.nstripes))
        batches = (_cast(stripe, self._schema) for stripe in stripes)
        return pa.RecordBatchReader.from_batches(self._schema, batches).__arrow_c_stream__(requested_schema)


def _cast(stripe: Any, schema: Any) -> Any:
    """A stripe in other types; fractions of a second below microseconds go."""
    import pyarrow as pa

    columns = [column.cast(field.type, safe=False) for column, field in zip(stripe.columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _kind(written: Any) -> Any:
    """The type of Arrow for one that a file has; a map is a list of its keys with their values."""
    import pyarrow as pa
    from pyarrow import types

    if types.is_map(written):
        return pa.list_(pa.struct([("key", _kind(written.key_type)), ("value", _kind(written.item_type))]))
    if types.is_list(written):
        return pa.list_(_kind(written.value_type))
    if types.is_struct(written):
        return pa.struct([(field.name, _kind(field.type)) for field in written])
    if types.is_timestamp(written):
        return pa.timestamp("us", "UTC")
    if types.is_integer(written):
        return pa.int64()
    if types.is_floating(written):
        return pa.float64()
    if types.is_decimal(written) and not _is_numeric(written):
        return pa.string()
    return written


def _is_numeric(decimal: Any) -> bool:
    return bool(decimal.scale <= NUMERIC_SCALE and decimal.precision - decimal.scale <= NUMERIC_WHOLE)
