"""Operations of healthcare datasets and jobs of BigQuery as they go on, with progress and a way to cancel them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence

from emulator.console.caller import Json, Refused
from emulator.console.html import Child, Html, join, tag
from emulator.console.inventory import datasets
from emulator.console.layout import Page, form, hidden, live_switch, refusal, section, table
from emulator.console.site import page, see
from emulator.console.visitor import Visitor
from emulator.console.wording import moment, name, number
from emulator.gateway.request import Response

_SHOWN = 50


@page("GET", "operations")
async def operations(visitor: Visitor) -> Page:
    """The newest of each kind, those that go on first."""
    parts = await asyncio.gather(_healthcare(visitor), _jobs(visitor))
    return Page("Operations", join(live_switch(), *parts))


async def _healthcare(visitor: Visitor) -> Html:
    try:
        listed = await asyncio.gather(
            *(_of(visitor, dataset) for dataset in await datasets(visitor.api, visitor.project))
        )
    except Refused as refused:
        return section(_HEALTHCARE, refusal(refused, visitor.principal), live=True)
    found = sorted((each for of in listed for each in of), key=_order, reverse=True)[:_SHOWN]
    going = sum(not each.get("done") for each in found)
    rows = (_operation(each) for each in found)
    count = tag("p", f"{going} going on.", role="status")
    return section(_HEALTHCARE, count, table(_HEALTHCARE, _HEADINGS, rows, "No operation."), live=True)


_HEALTHCARE, _BIGQUERY = "Cloud Healthcare", "BigQuery"
_HEADINGS = ("Operation", "What", "Dataset", "State", "Progress", "Began", "Cancel")


async def _of(visitor: Visitor, dataset: str) -> list[Json]:
    answer: Json = await visitor.api.get(f"v1/{dataset}/operations")
    found: list[Json] = answer.get("operations", [])
    return found


def _order(operation: Json) -> tuple[bool, str]:
    return not operation.get("done"), str(operation["metadata"].get("createTime", ""))


def _operation(operation: Json) -> Sequence[Child]:
    metadata, whole = operation["metadata"], operation["name"]
    parts = whole.split("/")
    return (
        parts[-1],
        metadata.get("apiMethodName", "").rpartition(".")[2],
        parts[5],
        _state(operation),
        progress(metadata.get("counter", {})),
        moment(metadata.get("createTime", "")),
        None if operation.get("done") else _cancel(parts[-1], operation=whole, project=parts[1]),
    )


def _state(operation: Json) -> Html:
    if not operation.get("done"):
        return tag("span", "cancelling" if operation["metadata"].get("cancelRequested") else "going on")
    if "error" in operation:
        return tag("span", operation["error"].get("message") or "failed", class_="bad")
    return tag("span", "done", class_="good")


def progress(counter: Json) -> Child:
    """What is done, what failed and what is to come, as a bar and in numbers; nothing where nothing is counted."""
    done, failed, pending = (int(counter.get(name, 0)) for name in ("success", "failure", "pending"))
    if not (total := done + failed + pending):
        return None
    words = f"{number(done)} done, {number(failed)} failed, {number(pending)} to come"
    return [tag("progress", max=total, value=done + failed, aria_label=words), " ", words]


def _cancel(short: str, **values: str) -> Html:
    unseen = tag("span", f" {short}", class_="unseen")
    send = tag("button", "Cancel", unseen, type="submit", class_="danger", id=f"cancel-{short}")
    return form("cancel", hidden(**values), send)


async def _jobs(visitor: Visitor) -> Html:
    query = {"allUsers": "true", "projection": "full", "maxResults": str(_SHOWN)}
    try:
        answer = await visitor.api.get(f"bigquery/v2/projects/{visitor.project}/jobs", **query)
    except Refused as refused:
        return section(_BIGQUERY, refusal(refused, visitor.principal), live=True)
    rows = (_job(each) for each in answer.get("jobs", []))
    headings = ("Job", "What", "By", "State", "Began", "Cancel")
    return section(_BIGQUERY, table(_BIGQUERY, headings, rows, "No job."), live=True)


def _job(job: Json) -> Sequence[Child]:
    reference, status = job["jobReference"], job.get("status", {})
    configuration = job.get("configuration", {})
    query = configuration.get("query", {}).get("query", "")
    began = job.get("statistics", {}).get("creationTime", "")
    return (
        reference["jobId"],
        tag("code", query[:200]) if query else configuration.get("jobType", "").lower(),
        name(job.get("user_email", "")),
        _job_state(status),
        moment(_time(began)),
        None
        if status.get("state") == "DONE"
        else _cancel(reference["jobId"], job=reference["jobId"], location=reference.get("location", "")),
    )


def _job_state(status: Json) -> Html:
    if "errorResult" in status:
        return tag("span", status["errorResult"].get("message", "failed"), class_="bad")
    state = status.get("state", "").lower()
    return tag("span", state, class_="good" if state == "done" else None)


def _time(milliseconds: str) -> str:
    """A time in RFC 3339 for milliseconds since 1970; "" for none."""
    return dt.datetime.fromtimestamp(int(milliseconds) / 1000, dt.UTC).isoformat("T", "seconds") if milliseconds else ""


@page("POST", "cancel")
async def cancel(visitor: Visitor) -> Response:
    """Ask an operation or a job to stop, and go back to the list."""
    if operation := visitor.asked("operation"):
        await visitor.api.json("POST", f"v1/{operation}:cancel", body={})
    else:
        job = f"bigquery/v2/projects/{visitor.project}/jobs/{visitor.must('job')}"
        location = visitor.asked("location")
        await visitor.api.json("POST", f"{job}/cancel", {"location": location} if location else {})
    return see("operations", project=visitor.project)
