"""JSONPath: the names and indexes that lead to a place in a JSON value.

https://cloud.google.com/bigquery/docs/reference/standard-sql/json_functions#JSONPath_format
"""

from __future__ import annotations

import re

from emulator.services.bigquery.sql.scalars.errors import ScalarError

STEP = re.compile(r"\.(?P<name>[^.\[\]\"']+)|\.?\[?[\"'](?P<quoted>[^\"']*)[\"']\]?|\[(?P<index>\d+)\]")
MAX_INDEX = 1_000_000
Step = str | int


def steps_of(path: str) -> list[Step]:
    """The names and indexes of a JSONPath. Raises ScalarError for another one."""
    steps: list[Step] = []
    at = 1
    while path.startswith("$") and at < len(path):
        step = STEP.match(path, at)
        if step is None:
            break
        steps.append(int(step["index"]) if step["index"] is not None else step["name"] or step["quoted"] or "")
        at = step.end()
    if not path.startswith("$") or at < len(path):
        raise ScalarError(f"Invalid JSONPath: {path}")
    if any(isinstance(step, int) and step > MAX_INDEX for step in steps):
        raise ScalarError(f"The index in the JSONPath {path} is too large")
    return steps
