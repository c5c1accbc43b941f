"""A box for SQL: what is sent becomes a job of BigQuery, with its rows as a table and, where they fit, a chart."""

from __future__ import annotations

import orjson

from emulator.console.caller import Json, Refused
from emulator.console.chart import chart
from emulator.console.html import Child, Html, join, tag
from emulator.console.layout import Page, button, facts, form, hidden, live_switch, pages, refusal, section, table, url
from emulator.console.site import page, see
from emulator.console.visitor import Visitor
from emulator.console.wording import number
from emulator.gateway.request import Response

_SHOWN = 100
_WAIT = 2000  # milliseconds, for the first look at a query


@page("GET", "sql")
async def sql(visitor: Visitor) -> Page:
    """The box, with a query of a table if one is named; a job's query and rows if there is one."""
    if name := visitor.asked("table"):
        return Page("SQL", _box(visitor, f"SELECT *\nFROM `{name}`\nLIMIT 100"))
    if not visitor.asked("job"):
        return Page("SQL", _box(visitor, ""))
    job = await visitor.api.get(_path(visitor, "jobs"), **_location(visitor))
    query = job.get("configuration", {}).get("query", {}).get("query", "")
    return Page("SQL", join(_box(visitor, query), await _results(visitor, job)))


@page("POST", "sql")
async def run(visitor: Visitor) -> Response:
    """Start the query as a job, and go on to its results: its text stays out of addresses."""
    query = {"query": visitor.must("query"), "useLegacySql": False}
    path = f"bigquery/v2/projects/{visitor.project}/jobs"
    job = await visitor.api.json("POST", path, body={"configuration": {"query": query}})
    reference = job["jobReference"]
    project = visitor.asked("project")
    return see("sql", job=reference["jobId"], location=reference.get("location", ""), project=project)


def _path(visitor: Visitor, collection: str) -> str:
    return f"bigquery/v2/projects/{visitor.project}/{collection}/{visitor.must('job')}"


def _location(visitor: Visitor) -> dict[str, str]:
    return {"location": location} if (location := visitor.asked("location")) else {}


def _box(visitor: Visitor, query: str) -> Html:
    return form(
        "sql",
        hidden(project=visitor.asked("project")),
        tag("label", f"Query in GoogleSQL, on project {visitor.project}", for_="field-query"),
        tag("textarea", query, id="field-query", name="query", class_="code", spellcheck="false", required=True),
        tag("p", button("Run")),
        label="Query",
    )


async def _results(visitor: Visitor, job: Json) -> Html:
    """The rows of a job from a page on; that it goes on; or why it failed."""
    token = visitor.asked("page")
    query = {"maxResults": str(_SHOWN), "timeoutMs": str(_WAIT), **_location(visitor)}
    try:
        answer = await visitor.api.get(_path(visitor, "queries"), **query, **({"pageToken": token} if token else {}))
    except Refused as refused:
        return section("Results", refusal(refused, visitor.principal))
    if not answer.get("jobComplete"):
        where = tag("a", "Operations", href=url("operations"))
        said = tag("p", "The query goes on; it can be cancelled under ", where, ".")
        return join(live_switch(), section("Results", said, live=True))
    return section("Results", _facts(job, answer), *_rows(visitor, answer))


def _facts(job: Json, answer: Json) -> Html:
    statistics = job.get("statistics", {}).get("query", {})
    return facts(
        ("Rows", number(answer["totalRows"]) if "totalRows" in answer else None),
        ("Rows changed", answer.get("numDmlAffectedRows")),
        ("Kind", statistics.get("statementType")),
        ("Bytes read", number(statistics["totalBytesProcessed"]) if "totalBytesProcessed" in statistics else None),
    )


def _rows(visitor: Visitor, answer: Json) -> list[Child]:
    fields = answer.get("schema", {}).get("fields", [])
    if not fields:
        return []
    rows = [[cell.get("v") for cell in row["f"]] for row in answer.get("rows", [])]
    headings = [tag("span", each["name"], title=each["type"].lower()) for each in fields]
    shown = ([_cell(value) for value in row] for row in rows)
    following = answer.get("pageToken")
    where = {"job": visitor.asked("job"), "location": visitor.asked("location"), "project": visitor.asked("project")}
    onward = url("sql", **where, page=following) if following else None
    return [chart(fields, rows), table("Rows", headings, shown, "No row."), pages(("Next", onward))]


def _cell(value: object) -> Child:
    if value is None:
        return tag("span", "null", class_="note")
    return value if isinstance(value, str) else tag("code", orjson.dumps(_plain(value)).decode())


def _plain(value: object) -> object:
    """A repeated or nested value without the frames f and v of BigQuery's JSON."""
    if isinstance(value, list):
        return [_plain(each.get("v")) for each in value]
    if isinstance(value, dict):
        return [_plain(each.get("v")) for each in value.get("f", [])]
    return value
