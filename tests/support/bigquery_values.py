"""Values of BigQuery's types as Google's client gives them."""

from typing import Any

from google.cloud.bigquery import SchemaField
from google.cloud.bigquery._helpers import CELL_DATA_PARSER


def interval(text: str) -> Any:
    """The client's value of an INTERVAL such as `1-2 3 4:5:6`."""
    return CELL_DATA_PARSER.interval_to_py(text, SchemaField("i", "INTERVAL"))
