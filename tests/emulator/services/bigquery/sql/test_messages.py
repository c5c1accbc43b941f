"""What users read when a statement fails: BigQuery's kind of sentence, never the engine's words."""

import re
from collections.abc import Iterator

import duckdb
import pytest

from emulator.services.bigquery.sql import messages
from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

ENGINE = re.compile(r"(?i)duckdb|binder|catalog error|macro|candidate|varchar|bigint|hugeint|bq_|\bSET \w+ ")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallWarehouse]:
    made = SmallWarehouse(tmp_path_factory.mktemp("messages"))
    yield made
    made.close()


@pytest.mark.parametrize(
    ("sql", "message"),
    [
        ("SELECT nope FROM t", "Unrecognized name: nope"),
        ("SELECT t.nope FROM t", "Name nope not found inside t"),
        ("SELECT one.nope FROM t", "Field name nope does not exist in STRUCT"),
        ("SELECT 1 UNION ALL SELECT 1, 2", "mismatched column count"),
        ("SELECT id, COUNT(*) FROM t", "references column id which is neither grouped nor aggregated"),
        ("SELECT COUNT(*) FROM t WHERE COUNT(*) > 1", "Aggregate function is not allowed in the WHERE clause"),
        ("SELECT SUM(SUM(id)) FROM t", "Aggregate function is not allowed here"),
        ("SELECT 9223372036854775807 + 1", "int64 overflow"),
        ("SELECT (SELECT id FROM t)", "Scalar subquery produced more than one element"),
        ("SELECT ERROR('my own words')", "^my own words$"),
        ("SELECT [1][OFFSET(5)]", "Array index 5 is out of bounds"),
        ("SELECT REGEXP_CONTAINS('a', '(')", "Cannot parse regular expression"),
        ("SELECT CAST(DATE '2020-01-01' AS INT64)", "Invalid cast from DATE to INT64"),
        ("SELECT id FROM t t1, t t2", "Column name id is ambiguous"),
        ("SELECT SUM(name) FROM t", "No matching signature for function SUM for argument types: STRING"),
        ("SELECT 1 + '1'", r"No matching signature for operator \+ for argument types: INT64, STRING"),
        ("SELECT f - TRUE FROM t", "No matching signature for operator - for argument types: FLOAT64, BOOL"),
        ("SELECT * FROM (VALUES (1, 2))", "Syntax error: Unexpected keyword VALUES"),
        ("SELECT name + 1 FROM t", r"No matching signature for operator \+ for argument types: STRING, INT64"),
        ("SELECT b LIKE 'x' FROM t", "No matching signature for operator LIKE for argument types: BYTES, STRING"),
        ("SELECT TIMESTAMP('2020-01-01', 'Nowhere/Zone')", "Invalid time zone: Nowhere/Zone"),
        ("SELECT FROM_BASE64('!!')", "Failed to decode invalid base64 string"),
        ("INSERT INTO t (id) VALUES (1, 2)", "Inserted row has wrong column count"),
        ("INSERT INTO t (nope) VALUES (1)", "Column nope is not present in the table"),
        ("INSERT INTO t (name) VALUES ('x')", "Required field id cannot be null"),
    ],
)
def test_what_is_wrong_with_a_statement(warehouse: SmallWarehouse, sql: str, message: str) -> None:
    with pytest.raises(SqlError, match=message) as problem:
        warehouse.run(sql)
    assert not ENGINE.search(problem.value.message)


def test_what_has_no_counterpart_is_in_the_log_without_its_values(caplog: pytest.LogCaptureFixture) -> None:
    problem = messages.statement_error(duckdb.BinderException("Binder Error: bq_div cannot take 'Doe^Jane'\nmore"))
    assert problem.message == "The statement cannot be evaluated by the emulator; its log tells more."
    assert "Binder Error: bq_div cannot take" in caplog.text
    assert "Doe" not in caplog.text
