"""Text functions of BYTES.

https://cloud.google.com/bigquery/docs/reference/standard-sql/string_functions: positions and lengths of BYTES are in
bytes, and UPPER and LOWER of BYTES change ASCII letters only.
"""

from typing import Any

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (r"TO_HEX(SUBSTR(b'a\x00\xff', 2))", "00ff"),
        ("SUBSTR(b'apple', -2, 1) = b'l'", "true"),
        ("LEFT(b'apple', 3) = b'app'", "true"),
        ("RIGHT(b'apple', 3) = b'ple'", "true"),
        (r"UPPER(b'\xe9a') = b'\xe9A'", "true"),
        ("LOWER(b'AB') = b'ab'", "true"),
        ("REVERSE(b'abc') = b'cba'", "true"),
        ("REPLACE(b'abc', b'b', b'x') = b'axc'", "true"),
        ("TRIM(b'xax', b'x') = b'a'", "true"),
        ("LPAD(b'abc', 5) = b'  abc'", "true"),
        ("STARTS_WITH(b'bar', b'b')", "true"),
        ("ENDS_WITH(b'apple', b'e')", "true"),
        ("STRPOS(b'foo@example.com', b'@')", "4"),
        ("INSTR(b'helloooo', b'oo', 1, 1)", "5"),
        ("REGEXP_CONTAINS(b'abc', b'b.')", "true"),
        ("REGEXP_EXTRACT(b'abc', b'b.') = b'bc'", "true"),
        ("ARRAY_LENGTH(SPLIT(b'a b', b' '))", "2"),
        ("SPLIT(b'a b', b' ')[OFFSET(1)] = b'b'", "true"),
        ("b'ab' LIKE b'a%'", "true"),
        ("EDIT_DISTANCE(b'ab', b'a')", "1"),
        ("BYTE_LENGTH(b'ab')", "2"),
        ("BYTE_LENGTH('абв')", "6"),
        (r"SAFE_CONVERT_BYTES_TO_STRING(b'a\xc2')", "a\ufffd"),
    ],
)
def test_values(warehouse: SmallWarehouse, expression: str, expected: Any) -> None:
    assert warehouse.run(f"SELECT {expression} AS x")[1] == [[expected]]


def test_bytes_and_text_do_not_mix(warehouse: SmallWarehouse) -> None:
    with pytest.raises(SqlError, match="function STARTS_WITH for argument types: BYTES, STRING"):
        warehouse.run("SELECT STARTS_WITH(b'abc', 'a')")
