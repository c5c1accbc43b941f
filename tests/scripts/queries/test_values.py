"""Values of every type in the rows of a query: on the terminal and in files, as BigQuery itself writes them.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#json_encodings and
https://cloud.google.com/bigquery/docs/reference/standard-sql/data-types#canonical_format_3
"""

import json
import math
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest
from dateutil.relativedelta import relativedelta  # type: ignore[import-untyped]
from google.cloud.bigquery import SchemaField

from scripts.queries import results, values


@pytest.mark.parametrize(
    ("value", "plain", "text"),
    [
        (None, None, ""),
        (True, True, "true"),
        (-5, -5, "-5"),
        (Decimal("1.50"), "1.50", "1.50"),
        (math.nan, "NaN", "NaN"),
        (-math.inf, "-Infinity", "-Infinity"),
        (b"ab", "YWI=", "YWI="),
        (date(2020, 1, 2), "2020-01-02", "2020-01-02"),
        (relativedelta(years=-1, months=-2), "-1-2 0 0:0:0", "-1-2 0 0:0:0"),
        (relativedelta(days=-3, hours=4, seconds=6, microseconds=700), "0-0 -3 4:0:6.000700", "0-0 -3 4:0:6.000700"),
        ([b"x", None], ["eA==", None], '["eA==", null]'),
        ({"a": [math.inf], "d": date(2020, 1, 2)}, {"a": ["Infinity"], "d": "2020-01-02"}, None),
    ],
)
def test_a_value_as_json_and_as_a_cell(value: Any, plain: Any, text: str | None) -> None:
    assert values.plain(value) == plain
    assert values.text(value) == (json.dumps(plain) if text is None else text)


def test_parquet_holds_bytes_as_such_and_numbers_that_json_has_not(tmp_path: Path) -> None:
    inner = (SchemaField("x", "INTEGER"), SchemaField("z", "BYTES"))
    schema = [
        SchemaField("b", "BYTES"),
        SchemaField("list", "BYTES", mode="REPEATED"),
        SchemaField("records", "RECORD", mode="REPEATED", fields=inner),
        SchemaField("one", "RECORD", fields=inner),
        SchemaField("f", "FLOAT"),
    ]
    rows: list[list[Any]] = [
        [b"\x00a", [b"x", b""], [{"x": 1, "z": b"q"}], {"x": 2, "z": None}, -math.inf],
        [None, [], [], None, None],
    ]
    results.write(tmp_path / "rows.parquet", schema, rows)
    found = pyarrow.parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    assert [list(row.values()) for row in found] == rows


@pytest.mark.parametrize("ending", results.ENDINGS)
def test_a_file_that_cannot_be_written_is_named(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "nowhere" / f"rows{ending}"
    with pytest.raises(FileNotFoundError) as problem:
        results.write(path, [SchemaField("x", "INTEGER")], [[1]])
    assert problem.value.filename == str(path)
