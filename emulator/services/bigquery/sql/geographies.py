"""Geography functions whose engine counterpart depends on what they are given; the others are in named.txt.

https://cloud.google.com/bigquery/docs/reference/standard-sql/geography_functions
"""

from __future__ import annotations

from sqlglot import exp

from emulator.services.bigquery.sql.kinds import kind_of

OF_ARRAYS = ("ST_MAKELINE", "ST_UNION")  # of an array, or of two values


def target(node: exp.Anonymous, usual: str) -> str:
    """The macro that stands for a function; usual is the one for arguments that are no arrays."""
    if node.name.upper() not in OF_ARRAYS:
        return usual
    kind = kind_of(node.expressions[0])
    return f"{usual}_of" if kind is not None and kind.name == "ARRAY" else usual
