"""Queries with the results that BigQuery's documentation gives them, and what an emulator answers to them.

They are data: `tests/emulator/services/bigquery/queries/AREA.yaml`. A query has the construct that it shows, the page
below https://cloud.google.com/bigquery/docs/ that says what comes out, and schema and rows, or a part of the error.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import yaml
from sqlglot.parsers.bigquery import BigQueryParser

from emulator.services.bigquery.sql import ranges, searches
from emulator.services.bigquery.sql.arity import COUNTS
from emulator.services.bigquery.sql.dates import BUCKETS
from emulator.services.bigquery.sql.dialect import OTHERS, PLAIN
from emulator.services.bigquery.sql.functions import OF_ANY, REFUSED
from emulator.services.bigquery.sql.named import NAMED
from tests.support.emulator import ROOT, RunningEmulator

BY_NAME = "Refused by name"
SYNTAX = (
    "CASE",
    "CAST",
    "COALESCE",
    "EXISTS",
    "IF",
    "IN",
    "INTERVAL",
    "SAFE_CAST",
    "STRUCT",
    "UNNEST",
    "WEEK",
    "ARRAY",
)
PAGE = ROOT / "docs" / "bigquery.md"
HEAD = """# What BigQuery's queries can do here

Made of the queries in `tests/emulator/services/bigquery/queries` by `python -m tests.support.documented_queries`. Each
names a page of Google's documentation, is asked afresh and after a restart of the emulator, and has to give the columns
and rows, or the error, that follow from that page: {count} queries of {areas} areas. How the emulator differs is in
[differences.md](differences.md#bigquery).
"""
REFUSALS = "What cannot be done is a 400 (`invalidQuery`) that names it:"
FOLDER = ROOT / "tests" / "emulator" / "services" / "bigquery" / "queries"
PAGES = "https://cloud.google.com/bigquery/docs/"
DATASET, BUCKET = "documented", "differential-suite"
NAMES = {"INTEGER": "INT64", "FLOAT": "FLOAT64", "BOOLEAN": "BOOL"}
SECONDS = 200  # that an answer may take on the slowest machine
SLACK = 1e-12  # of FLOAT64, relative: the documentation rounds, and orders of operations differ


@dataclass(frozen=True)
class Query:
    """A query and what it gives; rows hold scalars, lists for arrays, and lists for the fields of structs."""

    area: str
    construct: str
    page: str
    query: str
    schema: str = ""
    rows: tuple[Any, ...] = ()
    error: str = ""
    before: tuple[str, ...] = ()  # queries of the same session, which are asked before


def read(path: Path) -> Iterator[Query]:
    """The queries of one file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    for item in content["queries"]:
        lists = {key: tuple(item.get(key, ())) for key in ("rows", "before")}
        yield Query(**{**item, "area": content["area"], **lists})


def all_queries() -> list[Query]:
    """Every query, by the names of the files."""
    return [query for path in sorted(FOLDER.glob("*.yaml")) for query in read(path)]


class Runner:
    """Asks one emulator, in a dataset and with a bucket that are made for that."""

    def __init__(self, emulator: RunningEmulator) -> None:
        self.emulator = emulator
        headers = {"Authorization": f"Bearer {emulator.owner_token}"}
        self._session = httpx.Client(headers=headers, timeout=SECONDS)
        self._jobs = f"{emulator.base_url}/bigquery/v2/projects/{emulator.project}"
        self._project, self._base = emulator.project, emulator.base_url

    def close(self) -> None:
        """Close the connection."""
        self._session.close()

    def prepare(self) -> None:
        """Make the dataset and the bucket."""
        body = {"datasetReference": {"datasetId": DATASET, "projectId": self._project}, "location": "US"}
        self._session.post(f"{self._jobs}/datasets", json=body).raise_for_status()
        bucket = self._session.post(f"{self._base}/storage/v1/b?project={self._project}", json={"name": BUCKET})
        bucket.raise_for_status()

    def ask(self, query: str, **more: Any) -> dict[str, Any]:
        """The answer of jobs.query, an error included; more is what the request has beside."""
        body = {
            "query": query,
            "useLegacySql": False,
            "defaultDataset": {"datasetId": DATASET, "projectId": self._project},
            "formatOptions": {"timestampOutputFormat": "ISO8601_STRING"},
            "timeoutMs": SECONDS * 1000,
            **more,
        }
        answer: dict[str, Any] = self._session.post(f"{self._jobs}/queries", json=body).json()
        return answer

    def ask_in_session(self, query: Query) -> dict[str, Any]:
        """The answer to a query after the others of its session."""
        more: dict[str, Any] = {"createSession": True}
        for text in query.before:
            answer = self.ask(text, **more)
            assert "error" not in answer, answer
            if "createSession" in more:
                identifier = answer["sessionInfo"]["sessionId"]
                more = {"connectionProperties": [{"key": "session_id", "value": identifier}]}
        return self.ask(query.query, **more)

    def check(self, query: Query) -> None:
        """Ask a query, and assert that it gives what it should."""
        answer = self.ask_in_session(query) if query.before else self.ask(query.query)
        said = (answer.get("error") or {}).get("message", "")
        if query.error:
            assert query.error in said, f"{said or 'no error'}, and not: {query.error}"
            return
        assert not said, said
        fields = answer["schema"]["fields"]
        assert ", ".join(f"{field['name']} {type_of(field)}" for field in fields) == query.schema
        rows = [
            [_plain(field, cell["v"]) for field, cell in zip(fields, row["f"], strict=True)] for row in _rows(answer)
        ]
        wanted = [[_text(value) for value in row] for row in query.rows]
        assert _same(rows, wanted), f"{rows}, and not {wanted}"


def _rows(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return answer.get("rows") or []


def type_of(field: dict[str, Any]) -> str:
    """The type of a column of the REST API, as GoogleSQL writes it."""
    kind = str(field["type"])
    if kind == "RECORD":
        inner = ", ".join(f"{child['name']} {type_of(child)}" for child in field["fields"])
        name = f"STRUCT<{inner}>"
    elif kind == "RANGE":
        name = f"RANGE<{field['rangeElementType']['type']}>"
    else:
        name = NAMES.get(kind, kind)
    return f"ARRAY<{name}>" if field.get("mode") == "REPEATED" else name


def _plain(field: dict[str, Any], value: Any) -> Any:
    """A value of the REST API without `f` and `v`; numbers of FLOAT64 as such."""
    if field.get("mode") == "REPEATED":
        return [_plain({**field, "mode": "NULLABLE"}, item["v"]) for item in value]
    if value is None:
        return None
    if field["type"] == "RECORD":
        return [_plain(child, cell["v"]) for child, cell in zip(field["fields"], value["f"], strict=True)]
    return float(value) if field["type"] == "FLOAT" else value


def _text(value: Any) -> Any:
    """A value of the data as the REST API writes it; numbers with a fraction as such."""
    if isinstance(value, list):
        return [_text(item) for item in value]
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else value


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list):
        return isinstance(other, list) and len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float):
        wanted = float(other) if other is not None else math.nan
        return math.isclose(one, wanted, rel_tol=SLACK, abs_tol=SLACK) or (math.isnan(one) and other == "NaN")
    return bool(one == other)


def areas_page(queries: list[Query]) -> str:
    """The text of docs/bigquery.md: for each area its constructs, how many queries show them, and what is refused."""
    areas = list(dict.fromkeys(query.area for query in queries))
    lines = [HEAD.format(count=len(queries), areas=len(areas)), "| area | constructs | queries |", "|---|---|---|"]
    for area in areas:
        own = [query for query in queries if query.area == area]
        constructs = ", ".join(dict.fromkeys(query.construct for query in own if query.construct != BY_NAME))
        lines.append(f"| {area} | {constructs.replace('|', chr(92) + '|')} | {len(own)} |")
    lines += ["", f"## {BY_NAME}", "", REFUSALS, ""]
    lines += [f"- `{query.query}`: {query.error}" for query in queries if query.construct == BY_NAME]
    lines += ["", f"Functions: {', '.join(sorted(refused()))}.", ""]
    return "\n".join(lines)


def refused() -> set[str]:
    """The names of GoogleSQL's functions that no part of the dialect knows."""
    known = {*BigQueryParser.FUNCTIONS, *BigQueryParser.FUNCTION_PARSERS, *OTHERS, *BUCKETS, *PLAIN}
    return set(COUNTS) - known - {*NAMED, *OF_ANY, *ranges.NAMES, *searches.OPTIONS, *SYNTAX} | set(REFUSED.values())


if __name__ == "__main__":
    PAGE.write_text(areas_page(all_queries()), encoding="utf-8")
