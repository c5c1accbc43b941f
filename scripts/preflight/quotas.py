"""Checks of quotas before `pulumi up`, on Google Cloud: what the stack adds has room, and nothing that it uses is 0."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from infra.settings import Settings
from scripts.checks import Check, Undecided
from scripts.connection import Connection
from scripts.errors import CommandError

_ACCOUNTS = "iam.googleapis.com/quota/service-account-count"
# What a project may have of each, unless more was granted (Cloud Logging, IAM: "Quotas and limits").
_SINKS = 200
_ROLES = 300
_PAGE = 100
_CPUS = 20
"""Processors of the workers that `pipeline` starts by default: ten machines with two each."""


def checks(target: Connection, settings: Settings) -> Iterator[Check]:
    """The checks of what a stack of these settings adds to its project, and works with."""
    yield Check("quota of service accounts", partial(_accounts, target, settings))
    if settings.audit_logs:
        yield Check("quota of log sinks", partial(_sinks, target, settings))
    if settings.auditors or settings.operators:
        yield Check("quota of custom roles", partial(_roles, target, settings))
    yield Check("quotas of the Healthcare API", partial(_healthcare, target, settings))
    if settings.dataflow:
        yield Check("quota of processors", partial(_processors, target, settings))


def _accounts(target: Connection, settings: Settings) -> str:
    names = settings.names
    people = {names.loader, names.reader}
    people |= {names.researcher, names.steward} if settings.research else set()
    people |= {names.auditor} if settings.auditors else set()
    people |= {names.operator} if settings.operators else set()
    if settings.schedule:
        people.add(names.airflow if settings.schedule.kind == "composer" else names.starter)
    accounts = target.api("iam", "v1").projects().serviceAccounts()
    found = target.listed(accounts, "accounts", name=f"projects/{settings.project}", pageSize=_PAGE)
    there = {str(each["email"]).partition("@")[0] for each in found}
    return _room(settings, "service accounts", there, people, _limit_of_accounts(target, settings))


def _limit_of_accounts(target: Connection, settings: Settings) -> int:
    """How many service accounts the project may have."""
    metrics = target.api("serviceusage", "v1beta1").services().consumerQuotaMetrics()
    name = (
        f"projects/{settings.project}/services/iam.googleapis.com/consumerQuotaMetrics/{_ACCOUNTS.replace('/', '%2F')}"
    )
    found = target.execute(metrics.get(name=name))
    limits = [int(bucket["effectiveLimit"]) for bucket in _buckets(found) if "effectiveLimit" in bucket]
    if not limits:
        raise Undecided(f"What {_ACCOUNTS} is in {settings.project} can't be seen.")
    return min(limits)


def _sinks(target: Connection, settings: Settings) -> str:
    sinks = target.api("logging", "v2").projects().sinks()
    found = target.listed(sinks, "sinks", parent=f"projects/{settings.project}", pageSize=_PAGE)
    wanted = {settings.names.audit_sink, settings.names.audit_tables_sink}
    return _usual_room(settings, "log sinks", {str(each["name"]) for each in found}, wanted, _SINKS)


def _roles(target: Connection, settings: Settings) -> str:
    roles = target.api("iam", "v1").projects().roles()
    found = target.listed(roles, "roles", parent=f"projects/{settings.project}", pageSize=_PAGE, showDeleted=True)
    wanted = {settings.names.looks, *({settings.names.operates} if settings.operators else ())}
    there = {str(each["name"]).rpartition("/")[2] for each in found}
    return _usual_room(settings, "custom roles", there, wanted, _ROLES)


def _healthcare(target: Connection, settings: Settings) -> str:
    """No quota of the Healthcare API is 0 where the stack's data is, as where an administrator has shut something."""
    metrics = target.api("serviceusage", "v1beta1").services().consumerQuotaMetrics()
    parent = f"projects/{settings.project}/services/healthcare.googleapis.com"
    found = target.listed(metrics, "metrics", parent=parent, pageSize=_PAGE)
    shut = [str(each["metric"]) for each in found if _is_shut(each, settings.location)]
    if shut:
        raise Undecided(
            f"{', '.join(shut)} is 0 in {settings.location}, and what counts there is refused: ask for more at"
            f" {_page(settings)} if the stack is to do that."
        )
    return f"none is 0 in {settings.location}"


def _is_shut(metric: dict[str, Any], location: str) -> bool:
    """Whether a limit of a metric that counts in a location is 0."""
    here = [each for each in _buckets(metric) if each.get("dimensions", {}).get("region", location) == location]
    named = [each for each in here if "region" in each.get("dimensions", {})]
    return any(each.get("effectiveLimit") == "0" for each in named or here)


def _processors(target: Connection, settings: Settings) -> str:
    regions = target.api("compute", "v1").regions()
    found = target.execute(regions.get(project=settings.project, region=settings.location))
    (cpus,) = [each for each in found["quotas"] if each["metric"] == "CPUS"]
    free = int(cpus["limit"] - cpus["usage"])
    if free < _CPUS:
        raise Undecided(
            f"{free} of {int(cpus['limit'])} processors are free in {settings.location}, and `pipeline` uses up to"
            f" {_CPUS}: give it `--workers {max(free // 2, 1)}`, or ask for more at {_page(settings)}."
        )
    return f"{free} of {int(cpus['limit'])} free in {settings.location}"


def _room(settings: Settings, what: str, there: set[str], wanted: set[str], limit: int) -> str:
    """How many there are, and are to come. Raises CommandError where these are too many."""
    more = len(wanted - there)
    if len(there) + more > limit:
        raise CommandError(
            f"Project {settings.project} has {len(there)} of at most {limit} {what}, and the stack adds {more}: delete"
            f" some that nobody uses, or ask for more at {_page(settings)}."
        )
    return f"{len(there)} of {limit}, and {more} to come"


def _usual_room(settings: Settings, what: str, there: set[str], wanted: set[str], usual: int) -> str:
    """The same of a limit that can have been raised, which its API does not show. Raises Undecided."""
    try:
        return _room(settings, what, there, wanted, usual)
    except CommandError as full:
        raise Undecided(f"{full} Nothing is to do where Google has raised that limit.") from None


def _page(settings: Settings) -> str:
    return f"https://console.cloud.google.com/iam-admin/quotas?project={settings.project}"


def _buckets(metric: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The limits of a metric, each with the dimensions that it counts by (Service Usage: QuotaBucket)."""
    for limit in metric.get("consumerQuotaLimits", []):
        yield from limit.get("quotaBuckets", [])
