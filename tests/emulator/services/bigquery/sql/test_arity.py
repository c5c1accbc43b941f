"""Names of functions and the number of their arguments: no argument is dropped.

https://cloud.google.com/bigquery/docs/reference/standard-sql/functions-all
"""

import pytest

from emulator.services.bigquery.sql.arity import COUNTS
from emulator.services.bigquery.sql.errors import SqlError
from tests.emulator.services.bigquery.sql.warehouse import SmallWarehouse

FUNCTIONS = sorted(name for name, limits in COUNTS.items() if limits is not None and "." not in name)


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("UPPER()", "^No matching signature for function UPPER: it takes 1 argument, not 0$"),
        ("UPPER('a', 'b')", "^No matching signature for function UPPER: it takes 1 argument, not 2$"),
        ("SUBSTR('a')", "^No matching signature for function SUBSTR: it takes 2 to 3 arguments, not 1$"),
        ("INSTR('a')", "^No matching signature for function INSTR: it takes 2 to 4 arguments, not 1$"),
        ("ARRAY_SLICE(['a'], 1)", "^No matching signature for function ARRAY_SLICE: it takes 3 arguments, not 2$"),
        ("CONCAT()", "^No matching signature for function CONCAT: it takes 1 or more arguments, not 0$"),
        ("IF(TRUE, 1)", "^No matching signature for function IF: it takes 3 arguments, not 2$"),
        ("FORMAT_DATE('%F')", "^No matching signature for function FORMAT_DATE: it takes 2 arguments, not 1$"),
        ("SUBSTRR('a', 1)", "^Function not found: SUBSTRR; Did you mean substr\\?$"),
        ("foo(1)", "^Function not found: foo$"),
        ("d.foo(1)", "^Function not found: d.foo$"),
        ("NET.REG_DOMAIN('x')", "^The function NET.REG_DOMAIN is not emulated.$"),
        ("ARRAY_INCLUDES([1], 1)", "^The function ARRAY_INCLUDES is not emulated.$"),
    ],
)
def test_errors(warehouse: SmallWarehouse, expression: str, message: str) -> None:
    with pytest.raises(SqlError, match=message):
        warehouse.run(f"SELECT {expression} AS x")


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_dozen_arguments_are_too_many(warehouse: SmallWarehouse, name: str) -> None:
    limits = COUNTS[name]
    assert limits is not None
    if limits[1] is not None:
        with pytest.raises(SqlError, match=r"^(No matching signature|Syntax error)"):
            warehouse.run(f"SELECT {name}({', '.join(['NULL'] * 12)}) AS x")
