"""Conditions of role bindings: what holds, what does not, and which expressions a policy may not have."""

from datetime import UTC, datetime

import pytest

from emulator.access import conditions
from emulator.errors import ApiError

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)  # a Sunday
MODIFIED = 'api.getAttribute("iam.googleapis.com/modifiedGrantsByRole", [])'
TAGS = [conditions.Tag("123/env", "prod", "tagKeys/1", "tagValues/2")]
API = {"iam.googleapis.com/modifiedGrantsByRole": ["roles/viewer"]}
OBJECT = "projects/_/buckets/landing/objects/batch-1/scan.dcm"


def holds(expression: str, now: datetime = NOON) -> bool:
    asked = conditions.Asked(OBJECT, "storage.googleapis.com/Object", "storage.googleapis.com", now, TAGS, API)
    return conditions.holds(expression, asked)


@pytest.mark.parametrize(
    "expression",
    [
        "true",
        'resource.name.startsWith("projects/_/buckets/landing/objects/batch-")',
        'resource.type == "storage.googleapis.com/Object" && resource.service == "storage.googleapis.com"',
        'resource.type != "storage.googleapis.com/Bucket" || resource.name.endsWith("/none")',
        'resource.name.extract("/objects/{prefix}/") == "batch-1"',
        'resource.name.extract("buckets/{rest}") == "landing/objects/batch-1/scan.dcm"',
        'resource.name.extract("/topics/{topic}/") == ""',
        'resource.name.matches("^projects/_/buckets/[a-z]+/")',
        'request.time < timestamp("2026-11-22T12:00:01Z")',
        'request.time >= timestamp("2026-11-22T12:00:00Z")',
        'request.time < timestamp("2026-11-22T00:00:00Z") + duration("13h")',
        'request.time > date("2026-01-01")',
        'request.time.getHours("Europe/Berlin") == 13',
        'request.time.getHours("-05:00") == 7 && request.time.getHours("05:30") == 17',
        "request.time.getHours() == 12 && request.time.getDayOfWeek() == 0",
        'request.time.getDayOfWeek("Pacific/Auckland") == 1',
        "request.time.getMonth() == 10 && request.time.getDate() == 22",
        'resource.matchTag("123/env", "prod") && resource.hasTagKey("123/env")',
        'resource.matchTagId("tagKeys/1", "tagValues/2") && resource.hasTagKeyId("tagKeys/1")',
        '!resource.matchTag("123/env", "test") && !resource.hasTagKey("123/team")',
        f'{MODIFIED}.hasOnly(["roles/viewer", "roles/browser"])',
        'api.getAttribute("storage.googleapis.com/objectListPrefix", "none") == "none"',
    ],
)
def test_holds(expression: str) -> None:
    conditions.check(expression)
    assert holds(expression)


@pytest.mark.parametrize(
    "expression",
    [
        "false",
        'resource.name.startsWith("projects/_/buckets/other/")',
        'request.time < timestamp("2026-01-01T00:00:00Z")',
        'request.time.getHours("America/Chicago") >= 9',
        'resource.matchTagId("tagKeys/1", "tagValues/3")',
        f'{MODIFIED}.hasOnly(["roles/browser"])',
    ],
)
def test_does_not_hold(expression: str) -> None:
    conditions.check(expression)
    assert not holds(expression)


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("destination.port == 22", "destination.port, an attribute of Identity-Aware Proxy"),
        ('principal.type == "iam.googleapis.com/ServiceAccount"', "principal.type"),
        ('request.path.startsWith("/admin")', "request.path"),
        ('"accessPolicies/1/accessLevels/a" in request.auth.access_levels', "Access Context Manager"),
    ],
)
def test_attributes_of_what_is_not_emulated_are_refused_by_name(expression: str, named: str) -> None:
    with pytest.raises(ApiError, match=named) as refused:
        conditions.check(expression)
    assert refused.value.code == 501
    assert not holds(expression)


@pytest.mark.parametrize(
    "expression", ["(", "", "resource.name.nothing()", "nobody", "resource.nobody == 'a'", "1 / 0 == 1", "'a' + 'b'"]
)
def test_what_is_wrong_is_refused_and_never_holds(expression: str) -> None:
    with pytest.raises(ApiError, match=r"^The condition's expression .*\.$"):
        conditions.check(expression)
    assert not holds(expression)


@pytest.mark.parametrize("unknown", ["nobody()", "nobody == 1", "request.nobody == 1", "resource.name.nothing() == 1"])
def test_what_does_not_exist_is_refused_also_where_nothing_depends_on_it(unknown: str) -> None:
    with pytest.raises(ApiError, match="there is no"):
        conditions.check(f"true || {unknown}")


def test_a_time_zone_that_does_not_exist_is_named() -> None:
    with pytest.raises(ApiError, match=r"getHours\(\): 'No time zone found with key Mars/Olympus'"):
        conditions.check('request.time.getHours("Mars/Olympus") >= 0')


def test_an_unknown_time_zone_never_holds() -> None:
    assert not holds('request.time.getHours("Mars/Olympus") >= 0')


def test_a_value_other_than_true_never_holds() -> None:
    assert not holds("1")
    assert not holds("resource.name")


def test_logical_operators_are_counted_outside_strings() -> None:
    text = 'resource.name != "a && b || !c"'
    conditions.check(" && ".join([text] * 13))
    with pytest.raises(ApiError, match="13 logical operators; at most 12"):
        conditions.check(" && ".join([text] * 14))


def test_the_time_of_the_request_decides() -> None:
    expression = 'request.time < timestamp("2026-12-01T00:00:00Z")'
    assert holds(expression, datetime(2026, 11, 30, 23, 59, tzinfo=UTC))
    assert not holds(expression, datetime(2026, 12, 1, tzinfo=UTC))


@pytest.mark.parametrize(
    "expression",
    [
        "+".join(["1"] * 100_000) + " > 0",
        "-" * 100_000 + "1 > 0",
        "(" * 200_000 + "true" + ")" * 200_000,
        "[" * 200_000 + "]" * 200_000 + " == []",
        "[1, 2].all(a, [1, 2].exists(b, a == b))",
        "[1, 2] . map (a, a) == []",
    ],
    ids=["sum", "signs", "parentheses", "lists", "all", "map"],
)
def test_what_would_take_the_process_or_all_its_time_is_refused(expression: str) -> None:
    with pytest.raises(ApiError, match=r"at most 4096 are allowed\.$|which conditions do not have\.$"):
        conditions.check(expression)


def test_deep_nesting_is_refused_not_a_crash() -> None:
    with pytest.raises(ApiError):
        conditions.check("(" * 5000 + "true" + ")" * 5000)
    assert not holds("(" * 5000 + "true" + ")" * 5000)


@pytest.mark.parametrize(
    ("permission", "resource", "kind", "service"),
    [
        ("storage.buckets.get", "projects/p/buckets/b", "storage.googleapis.com/Bucket", "storage"),
        ("bigquery.tables.get", "projects/p/datasets/d/tables/t", "bigquery.googleapis.com/Table", "bigquery"),
        ("healthcare.datasets.get", "projects/p/locations/l/datasets/d", "", "healthcare"),
        ("storage.buckets.list", "projects/p", "cloudresourcemanager.googleapis.com/Project", "cloudresourcemanager"),
    ],
)
def test_type_and_service_of_a_resource(permission: str, resource: str, kind: str, service: str) -> None:
    assert conditions.attributes(permission, resource) == (kind, f"{service}.googleapis.com")
