"""Functions, comments, durations and nulls of the Logging query language (Logging: "Logging query language")."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.errors import ApiError
from emulator.services.logging.filters import compile_filter

ENTRY: dict[str, Any] = {
    "logName": "projects/p/logs/cloudaudit.googleapis.com%2Fdata_access",
    "insertId": "a1",
    "severity": "ERROR",
    "timestamp": "2026-11-28T23:30:00Z",
    "httpRequest": {"latency": "1.5s", "status": 404, "remoteIp": "192.168.1.7"},
    "labels": {"b.c": "17"},
    "jsonPayload": {
        "text": "found 12 of 20 films",
        "nothing": None,
        "flag": True,
        "n": "5",
        "took": "90s",
        "word": "x",
    },
}


@pytest.mark.parametrize(
    "query",
    [
        'log_id("cloudaudit.googleapis.com/data_access")',
        'LOG_ID("cloudaudit.googleapis.com%2Fdata_access")',
        "source(projects/p)",
        "NOT source(projects/other)",
        'ip_in_net(httpRequest.remoteIp, "192.168.0.0/16")',
        'ip_in_net(httpRequest.remoteIp,"192.168.1.7")',
        "sample(insertId, 1)",
        'SEARCH("films FOUND")',
        'NOT SEARCH("film")',
        'search(jsonPayload.text, "20 films") AND NOT search(jsonPayload.word, "films")',
        r'REGEXP_EXTRACT(jsonPayload.text, "found (\\d+)") = 12',
        r'regexp_extract(jsonPayload.text, "\\d+ films") = "20 films"',
        r'CAST(REGEXP_EXTRACT(jsonPayload.text, "of (\\d+)"), INT64) > 19',
        r'NOT CAST(REGEXP_EXTRACT(jsonPayload.text, "nobody (\\d+)"), INT64) > 0',
        "CAST(jsonPayload.n, FLOAT64) < 10",
        'CAST(labels."b.c", INT64) >= 17',
        "CAST(jsonPayload.flag, STRING) = true",
        "CAST(httpRequest.status, STRING) =~ \"^4\"",
        "CAST(jsonPayload.took, DURATION) > 1m",
        'CAST(timestamp, TIMESTAMP) >= "2026-11-28T23:00:00Z"',
        'CAST(timestamp, STRING, TIMEZONE("Europe/Berlin")) =~ "^2026-11-29T00:30"',
        'httpRequest.latency>"1s" AND httpRequest.latency<=1500ms AND httpRequest.latency<2',
        "jsonPayload.nothing=NULL_VALUE AND NOT jsonPayload.word=NULL_VALUE",
        "-- all that failed\nseverity=ERROR -- or worse",
        'severity=ERROR\n--severity=INFO\nhttpRequest.status=404',
        'NOT "--x" AND NOT textPayload:"-- a -- b"',
        "(severity=ERROR --x\n)",
        "-- nothing but a comment",
    ],
)  # fmt: skip
def test_what_holds(query: str) -> None:
    assert compile_filter(query)(ENTRY)


@pytest.mark.parametrize(
    "query",
    [
        "cast(jsonPayload.n, INT64)",
        "cast(jsonPayload.n) = 1",
        "cast(jsonPayload.n, MONEY) = 1",
        "cast(jsonPayload.n, INT64, TIMEZONE(\"Europe/Berlin\")) = 1",
        'cast(timestamp, STRING, TIMEZONE("Mars")) = 1',
        'cast(timestamp, STRING, "Europe/Berlin") = 1',
        'cast(nobody(jsonPayload.n), STRING) = 1',
        'regexp_extract(textPayload, "(") = 1',
        'regexp_extract(textPayload) = 1',
        'log_id("x") = 1',
        "log_id()",
        "log_id(a, b)",
        "sample(insertId, 2)",
        "sample(insertId,, 1)",
        "search()",
        'cast(jsonPayload.n, INT64 > 1',
        "httpRequest.latency>soon",
        "cast(" * 200 + "a" + ")" * 200 + "=1",
    ],
)  # fmt: skip
def test_what_can_t_be_read_is_a_400(query: str) -> None:
    with pytest.raises(ApiError) as refused:
        compile_filter(query)
    assert refused.value.code == 400


@pytest.mark.parametrize("query", ["[abc]=1", '["cast","a"]', "cast", "cast=1", "log_id"])
def test_what_looks_like_a_function_is_text(query: str) -> None:
    assert not compile_filter(query)(ENTRY)
