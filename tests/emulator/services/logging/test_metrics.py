"""Log-based metrics: what is counted, by which labels, and read as time series."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import pytest

from tests.conftest import PROJECT
from tests.emulator.services.clients import refused

PARENT = f"projects/{PROJECT}"
LABELLED = {
    "metricDescriptor": {
        "metricKind": "DELTA",
        "valueType": "INT64",
        "labels": [{"key": "who"}, {"key": "station"}],
    },
    "labelExtractors": {
        "who": "EXTRACT(jsonPayload.who)",
        "station": 'REGEXP_EXTRACT(jsonPayload.device, "^([A-Z]+)-[0-9]+$")',
    },
}
Write = Callable[..., None]


@pytest.fixture
def metrics(google_api: Callable[[str, str], Any]) -> Any:
    """The log-based metrics of Cloud Logging v2."""
    return google_api("logging", "v2").projects().metrics()


@pytest.fixture
def monitoring(google_api: Callable[[str, str], Any]) -> Any:
    """projects of Cloud Monitoring v3."""
    return google_api("monitoring", "v3").projects()


@pytest.fixture
def write(google_api: Callable[[str, str], Any], unique: Callable[[str], str]) -> Write:
    """Writes entries with these payloads to a log of the test's own, whose name is `write.log`."""
    log = f"{PARENT}/logs/{unique('counted')}"
    entries = google_api("logging", "v2").entries()

    def made(*payloads: dict[str, Any], **fields: Any) -> None:
        body = {"logName": log, "resource": {"type": "global"}, **fields}
        body["entries"] = [{"jsonPayload": payload} for payload in payloads]
        entries.write(body=body).execute()

    made.log = log  # type: ignore[attr-defined]
    return made


def counted(write: Write, more: str = "") -> str:
    """A filter of the entries that `write` writes."""
    return f'logName="{write.log}" {more}'  # type: ignore[attr-defined]


def series(monitoring: Any, metric: str, **query: Any) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    times = {
        "interval_startTime": (now - timedelta(minutes=10)).isoformat(),
        "interval_endTime": (now + timedelta(minutes=2)).isoformat(),
    }
    text = f'metric.type="logging.googleapis.com/user/{metric}" resource.type="global"'
    asked = monitoring.timeSeries().list(name=PARENT, filter=text, **times, **query)
    return list(asked.execute().get("timeSeries", []))


def total(found: list[dict[str, Any]]) -> int:
    return sum(int(point["value"]["int64Value"]) for each in found for point in each["points"])


def test_a_metric_is_answered_with_its_descriptor(metrics: Any, unique: Callable[[str], str]) -> None:
    name = unique("failed/logins")
    body = {"name": name, "filter": "severity>=ERROR", "description": "What failed"}
    made = metrics.create(parent=PARENT, body=body).execute()
    assert made["metricDescriptor"] == {
        "name": f"{PARENT}/metricDescriptors/logging.googleapis.com/user/{name}",
        "type": f"logging.googleapis.com/user/{name}",
        "metricKind": "DELTA",
        "valueType": "INT64",
        "unit": "1",
        "description": "What failed",
    }
    path = f"{PARENT}/metrics/{quote(name, safe='')}"
    assert metrics.get(metricName=path).execute() == made
    assert made in metrics.list(parent=PARENT).execute()["metrics"]
    assert refused(metrics.create(parent=PARENT, body=body))[0] == 409
    metrics.delete(metricName=path).execute()
    assert refused(metrics.get(metricName=path))[0] == 404


@pytest.mark.parametrize(
    "fields",
    [
        {"filter": ""},
        {"filter": "severity >="},
        {"labelExtractors": {"who": "EXTRACT(jsonPayload.who)"}},
        {"valueExtractor": "EXTRACT(jsonPayload.size)"},
        {"metricDescriptor": {"valueType": "DISTRIBUTION"}},
        {**LABELLED, "labelExtractors": {"who": "EXTRACT(jsonPayload.who)", "station": "jsonPayload.device"}},
        {**LABELLED, "labelExtractors": {"who": "EXTRACT(a)", "station": 'REGEXP_EXTRACT(a, "(b")'}},
    ],
)
def test_a_metric_that_google_would_refuse_is_a_400(metrics: Any, fields: dict[str, Any]) -> None:
    body = {"name": "refused", "filter": "severity>=ERROR", **fields}
    assert refused(metrics.create(parent=PARENT, body=body))[0] == 400


def test_entries_that_match_are_counted_by_their_labels_from_then_on(
    metrics: Any, monitoring: Any, write: Write, unique: Callable[[str], str]
) -> None:
    name = unique("reads")
    write({"who": "before"})
    metrics.create(parent=PARENT, body={"name": name, "filter": counted(write), **LABELLED}).execute()
    write({"who": "ann", "device": "CT-7"}, {"who": "ann", "device": "CT-9"}, {"who": "bob", "device": "?"})
    found = series(monitoring, name)
    by_labels = {
        (each["metric"]["labels"]["who"], each["metric"]["labels"]["station"]): total([each]) for each in found
    }
    assert by_labels == {("ann", "CT"): 2, ("bob", ""): 1}
    kinds = {(each["metricKind"], each["valueType"], each["resource"]["type"]) for each in found}
    assert kinds == {("DELTA", "INT64", "global")}


def test_series_are_aligned_and_reduced_to_the_labels_that_are_asked_for(
    metrics: Any, monitoring: Any, write: Write, unique: Callable[[str], str]
) -> None:
    name = unique("reduced")
    metrics.create(parent=PARENT, body={"name": name, "filter": counted(write), **LABELLED}).execute()
    write(*({"who": who, "device": device} for who in ("ann", "bob") for device in ("CT-1", "MR-1", "CT-2")))
    asked = {
        "aggregation_alignmentPeriod": "1200s",
        "aggregation_perSeriesAligner": "ALIGN_DELTA",
        "aggregation_crossSeriesReducer": "REDUCE_SUM",
        "aggregation_groupByFields": ["metric.label.station"],
    }
    found = series(monitoring, name, **asked)
    values = {each["metric"]["labels"]["station"]: each["points"][0]["value"]["doubleValue"] for each in found}
    assert values == {"CT": 4.0, "MR": 2.0}


@pytest.mark.parametrize(
    "query",
    [
        {"interval_endTime": "soon"},
        {"aggregation_alignmentPeriod": "xs"},
        {"aggregation_alignmentPeriod": "30s"},
        {"aggregation_alignmentPeriod": "60s", "interval_startTime": "1970-01-01T00:00:00Z"},
        {"filter": "severity>=ERROR"},
    ],
)
def test_values_that_can_not_be_asked_for_are_a_400(monitoring: Any, query: dict[str, str]) -> None:
    asked = {"filter": 'metric.type="a"', "interval_endTime": "2026-03-01T00:00:00Z", **query}
    assert refused(monitoring.timeSeries().list(name=PARENT, **asked))[0] == 400


def test_a_distribution_measures_a_value_of_each_entry(
    metrics: Any, monitoring: Any, write: Write, unique: Callable[[str], str]
) -> None:
    name = unique("seconds")
    body = {
        "name": name,
        "filter": counted(write),
        "metricDescriptor": {"metricKind": "DELTA", "valueType": "DISTRIBUTION"},
        "valueExtractor": "EXTRACT(jsonPayload.seconds)",
        "bucketOptions": {"explicitBuckets": {"bounds": [1, 10]}},
    }
    metrics.create(parent=PARENT, body=body).execute()
    write({"seconds": 2}, {"seconds": 4}, {"seconds": 30}, {"seconds": "none"})
    points = [point for each in series(monitoring, name) for point in each["points"]]
    values = [point["value"]["distributionValue"] for point in points]
    assert sum(int(value["count"]) for value in values) == 3
    if len(values) == 1:  # not at the turn of a minute
        assert values[0]["mean"] == 12.0
        assert values[0]["bucketCounts"] == ["0", "2", "1"]


def test_an_update_replaces_and_disables(
    metrics: Any, monitoring: Any, write: Write, unique: Callable[[str], str]
) -> None:
    name = unique("switched")
    path = f"{PARENT}/metrics/{name}"
    metrics.update(metricName=path, body={"name": name, "filter": counted(write)}).execute()
    write({"n": 1})
    changed = metrics.update(metricName=path, body={"name": name, "filter": counted(write), "disabled": True}).execute()
    assert changed["disabled"] is True
    write({"n": 2})
    assert total(series(monitoring, name)) == 1
    other = {"name": name, "filter": "a=1", "metricDescriptor": {"metricKind": "GAUGE", "valueType": "INT64"}}
    assert refused(metrics.update(metricName=path, body=other))[0] == 400
    descriptors = monitoring.metricDescriptors()
    kind = f"logging.googleapis.com/user/{name}"
    assert descriptors.get(name=f"{PARENT}/metricDescriptors/{kind}").execute()["type"] == kind
    found = descriptors.list(name=PARENT, filter=f'metric.type = "{kind}"').execute()["metricDescriptors"]
    assert [each["type"] for each in found] == [kind]
