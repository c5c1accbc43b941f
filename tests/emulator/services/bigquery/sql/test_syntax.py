"""Texts that are no GoogleSQL: what BigQuery says of them, and where.

https://cloud.google.com/bigquery/docs/error-messages, and its own answers as users quote them.
"""

import pytest

from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

MIXED = "Syntax error: Different set operations cannot be used in the same query without using parentheses for grouping"


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELEC 1", 'Syntax error: Unexpected integer literal "1" at [1:7]'),
        ("SELECT a b c", 'Syntax error: Unexpected identifier "c" at [1:12]'),
        ("SELECT 1 +", "Syntax error: Unexpected end of script at [1:11]"),
        ("SELECT *\nFROM", "Syntax error: Unexpected end of script at [2:5]"),
        ("SELECT (1", "Syntax error: Unexpected end of script at [1:10]"),
        ("SELECT 1 FROM d.t WHERE", "Syntax error: Unexpected end of script at [1:24]"),
        ("SELECT CAST(1 AS)", 'Syntax error: Unexpected ")" at [1:17]'),
        ("WITH a AS SELECT 1 SELECT 2", 'Syntax error: Expected "(" but got keyword SELECT at [1:11]'),
        ("SELECT 1 UNION SELECT 2", "Syntax error: Unexpected keyword SELECT at [1:16]"),
        ("SELECT * FROM WHERE TRUE", "Syntax error: Unexpected keyword WHERE at [1:15]"),
        ("SELECT 'abc", "Syntax error: Unclosed string literal at [1:8]"),
        ("SELECT `abc", "Syntax error: Unclosed identifier literal at [1:8]"),
        ("SELECT 1 /* x", "Syntax error: Unclosed comment"),
        (r"SELECT REGEXP_CONTAINS('a1', '\d')", r"Syntax error: Illegal escape sequence: \d at [1:31]"),
        ("SELECT 1,\n'\\u12'", r"Syntax error: Illegal escape sequence: \u at [2:2]"),
        (r"SELECT b'\u0041'", r"Syntax error: Illegal escape sequence: \u at [1:10]"),
        ("SELECT ,1", 'Syntax error: Unexpected "," at [1:8]'),
        ("SELECT 1,,2", 'Syntax error: Unexpected "," at [1:10]'),
        ("SELECT GREATEST(,1)", 'Syntax error: Unexpected "," at [1:17]'),
        ("SELECT 1 FROM d.t a SEMI JOIN d.t b ON a.id = b.id", 'Syntax error: Unexpected identifier "SEMI" at [1:21]'),
        ("SELECT 1 FROM d.t a LEFT ANTI JOIN d.t b ON TRUE", "Syntax error: Unexpected keyword LEFT at [1:21]"),
        ("SELECT 1 FROM d.t a NATURAL JOIN d.t b", "Syntax error: Unexpected keyword NATURAL at [1:21]"),
        ("SELECT FROM d.t", "Syntax error: SELECT list must not be empty"),
        ("SELECT 1 UNION ALL SELECT 2 UNION DISTINCT SELECT 3", f"{MIXED} at [1:29]"),
        ("SELECT 1 EXCEPT DISTINCT SELECT 2 UNION ALL SELECT 3", f"{MIXED} at [1:35]"),
        ("SELECT 1 UNION ALL SELECT 2 INTERSECT DISTINCT SELECT 3", f"{MIXED} at [1:29]"),
    ],
)
def test_errors(warehouse: SmallWarehouse, sql: str, message: str) -> None:
    with pytest.raises(SqlError) as caught:
        warehouse.run(sql)
    assert caught.value.message == message


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        (r"'\101\x41\u00e9\U0001F600'", "AAé😀"),
        (r"'\a\b\f\n\r\t\v\\\?\"\'\`'", "\a\b\f\n\r\t\v\\?\"'`"),
        (r"r'\d\q'", r"\d\q"),
        ("'''it's \\\\d'''", "it's \\d"),
        (r"'a' -- '\d", "a"),
        ("'a' /* '\\d */", "a"),
    ],
)
def test_escapes(warehouse: SmallWarehouse, literal: str, expected: str) -> None:
    """Source: lexical#escape_sequences."""
    assert warehouse.run(f"SELECT {literal}")[1] == [[expected]]


@pytest.mark.parametrize(
    ("literal", "expected"),
    [
        (r"rb'a\n'", r"b'a\\n'"),
        (r'BR"a\"b"', r"""b'a\\"b'"""),
        (r"rb'''it's \\'''", r'b"it\'s \\\\"'),
        ("br''", "b''"),
    ],
)
def test_raw_bytes(warehouse: SmallWarehouse, literal: str, expected: str) -> None:
    """Source: lexical#quoted_literals: a backslash stands for itself, and keeps a quote from ending them."""
    assert warehouse.run(f"SELECT {literal} = {expected}, 'x'")[1] == [["true", "x"]]


def test_a_comma_may_end_the_list(warehouse: SmallWarehouse) -> None:
    """Source: query-syntax#select_list."""
    assert warehouse.run("SELECT id, FROM d.t ORDER BY 1 LIMIT 1")[1] == [["1"]]


@pytest.mark.parametrize("function", ["JSON_VALUE", "JSON_QUERY", "JSON_EXTRACT", "JSON_EXTRACT_SCALAR"])
def test_json_paths_start_at_the_root(warehouse: SmallWarehouse, function: str) -> None:
    """Source: json_functions#JSONPath_format."""
    for path in ("'a'", "'.a'", "@path"):
        given = [{"name": "path", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "a"}}]
        with pytest.raises(SqlError, match=r"JSONPath must start with '\$'"):
            warehouse.run(f"""SELECT {function}('{{"a": 1}}', {path})""", given)
    given = [{"name": "path", "parameterType": {"type": "STRING"}, "parameterValue": {"value": "$.00080020"}}]
    assert warehouse.run(f"""SELECT {function}('{{"00080020": 1}}', @path)""", given)[1] == [["1"]]
