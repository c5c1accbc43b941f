"""What parts of an audit entry look like: the monitored resource, the caller, where the resource is, the operation.

Cloud Logging: "Understand audit logs", the type AuditLog, and "Monitored resource types" of the services' pages on
audit logging. Where that is not known of a service, its resources are audited_resource, as Google's are by default.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.gateway.request import Request

LONGEST = 512
"""Characters of a caller's header that an entry has."""
MOST_HEADERS = 32
_OPERATION = {"name", "metadata", "done", "error", "response"}
_OWN_HEADERS = re.compile(r"x-request-id|x-goog-healthcare-audit-.+")
_RING = r"projects/[^/]+/locations/(?P<location>[^/]+)/keyRings/(?P<key_ring_id>[^/]+)"
_LOCATION = re.compile(r"/locations/([^/]+)")
# Type of the monitored resource by the form of a resource's name, whose groups are labels.
_RESOURCES = tuple(
    (kind, re.compile(form))
    for kind, form in (
        ("gcs_bucket", r"projects/_/buckets/(?P<bucket_name>[^/]+)(?:/.*)?"),
        ("bigquery_dataset", r"projects/[^/]+/datasets/(?P<dataset_id>[^/]+)(?:/.*)?"),
        ("pubsub_topic", r"projects/[^/]+/topics/(?P<topic_id>[^/]+)"),
        ("pubsub_subscription", r"projects/[^/]+/subscriptions/(?P<subscription_id>[^/]+)"),
        ("service_account", r"projects/[^/]+/serviceAccounts/(?P<email_id>[^/]+)(?:/.*)?"),
        (
            "cloudkms_cryptokey",
            rf"{_RING}/cryptoKeys/(?P<crypto_key_id>[^/]+)(?:/.*)?",
        ),
        ("cloudkms_keyring", _RING),
    )
)
_OF_PROJECTS = {"bigquery.googleapis.com": "bigquery_project", "cloudresourcemanager.googleapis.com": "project"}
_IN_DATASET = re.compile(r"(projects/[^/]+/locations/[^/]+)/datasets/")
_PROJECT = re.compile(r"projects/[^/]+")


def monitored_resource(name: str, project: str, service: str, method: str) -> dict[str, Any]:
    """The monitored resource of a call on a resource, with its labels."""
    for kind, form in _RESOURCES:
        if found := form.fullmatch(name):
            return {"type": kind, "labels": {"project_id": project, **found.groupdict()}}
    if service in _OF_PROJECTS and _PROJECT.fullmatch(name):
        return {"type": _OF_PROJECTS[service], "labels": {"project_id": project}}
    return {"type": "audited_resource", "labels": {"project_id": project, "service": service, "method": method}}


def authentication(principal: str, via: Sequence[str] = ()) -> dict[str, Any]:
    """A caller by his address, or a federated identity as it is, and who acts as him, the first one first."""
    found: dict[str, Any] = _who(principal)
    if via:
        found["serviceAccountDelegationInfo"] = [_delegation(each) for each in via]
    return found


def _who(principal: str) -> dict[str, str]:
    if principal.startswith("principal:"):
        return {"principalSubject": str(principal)}
    return {"principalEmail": principal.partition(":")[2]}


def _delegation(principal: str) -> dict[str, Any]:
    who = _who(principal)
    return {"firstPartyPrincipal": who} if "principalEmail" in who else who


def request_metadata(request: Request, time: str) -> dict[str, Any]:
    """Where a call came from, by which program, and when."""
    agent = request.headers.get("user-agent", "")[:LONGEST]
    said = {"callerIp": request.caller, "callerSuppliedUserAgent": agent}
    known = {key: value for key, value in said.items() if value}
    return {**known, "requestAttributes": {"time": time}, "destinationAttributes": {}}


def location(name: str) -> dict[str, Any] | None:
    """Where a resource is, by its name; None where that does not say."""
    found = _LOCATION.search(name)
    return {"currentLocations": [found[1]]} if found else None


def scope(name: str) -> str:
    """What of a name decides how an entry's resource and its place look; "" where that takes a look at all of it."""
    found = _IN_DATASET.match(name)
    return found[1] if found else ""


def says_more(request: Request) -> bool:
    """Whether there may be metadata of a call."""
    return bool(request.noted) or any(name[:2] == "x-" for name in request.headers)


def metadata(request: Request) -> dict[str, Any]:
    """What a handler noted, and the headers that callers of Cloud Healthcare send for the log.

    Cloud Healthcare: "Configure audit log HTTP headers". A header may have several values, with commas between.
    """
    if request.method.service != "healthcare":
        return request.noted
    sent = [name for name in request.headers if _OWN_HEADERS.fullmatch(name)][:MOST_HEADERS]
    if not sent:
        return request.noted
    values = {name.title(): request.headers[name][:LONGEST].split(",") for name in sent}
    return {**{name: [each.strip() for each in found] for name, found in values.items()}, **request.noted}


def operation_in(answer: object) -> str:
    """The name of the long-running operation that a method answered with; "" where it did not."""
    if not isinstance(answer, dict) or not _OPERATION.issuperset(answer):
        return ""
    name = str(answer.get("name", ""))
    return name if "operations/" in name else ""
