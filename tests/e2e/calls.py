"""Calls that a provider makes, in a form in which two of the same meaning are equal."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.e2e.recorder import Seen

Comparable = tuple[str, str, str, str]
"""Verb, path, query and body of a call, as far as they matter."""
# What is in a query or a body without changing what is asked for.
_QUERY = {"alt", "prettyPrint"}
_BODY = {
    "etag",
    "nextRotationTime",  # counted from the moment
    "expirationTime",  # repeated from the answer; the recording server knew no dataset's default
    "version",  # of a policy: 1 where it has never been set, else 3
    *("defaultCollation", "maxTimeTravelHours", "isCaseInsensitive", "storageBillingModel"),  # repeated from the answer
    "requirePartitionFilter",  # false is sent, and means the same as nothing
}
_NUMBERED = (
    (re.compile(r"(alertPolicies|notificationChannels|notificationConfigs)/\d+"), r"\1/ID"),
    (re.compile(r"service-\d+@"), "service-NUMBER@"),
)


def same_names(text: str) -> str:
    """A text with the same word for every name that the service chooses."""
    for pattern, word in _NUMBERED:
        text = pattern.sub(word, text)
    return text


def essence(value: Any) -> Any:
    """A body without what does not matter, and lists in one order."""
    if isinstance(value, dict):
        kept = {key: essence(item) for key, item in value.items() if key not in _BODY}
        return {key: item for key, item in kept.items() if item != []}
    if isinstance(value, list):
        return sorted((essence(item) for item in value), key=lambda item: json.dumps(item, sort_keys=True))
    return value


def call(method: str, path: str, query: str, body: Any) -> Comparable:
    """One call in a form in which two of the same meaning are equal."""
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    if "updateMask" in pairs:
        # The official plugin names bigqueryConfig in every update of a subscription.
        pairs["updateMask"] = ",".join(sorted(set(pairs["updateMask"].split(",")) - {"bigqueryConfig"}))
    asked = json.dumps({key: value for key, value in sorted(pairs.items()) if key not in _QUERY})
    return method, same_names(path), asked, same_names(json.dumps(essence(body), sort_keys=True))


def ours(seen: Seen) -> Comparable:
    """A call of the stand-in in comparable form."""
    parts = urlsplit(seen.target)
    path = re.sub(r"^/(storage|bigquery|compute)(?=/v\d)", "", parts.path)
    if "uploadType=multipart" in parts.query:
        metadata, media = re.findall(r"\r\n\r\n(.*?)\r\n--", seen.body, re.DOTALL)
        content_type = re.findall(r"Content-Type: (\S+)", seen.body)[-1]
        body = {"multipart": True, "metadata": json.loads(metadata), "contentType": content_type, "text": media}
        return call(seen.method, path, parts.query, body)
    return call(seen.method, path, parts.query, json.loads(seen.body) if seen.body else None)


def is_policy(path: str) -> bool:
    """Whether a call is about a policy: these are merged in another order on every run."""
    return path.endswith(("IamPolicy", "/iam"))


def granted(calls: list[tuple[str, Any]]) -> dict[str, set[str]]:
    """By resource, every role, member and condition that a call set on it."""
    found: dict[str, set[str]] = {}
    for path, body in calls:
        policy = body.get("policy", body)
        for binding in policy.get("bindings", []):
            for member in binding["members"]:
                entry = same_names(json.dumps([binding["role"], member, binding.get("condition")], sort_keys=True))
                found.setdefault(path, set()).add(entry)
    return found
