"""The procedural language: what is wrong with scripts, by Google's pages; what they give, queries/scripting.yaml has.

https://cloud.google.com/bigquery/docs/reference/standard-sql/procedural-language#..., and where another page is named,
https://cloud.google.com/bigquery/docs/reference/... or https://cloud.google.com/bigquery/docs/...
"""

import pytest
from google.api_core import exceptions
from google.cloud import bigquery


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("SELECT 1; DECLARE x INT64", "Variable declarations are allowed only at the start of a block or script"),
        ("DECLARE x INT64; BEGIN DECLARE X STRING; END", "Variable 'X' redeclaration is not allowed"),
        ("BEGIN DECLARE y INT64; END; SELECT y", "Unrecognized name: y"),
        ("DECLARE x INT64; SET x = 'five'", "STRING .* x, which has type INT64"),
        ("SET nope = 1", "Undeclared variable: nope"),
        ("DECLARE x, y INT64; SET (x, y) = (1, 2, 3)", "Cannot assign a value with 3 fields to 2 variables"),
        ("DECLARE x INT64;\nSET x = DIV(1, 0);", r"Query error: .*division by zero.* at \[2:9\]"),
        ("SELECT 1;\n  SELECT ERROR('mine')", r"Query error: mine at \[2:3\]"),
        ("IF TRUE THEN SELECT 1; END", r"Syntax error: Expected keyword IF but got end of script at \[1:27\]"),
        ("IF 'a' THEN SELECT 1; END IF", "must be of type BOOL"),
        ("BREAK", "only allowed inside of a loop"),
        ("LOOP LEAVE other; END LOOP", "other"),
        ("SELECT 1; SELEC 2", "Syntax error"),
        ("RAISE USING MESSAGE = 'stop here'", "stop here"),
        ("RAISE", "outside of an exception handler"),
        ("BEGIN SELECT 1/0; EXCEPTION WHEN ERROR THEN RAISE; END", "division by zero"),
        ("EXECUTE IMMEDIATE CAST(NULL AS STRING)", "NULL"),
        ("EXECUTE IMMEDIATE 'BEGIN END'", "no control statement"),
        ("DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT x'", "Unrecognized name: x"),
        ("DECLARE x INT64; EXECUTE IMMEDIATE 'SELECT * FROM UNNEST([1, 2])' INTO x", "one row at most"),
        ("COMMIT TRANSACTION", "only allowed in a transaction"),
        ("BEGIN TRANSACTION; BEGIN TRANSACTION", "not allowed in a transaction"),
        ("SET @@project_id = 'x'", "Cannot assign to the system variable @@project_id"),
        ("SET @@time_zone = 'Europe/Paris'", "not emulated"),
        ("SELECT 1; SELECT @@nope", "@@nope"),
        ("CREATE TEMP TABLE t (x INT64); CREATE TEMP TABLE t (x INT64)", "Already Exists"),
    ],
)
def test_what_is_wrong_with_a_script(bigquery_client: bigquery.Client, script: str, message: str) -> None:
    with pytest.raises((exceptions.BadRequest, exceptions.Conflict), match=message):
        bigquery_client.query_and_wait(script)
